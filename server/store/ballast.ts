// A file that only takes room. On a full disk SQLite can not even delete: that needs pages of the log first. So the ballast is
// given up then, retention works in the room it leaves, and the ballast is written again once there is room for it twice.
//
//   const ballast = new Ballast(".wowsim")
//   while (ballast.fill()) {}        // a megabyte a call, so that the thread can do other things in between
//   ballast.release()                 // true: there is room now
//
// Its bytes are random, since a file system may keep zeros, or bytes that repeat, without taking any room.

import { closeSync, fstatSync, openSync, rmSync, statfsSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";

export const BALLAST_FILE = "world.ballast";
export const BALLAST_BYTES = 32 * 2 ** 20;
const STEP_BYTES = 2 ** 20;
/** The system gives no more at once. */
const RANDOM_BYTES_MAX = 65_536;

export class Ballast {
  readonly #path: string;
  readonly #bytes: number;
  readonly #freeBytes: () => number;
  #held: number;

  /** `freeBytes` tells how much room the disk has; it can be replaced in tests. */
  constructor(folder: string, bytes = BALLAST_BYTES, freeBytes = () => freeBytesOf(folder)) {
    this.#path = join(folder, BALLAST_FILE);
    this.#bytes = bytes;
    this.#freeBytes = freeBytes;
    this.#held = sizeOf(this.#path);
    if (this.#held > bytes) this.#cut();
  }

  /** Bytes that it takes now. */
  get held(): number {
    return this.#held;
  }

  get isFull(): boolean {
    return this.#held >= this.#bytes;
  }

  /** Writes a part of it; true when a part is still missing and there is room for it. A full disk is no error. */
  fill(): boolean {
    if (this.isFull) return false;
    try {
      // Room that only the ballast would take is better left to the journal.
      if (this.#freeBytes() < 2 * this.#bytes - this.#held) return false;
      this.#append(Math.min(STEP_BYTES, this.#bytes - this.#held));
    } catch {
      // The disk is full or can not be written, which the journal says itself: no ballast until a later call.
      this.release();
      return false;
    }
    return !this.isFull;
  }

  /** Removes it; true when that made room. */
  release(): boolean {
    const hadRoom = sizeOf(this.#path) > 0;
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // A folder that can not be written to: there is no room to be made.
      return false;
    }
    this.#held = 0;
    return hadRoom;
  }

  /** An earlier server had more room. */
  #cut(): void {
    try {
      truncateSync(this.#path, this.#bytes);
      this.#held = this.#bytes;
    } catch {
      // The disk can not be written, which the journal says itself: the ballast stays as it is.
    }
  }

  #append(bytes: number): void {
    const file = openSync(this.#path, "a");
    try {
      for (let written = 0; written < bytes; written += RANDOM_BYTES_MAX)
        writeSync(file, crypto.getRandomValues(new Uint8Array(Math.min(bytes - written, RANDOM_BYTES_MAX))));
      this.#held = fstatSync(file).size;
    } finally {
      closeSync(file);
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes that this user may still write to the disk of a folder. Throws the system's error. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
