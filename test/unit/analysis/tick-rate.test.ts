// Ticks a second are counted by their intervals: how many ticks happen to lie in a stretch has no say.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Series } from "../../../tools/analysis/series.ts";
import type { Timed } from "../../../tools/analysis/series.ts";
import { tickRateHz } from "../../../tools/analysis/tick-rate.ts";

const seriesOf = (times: readonly number[]): Series<Timed> => {
  const series = new Series<Timed>(10_000);
  for (const atMs of times) series.add({ atMs });
  return series;
};

const regular = (intervalMs: number, count: number, fromMs = 0): number[] =>
  Array.from({ length: count }, (_, n) => fromMs + n * intervalMs);

describe("the tick rate", () => {
  test("of 20 ticks a second is 20, wherever the stretch begins and ends", () => {
    const ticks = seriesOf(regular(50, 200));
    for (let fromMs = 2_000; fromMs < 2_050; fromMs++) expect(tickRateHz(ticks, fromMs, fromMs + 1_000)).toBe(20);
  });

  test("is that of the intervals, for any interval and stretch", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 500 }), fc.integer({ min: 1_000, max: 4_000 }), (intervalMs, lengthMs) => {
        const ticks = seriesOf(regular(intervalMs, 3_000));
        expect(tickRateHz(ticks, 4_321, 4_321 + lengthMs)).toBeCloseTo(1_000 / intervalMs, 1);
      }),
    );
  });

  test("falls when ticks end in the stretch, and is 0 when none came", () => {
    const ticks = seriesOf(regular(50, 41));
    expect(tickRateHz(ticks, 1_000, 3_000)).toBe(10);
    expect(tickRateHz(ticks, 2_500, 3_500)).toBe(0);
  });

  test("is missing where too few ticks are known to say", () => {
    expect(tickRateHz(seriesOf([]), 0, 1_000)).toBeNull();
    expect(tickRateHz(seriesOf([500]), 0, 1_000)).toBeNull();
    expect(tickRateHz(seriesOf([2_000, 2_050]), 0, 1_000)).toBeNull();
  });
});
