// wowsim wizard: guides somebody who has never seen wowsim through breaking, diagnosing, mending and hotfixing a server.

import type { Command } from "commander";
import { exitCodes } from "../ui/help.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, err, fail, isTerminal } from "../ui/output.ts";

export function register(program: Command): void {
  program
    .command("wizard")
    .description("Be guided through breaking, diagnosing, mending and hotfixing a server; wowsim alone does the same.")
    .addHelpText(
      "after",
      "\nIt needs a terminal. Every step shows the command that does the same without it,\n" +
        "Back goes back, and Ctrl-C ends everything that it has started.\n" +
        exitCodes({
          0: "finished",
          1: "something could not be put away",
          64: "no terminal, or wrong usage",
          130: "cancelled",
        }),
    )
    .action(async () => {
      await wizard();
      // A keyboard that is gone would still be listened to.
      process.exit();
    });
}

/** Sets the exit code; nothing that it has started is left when it is done. */
export async function wizard(): Promise<void> {
  if (!isTerminal() || !isTerminal(process.stdin)) {
    fail("The wizard needs a terminal. Without one: wowsim scenario run latency-spike", EXIT.usage);
    return;
  }
  const [{ runWizard }, { FLOW }, { newState }, { endDrill }, { ClackAsker }, { intro, outro }] = await Promise.all([
    import("../wizard/wizard.ts"),
    import("../wizard/flow.ts"),
    import("../wizard/state.ts"),
    import("../wizard/opening.ts"),
    import("../wizard/clack-asker.ts"),
    import("@clack/prompts"),
  ]);
  const state = newState({ random: Math.random, folder: process.cwd() });
  intro("wowsim");
  try {
    const end = await interruptible((signal) => runWizard(FLOW, state, new ClackAsker(), signal));
    if (end === "cancelled") process.exitCode = EXIT.interrupted;
  } catch (error) {
    fail(error, EXIT.degraded);
  } finally {
    for (const line of await endDrill(state)) err(`  ${line}`);
    outro(
      state.savedAs === "" ? "Everything that was started is ended." : `Again: wowsim scenario run ${state.savedAs}`,
    );
  }
}
