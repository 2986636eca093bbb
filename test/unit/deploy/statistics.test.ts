import { expect, test } from "bun:test";
import { sharesDifferP } from "../../../tools/deploy/statistics.ts";

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
