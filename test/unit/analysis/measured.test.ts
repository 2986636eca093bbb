// A number that was not measured stays that through every sum, and cannot be compared by accident: the lines marked with
// ts-expect-error are checked by the types' step, which fails when one of them begins to compile.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as m from "../../../tools/analysis/measured.ts";

const missing = m.measured(null);

describe("a measured number", () => {
  test("is a finite number, and nothing else is", () => {
    for (const value of [null, undefined, "5", "", true, Number.NaN, Number.POSITIVE_INFINITY, {}, [3]]) {
      expect(m.measured(value)).toBeNull();
    }
    for (const value of [0, -0.5, 12_000]) expect(m.measured(value)).toBe(value);
  });

  test("does not compile in arithmetic and comparison while it may be missing", () => {
    // @ts-expect-error null is no operand
    const compared = missing < 5;
    // @ts-expect-error null is no operand
    const added = missing + 1;
    // @ts-expect-error null is no operand
    const divided = missing / 2;
    // @ts-expect-error null is no argument
    const greatest = Math.max(missing, 1);
    expect([compared, added, divided, greatest]).toHaveLength(4);
  });

  test("is missing wherever one of two is", () => {
    expect(m.both(3, null, (a, b) => a + b)).toBeNull();
    expect(m.difference(null, 1)).toBeNull();
    expect(m.ratio(1, 0)).toBeNull();
    expect(m.ratio(0, 0)).toBeNull();
    expect(m.sum([1, null, 2])).toBeNull();
    expect(m.sum([])).toBeNull();
    expect(m.isAbove(null, -1)).toBe(false);
    expect(m.isBelow(null, 1)).toBe(false);
  });

  test("is a quantile of those that were measured, and of none it is missing", () => {
    expect(m.quantile([4, null, 1, 3, 2], 0.5)).toBe(2.5);
    expect(m.quantile([null, null], 0.5)).toBeNull();
    expect(m.greatest([])).toBeNull();
    expect(m.least([5, null, 3])).toBe(3);
  });

  test("never becomes NaN or Infinity, whatever comes in", () => {
    const value = fc.oneof(fc.constant(null), fc.double(), fc.constantFrom(0, 1e308, -1e308));
    const reached = { missing: 0, measured: 0 };
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), fc.double({ min: 0, max: 1, noNaN: true }), (raw, q) => {
        const values = raw.map(m.measured);
        const [a = null, b = null] = values;
        const results = [
          m.sum(values),
          m.quantile(values, q),
          m.ratio(a, b),
          m.difference(a, b),
          m.both(a, b, (x, y) => x ** y),
        ];
        for (const result of results) {
          expect(result === null || Number.isFinite(result)).toBe(true);
          if (result === null) reached.missing++;
          else reached.measured++;
        }
      }),
      { numRuns: 300 },
    );
    expect(reached.missing).toBeGreaterThan(100);
    expect(reached.measured).toBeGreaterThan(100);
  });
});
