// A file of 8 bytes beside world.sqlite: since when the journal can not be written, as milliseconds since 1970; 0: it can. The bytes
// exist before they are needed, so a full disk takes them too. A server that is killed meanwhile would otherwise leave no word of
// the play that nobody wrote down.
//
//   gapProblem(".wowsim")         // "The journal could not be written from 2026-11-29T21:40:07.210Z on: ..."; null: nothing
//   const mark = GapMark.open(".wowsim")      // from now on it says nothing
//   mark.set(Date.now())          // the disk refuses; mark.set(null): it takes everything again

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export const GAP_FILE = "world.gap";
const BYTES = 8;
/** No clock reads more (the year 9999). */
const MS_MAX = 253_402_300_800_000;

export class GapMark {
  readonly #file: number | null;

  /** A folder in which the file can not be made has no mark: the journal itself says what is wrong there. */
  static open(folder: string): GapMark {
    try {
      const path = join(folder, GAP_FILE);
      closeSync(openSync(path, "a"));
      return new GapMark(openSync(path, "r+"));
    } catch {
      return new GapMark(null);
    }
  }

  private constructor(file: number | null) {
    this.#file = file;
    this.set(null);
  }

  /** Best effort: a disk that refuses the journal may refuse this too. */
  set(sinceMs: number | null): void {
    if (this.#file === null) return;
    const bytes = new DataView(new ArrayBuffer(BYTES));
    bytes.setBigUint64(0, BigInt(sinceMs ?? 0), true);
    try {
      writeSync(this.#file, bytes, 0, BYTES, 0);
    } catch {
      // Health, telemetry and stderr say that the journal is not written; only a start after a kill does not know since when.
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }
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
