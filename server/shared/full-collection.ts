// Has a thread's garbage collected in full now and then, where nobody waits for the thread. Left alone, JavaScriptCore does
// so when the heap has grown by half, and it counts the rings and WebAssembly memories a thread shares as its heap: 60 MB,
// of which 2 are objects. What outlived one small collection then waits for tens of megabytes of its kind, and the process
// grows for many minutes, as if it leaked. One costs 4 ms in a zone worker and 6 to 10 in the main thread of two hundred
// players; with 5,000 and no processor free, 52.
//
//   const collection = new FullCollection()
//   collection.runWithin(waitMs)     // between two ticks: runs when it is due and the pause is long enough

const INTERVAL_MS_MIN = 60_000;
/** It takes at most this share of a thread's time. */
const TIME_SHARE_MAX = 0.0005;
/** What the first one is taken to cost, in milliseconds. */
const FIRST_COST_MS = 5;
/** A pause must be that many times as long as what the last one cost. */
const PAUSE_FACTOR = 2;

export interface FullCollectionOptions {
  /** By how much later than in other threads the first one comes, in milliseconds: they take turns. */
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

  /** `pauseMs`: for how long nothing is to be done. A thread without such pauses is left alone. */
  runWithin(pauseMs: number): void {
    const startMs = this.#now();
    if (startMs < this.#dueMs || pauseMs < PAUSE_FACTOR * this.#costMs) return;
    this.#collect();
    const endMs = this.#now();
    this.#costMs = endMs - startMs;
    this.#dueMs = endMs + Math.max(INTERVAL_MS_MIN, this.#costMs / TIME_SHARE_MAX);
  }
}
