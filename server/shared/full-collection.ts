// Runs a full garbage collection of a thread from time to time, in a pause of the thread. By itself, JavaScriptCore
// does so when the heap has grown by half, and it counts the thread's shared rings and WebAssembly memories as heap: 60
// MB, of which 2 are objects. Objects that survive one small collection then stay until tens of megabytes of them
// exist, and the process grows for many minutes, as if it leaked. A full collection costs 4 ms in a zone worker and 6
// to 10 ms in the main thread with two hundred players; with 5,000 players and no free processor, 52 ms.
//
// Every thread that lives as long as the server needs one. A machine that is short of processors stretches a collection:
// one that took 29 ms of the processors was seen to last 323. Its cost is therefore what it took of the clock or of the processors, whichever is
// less. Otherwise one slow collection would be the last one of its thread: no pause would seem long enough.
//
//   const collection = new FullCollection()
//   collection.runWithin(waitMs)     // between two ticks: runs when it is due and the pause is long enough

const INTERVAL_MS_MIN = 60_000;
/** Collections take at most this share of a thread's time. */
const TIME_SHARE_MAX = 0.0005;
/** The assumed cost of the first collection, in milliseconds. */
const FIRST_COST_MS = 5;
/** After so long without a long enough pause, the cost is assumed to be that of the first one again. */
const COST_MS_KEPT = 120_000;
/** A pause must be at least this many times as long as the last collection took. */
const PAUSE_FACTOR = 2;

export interface FullCollectionOptions {
  /** By how many milliseconds the first collection is delayed, so that the threads take turns. */
  delayMs?: number;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  /** Milliseconds of processor time that the process has used, with the threads that help to collect. */
  cpuMs?: () => number;
  collect?: () => void;
}

export class FullCollection {
  readonly #now: () => number;
  readonly #cpuMs: () => number;
  readonly #collect: () => void;
  #costMs = FIRST_COST_MS;
  #dueMs: number;

  constructor(options: FullCollectionOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#cpuMs = options.cpuMs ?? cpuMsOfProcess;
    this.#collect = options.collect ?? (() => Bun.gc(true));
    this.#dueMs = this.#now() + INTERVAL_MS_MIN + (options.delayMs ?? 0);
  }

  /**
   * `pauseMs`: how long the thread has nothing to do. In a thread without long enough pauses, it collects only when that has
   * been so for two minutes.
   */
  runWithin(pauseMs: number): void {
    const startMs = this.#now();
    if (startMs < this.#dueMs || pauseMs < PAUSE_FACTOR * this.#expectedMs(startMs)) return;
    const startCpuMs = this.#cpuMs();
    this.#collect();
    const endMs = this.#now();
    this.#costMs = Math.min(endMs - startMs, this.#cpuMs() - startCpuMs);
    this.#dueMs = endMs + Math.max(INTERVAL_MS_MIN, this.#costMs / TIME_SHARE_MAX);
  }

  #expectedMs(nowMs: number): number {
    return nowMs < this.#dueMs + COST_MS_KEPT ? this.#costMs : Math.min(this.#costMs, FIRST_COST_MS);
  }
}

function cpuMsOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
