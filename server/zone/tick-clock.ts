// Computes when a zone ticks next. Deadlines are absolute, so the clock does not drift. After a stall a few late ticks are
// caught up; the others are skipped and counted.
//
//   interval 50, start 1000: deadlines 1000, 1050, 1100, ...
//   done at 1120 (late by 20): next is due at 1050, then 1100, then 1150
//   done at 1390: 3 are caught up (1250, 1300, 1350), the four before them are skipped
//
// Game time may run slower than the clock: at rate 0.5 a tick still is 50 ms of game time, and deadlines are 100 apart.

/** Ticks that are caught up after a stall. */
export const CATCH_UP_TICKS_MAX = 3;

export class TickClock {
  /** Milliseconds from one deadline to the next. */
  intervalMs: number;
  /** Ticks skipped since the start. */
  missed = 0;
  readonly #nominalMs: number;
  #startMs: number;
  /** Deadlines that have passed since #startMs. `count * interval` is exact; a sum of intervals would collect rounding errors. */
  #count = 0;
  #rate = 1;

  /** The first deadline is at `startMs`. */
  constructor(startMs: number, intervalMs: number) {
    this.#startMs = startMs;
    this.#nominalMs = intervalMs;
    this.intervalMs = intervalMs;
  }

  /** Game time per clock time, above 0 and at most 1. A change takes effect with the tick that is due next. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    if (rate === this.#rate) return;
    this.#startMs = this.deadline;
    this.#count = 0;
    this.#rate = rate;
    this.intervalMs = this.#nominalMs / rate;
  }

  /** When the next tick is due, in milliseconds of the clock that `startMs` was read from. */
  get deadline(): number {
    return this.#startMs + this.#count * this.intervalMs;
  }

  /** The tick that was due has ended at `nowMs`. */
  done(nowMs: number): void {
    this.#count++;
    const behind = Math.floor((nowMs - this.deadline) / this.intervalMs) + 1 - CATCH_UP_TICKS_MAX;
    if (behind <= 0) return;
    this.missed += behind;
    this.#count += behind;
  }
}
