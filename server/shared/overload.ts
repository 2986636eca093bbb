// When a zone has more to do than it has time, and what it leaves out then: a ladder, climbed a step at a time while the
// load stays high, descended a step at a time once it has been low for a while (docs/OVERLOAD.md).
//
//   load 0.9 for 1 s      step 0 → 1     level 1: far things are told every 2nd tick
//   load 0.9 for 1 s      step 1 → 2     ... every 4th
//   load 0.5              stays: between the two limits
//   load 0.3 for 3 s      step 2 → 1
//
// Load is the share of its time that the zone's own work takes, smoothed. What comes out is a function of the samples
// alone: no clock, no randomness. Whoever has just left a step and needs it again stays longer the next time.

import type { CommandFields } from "../protocol/game/command.ts";
import { LEVEL_CLOSED } from "../protocol/limits.ts";

/** What a zone leaves out. */
export interface LoadShedding {
  /** 0 nothing; 1 state, 2 sight, 3 thought, 4 time, 5 entry: each with all before it. */
  readonly level: number;
  /** Ticks between two states of what is far. */
  readonly tellEvery: number;
  /** How far a watcher sees, in yards, and how many at most. */
  readonly sightYd: number;
  readonly seenMax: number;
  /** Ticks between two thoughts of one creature. */
  readonly thinkEvery: number;
  /** Game time a second of the clock. */
  readonly rate: number;
}

const NONE: LoadShedding = { level: 0, tellEvery: 1, sightYd: 100, seenMax: 64, thinkEvery: 1, rate: 1 };
const TOLD: LoadShedding = { ...NONE, level: 1, tellEvery: 4 };
const NEAR: LoadShedding = { ...TOLD, level: 2, sightYd: 40, seenMax: 24 };
const DULL: LoadShedding = { ...NEAR, level: 3, thinkEvery: 4 };
const SLOW: LoadShedding = { ...DULL, level: 4, rate: 1 / 4 };

/** Neighbouring rates lie no further apart than the two limits of the load, or slowing down would itself look like rest. */
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

/** Fields of the OP_SET_OVERLOAD that takes a zone to a step of the ladder. */
export function overloadFields(step: number): Required<Pick<CommandFields, "flags" | "a" | "x" | "y">> {
  const { level, tellEvery, thinkEvery, seenMax, sightYd, rate } = LADDER[step] ?? NONE;
  const a = tellEvery | (thinkEvery << 8) | (seenMax << 16);
  return { flags: step | (level << 8), a, x: sightYd, y: rate };
}

/** Load above which a zone climbs, and below which it descends. */
export const LOAD_HIGH = 0.75;
export const LOAD_LOW = 0.4;
/** Nominal tick intervals in a row above the one: 1 s at 20 Hz, however slowly the zone ticks; and below the other: 3 s. */
export const CLIMB_INTERVALS = 20;
export const DESCEND_INTERVALS = 60;
/** As long as this after relapses: a minute. */
export const DESCEND_INTERVALS_MAX = 1_200;
/** What a single tick counts for at most, so that never a few freaks alone make a zone climb. */
export const TICK_INTERVALS_MAX = 4;
/** How much of the average a tick is. */
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

  /** A tick took that share of its time: 1 = all of it. True when the step has changed. */
  observe(share: number): boolean {
    // A tick lasts as long as it has time, or as long as it takes.
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

  /** A new life. */
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

  /** Both ways are counted anew on every step. */
  #rest(): void {
    this.#highIntervals = 0;
    this.#lowIntervals = 0;
  }
}
