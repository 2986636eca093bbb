// The data folder, and that only one server keeps its data there: two would write one telemetry file, and nobody could
// tell their lines apart.
//
//   const dataDir = await takeDataDir(".wowsim")     // makes it; throws WowsimError("data_dir_in_use")
//   dataDir.release()
//
// The lock is SQLite's exclusive one on an empty file, which the system gives back whatever becomes of the process: a
// server that was killed leaves nothing that has to be removed by hand.

import { Database } from "bun:sqlite";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, WowsimError } from "../errors.ts";

const LOCK_FILE = "server.lock";

export interface DataDir {
  release(): void;
}

/** Makes the folder where there is none, and takes it. Throws WowsimError("data_dir" or "data_dir_in_use"). */
export async function takeDataDir(path: string): Promise<DataDir> {
  try {
    await mkdir(path, { recursive: true });
    return lock(join(path, LOCK_FILE));
  } catch (cause) {
    if (isBusy(cause)) {
      const message = `Another server keeps its data in ${path}; stop it, or choose another place with --data-dir.`;
      throw new WowsimError("data_dir_in_use", message, { cause });
    }
    const message = `No data can be kept in ${path} (${messageOf(cause)}); choose another place with --data-dir.`;
    throw new WowsimError("data_dir", message, { cause });
  }
}

function lock(file: string): DataDir {
  const database = new Database(file, { create: true });
  try {
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw error;
  }
  return { release: () => database.close() };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
