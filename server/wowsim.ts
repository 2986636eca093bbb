#!/usr/bin/env bun
// The wowsim command: the one file that knows both the tools and the server.

import { CommanderError } from "commander";
import { buildProgram } from "../tools/program.ts";
import { endWithReader, EXIT, fail, isTerminal } from "../tools/ui/output.ts";
import type { StartServer } from "./protocol/server-options.ts";

/** What somebody gets who types wowsim and nothing else: the wizard on a terminal, the help in a script. */
function ofNothing(): string {
  return isTerminal() && isTerminal(process.stdin) ? "wizard" : "--help";
}

const startServer: StartServer = async (options) => await (await import("./main.ts")).startServer(options);

endWithReader();
try {
  const args = process.argv.slice(2);
  await buildProgram(startServer).parseAsync(args.length > 0 ? args : [ofNothing()], { from: "user" });
} catch (error) {
  const isHelp = error instanceof CommanderError && error.exitCode === 0;
  if (!isHelp) fail(error, EXIT.degraded);
}
