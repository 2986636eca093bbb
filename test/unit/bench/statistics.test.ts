// Quantiles and slopes as one would work them out by hand.

import { expect, test } from "bun:test";
import { quantile, slopeOf } from "../../../server/testing/statistics.ts";

test("a quantile does not depend on the order of the numbers", () => {
  expect(quantile([5, 1, 3, 2, 4], 0.5)).toBe(3);
  expect(quantile(new Float64Array([9, 1]), 1)).toBe(9);
  expect(quantile([], 0.5)).toBeNaN();
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

test("two points say nothing about doubt", () => {
  const slope = slopeOf([
    [0, 1],
    [1, 2],
  ]);
  expect(slope.plusMinus).toBe(Number.POSITIVE_INFINITY);
});
