// A file of 8 bytes beside world.sqlite: since when the journal can not be written, as milliseconds since 1970; 0: it can. The bytes
// exist before they are needed, so a full disk takes them too. A server that is killed meanwhile would otherwise leave no word of
// the play that nobody wrote down.
//
//   gapProblem(".wowsim")         // "The journal could not be written from 2026-11-29T21:40:07.210Z on: ..."; null: nothing
//   const mark = new GapMark(Date.now)
//   mark.open(".wowsim")          // from now on it says nothing
//   mark.set("refused", true)     // the disk refuses the journal; mark.set("refused", false): it takes everything again
//
// The journal thread can not write the mark: a call to a disk that hangs never returns there. So the main thread does, and lets a
// thread of the runtime's pool wait for the disk.

import { closeSync, openSync, readFileSync, write } from "node:fs";
import { join } from "node:path";

export const GAP_FILE = "world.gap";
const BYTES = 8;
/** No clock reads more (the year 9999). */
const MS_MAX = 253_402_300_800_000;
/** How long the end waits for the last write: a disk that hangs must not keep the server. */
const CLOSE_MS_MAX = 200;

/** The disk refuses the journal; or a zone has waited for it in vain, as for a disk that hangs. */
export type GapReason = "refused" | "waiting";

/** Writes the 8 bytes to the start of the file and calls back. */
export type WriteBytes = (file: number, bytes: Uint8Array, done: () => void) => void;

export class GapMark {
  readonly #clock: () => number;
  readonly #write: WriteBytes;
  readonly #since = new Map<GapReason, number>();
  #file: number | null = null;
  /** What the file says or will say when the write under way has ended; null: it is not known. */
  #told: number | null = null;
  #writing: Promise<void> | null = null;

  /** `clock`: milliseconds since 1970. `writeBytes` can be replaced in tests. */
  constructor(clock: () => number, writeBytes: WriteBytes = writeInPool) {
    this.#clock = clock;
    this.#write = writeBytes;
  }

  /** A folder in which the file can not be made has no mark: the journal itself says what is wrong there. */
  open(folder: string): void {
    const path = join(folder, GAP_FILE);
    try {
      closeSync(openSync(path, "a"));
      this.#file = openSync(path, "r+");
    } catch {
      this.#file = null;
    }
    this.#update();
  }

  /** The journal is not written for this reason, since now; or not for this reason any more. */
  set(reason: GapReason, isGap: boolean): void {
    if (!isGap) this.#since.delete(reason);
    else if (!this.#since.has(reason)) this.#since.set(reason, this.#clock());
    this.#update();
  }

  /** `isWhole`: everything is in the journal, so nothing is left to say. Waits for the last write, but not for long. */
  async close(isWhole: boolean): Promise<void> {
    if (isWhole) this.#since.clear();
    this.#update();
    await Promise.race([this.#writing, Bun.sleep(CLOSE_MS_MAX)]);
    // A write that hangs still needs the file.
    if (this.#file !== null && this.#writing === null) closeSync(this.#file);
    this.#file = null;
  }

  #update(): void {
    const file = this.#file;
    const since = Math.min(...this.#since.values());
    const value = Number.isFinite(since) ? since : 0;
    if (file === null || this.#writing !== null || this.#told === value) return;
    this.#told = value;
    const bytes = new Uint8Array(BYTES);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writing = promise;
    this.#write(file, bytes, () => {
      this.#writing = null;
      this.#update();
      // What changed meanwhile is written before anybody who waits goes on.
      void (this.#writing ?? Promise.resolve()).then(resolve);
    });
  }
}

/** Best effort: a disk that refuses the journal may refuse this too. Then only a start after a kill does not know since when. */
function writeInPool(file: number, bytes: Uint8Array, done: () => void): void {
  write(file, bytes, 0, bytes.length, 0, done);
}

/** What the file says, in a sentence; null when it says nothing, or nothing that can be true. */
export function gapProblem(folder: string): string | null {
  try {
    const bytes = readFileSync(join(folder, GAP_FILE));
    const ms = bytes.length < BYTES ? 0 : Number(bytes.readBigUInt64LE());
    if (ms <= 0 || ms >= MS_MAX) return null;
    const since = new Date(ms).toISOString();
    return `The journal could not be written from ${since} on: what was played after that is not in it.`;
  } catch {
    // Journals of earlier versions have no such file.
    return null;
  }
}
