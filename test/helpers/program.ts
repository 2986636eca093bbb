// The tree of subcommands as tests look at it: its help, flags and names, without a server behind it.

import type { Command } from "commander";
import { COMMANDS } from "../../tools/all-commands.ts";
import { buildProgram } from "../../tools/program.ts";

const none = (): Promise<never> => Promise.reject(new Error("A test of the command tree starts no server."));

export function commandTree(): Command {
  return buildProgram(
    {
      startServer: none,
      startController: none,
      startZoneHost: none,
      startGateway: none,
      supervise: none,
      keepCrashReport: none,
      replay: none,
      replayIncident: none,
      copyWorld: none,
      validate: none,
      store: { status: none, verify: none, compact: none, export: none },
    },
    COMMANDS,
  );
}
