// Detects zone workers that hang. A worker writes into its breadcrumb when its next tick is due; it hangs when it is
// later than the limit and its breadcrumb has not changed meanwhile.
//
//   const watchdog = new Watchdog({ limitMs: 1000, now })
//   watchdog.watch(0, crumb)
//   watchdog.check()      // every watchdog.checkMs: { late: [{ worker: 0, lateMs: 1040, crumb }], stoodStillMs: 0 }
//
// A zone with a long tick interval (a low tick rate, slowed game time) or one that a fault delays writes a later due
// time itself. Lateness is the time that this thread has seen elapse, minus the time that a worker waits for a
// processor (lateness.ts). When this thread itself paused (SIGSTOP, a suspended laptop, a full collection), the workers
// may have paused too: all workers get the whole limit again.

import type { Crumb } from "../../shared/breadcrumb.ts";
import { Lateness } from "../../shared/lateness.ts";
import type { ThreadTimes } from "../../shared/thread-times.ts";

/** Checks per limit, and the bounds of the check interval in milliseconds. */
const CHECKS_PER_LIMIT = 40;
const CHECK_MS_MIN = 25;
const CHECK_MS_MAX = 100;
/** The most that one check counts, in milliseconds: when this thread waits for a processor, so do the workers. */
const COUNTED_MS_MAX = 100;

export interface WatchdogOptions {
  /** How late a worker may be, in milliseconds. */
  limitMs: number;
  /** Milliseconds of the clock that breadcrumbs use. */
  now: () => number;
  /** The system's times of a thread; default: unknown. */
  timesOf?: (threadId: number) => ThreadTimes | null;
}

export interface LateWorker {
  worker: number;
  lateMs: number;
  crumb: Crumb;
}

export interface Look {
  late: LateWorker[];
  /** How long this thread made no check, when that is long enough to report; else 0. */
  stoodStillMs: number;
}

interface Watched {
  readonly source: { read(): Crumb };
  beat: number;
  readonly lateness: Lateness;
}

export class Watchdog {
  /** The interval of the checks, in milliseconds. */
  readonly checkMs: number;
  readonly #limitMs: number;
  readonly #now: () => number;
  readonly #timesOf: (threadId: number) => ThreadTimes | null;
  readonly #watched = new Map<number, Watched>();
  #lookedAtMs: number;

  constructor({ limitMs, now, timesOf = () => null }: WatchdogOptions) {
    this.#timesOf = timesOf;
    this.#limitMs = limitMs;
    this.#now = now;
    this.checkMs = Math.min(Math.max(limitMs / CHECKS_PER_LIMIT, CHECK_MS_MIN), CHECK_MS_MAX);
    this.#lookedAtMs = now();
  }

  /** Watches a worker from now on; it replaces the previous worker with this number. */
  watch(worker: number, source: { read(): Crumb }): void {
    const lateness = new Lateness(() => this.#timesOf(source.read().threadId));
    this.#watched.set(worker, { source, beat: source.read().beat, lateness });
  }

  forget(worker: number): void {
    this.#watched.delete(worker);
  }

  /** Checks all workers. A late worker stays late until it is forgotten. */
  check(): Look {
    const nowMs = this.#now();
    const elapsedMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    const stoodStill = elapsedMs > this.checkMs + this.#limitMs / 2;
    const look: Look = { late: [], stoodStillMs: stoodStill ? elapsedMs - this.checkMs : 0 };
    for (const [worker, watched] of this.#watched) {
      const crumb = watched.source.read();
      const hasMoved = crumb.beat !== watched.beat;
      watched.beat = crumb.beat;
      const { lateness } = watched;
      const overdueMs = Math.min(elapsedMs, nowMs - crumb.dueMs, COUNTED_MS_MAX);
      if (hasMoved || stoodStill) lateness.reset();
      else if (overdueMs > 0) lateness.add(overdueMs);
      if (lateness.exceeds(this.#limitMs)) look.late.push({ worker, lateMs: lateness.ms, crumb });
    }
    return look;
  }
}
