// What the help of every subcommand has in common.
//
//   command.addHelpText("after", exitCodes({ 0: "done", 1: "the server refused", 3: "no server answers" }))
//   // Exit codes:
//   //   0    done
//   //   ...
//   finishHelp(program)     // once all subcommands are registered: adds hints that name the right command

import type { Command, CommanderError } from "commander";
import { EXIT } from "./output.ts";

type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * The exit codes of one command, with the meaning each has there; EXIT gives the general meanings. Adds wrong usage.
 */
export function exitCodes(meanings: Partial<Record<ExitCode, string>>): string {
  const all = { [EXIT.usage]: "wrong usage", ...meanings };
  return ["\nExit codes:", ...Object.entries(all).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)].join(
    "\n",
  );
}

/** Sets the texts of every command of the tree: the hint after an error, and a help command at every level. */
export function finishHelp(program: Command): void {
  for (const command of withSubcommands(program)) {
    command.showHelpAfterError(`(${pathOf(command)} --help tells more)`);
    command.configureHelp({ subcommandTerm: termOf, displayWidth: (text) => Bun.stringWidth(text) });
    if (command.commands.length === 0) continue;
    const subcommands = [...command.commands];
    command.helpCommand(false);
    command
      .command("help")
      .argument("[command...]", "the command, as it is typed")
      .description("Show help for a command.")
      .action((names: string[]) => showHelp(command, subcommands, names));
  }
}

/** The problem of a command line in one sentence, for scripts. For people, commander prints it, with the help where useful. */
export function usageProblem(program: Command, error: CommanderError, args = process.argv.slice(2)): string {
  const place = placeOf(program, args);
  // A command without its subcommand shows its help, or reports --format as an unknown option.
  const isHelp = error.code === "commander.help" || error.message.startsWith("error: unknown option '--format");
  const names = place.commands.map((command) => command.name()).join(", ");
  const problem = isHelp && names !== "" ? `say which: ${names}` : error.message.replace(/^error: /, "");
  return `${problem} (${pathOf(place)} --help tells more)`;
}

/** The subcommand that a command line leads to, as far as its words match. */
function placeOf(command: Command, [word, ...rest]: readonly string[]): Command {
  const next = command.commands.find((each) => each.name() === word);
  return next === undefined ? command : placeOf(next, rest);
}

/** The full command as it is typed: "wowsim inject-fault list". */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The command and all below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function termOf(command: Command): string {
  const args = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}${argument.variadic ? "..." : ""}]`,
  );
  return [command.name(), ...args].join(" ");
}

function showHelp(from: Command, among: readonly Command[], [name, ...rest]: readonly string[]): void {
  if (name === undefined) return from.outputHelp();
  const next = among.find((command) => command.name() === name);
  if (next !== undefined) return showHelp(next, next.commands, rest);
  from.error(`error: unknown command '${name}'`, { exitCode: EXIT.usage });
}
