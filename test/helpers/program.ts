// The tree of subcommands as tests look at it: its help, flags and names, without a server behind it.

import type { Command } from "commander";
import { buildProgram } from "../../tools/program.ts";

export function commandTree(): Command {
  return buildProgram(() => Promise.reject(new Error("A test of the command tree starts no server.")));
}
