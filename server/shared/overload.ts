// Load shedding: what a zone reduces when it has more work than time. It is a ladder, climbed one step at a time while
// the load stays high, and descended one step at a time once the load has been low for a while (docs/OVERLOAD.md).
//
//   load 0.9 for 1 s      step 0 → 1     level 1: far entities are sent every 2nd tick
//   load 0.9 for 1 s      step 1 → 2     ... every 4th
//   load 0.5              stays: between the two limits
//   load 0.3 for 3 s      step 2 → 1
//
// Load is the smoothed share of its time that the zone's own work takes. The result depends only on the samples: no
// clock, no randomness. A zone that has just left a step and needs it again stays there longer the next time.

import type { CommandFields } from "../protocol/game/command.ts";
import { LEVEL_CLOSED } from "../protocol/limits.ts";

/** What a zone reduces. */
export interface LoadShedding {
  /** 0 nothing; 1 state, 2 sight, 3 thought, 4 time, 5 entry: each includes all lower ones. */
  readonly level: number;
  /** Ticks between two updates of far entities. */
  readonly tellEvery: number;
  /** How far a watcher sees, in yards, and the most entities it sees. */
  readonly sightYd: number;
  readonly seenMax: number;
  /** Ticks between two decisions of one creature. */
  readonly thinkEvery: number;
  /** Seconds of game time per second of the clock. */
  readonly rate: number;
}

const NONE: LoadShedding = { level: 0, tellEvery: 1, sightYd: 100, seenMax: 64, thinkEvery: 1, rate: 1 };
const TOLD: LoadShedding = { ...NONE, level: 1, tellEvery: 4 };
const NEAR: LoadShedding = { ...TOLD, level: 2, sightYd: 40, seenMax: 24 };
const DULL: LoadShedding = { ...NEAR, level: 3, thinkEvery: 4 };
const SLOW: LoadShedding = { ...DULL, level: 4, rate: 1 / 4 };

/**
 * Neighbouring rates are no further apart than the two limits of the load; else a slowdown itself would look like low
 * load.
 */
export const LADDER: readonly LoadShedding[] = [
  NONE,
  { ...TOLD, tellEvery: 2 },
  TOLD,
  { ...NEAR, sightYd: 66, seenMax: 40 },
  NEAR,
  { ...DULL, thinkEvery: 2 },
  DULL,
  { ...SLOW, rate: 3 / 4 },
  { ...SLOW, rate: 1 / 2 },
  { ...SLOW, rate: 1 / 3 },
  SLOW,
  { ...SLOW, level: LEVEL_CLOSED },
];

/** Fields of the OP_SET_OVERLOAD that sets a zone to a step of the ladder. */
export function overloadFields(step: number): Required<Pick<CommandFields, "flags" | "a" | "x" | "y">> {
  const { level, tellEvery, thinkEvery, seenMax, sightYd, rate } = LADDER[step] ?? NONE;
  const a = tellEvery | (thinkEvery << 8) | (seenMax << 16);
  return { flags: step | (level << 8), a, x: sightYd, y: rate };
}

/** A zone climbs above LOAD_HIGH and descends below LOAD_LOW. */
export const LOAD_HIGH = 0.75;
export const LOAD_LOW = 0.4;
/**
 * Consecutive nominal tick intervals above the high limit (1 s at 20 Hz, however slowly the zone ticks), and below the
 * low limit (3 s).
 */
export const CLIMB_INTERVALS = 20;
export const DESCEND_INTERVALS = 60;
/** The longest wait after relapses: a minute. */
export const DESCEND_INTERVALS_MAX = 1_200;
/** The most intervals that a single tick counts for, so that a few extreme ticks alone never make a zone climb. */
export const TICK_INTERVALS_MAX = 4;
/** The weight of one tick in the average. */
const SMOOTHING = 1 / 8;

export class Overload {
  /** Smoothed share of its time that the zone's work takes. */
  load = 0;
  step = 0;
  #highIntervals = 0;
  #lowIntervals = 0;
  #sinceDescent = Number.POSITIVE_INFINITY;
  #hold = DESCEND_INTERVALS;

  get shedding(): LoadShedding {
    return LADDER[this.step] ?? NONE;
  }

  /** Records a tick that took this share of its time: 1 = all of it. Returns true when the step has changed. */
  observe(share: number): boolean {
    // A tick lasts its nominal time, or as long as its work takes.
    const intervals = Math.min(Math.max(share, 1) / this.shedding.rate, TICK_INTERVALS_MAX);
    this.load += (share - this.load) * SMOOTHING;
    this.#sinceDescent += intervals;
    this.#highIntervals = this.load > LOAD_HIGH ? this.#highIntervals + intervals : 0;
    this.#lowIntervals = this.load < LOAD_LOW ? this.#lowIntervals + intervals : 0;
    if (this.step === 0 && this.#sinceDescent > DESCEND_INTERVALS_MAX) this.#hold = DESCEND_INTERVALS;
    if (this.#highIntervals >= CLIMB_INTERVALS && this.step < LADDER.length - 1) return this.#climb();
    if (this.#lowIntervals >= this.#hold && this.step > 0) return this.#descend();
    return false;
  }

  /** Resets everything to the state of a new zone. */
  forget(): void {
    this.load = 0;
    this.step = 0;
    this.#rest();
    this.#hold = DESCEND_INTERVALS;
    this.#sinceDescent = Number.POSITIVE_INFINITY;
  }

  #climb(): true {
    if (this.#sinceDescent <= DESCEND_INTERVALS_MAX) this.#hold = Math.min(this.#hold * 2, DESCEND_INTERVALS_MAX);
    this.#sinceDescent = Number.POSITIVE_INFINITY;
    this.step++;
    this.#rest();
    return true;
  }

  #descend(): true {
    this.#sinceDescent = 0;
    this.step--;
    this.#rest();
    return true;
  }

  /** Both counts restart at every step. */
  #rest(): void {
    this.#highIntervals = 0;
    this.#lowIntervals = 0;
  }
}
