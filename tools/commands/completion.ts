// wowsim completion: prints a shell's completion script for this command, generated from the tree of subcommands. It also
// prints the zones of the server, which such a script asks for when a user completes a zone.

import { Argument, InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { exitCodes } from "../ui/help.ts";
import { fail, out } from "../ui/output.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** The user has pressed the key and waits. */
const ZONES_MS_MAX = 300;

export function register(program: Command): void {
  program
    .command("completion")
    .description("Print the script with which a shell completes this command.")
    .addArgument(
      // Only a script uses "zones", so neither help nor completion offers it.
      new Argument("<shell>", "which shell").choices(SHELLS).argParser(shellOrZones),
    )
    .addHelpText(
      "after",
      [
        "",
        "Load it, for now or from the shell's start-up file:",
        "  bash: source <(wowsim completion bash)",
        "  zsh:  source <(wowsim completion zsh)       after compinit",
        "  fish: wowsim completion fish | source",
        exitCodes({ 0: "printed", 3: "no server reported its zones" }),
      ].join("\n"),
    )
    .action((what: Shell | "zones") => (what === "zones" ? printZones() : print(program, what)));
}

function shellOrZones(text: string): Shell | "zones" {
  if (text === "zones") return text;
  const shell = SHELLS.find((each) => each === text);
  if (shell === undefined) throw new InvalidArgumentError(`Allowed choices are ${SHELLS.join(", ")}.`);
  return shell;
}

/** Number and name of each zone of the server that is found without flags; nothing when it does not answer at once. */
async function printZones(): Promise<void> {
  const [{ ControlClient }, { z }, { wishedServer }] = await Promise.all([
    import("../client/control-client.ts"),
    import("zod"),
    import("../client/server-flags.ts"),
  ]);
  try {
    const { host, ports, token } = await wishedServer({});
    await using control = await ControlClient.connect({ host, port: ports.control, token, timeoutMs: ZONES_MS_MAX });
    const Answer = z.object({ zones: z.array(z.object({ id: z.number(), name: z.string() })) });
    const { zones } = Answer.parse(await control.ask({ command: "server" }));
    for (const { id, name } of zones) out(`${id}\t${name}`);
  } catch (error) {
    // The user waits and can type without this: the script then offers the built-in world's zones.
    fail(error);
  }
}

async function print(program: Command, shell: Shell): Promise<void> {
  const { completionsOf } = await import("../completion/model.ts");
  const places = completionsOf(program);
  process.stdout.write(await scriptFor[shell](places));
}

type Places = ReturnType<typeof import("../completion/model.ts").completionsOf>;

const scriptFor = {
  bash: async (places: Places) => (await import("../completion/bash.ts")).bashCompletion(places),
  zsh: async (places: Places) => (await import("../completion/zsh.ts")).zshCompletion(places),
  fish: async (places: Places) => (await import("../completion/fish.ts")).fishCompletion(places),
};
