// A measured number that may be missing, and arithmetic with it: missing stays missing, and is never 0, never good.
//
//   const rate = ratio(lost, sent)       // null: one of them was not measured, or nothing was sent
//   rate < 0.01                          // does not compile: say what a missing rate means first
//   isBelow(rate, 0.01)                  // false when it is missing
//
// Null is what TypeScript refuses in `<`, `+` and `*`, and what JSON can say. NaN and Infinity are no measured numbers:
// each is false in every comparison or true in the wrong one, and both become null on their way to a file. What comes
// from outside goes through `measured`; never through Number(), for which null is 0.

import { quantile as quantileOf } from "simple-statistics";

/** Null: it was not measured. Never NaN, never infinite. */
export type Measured = number | null;

/** A finite number as it is; everything else (null, a text, NaN, nothing) was not measured. */
export const measured = (value: unknown): Measured =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** f(a), where a was measured and f gives a finite number. */
export const mapped = (a: Measured, f: (a: number) => number): Measured => (a === null ? null : measured(f(a)));

/** f(a, b), where both were measured and f gives a finite number. */
export const both = (a: Measured, b: Measured, f: (a: number, b: number) => number): Measured =>
  a === null || b === null ? null : measured(f(a, b));

export const difference = (a: Measured, b: Measured): Measured => both(a, b, (one, other) => one - other);

/** part / whole; missing as well when the whole is 0: nothing of nothing is no share. */
export const ratio = (part: Measured, whole: Measured): Measured => both(part, whole, (a, b) => a / b);

/** False as well when it was not measured: ask isMissing() where that must not be passed over. */
export const isAbove = (value: Measured, limit: number): boolean => value !== null && value > limit;

/** False as well when it was not measured. */
export const isBelow = (value: Measured, limit: number): boolean => value !== null && value < limit;

export const isMissing = (value: Measured): value is null => value === null;

/** Those that were measured. */
export const known = (values: readonly Measured[]): number[] => values.filter((value) => value !== null);

/** All added up; missing when one of them is, or when there is none. */
export function sum(values: readonly Measured[]): Measured {
  let total = 0;
  for (const value of values) {
    if (value === null) return null;
    total += value;
  }
  return values.length === 0 ? null : measured(total);
}

/** The q-quantile of those that were measured, by linear interpolation (type 7 of Hyndman & Fan); missing of none. */
export function quantile(values: readonly Measured[], q: number): Measured {
  const all = known(values);
  return all.length === 0 ? null : measured(quantileOf(all, q));
}

export const median = (values: readonly Measured[]): Measured => quantile(values, 0.5);

/** The greatest of those that were measured; missing of none. */
export const greatest = (values: readonly Measured[]): Measured => quantile(values, 1);

/** The least of those that were measured; missing of none. */
export const least = (values: readonly Measured[]): Measured => quantile(values, 0);
