import { expect, test } from "bun:test";
import { changeOf, compare, controlChange, MEDIAN } from "../../../tools/analysis/statistics.ts";

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
  for (const [before, after] of [
    [[], []],
    [zeros, ones],
    [ones, []],
    [[null, null], ones],
  ]) {
    const change = compare(MEDIAN, before!, after!, 1);
    for (const value of Object.values(change)) expect(value === null || Number.isFinite(value)).toBe(true);
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
