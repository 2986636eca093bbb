// The statistics for the measurements. A result that depends on a missing value (tools/analysis/measured.ts) is missing too:
// a bench must not look better because it lacks a number.
//
//   quantile([3, 1, 2], 0.5)                  // 2
//   quantile([3, null, 2], 0.5)               // null
//   slopeOf([[0, 100], [1, 101], [2, 103]])   // { slope: 1.5, plusMinus: 0.98... }

import { linearRegression } from "simple-statistics";
import { difference, isMissing, measured, quantile as quantileOfKnown } from "../../tools/analysis/measured.ts";
import type { Measured } from "../../tools/analysis/measured.ts";

/** The q-quantile (0 to 1) of numbers in any order; missing when there are none, or when one of them is missing. */
export function quantile(values: ArrayLike<Measured>, q: number): Measured {
  const all = Array.from(values);
  return all.some(isMissing) ? null : quantileOfKnown(all, q);
}

/** The greatest value; missing when there are none, or when one of them is missing. */
export const greatestOf = (values: ArrayLike<Measured>): Measured => quantile(values, 1);

/** Whether a figure is within its limit; false when either is missing. */
export const isAtMost = (value: Measured, limit: Measured): boolean =>
  value !== null && limit !== null && value <= limit;

/** A running sum: missing before the first value, and for good after a missing one. */
export class Total {
  #sum: Measured = 0;
  #count = 0;

  add(value: Measured): void {
    this.#count++;
    this.#sum = value === null || this.#sum === null ? null : this.#sum + value;
  }

  get value(): Measured {
    return this.#count === 0 ? null : this.#sum;
  }
}

/** A running maximum: missing before the first value, and for good after a missing one. */
export class Most {
  #most: Measured = null;
  #isMissing = false;

  add(value: Measured): void {
    if (value === null) this.#isMissing = true;
    else this.#most = Math.max(this.#most ?? value, value);
  }

  get value(): Measured {
    return this.#isMissing ? null : this.#most;
  }
}

/** A straight line's slope in y per x, and the half-width of its 95 % confidence interval. */
export interface Slope {
  slope: Measured;
  plusMinus: Measured;
  points: number;
}

/**
 * Least squares through (x, y). The interval assumes independent residuals, and uses the normal quantile 1.96 instead of
 * Student's: right for dozens of points, a little narrow below 20. With fewer than three points there is no interval; with a
 * missing value there is no result.
 */
export function slopeOf(points: [x: number, y: Measured][]): Slope {
  const known = points.filter((point): point is [number, number] => point[1] !== null);
  if (known.length < points.length || points.length < 2) return { slope: null, plusMinus: null, points: known.length };
  const { m: slope, b } = linearRegression(known);
  const meanX = known.reduce((sum, [x]) => sum + x, 0) / known.length;
  const spread = known.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const residual = known.reduce((sum, [x, y]) => sum + (y - slope * x - b) ** 2, 0);
  const plusMinus = known.length < 3 ? null : measured(1.96 * Math.sqrt(residual / (known.length - 2) / spread));
  return { slope: measured(slope), plusMinus, points: known.length };
}

/** The lower end of the slope's confidence interval. */
export const leastOf = ({ slope, plusMinus }: Slope): Measured => difference(slope, plusMinus);
