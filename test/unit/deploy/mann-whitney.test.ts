import { expect, test } from "bun:test";
import fc from "fast-check";
import { mannWhitney, normalUpperTail } from "../../../tools/analysis/mann-whitney.ts";

test("agrees with R's documented wilcox.test example (Hollander & Wolfe, permeability)", () => {
  const atTerm = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
  const early = [1.15, 0.88, 0.9, 0.74, 1.21];
  // R: wilcox.test(x, y, alternative = "g"): W = 35, exact p 0.1272.
  const result = mannWhitney(early, atTerm);
  expect(result.u).toBe(35);
  expect(result.p).toBeCloseTo(0.1223, 3); // the exact p is 0.1272
});

test("agrees with SciPy's documented example", () => {
  const males = [19, 22, 16, 29, 24];
  const females = [20, 11, 17, 12];
  // SciPy: U1 = 17; two-sided, asymptotic, with continuity: 0.11134688653314041
  const result = mannWhitney(females, males);
  expect(result.u).toBe(17);
  expect(2 * result.p).toBeCloseTo(0.11134688653314041, 6);
});

test("the normal tail is right to its seventh digit", () => {
  const known = [
    [0, 0.5],
    [1, 0.15865525393145705],
    [1.959963984540054, 0.025],
    [3, 0.0013498980316300933],
    [6, 9.865876450376981e-10],
    [-1, 0.841344746068543],
  ] as const;
  for (const [z, p] of known) expect(normalUpperTail(z) / p).toBeCloseTo(1, 6);
});

test("samples without values, or all of one value, are no evidence", () => {
  expect(mannWhitney([], [1, 2]).p).toBe(1);
  expect(mannWhitney([1], []).p).toBe(1);
  expect(mannWhitney([3, 3, 3], [3, 3, 3, 3]).p).toBe(1);
});

/** The exact one-sided p: the share of all ways to deal the values to the two samples that give as large a u. */
function exactP(first: number[], second: number[]): number {
  const all = [...first, ...second];
  const observed = mannWhitney(first, second).u;
  let ways = 0;
  let atLeast = 0;
  for (let mask = 0; mask < 2 ** all.length; mask++) {
    const chosen = all.filter((_, index) => (mask >> index) & 1);
    if (chosen.length !== second.length) continue;
    ways++;
    const others = all.filter((_, index) => !((mask >> index) & 1));
    if (mannWhitney(others, chosen).u >= observed) atLeast++;
  }
  return atLeast / ways;
}

test("is close to the exact p of small samples", () => {
  const distinct = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 10, maxLength: 10 });
  fc.assert(
    fc.property(distinct, (values) => {
      const first = values.slice(0, 5);
      const second = values.slice(5);
      expect(Math.abs(mannWhitney(first, second).p - exactP(first, second))).toBeLessThan(0.02);
    }),
    { numRuns: 30 },
  );
});

test("u of one order and of the other add up to all pairs", () => {
  const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, values, (a, b) => {
      expect(mannWhitney(a, b).u + mannWhitney(b, a).u).toBe(a.length * b.length);
    }),
  );
});
