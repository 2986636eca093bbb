// wowsim replay --serve: a server on a copy of the world as it was at a tick, on free ports, to look at with the dashboard.
// Nothing that happens there changes the journal; the copy is removed with the server, or after a kill by the next such command.

import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { ownedFolder } from "../../server/protocol/owned-folder.ts";
import type { ReplayHost, WorldCopyOptions } from "../../server/protocol/replay.ts";
import type { StartServer } from "../../server/protocol/server-options.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { note, out } from "../ui/output.ts";

export interface ServeCopyHost extends Pick<ReplayHost, "copyWorld"> {
  startServer: StartServer;
}

export interface ServeCopyFlags extends WorldCopyOptions {
  /** The world file that the server of the journal had; default: the built-in world. */
  worldFile: string | undefined;
  format: OutputFormat;
}

const ANY_PORT = { port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0 };

/** Serves until the signal. Throws WowsimError with nothing left behind. */
export async function serveCopy(host: ServeCopyHost, flags: ServeCopyFlags, signal: AbortSignal): Promise<void> {
  const { worldFile, format, ...wish } = flags;
  const dataDir = ownedFolder(tmpdir(), "wowsim-copy-");
  try {
    const { zones, problems } = await host.copyWorld(wish, dataDir);
    for (const problem of problems) note(problem);
    const server = await host.startServer({ ...ANY_PORT, dataDir, worldFile, isCopy: true, durability: "none" });
    try {
      tell(server.ports, zones, dataDir, format);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve());
      });
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function tell(
  ports: { game: number; control: number; http: number; telemetry: number },
  zones: readonly { zone: number; tick: number }[],
  dataDir: string,
  format: OutputFormat,
): void {
  if (format === "json")
    return out(JSON.stringify({ ready: true, ...ports, pid: process.pid, zones, data_dir: dataDir }));
  out(`The world goes on from ${zones.map(({ zone, tick }) => `tick ${tick} in zone ${zone}`).join(", ")}, as a copy.`);
  out(`  game ${ports.game}   control ${ports.control}   http ${ports.http}   telemetry udp ${ports.telemetry}`);
  out(`  Look at it: wowsim dashboard --server 127.0.0.1:${ports.control}. Ctrl-C stops it and removes the copy.`);
}
