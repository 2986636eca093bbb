// The locks of a running server, looked at once a second: those of its data folder and of its telemetry file. A folder that
// is removed takes its lock along, and another server could begin there; so it is made and locked again at once. When
// another was faster, that is told, and the recorder, which sees the inode of the lock it should be under, writes no more.
//
//   const locks = new ServerLocks(dataLock, fileLock)
//   await locks.check()     // [{ what: "data_dir", path: ".wowsim/server.lock", state: "retaken" }]; mostly []

import { dirname } from "node:path";
import type { LockFile } from "../store/lock-file.ts";

export const LOCK_CHECK_MS = 1_000;

export interface LockChange {
  what: "data_dir" | "telemetry_file";
  path: string;
  /** "retaken": removed, and made anew; "lost": another server has it now, or it can not be made. */
  state: "retaken" | "lost";
}

/** As an operator is told. */
export function worded({ what, path, state }: LockChange): string {
  const thing = what === "data_dir" ? `The data folder ${dirname(path)}` : `The lock of the telemetry file, ${path},`;
  if (state === "retaken")
    return `${thing} was removed while the server runs; it is made anew, and what was in it is gone.`;
  const effect = what === "data_dir" ? "" : " No telemetry is written there by this one.";
  return `${thing} was removed, and is another server's now or can not be made.${effect} Stop one of the two.`;
}

export class ServerLocks {
  /** The inode of the telemetry file's lock, for the recorder; -1: it is not ours. */
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

  /** What has changed since the last look. A look that takes long, as on a slow disk, is not overtaken by the next. */
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
