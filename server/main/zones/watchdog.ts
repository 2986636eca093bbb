// Finds out which zone workers do not tick any more. A worker says in its breadcrumb when it is next due; one that is later
// than the limit, and has come to nothing new meanwhile, hangs.
//
//   const watchdog = new Watchdog({ limitMs: 1000, now })
//   watchdog.watch(0, crumb)
//   watchdog.check()      // every watchdog.checkMs: { late: [{ worker: 0, lateMs: 1040, crumb }], stoodStillMs: 0 }
//
// A zone whose ticks are far apart (a low tick rate, slowed game time) is due late, and so is one that a fault holds up: they
// say so themselves. Lateness is time that this thread has watched go by, without what a worker waits for a processor
// (lateness.ts). When this thread stood still itself (SIGSTOP, a suspended laptop, a full collection), the workers may have
// stood still with it: everybody begins anew with the whole limit.

import type { Crumb } from "../../shared/breadcrumb.ts";
import { Lateness } from "../../shared/lateness.ts";
import type { ThreadTimes } from "../../shared/thread-times.ts";

/** Looks a limit, and within which bounds that is in milliseconds. */
const CHECKS_PER_LIMIT = 10;
const CHECK_MS_MIN = 25;
const CHECK_MS_MAX = 100;

export interface WatchdogOptions {
  /** How late a worker may be, in milliseconds. */
  limitMs: number;
  /** Milliseconds of the clock that breadcrumbs are written by. */
  now: () => number;
  /** What the system knows of a thread; default: nothing. */
  timesOf?: (threadId: number) => ThreadTimes | null;
}

export interface LateWorker {
  worker: number;
  lateMs: number;
  crumb: Crumb;
}

export interface Look {
  late: LateWorker[];
  /** For how long this thread did not look, when that is long enough to say so; else 0. */
  stoodStillMs: number;
}

interface Watched {
  readonly source: { read(): Crumb };
  beat: number;
  readonly lateness: Lateness;
}

export class Watchdog {
  /** How often to look. */
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

  /** From now on; whoever was watched under this number before is not any more. */
  watch(worker: number, source: { read(): Crumb }): void {
    this.#watched.set(worker, { source, beat: source.read().beat, lateness: new Lateness() });
  }

  forget(worker: number): void {
    this.#watched.delete(worker);
  }

  /** Looks at everybody. Who is late stays so until forgotten. */
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
      // Of a look that came late itself, only as much as one in time: where this thread has to wait for a processor, so have they.
      const overdueMs = Math.min(elapsedMs, nowMs - crumb.dueMs, this.checkMs);
      if (hasMoved || stoodStill) lateness.reset();
      else if (overdueMs > 0) lateness.add(overdueMs, this.#timesOf(crumb.threadId));
      if (lateness.exceeds(this.#limitMs)) look.late.push({ worker, lateMs: lateness.ms, crumb });
    }
    return look;
  }
}
