// How late a worker is that has come to nothing new: the sum of what was seen go by, without what it could not help. On a
// machine that has too few processors a thread may wait for one for seconds, and does not hang for that.
//
//   const lateness = new Lateness()
//   lateness.add(100, times)      // it sleeps, and no thread waits for a processor: 100 ms later
//   lateness.add(100, times)      // it is in a loop and got 40 ms of a processor: 40 ms later
//   lateness.ms                   // 140
//
// Where nothing is known of threads, and when it has gone on for many limits, all time counts.

import type { ThreadTimes } from "./thread-times.ts";

/** So many threads of the process that wait for a processor, on average: one that sleeps may wait for one of these. */
const STARVED_THREADS = 0.5;
/** Past so many times the limit it does not matter any more why. */
const LIMITS_MAX = 5;

export class Lateness {
  #ms = 0;
  #seenMs = 0;
  #before: ThreadTimes | null = null;

  /** What counts. */
  get ms(): number {
    return this.#ms;
  }

  /** A look: `elapsedMs` since the one before in which it could have moved. */
  add(elapsedMs: number, times: ThreadTimes | null): void {
    const before = this.#before;
    this.#before = times;
    this.#seenMs += elapsedMs;
    this.#ms += before === null || times === null ? elapsedMs : counted(elapsedMs, before, times);
  }

  exceeds(limitMs: number): boolean {
    return this.#ms > limitMs || this.#seenMs > limitMs * LIMITS_MAX;
  }

  /** It moved, or nobody looked. */
  reset(): void {
    this.#ms = 0;
    this.#seenMs = 0;
    this.#before = null;
  }
}

function counted(elapsedMs: number, before: ThreadTimes, now: ThreadTimes): number {
  const ranMs = now.ranMs - before.ranMs;
  if (!now.isAsleep) return Math.min(elapsedMs, ranMs);
  const waiting = (now.othersWaitedMs - before.othersWaitedMs) / elapsedMs;
  return waiting > STARVED_THREADS ? Math.min(elapsedMs, ranMs) : elapsedMs;
}
