// How late a worker is that has made no progress: the sum of the observed time, minus the time that is not the worker's
// fault. When a machine has too few processors, a thread may wait for one for seconds, and that is not a hang.
//
//   const lateness = new Lateness()
//   lateness.add(100, times)      // it sleeps, and no thread waits for a processor: adds 100 ms
//   lateness.add(100, times)      // it is in a loop and got 40 ms of a processor: adds 40 ms
//   lateness.ms                   // 140
//
// All time counts when the system provides no thread times, and when the delay is longer than many limits.

import type { ThreadTimes } from "./thread-times.ts";

/** Average number of the process's waiting threads: from here on, a worker that sleeps may be waiting for one of them. */
const STARVED_THREADS = 0.5;
/** Beyond this many limits, all time counts, whatever the reason. */
const LIMITS_MAX = 5;

export class Lateness {
  #ms = 0;
  #seenMs = 0;
  #before: ThreadTimes | null = null;

  /** The lateness in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Adds an observation: `elapsedMs` since the previous one, in which the worker could have made progress. */
  add(elapsedMs: number, times: ThreadTimes | null): void {
    const before = this.#before;
    this.#before = times;
    this.#seenMs += elapsedMs;
    this.#ms += before === null || times === null ? elapsedMs : counted(elapsedMs, before, times);
  }

  exceeds(limitMs: number): boolean {
    return this.#ms > limitMs || this.#seenMs > limitMs * LIMITS_MAX;
  }

  /** The worker made progress, or nothing was observed. */
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
