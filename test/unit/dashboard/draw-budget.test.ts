import { expect, test } from "bun:test";
import fc from "fast-check";
import { DrawBudget } from "../../../tools/dashboard/draw-budget.ts";

test("never more than ten draws in any second, however often it is asked", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 400 }), (gaps) => {
      const budget = new DrawBudget();
      const draws: number[] = [];
      let nowMs = 5_000;
      for (const gap of gaps) {
        nowMs += gap;
        if (budget.take(nowMs) === 0) draws.push(nowMs);
      }
      for (const from of draws)
        expect(draws.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(10);
    }),
  );
});

test("a key after a quiet moment is drawn at once, and none waits longer than an eighth of a second", () => {
  const budget = new DrawBudget();
  expect(budget.take(0)).toBe(0);
  expect(budget.take(1)).toBe(0);
  const waitMs = budget.take(2);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(125);
  expect(budget.take(2 + waitMs)).toBe(0);
  expect(budget.take(2_000)).toBe(0);
});
