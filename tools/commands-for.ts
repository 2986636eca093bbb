// Which subcommands have to be loaded for a command line.
//
//   await commandsFor("serve")        // serve alone, or one role of a cluster: a server that starts again is waited for
//   await commandsFor("--help")       // all of them

import type { CommandFile } from "./program.ts";

export async function commandsFor(name: string | undefined): Promise<readonly CommandFile[]> {
  if (name === "serve") return [await import("./commands/serve.ts")];
  if (name === "zone-host") return [await import("./commands/zone-host.ts")];
  if (name === "gateway") return [await import("./commands/gateway.ts")];
  if (name === "controller") return [await import("./commands/controller.ts")];
  return (await import("./all-commands.ts")).COMMANDS;
}
