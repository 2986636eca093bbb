// A lock that is a file: whoever holds it is the only one, and the system gives it back whatever becomes of the process, so
// a server that was killed leaves nothing that has to be removed by hand. It is SQLite's exclusive one on an empty file.
//
//   const lock = await LockFile.take(".wowsim/server.lock")     // throws LockBusyError when another process has it
//   await lock.check()     // "held"; "retaken" after file or folder were removed; "lost" when another was faster
//
// A file that was removed still locks, but nobody else can see it any more: so whoever holds one looks now and then.

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

  /** Makes the folder and the file where there are none. Throws LockBusyError, or what the system says. */
  static async take(path: string): Promise<LockFile> {
    return new LockFile(path, await lock(path));
  }

  private constructor(path: string, held: Held) {
    this.path = path;
    this.#held = held;
  }

  /** Of the file that is locked; -1 while the lock is another's. */
  get inode(): number {
    return this.#isLost ? -1 : this.#held.inode;
  }

  /** Looks whether the lock is still where others look for it, and takes it again where it is not. */
  async check(): Promise<LockState> {
    if (!this.#isLost && (await inodeOf(this.path)) === this.#held.inode) return "held";
    try {
      const held = await lock(this.path);
      this.#held.database.close();
      this.#held = held;
      this.#isLost = false;
      return "retaken";
    } catch {
      // Another's, or a folder that can not be made: either way not ours, until a later look.
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
    if (inode === null) throw new Error(`${path} went as it was locked.`);
    return { database, inode };
  } catch (error) {
    database.close();
    throw isBusy(error) ? new LockBusyError(`${path} is another's.`, { cause: error }) : error;
  }
}

/** Null for a file that is not there. */
export async function inodeOf(path: string): Promise<number | null> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => null,
  );
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
