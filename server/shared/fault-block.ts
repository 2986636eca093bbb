// The state of active faults that the main thread and the zone workers share, in one small SharedArrayBuffer: whether
// an activation is still active, and its counters. A removal is a single store, so it takes effect at once, even in a
// worker that is in a long tick and reads no messages.
//
//   | threads | gone (3) | free (3) |   slot 0 | slot 1 | ... | slot 63          (words of 32 bits)
//
//   slot = activation % 64:   | open | 7 spare | thread 0 | thread 1 | ... | thread 64 |
//   thread:                   | eligible (i64) | affected (i64) | retired | 3 spare | 4 effects (i64 each) |
//
// `open` holds the activation's number while it is active, else 0; a pause waits on it. Each counter has a single
// writer. A thread writes the activation's number to `retired` when it has removed all of it; the main thread (thread
// 0) reuses a slot only when all threads have done so, except threads that are gone (one bit each). The number of a
// thread that has really ended is free: the next worker takes it.

import { WowsimError } from "../protocol/errors.ts";

const THREADS = 0;
const GONE = 1;
const FREE = 4;
const HEADER_WORDS = 8;
const SLOT_HEAD_WORDS = 8;
const THREAD_WORDS = 16;
const RETIRED = 4;

/** The most activations that are active or being cleaned up at the same time. */
export const ACTIVATIONS_MAX = 64;
/** The main thread and up to 64 zone workers. */
export const FAULT_THREADS_MAX = 65;

const SLOT_WORDS = SLOT_HEAD_WORDS + FAULT_THREADS_MAX * THREAD_WORDS;

/** The most effects that one fault can count. */
export const EFFECTS_MAX = 4;

/** A counter of an activation; a number is the index of an effect in its definition. */
export type FaultCount = "eligible" | "affected" | number;

const EFFECT_WORD = 8;

/**
 * The index of an effect's counter. Throws when the definition does not contain the effect: a bug of the fault's own
 * code.
 */
export function effectIndex(effects: readonly string[], effect: string): number {
  const index = effects.indexOf(effect);
  if (index >= 0 && index < EFFECTS_MAX) return index;
  throw new Error(`A fault counts ${effect}, which is not among its first ${EFFECTS_MAX} effects.`);
}

function wordOfCount(which: FaultCount): number {
  if (typeof which === "number") return EFFECT_WORD + which * 2;
  return which === "eligible" ? 0 : 2;
}

export class FaultBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #counts: BigInt64Array;

  static allocate(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer((HEADER_WORDS + ACTIVATIONS_MAX * SLOT_WORDS) * 4);
    new Int32Array(buffer)[THREADS] = 1; // thread 0 is the main thread
    return buffer;
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#counts = new BigInt64Array(buffer);
  }

  /** Claims a number for a worker, for counting and retiring. Throws WowsimError when 64 other workers have one. */
  claimThread(): number {
    for (let thread = 1; thread < this.#threads; thread++) {
      const bit = bitOf(thread);
      if ((Atomics.and(this.#words, wordOf(FREE, thread), ~bit) & bit) === 0) continue;
      Atomics.and(this.#words, wordOf(GONE, thread), ~bit);
      return thread;
    }
    const thread = Atomics.add(this.#words, THREADS, 1);
    if (thread < FAULT_THREADS_MAX) return thread;
    throw new WowsimError("fault_threads", `Faults reach ${FAULT_THREADS_MAX - 1} zone workers at most; start fewer.`);
  }

  /** Main thread: activates the activation and sets its counters to zero. Its slot must be free. */
  open(activation: number): void {
    const slot = slotOf(activation);
    this.#words.fill(0, slot + SLOT_HEAD_WORDS, slot + SLOT_WORDS);
    Atomics.store(this.#words, slot, activation);
  }

  /** Main thread: ends the activation. Wakes every pause that waits on it. */
  close(activation: number): void {
    const slot = slotOf(activation);
    if (Atomics.compareExchange(this.#words, slot, activation, 0) === activation) Atomics.notify(this.#words, slot);
  }

  isOpen(activation: number): boolean {
    return Atomics.load(this.#words, slotOf(activation)) === activation;
  }

  /** Blocks the calling thread for `ms`, or until the activation is closed. */
  pause(activation: number, ms: number): void {
    Atomics.wait(this.#words, slotOf(activation), activation, ms);
  }

  /** Adds to one of the calling thread's counters. */
  count(activation: number, thread: number, which: FaultCount, amount: number): void {
    Atomics.add(this.#counts, (threadOf(activation, thread) + wordOfCount(which)) / 2, BigInt(amount));
  }

  /** The sum of a counter over all threads. */
  total(activation: number, which: FaultCount): number {
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      sum += Number(Atomics.load(this.#counts, (threadOf(activation, thread) + wordOfCount(which)) / 2));
    }
    return sum;
  }

  /** The calling thread has removed all of the activation and does not touch its slot again. */
  retire(activation: number, thread: number): void {
    Atomics.store(this.#words, threadOf(activation, thread) + RETIRED, activation);
  }

  /** Main thread: the worker with this number has died, and nothing waits for it any more. 0: it never had a number. */
  forgetThread(thread: number): void {
    if (thread === 0) return;
    Atomics.or(this.#words, wordOf(GONE, thread), bitOf(thread));
  }

  /**
   * Main thread: the thread of a forgotten worker has ended and writes nothing more; the next worker may take its
   * number.
   */
  freeThread(thread: number): void {
    if (thread === 0) return;
    Atomics.or(this.#words, wordOf(FREE, thread), bitOf(thread));
  }

  /** Whether every worker has retired the activation. */
  isRetired(activation: number): boolean {
    for (let thread = 1; thread < this.#threads; thread++) {
      if (this.#isGone(thread)) continue;
      if (Atomics.load(this.#words, threadOf(activation, thread) + RETIRED) !== activation) return false;
    }
    return true;
  }

  #isGone(thread: number): boolean {
    return (Atomics.load(this.#words, wordOf(GONE, thread)) & bitOf(thread)) !== 0;
  }

  get #threads(): number {
    return Math.min(Atomics.load(this.#words, THREADS), FAULT_THREADS_MAX);
  }
}

/** The index of the word with a thread's bit, in a set of threads that begins at `base`. */
function wordOf(base: number, thread: number): number {
  return base + (thread >>> 5);
}

function bitOf(thread: number): number {
  return 1 << (thread & 31);
}

function slotOf(activation: number): number {
  return HEADER_WORDS + (activation % ACTIVATIONS_MAX) * SLOT_WORDS;
}

function threadOf(activation: number, thread: number): number {
  return slotOf(activation) + SLOT_HEAD_WORDS + thread * THREAD_WORDS;
}
