#!/usr/bin/env bun
// The wowsim command. Its subcommands are in commands/, put together in program.ts.

import { buildProgram } from "./program.ts";
import { endWithReader, EXIT, fail, isTerminal } from "./ui/output.ts";

/** What somebody gets who types wowsim and nothing else: the wizard on a terminal, the help in a script. */
function ofNothing(): string {
  return isTerminal() && isTerminal(process.stdin) ? "wizard" : "--help";
}

endWithReader();
try {
  const args = process.argv.slice(2);
  await buildProgram().parseAsync(args.length > 0 ? args : [ofNothing()], { from: "user" });
} catch (error) {
  fail(error, EXIT.degraded);
}
