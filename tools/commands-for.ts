// Which subcommands have to be loaded for a command line.
//
//   await commandsFor("serve")        // serve alone: a server that starts again is waited for
//   await commandsFor("--help")       // all of them

import type { CommandFile } from "./program.ts";

export async function commandsFor(name: string | undefined): Promise<readonly CommandFile[]> {
  if (name === "serve") return [await import("./commands/serve.ts")];
  return (await import("./all-commands.ts")).COMMANDS;
}
