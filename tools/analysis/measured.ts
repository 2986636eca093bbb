// A measured number that may be missing, and arithmetic with it. A missing value stays missing: it is never 0 and never good.
//
//   const rate = ratio(lost, sent)       // null: one of them was not measured, or nothing was sent
//   rate < 0.01                          // does not compile: say what a missing rate means first
//   isBelow(rate, 0.01)                  // false when it is missing
//
// TypeScript refuses null in `<`, `+` and `*`, and JSON can hold it. NaN and Infinity are not measured numbers: each makes
// every comparison false, or the wrong one true, and both become null in a file. Values from outside go through `measured`,
// never through Number(), which turns null into 0.

import { quantile as quantileOf } from "simple-statistics";

/** Null: it was not measured. Never NaN, never infinite. */
export type Measured = number | null;

/** A finite number unchanged; any other value (null, a text, NaN, undefined) is missing. */
export const measured = (value: unknown): Measured =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** f(a), if a was measured and f gives a finite number. */
export const mapped = (a: Measured, f: (a: number) => number): Measured => (a === null ? null : measured(f(a)));

/** f(a, b), if both were measured and f gives a finite number. */
export const both = (a: Measured, b: Measured, f: (a: number, b: number) => number): Measured =>
  a === null || b === null ? null : measured(f(a, b));

export const difference = (a: Measured, b: Measured): Measured => both(a, b, (one, other) => one - other);

/** part / whole; also missing when the whole is 0, because a share of nothing is undefined. */
export const ratio = (part: Measured, whole: Measured): Measured => both(part, whole, (a, b) => a / b);

/** False also when the value is missing: use isMissing() where that case must be handled. */
export const isAbove = (value: Measured, limit: number): boolean => value !== null && value > limit;

/** False also when the value is missing. */
export const isBelow = (value: Measured, limit: number): boolean => value !== null && value < limit;

export const isMissing = (value: Measured): value is null => value === null;

/** The values that were measured. */
export const known = (values: readonly Measured[]): number[] => values.filter((value) => value !== null);

/** The sum of all values; missing when one of them is missing, or when there are none. */
export function sum(values: readonly Measured[]): Measured {
  let total = 0;
  for (const value of values) {
    if (value === null) return null;
    total += value;
  }
  return values.length === 0 ? null : measured(total);
}

/** The q-quantile of the measured values, by linear interpolation (type 7 of Hyndman & Fan); missing when there are none. */
export function quantile(values: readonly Measured[], q: number): Measured {
  const all = known(values);
  return all.length === 0 ? null : measured(quantileOf(all, q));
}

export const median = (values: readonly Measured[]): Measured => quantile(values, 0.5);

/** The greatest measured value; missing when there are none. */
export const greatest = (values: readonly Measured[]): Measured => quantile(values, 1);

/** The least measured value; missing when there are none. */
export const least = (values: readonly Measured[]): Measured => quantile(values, 0);
