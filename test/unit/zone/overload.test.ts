// The overload ladder by itself: when a zone climbs it, when it comes down, and that it does neither for nothing.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  CLIMB_INTERVALS,
  DESCEND_INTERVALS,
  DESCEND_INTERVALS_MAX,
  LADDER,
  LOAD_HIGH,
  LOAD_LOW,
  Overload,
  TICK_INTERVALS_MAX,
} from "../../../server/shared/overload.ts";
import { LEVEL_CLOSED } from "../../../server/protocol/limits.ts";

/** Ticks of that share until the step changes; -1 when it does not within `ticksMax`. */
function untilChange(overload: Overload, share: number, ticksMax = 10_000): number {
  for (let tick = 1; tick <= ticksMax; tick++) if (overload.observe(share)) return tick;
  return -1;
}

function at(step: number): Overload {
  const overload = new Overload();
  while (overload.step < step) overload.observe(2);
  return overload;
}

describe("the ladder", () => {
  test("leaves out state, sight, thought, time and entry, in this order, each with all before it", () => {
    expect(LADDER[0]).toEqual({ level: 0, tellEvery: 1, sightYd: 100, seenMax: 64, thinkEvery: 1, rate: 1 });
    for (const [index, step] of LADDER.slice(1).entries()) {
      const before = LADDER[index]!;
      expect(step.level - before.level).toBeWithin(0, 2);
      expect(step.tellEvery).toBeGreaterThanOrEqual(before.tellEvery);
      expect(step.sightYd).toBeLessThanOrEqual(before.sightYd);
      expect(step.seenMax).toBeLessThanOrEqual(before.seenMax);
      expect(step.thinkEvery).toBeGreaterThanOrEqual(before.thinkEvery);
      expect(step.rate).toBeLessThanOrEqual(before.rate);
      expect(step).not.toEqual(before);
    }
    expect(LADDER.at(-1)?.level).toBe(LEVEL_CLOSED);
  });

  test("slows down in steps that do not look like rest: no load is too high before and low enough after", () => {
    for (const [index, { rate }] of LADDER.slice(1).entries()) {
      const before = LADDER[index]!.rate;
      expect(LOAD_LOW * (before / rate)).toBeLessThan(LOAD_HIGH);
    }
  });
});

describe("a zone", () => {
  test("climbs a step after a second above the limit, and to the top when nothing helps", () => {
    const overload = new Overload();
    for (const { rate } of LADDER.slice(0, -1)) {
      const intervals = untilChange(overload, 0.9) / rate;
      expect(intervals).toBeWithin(CLIMB_INTERVALS, CLIMB_INTERVALS + 18);
    }
    expect(overload.shedding.level).toBe(LEVEL_CLOSED);
    expect(untilChange(overload, 5)).toBe(-1);
  });

  test("climbs as fast when its ticks take long, but never by a few of them", () => {
    const overload = new Overload();
    for (const { rate } of LADDER.slice(0, -1)) {
      const ticks = untilChange(overload, 8);
      expect([rate, ticks]).toEqual([rate, Math.ceil(CLIMB_INTERVALS / TICK_INTERVALS_MAX)]);
    }
    const calm = new Overload();
    for (let tick = 0; tick < 1_000; tick++) expect(calm.observe(tick % 100 < 2 ? 10 : 0.1)).toBe(false);
  });

  test("stays where it is between the limits", () => {
    const overload = at(3);
    expect(untilChange(overload, (LOAD_HIGH + LOAD_LOW) / 2)).toBe(-1);
    expect(overload.step).toBe(3);
  });

  test("comes down a step after some seconds below the other, however slowly it ticks, and at last to nothing", () => {
    const overload = at(LADDER.length - 1);
    while (overload.step > 0) {
      const { rate } = overload.shedding;
      const intervals = untilChange(overload, 0.1) / rate;
      expect(intervals).toBeWithin(DESCEND_INTERVALS, DESCEND_INTERVALS + 25 / rate);
    }
    expect(overload.shedding).toEqual(LADDER[0]!);
  });

  test("does not mind single heavy ticks: a zone that runs away each second is not overloaded", () => {
    const overload = new Overload();
    for (let tick = 0; tick < 10_000; tick++) expect(overload.observe(tick % 20 === 0 ? 1.3 : 0.1)).toBe(false);
  });

  test("waits longer and longer before it leaves a step that it soon needs again", () => {
    const overload = at(1);
    const waits = Array.from({ length: 8 }, () => {
      const wait = untilChange(overload, 0);
      untilChange(overload, 2);
      return wait;
    });
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBeGreaterThan(DESCEND_INTERVALS_MAX - CLIMB_INTERVALS);
  });

  test("has forgotten that after a good time", () => {
    const overload = at(1);
    const first = untilChange(overload, 0);
    untilChange(overload, 2);
    untilChange(overload, 0);
    for (let tick = 0; tick <= DESCEND_INTERVALS_MAX; tick++) overload.observe(0);
    untilChange(overload, 2);
    expect(untilChange(overload, 0)).toBeWithin(first - 2, first + 3);
  });

  test("begins a new life at the bottom", () => {
    const overload = at(5);
    overload.forget();
    expect([overload.step, overload.load]).toEqual([0, 0]);
  });
});

/** Of a sum of thirds. */
const ROUNDING = 1e-6;

describe("whatever the loads", () => {
  const loads = fc.array(fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.integer({ min: 1, max: 80 })), {
    minLength: 1,
    maxLength: 40,
  });

  test("it moves one step at a time, never twice within a few ticks, and up only when the load is high, down only when it is low", () => {
    fc.assert(
      fc.property(loads, (stretches) => {
        const overload = new Overload();
        // `intervals`: for how many tick intervals the step has been the same; a tick that takes longer counts as more.
        let [step, intervals] = [0, 0];
        for (const [share, ticks] of stretches) {
          for (let tick = 0; tick < ticks; tick++) {
            intervals += Math.min(Math.max(share, 1) / overload.shedding.rate, TICK_INTERVALS_MAX);
            const hasChanged = overload.observe(share);
            expect(hasChanged).toBe(overload.step !== step);
            if (!hasChanged) continue;
            expect(Math.abs(overload.step - step)).toBe(1);
            if (overload.step > step) expect(overload.load).toBeGreaterThan(LOAD_HIGH);
            else expect(overload.load).toBeLessThan(LOAD_LOW);
            const least = overload.step > step ? CLIMB_INTERVALS : DESCEND_INTERVALS;
            expect(intervals).toBeGreaterThan(least - ROUNDING);
            [step, intervals] = [overload.step, 0];
          }
        }
      }),
      {
        examples: [
          [
            [
              [4 / 3, 33],
              [0, 15],
              [0, 53],
              [2.999, 1],
              [0, 57],
            ],
          ],
        ],
      },
    );
  });

  test("a zone that never takes more than the upper limit never climbs, and one at rest comes back to nothing", () => {
    fc.assert(
      fc.property(loads, (stretches) => {
        const overload = new Overload();
        for (const [share, ticks] of stretches) {
          for (let tick = 0; tick < ticks; tick++) overload.observe(Math.min(share, LOAD_HIGH));
        }
        expect(overload.step).toBe(0);
        for (const [share, ticks] of stretches) for (let tick = 0; tick < ticks; tick++) overload.observe(share);
        for (let tick = 0; tick < LADDER.length * DESCEND_INTERVALS_MAX; tick++) overload.observe(0.1);
        expect(overload.step).toBe(0);
      }),
    );
  });
});
