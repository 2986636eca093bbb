// What faults do to the journal's disk, in memory that the main thread writes and the journal thread reads. A change takes effect at
// once, also in a commit that a fault holds up, and the thread's successor goes on with it.
//
//   const trouble = new DiskTrouble(DiskTrouble.allocate())
//   trouble.set({ stallMs: 2_000, isFull: false })      // the main thread: from now on each commit takes 2 s longer
//   trouble.stall()                                     // the journal thread, within a commit

import type { DiskTroubleState } from "../protocol/faults/fault.ts";

const STALL_MS = 0;
const IS_FULL = 1;
const CHANGES = 2;
const WORDS = 3;

export class DiskTrouble {
  readonly #words: Int32Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 4);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  set({ stallMs, isFull }: DiskTroubleState): void {
    Atomics.store(this.#words, STALL_MS, stallMs);
    Atomics.store(this.#words, IS_FULL, Number(isFull));
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }

  get isFull(): boolean {
    return Atomics.load(this.#words, IS_FULL) === 1;
  }

  /** Blocks the calling worker for as long as a commit should take longer, or until that changes. */
  stall(): void {
    const changes = Atomics.load(this.#words, CHANGES);
    const stallMs = Atomics.load(this.#words, STALL_MS);
    if (stallMs > 0) Atomics.wait(this.#words, CHANGES, changes, stallMs);
  }
}
