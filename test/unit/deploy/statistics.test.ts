import { expect, test } from "bun:test";
import {
  changeOf,
  compare,
  controlChange,
  MEDIAN,
  P99,
  sharesDifferP,
  WORST,
} from "../../../tools/analysis/statistics.ts";

test("two shares differ by chance as often as the z-test of proportions says", () => {
  // 15 of 50 and 25 of 50: z = 0.2 / sqrt(0.4 * 0.6 * 2 / 50) = 2.0412.
  expect(sharesDifferP([15, 50], [25, 50])).toBeCloseTo(0.020613, 5);
  expect(sharesDifferP([25, 50], [15, 50])).toBeCloseTo(1 - 0.020613, 5);
  expect(sharesDifferP([20, 50], [20, 50])).toBeCloseTo(0.5, 6);
});

test("shares of nothing, of all and of none are no evidence", () => {
  expect(sharesDifferP([0, 0], [5, 10])).toBe(1);
  expect(sharesDifferP([5, 10], [0, 0])).toBe(1);
  expect(sharesDifferP([0, 10], [0, 10])).toBe(1);
  expect(sharesDifferP([10, 10], [10, 10])).toBe(1);
});

test("more of something than there is of it is all of it", () => {
  expect(sharesDifferP([0, 480], [480, 320])).toBe(sharesDifferP([0, 480], [320, 320]));
  expect(sharesDifferP([0, 480], [480, 320])).toBeLessThan(1e-9);
});

test("what was not measured, and what is no factor, is null: never Infinity, never NaN", () => {
  expect([changeOf(3, 2), changeOf(0, 0), changeOf(3, 0), changeOf(null, 2), changeOf(2, null)]).toEqual([
    1.5,
    1,
    null,
    null,
    null,
  ]);
  const zeros = Array.from({ length: 20 }, () => 0);
  const ones = zeros.map(() => 1);
  for (const figure of [MEDIAN, P99, WORST]) {
    for (const [before, after] of [
      [[], []],
      [zeros, ones],
      [ones, []],
      [[null, null], ones],
    ]) {
      const change = compare(figure, before!, after!, 1);
      for (const value of Object.values(change)) expect(value === null || Number.isFinite(value)).toBe(true);
    }
  }
  expect(controlChange(MEDIAN, [])).toBeNull();
  expect(
    controlChange(MEDIAN, [
      { before: zeros, after: ones },
      { before: ones, after: zeros },
    ]),
  ).toBeNull();
  expect(
    controlChange(MEDIAN, [
      { before: zeros, after: ones },
      { before: ones, after: ones },
    ]),
  ).toBe(1);
});
