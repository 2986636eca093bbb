// Quantiles and slopes as one would work them out by hand.

import { expect, test } from "bun:test";
import { greatestOf, isAtMost, leastOf, Most, quantile, slopeOf, Total } from "../../../server/testing/statistics.ts";

test("a quantile does not depend on the order of the numbers", () => {
  expect(quantile([5, 1, 3, 2, 4], 0.5)).toBe(3);
  expect(quantile(new Float64Array([9, 1]), 1)).toBe(9);
});

test("points on a line have its slope, without any doubt", () => {
  const { slope, plusMinus } = slopeOf([0, 1, 2, 3].map((x) => [x, 10 - 2 * x]));
  expect(slope).toBeCloseTo(-2, 10);
  expect(plusMinus).toBeCloseTo(0, 10);
});

test("the interval is that of the textbook", () => {
  // Residuals of 1, 3, 2, 5 at 0..3 against y = 1.1 + 1.1 x sum to 2.7 squared; spread of x is 5.
  const { slope, plusMinus } = slopeOf([
    [0, 1],
    [1, 3],
    [2, 2],
    [3, 5],
  ]);
  expect(slope).toBeCloseTo(1.1, 10);
  expect(plusMinus).toBeCloseTo(1.96 * Math.sqrt(2.7 / 2 / 5), 10);
});

test("two points say nothing about doubt, and then nothing of what the slope may be", () => {
  const slope = slopeOf([
    [0, 1],
    [1, 2],
  ]);
  expect(slope).toEqual({ slope: 1, plusMinus: null, points: 2 });
  expect([leastOf(slope), leastOf(slopeOf([]))]).toEqual([null, null]);
});

test("what was not measured makes missing what is made of it, and keeps to no limit", () => {
  expect([quantile([], 0.5), quantile([1, null], 0.5), greatestOf([3, null]), greatestOf([])]).toEqual(
    Array.from({ length: 4 }, () => null),
  );
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, x === 2 ? null : x])).slope).toBeNull();
  expect([isAtMost(1, 2), isAtMost(null, 2), isAtMost(1, null)]).toEqual([true, false, false]);
  for (const sums of [new Total(), new Most()]) {
    expect(sums.value).toBeNull();
    for (const value of [2, 3]) sums.add(value);
    expect(sums.value).toBe(sums instanceof Total ? 5 : 3);
    sums.add(null);
    sums.add(9);
    expect(sums.value).toBeNull();
  }
});
