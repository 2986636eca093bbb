// When a zone ticks next: absolute deadlines, so that it does not drift. Late ticks are caught up, a few at most; what is
// more is given up and counted.
//
//   interval 50, start 1000: deadlines 1000, 1050, 1100, ...
//   done at 1120 (late by 20): next is due at 1050, then 1100, then 1150
//   done at 1390: 3 are caught up (1250, 1300, 1350), the four before them are given up
//
// Game time may go more slowly than the clock: at rate 0.5 a tick is as long in the game, and deadlines are 100 apart.

/** Ticks that are made up for after a stall. */
export const CATCH_UP_TICKS_MAX = 3;

export class TickClock {
  /** From one deadline to the next. */
  intervalMs: number;
  /** Ticks given up since the start. */
  missed = 0;
  readonly #nominalMs: number;
  #startMs: number;
  /** Deadlines gone by since. A product with it is exact where a sum of intervals would gather rounding errors. */
  #count = 0;
  #rate = 1;

  /** First deadline at `startMs`. */
  constructor(startMs: number, intervalMs: number) {
    this.#startMs = startMs;
    this.#nominalMs = intervalMs;
    this.intervalMs = intervalMs;
  }

  /** Game time a second of this clock, above 0 and at most 1. A change holds from the tick that is due on. */
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
