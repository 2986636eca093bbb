// Runs a full garbage collection of a thread from time to time, in a pause of the thread. By itself, JavaScriptCore
// does so when the heap has grown by half, and it counts the thread's shared rings and WebAssembly memories as heap: 60
// MB, of which 2 are objects. Objects that survive one small collection then stay until tens of megabytes of them
// exist, and the process grows for many minutes, as if it leaked. A full collection costs 4 ms in a zone worker and 6
// to 10 ms in the main thread with two hundred players; with 5,000 players and no free processor, 52 ms.
//
//   const collection = new FullCollection()
//   collection.runWithin(waitMs)     // between two ticks: runs when it is due and the pause is long enough

const INTERVAL_MS_MIN = 60_000;
/** Collections take at most this share of a thread's time. */
const TIME_SHARE_MAX = 0.0005;
/** The assumed cost of the first collection, in milliseconds. */
const FIRST_COST_MS = 5;
/** A pause must be at least this many times as long as the last collection took. */
const PAUSE_FACTOR = 2;

export interface FullCollectionOptions {
  /** By how many milliseconds the first collection is delayed, so that the threads take turns. */
  delayMs?: number;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  collect?: () => void;
}

export class FullCollection {
  readonly #now: () => number;
  readonly #collect: () => void;
  #costMs = FIRST_COST_MS;
  #dueMs: number;

  constructor(options: FullCollectionOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#collect = options.collect ?? (() => Bun.gc(true));
    this.#dueMs = this.#now() + INTERVAL_MS_MIN + (options.delayMs ?? 0);
  }

  /** `pauseMs`: how long the thread has nothing to do. Nothing is collected in a thread without long enough pauses. */
  runWithin(pauseMs: number): void {
    const startMs = this.#now();
    if (startMs < this.#dueMs || pauseMs < PAUSE_FACTOR * this.#costMs) return;
    this.#collect();
    const endMs = this.#now();
    this.#costMs = endMs - startMs;
    this.#dueMs = endMs + Math.max(INTERVAL_MS_MIN, this.#costMs / TIME_SHARE_MAX);
  }
}
