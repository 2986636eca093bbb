// The tree of subcommands, built but not run: for the command itself, for shell completion, and for tests of the help.
// A subcommand imports its code only when it runs, so that `wowsim --help` is instant.

import { Command } from "commander";
import { version } from "../package.json";
import { printableLines } from "../server/protocol/printable.ts";
import { exitCodes, finishHelp, usageProblem } from "./ui/help.ts";
import { fitting, complaint, errorLine, EXIT, wantsJson } from "./ui/output.ts";
import type { ServerProgram } from "../server/protocol/server-options.ts";

/** A file of tools/commands. */
export interface CommandFile {
  register(program: Command, server: ServerProgram): void;
}

const outputError = (text: string, write: (text: string) => void): void => write(printableLines(complaint(text)));

/**
 * `server` is what `wowsim serve` runs; it is only loaded when needed, so that help is instant. `commands`: all of them
 * (all-commands.ts), or the only one that will be run.
 */
export function buildProgram(server: ServerProgram, commands: readonly CommandFile[]): Command {
  const program = new Command("wowsim")
    .description(
      "A flight simulator for game-server reliability: a real 20 Hz zone server that breaks, is diagnosed, mended and hotfixed under live players.",
    )
    .version(version)
    // Without this, `deploy` would take the flags behind `deploy undo` that it has too.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      `${exitCodes({
        0: "success",
        1: "degraded, refused, or a check failed",
        2: "critical",
        3: "no server answers",
        4: "nothing to look at: no such file, no telemetry in it, or no tick",
        5: "inconclusive: too little was seen to say",
        70: "the server crashed",
        74: "the server stopped because of its disk",
        75: "the server hung",
        130: "interrupted",
      })}\n\nStart with: wowsim demo`,
    )
    .configureOutput(
      wantsJson()
        ? { outputError: () => {}, writeErr: () => {} }
        : { outputError, writeOut: (text) => void process.stdout.write(fitting(text)) },
    )
    .exitOverride((error) => {
      // Help that the user asked for is thrown, and the process does not exit here, so that all output is written first.
      if (error.exitCode === 0) throw error;
      if (wantsJson()) errorLine("usage", usageProblem(program, error));
      process.exit(EXIT.usage);
    });
  for (const command of commands) command.register(program, server);
  finishHelp(program);
  return program;
}
