// wowsim wizard: guides a new user through breaking, diagnosing, repairing and hotfixing a server.

import type { Command } from "commander";
import { hostAndPort, shellWord } from "../client/server-name.ts";
import { exitCodes } from "../ui/help.ts";
import type { WizardState } from "../wizard/state.ts";
import { addServerFlags, namedServer, serverOf } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, err, fail, isTerminal } from "../ui/output.ts";

export function register(program: Command): void {
  const command = program
    .command("wizard")
    .description("Be guided through breaking, diagnosing, mending and hotfixing a server; wowsim alone does the same.")
    .addHelpText(
      "after",
      "\nIt needs a terminal. Every step shows the command that does the same without it,\n" +
        "Back goes back, and Ctrl-C ends everything that it has started.\n" +
        exitCodes({
          0: "finished",
          1: "something that it started could not be ended",
          64: "no terminal, or wrong usage",
          130: "cancelled",
        }),
    );
  addServerFlags(command, "wizard").action(async (flags: ServerFlags) => {
    await wizard(flags);
    // Otherwise the process would still listen to a keyboard that is gone.
    process.exit();
  });
}

/** Sets the exit code; everything that it has started is ended when it returns. */
export async function wizard(flags: ServerFlags = {}): Promise<void> {
  if (!isTerminal() || !isTerminal(process.stdin)) {
    fail("The wizard needs a terminal. Without one: wowsim scenario run latency-spike", EXIT.usage);
    return;
  }
  const begin = await beginningOf(flags);
  if (begin === null) return;
  const [{ runWizard }, { FLOW }, { newState }, { endDrill }, { ClackAsker }, { intro, outro }] = await Promise.all([
    import("../wizard/wizard.ts"),
    import("../wizard/flow.ts"),
    import("../wizard/state.ts"),
    import("../wizard/opening.ts"),
    import("../wizard/clack-asker.ts"),
    import("@clack/prompts"),
  ]);
  const state = newState({ random: Math.random, folder: process.cwd(), ...begin });
  intro("wowsim");
  try {
    const end = await interruptible((signal) => runWizard(FLOW, state, new ClackAsker(), signal));
    if (end === "cancelled") process.exitCode = EXIT.interrupted;
  } catch (error) {
    fail(error, EXIT.degraded);
  } finally {
    for (const line of await endDrill(state)) err(`  ${line}`);
    outro(
      state.savedAs === ""
        ? "Everything that was started is ended."
        : `Again: wowsim scenario run ${shellWord(state.savedAs)}`,
    );
  }
}

/** What the flags say about servers before the wizard asks; null when that is wrong, after it was reported. */
async function beginningOf(flags: ServerFlags): Promise<Pick<WizardState, "found" | "tokens"> | null> {
  try {
    const tokens = { token: flags.token, playerToken: flags.playerToken };
    const server = await namedServer(flags);
    if (server === null) return { found: null, tokens };
    const name = hostAndPort(server.host, server.ports.control);
    return { found: { name, where: () => serverOf("wizard", flags) }, tokens };
  } catch (error) {
    fail(error);
    return null;
  }
}
