// A small file in the data folder with the addresses of the running server, so that a tool in the same folder finds it,
// whatever its ports are.
//
//   const remove = await writeServerFile(dataDir, { host: "127.0.0.1", ports, version })     // .wowsim/server.json
//   readServerFile(".wowsim")         // { pid: 4711, host: "127.0.0.1", ports: { game: 40123, ... }, ... }, or null
//
// The file of a killed server stays behind, but is ignored, because its process is gone. A file that another
// machine or container wrote into a shared folder is ignored too.

import { readFileSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isRunning } from "./owned-folder.ts";

const FILE = "server.json";

const port = z.number().int().min(1).max(65_535);
const ServerFile = z.object({
  pid: z.number().int().min(1),
  /** The machine, or container, of that process. */
  machine: z.string(),
  /** The address it listens on. */
  host: z.string(),
  ports: z.object({ game: port, control: port, http: port, telemetry: port }),
  version: z.string(),
});

export type ServerFile = z.infer<typeof ServerFile>;
export type ServerPlace = Pick<ServerFile, "host" | "ports" | "version">;

/** Writes the file atomically; returns a function that removes it. Throws the system's error. */
export async function writeServerFile(dataDir: string, place: ServerPlace): Promise<() => void> {
  const path = join(dataDir, FILE);
  const whole = `${path}.${process.pid}`;
  const content: ServerFile = { pid: process.pid, machine: hostname(), ...place };
  await writeFile(whole, `${JSON.stringify(content)}\n`);
  await rename(whole, path);
  // Removes only this server's file: if it was removed before, another server may have taken the folder.
  return () => {
    if (read(path)?.pid === process.pid) rmSync(path, { force: true });
  };
}

/** The running server that keeps its data there; null when there is none, as far as the file and the process table show. */
export function readServerFile(dataDir: string): ServerFile | null {
  const found = read(join(dataDir, FILE));
  return found !== null && found.machine === hostname() && isRunning(found.pid) ? found : null;
}

function read(path: string): ServerFile | null {
  try {
    return ServerFile.safeParse(JSON.parse(readFileSync(path, "utf8"))).data ?? null;
  } catch {
    // There is no file, or it can not be read: no server is known.
    return null;
  }
}
