// The locks of a running server, checked once per second: that of its data folder and that of its telemetry file. When
// a folder is removed, its lock is removed too, and another server could start there; so the folder is created and
// locked again at once. When another server was faster, the loss is reported, and the recorder, which compares the
// inode of the lock with the expected one, stops writing.
//
//   const locks = new ServerLocks(dataLock, fileLock)
//   await locks.check()     // [{ what: "data_dir", path: ".wowsim/server.lock", state: "retaken" }]; mostly []

import { dirname } from "node:path";
import type { LockFile } from "../store/lock-file.ts";

export const LOCK_CHECK_MS = 1_000;

export interface LockChange {
  what: "data_dir" | "telemetry_file";
  path: string;
  /** "retaken": the lock was removed and created again; "lost": another server has it now, or it can not be created. */
  state: "retaken" | "lost";
}

/** The message for the operator. */
export function worded({ what, path, state }: LockChange): string {
  const thing = what === "data_dir" ? `The data folder ${dirname(path)}` : `The lock of the telemetry file, ${path},`;
  if (state === "retaken")
    return `${thing} was removed while the server runs; it is made anew, and what was in it is gone.`;
  const effect = what === "data_dir" ? "" : " No telemetry is written there by this one.";
  return `${thing} was removed, and is another server's now or can not be made.${effect} Stop one of the two.`;
}

export class ServerLocks {
  /** The inode of the telemetry file's lock, for the recorder; -1 when this server does not hold the lock. */
  readonly telemetryInode = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  readonly #locks: readonly (readonly [LockChange["what"], LockFile])[];
  readonly #telemetry: LockFile | null;
  readonly #lost = new Set<LockFile>();
  #isChecking = false;

  constructor(dataDir: LockFile, telemetry: LockFile | null) {
    this.#telemetry = telemetry;
    this.#locks = [["data_dir", dataDir], ...(telemetry === null ? [] : [["telemetry_file", telemetry] as const])];
    this.#share();
  }

  /**
   * What has changed since the previous check. When a check takes long, as on a slow disk, the next one does not
   * overtake it.
   */
  async check(): Promise<LockChange[]> {
    if (this.#isChecking) return [];
    this.#isChecking = true;
    const changes: LockChange[] = [];
    for (const [what, lock] of this.#locks) {
      const state = await lock.check();
      const wasLost = this.#lost.delete(lock);
      if (state === "lost") this.#lost.add(lock);
      if (state === "retaken" || (state === "lost" && !wasLost)) changes.push({ what, path: lock.path, state });
    }
    this.#share();
    this.#isChecking = false;
    return changes;
  }

  #share(): void {
    Atomics.store(new BigInt64Array(this.telemetryInode), 0, BigInt(this.#telemetry?.inode ?? -1));
  }
}
