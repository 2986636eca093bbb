// A lock on a file: one process at a time can hold it, and the system releases it however the process ends, so
// a killed server leaves no lock that an operator has to remove. It is SQLite's exclusive lock on an empty file.
//
//   const lock = await LockFile.take(".wowsim/server.lock")     // throws LockBusyError when another process has it
//   await lock.check()     // "held"; "retaken" after file or folder were removed; "lost" when another process was faster
//
// A removed file stays locked, but other processes can not see it any more: so the holder calls check() from time to time.

import { Database } from "bun:sqlite";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Another process has the lock. */
export class LockBusyError extends Error {}

export type LockState = "held" | "retaken" | "lost";

interface Held {
  database: Database;
  inode: number;
}

export class LockFile {
  readonly path: string;
  #held: Held;
  #isLost = false;

  /** Creates folder and file if necessary, and takes the lock. Throws LockBusyError, or the system's error. */
  static async take(path: string): Promise<LockFile> {
    return new LockFile(path, await lock(path));
  }

  private constructor(path: string, held: Held) {
    this.path = path;
    this.#held = held;
  }

  /** Inode of the locked file; -1 while another process holds the lock. */
  get inode(): number {
    return this.#isLost ? -1 : this.#held.inode;
  }

  /** Checks that the locked file is still the one at the path, and takes the lock again if it is not. */
  async check(): Promise<LockState> {
    if (!this.#isLost && (await inodeOf(this.path)) === this.#held.inode) return "held";
    try {
      const held = await lock(this.path);
      this.#held.database.close();
      this.#held = held;
      this.#isLost = false;
      return "retaken";
    } catch {
      // Another process has it, or the folder can not be created: the lock is lost until a later check.
      this.#isLost = true;
      return "lost";
    }
  }

  release(): void {
    this.#held.database.close();
  }
}

async function lock(path: string): Promise<Held> {
  await mkdir(dirname(path), { recursive: true });
  const database = new Database(path, { create: true });
  try {
    database.run("BEGIN EXCLUSIVE");
    const inode = await inodeOf(path);
    if (inode === null) throw new Error(`${path} was removed while it was being locked.`);
    return { database, inode };
  } catch (error) {
    database.close();
    throw isBusy(error) ? new LockBusyError(`${path} is another's.`, { cause: error }) : error;
  }
}

/** Inode of the file at a path; null if there is none. */
export async function inodeOf(path: string): Promise<number | null> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => null,
  );
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
