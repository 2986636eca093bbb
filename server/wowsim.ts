#!/usr/bin/env bun
// The wowsim command: the one file that knows both the tools and the server.

import { CommanderError } from "commander";
import { commandsFor } from "../tools/commands-for.ts";
import { buildProgram } from "../tools/program.ts";
import { endWithReader, EXIT, fail, isTerminal } from "../tools/ui/output.ts";
import { storeTools } from "./store/tools.ts";
import type { ServerProgram } from "./protocol/server-options.ts";

/** What somebody gets who types wowsim and nothing else: the wizard on a terminal, the help in a script. */
function ofNothing(): string {
  return isTerminal() && isTerminal(process.stdin) ? "wizard" : "--help";
}

/** Each part is loaded when it is needed, so that help is instant and a supervising parent small. */
const server: ServerProgram = {
  startServer: async (options) => await (await import("./main.ts")).startServer(options),
  startZoneHost: async (options) => await (await import("./zone-host.ts")).startZoneHost(options),
  startController: async (options) => await (await import("./controller.ts")).startController(options),
  startGateway: async (options) => await (await import("./gateway.ts")).startGateway(options),
  supervise: async (options) => await (await import("./supervise/supervise.ts")).supervise(options),
  keepCrashReport: async (dataDir, report) =>
    await (await import("./store/crash-reports.ts")).keepCrashReport(dataDir, report),
  replay: async (...given) => await (await import("./replay/replay.ts")).replay(...given),
  replayIncident: async (...given) => await (await import("./replay/incident.ts")).replayIncident(...given),
  copyWorld: async (...given) => (await import("./replay/world-copy.ts")).copyWorld(...given),
  validate: async (...given) => await (await import("./validate/validate.ts")).validate(...given),
  store: storeTools,
};

endWithReader();
try {
  const args = process.argv.slice(2);
  const program = buildProgram(server, await commandsFor(args[0]));
  await program.parseAsync(args.length > 0 ? args : [ofNothing()], { from: "user" });
} catch (error) {
  const isHelp = error instanceof CommanderError && error.exitCode === 0;
  if (!isHelp) fail(error, EXIT.degraded);
}
