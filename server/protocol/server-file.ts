// Where a running server listens, as a small file in its data folder: so a tool that is run beside that folder finds it,
// whatever its ports are.
//
//   const remove = await writeServerFile(dataDir, { host: "127.0.0.1", ports, version })     // .wowsim/server.json
//   readServerFile(".wowsim")         // { pid: 4711, host: "127.0.0.1", ports: { game: 40123, ... }, ... }, or null
//
// The file of a server that was killed stays behind. It is not believed: its process is gone. Nor is one that another
// machine or container has written into a shared folder.

import { readFileSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const FILE = "server.json";

const port = z.number().int().min(1).max(65_535);
const ServerFile = z.object({
  pid: z.number().int().min(1),
  /** Of the machine, or container, whose process that is. */
  machine: z.string(),
  /** What it listens on. */
  host: z.string(),
  ports: z.object({ game: port, control: port, http: port, telemetry: port }),
  version: z.string(),
});

export type ServerFile = z.infer<typeof ServerFile>;
export type ServerPlace = Pick<ServerFile, "host" | "ports" | "version">;

/** Writes it, whole or not at all; returns what removes it again. Throws what the system says. */
export async function writeServerFile(dataDir: string, place: ServerPlace): Promise<() => void> {
  const path = join(dataDir, FILE);
  const whole = `${path}.${process.pid}`;
  const content: ServerFile = { pid: process.pid, machine: hostname(), ...place };
  await writeFile(whole, `${JSON.stringify(content)}\n`);
  await rename(whole, path);
  // Only our own: another server may have taken the folder when ours was removed under us.
  return () => {
    if (read(path)?.pid === process.pid) rmSync(path, { force: true });
  };
}

/** The running server that keeps its data there; null when there is none, as far as can be told without asking it. */
export function readServerFile(dataDir: string): ServerFile | null {
  const found = read(join(dataDir, FILE));
  return found !== null && found.machine === hostname() && isRunning(found.pid) ? found : null;
}

function read(path: string): ServerFile | null {
  try {
    return ServerFile.safeParse(JSON.parse(readFileSync(path, "utf8"))).data ?? null;
  } catch {
    // There is none, or it is not ours to read: no server is known then.
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process, which we may not signal, runs all the same.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
