// How late a worker is that has made no progress: the sum of the observed time, minus the time that is not the worker's
// fault. When a machine has too few processors, a thread may wait for one for seconds, and that is not a hang.
//
//   const lateness = new Lateness(() => timesOf(4711))
//   lateness.add(100)             // it sleeps, and no thread waits for a processor: adds 100 ms
//   lateness.add(100)             // it is in a loop and got 40 ms of a processor: adds 40 ms
//   lateness.exceeds(130)         // true
//
// The system is asked once a window of 100 ms, which has some ticks in it: threads that begin their ticks together wait for each
// other for some milliseconds, and in a shorter window that looks like a machine without processors. All time counts when the system provides no thread times, and when the delay is longer than many limits.

import type { ThreadTimes } from "./thread-times.ts";

/** The shortest time between two questions to the system, in milliseconds. */
const WINDOW_MS = 100;
/** Average number of the process's waiting threads: from here on, a worker that sleeps may be waiting for one of them. */
const STARVED_THREADS = 0.5;
/** Beyond this many limits, all time counts, whatever the reason. */
const LIMITS_MAX = 5;

export class Lateness {
  readonly #timesOf: () => ThreadTimes | null;
  #ms = 0;
  #seenMs = 0;
  /** Time since the last question. */
  #openMs = 0;
  #before: ThreadTimes | null = null;

  constructor(timesOf: () => ThreadTimes | null) {
    this.#timesOf = timesOf;
  }

  /** The lateness in milliseconds. */
  get ms(): number {
    return this.#ms + this.#openMs;
  }

  /** Adds an observation: `elapsedMs` since the previous one, in which the worker could have made progress. */
  add(elapsedMs: number): void {
    this.#seenMs += elapsedMs;
    this.#openMs += elapsedMs;
    if (this.#before === null || this.#openMs >= WINDOW_MS) this.#ask();
  }

  exceeds(limitMs: number): boolean {
    if (this.ms > limitMs) this.#ask();
    return this.#ms > limitMs || this.#seenMs > limitMs * LIMITS_MAX;
  }

  /** The worker made progress, or nothing was observed. */
  reset(): void {
    this.#ms = 0;
    this.#seenMs = 0;
    this.#openMs = 0;
    this.#before = null;
  }

  #ask(): void {
    if (this.#openMs === 0) return;
    const [before, times] = [this.#before, this.#timesOf()];
    this.#before = times;
    this.#ms += before === null || times === null ? this.#openMs : counted(this.#openMs, before, times);
    this.#openMs = 0;
  }
}

function counted(elapsedMs: number, before: ThreadTimes, now: ThreadTimes): number {
  const ranMs = now.ranMs - before.ranMs;
  if (!now.isAsleep) return Math.min(elapsedMs, ranMs);
  const waiting = (now.othersWaitedMs - before.othersWaitedMs) / elapsedMs;
  return waiting > STARVED_THREADS ? Math.min(elapsedMs, ranMs) : elapsedMs;
}
