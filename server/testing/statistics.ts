// The little statistics that the measurements need.
//
//   quantile([3, 1, 2], 0.5)              // 2
//   slopeOf([[0, 100], [1, 101], [2, 103]])   // { slope: 1.5, plusMinus: 0.98... }

import { linearRegression, quantileSorted } from "simple-statistics";

/** The q-quantile (0 to 1) of numbers in any order; NaN of none. */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (values.length === 0) return Number.NaN;
  return quantileSorted(
    Array.from(values).toSorted((a, b) => a - b),
    q,
  );
}

/** A straight line's slope in y per x, and the half-width of its 95 % confidence interval. */
export interface Slope {
  slope: number;
  plusMinus: number;
  points: number;
}

/**
 * Least squares through (x, y). The interval takes the residuals as independent, with the normal quantile 1.96 instead of
 * Student's: right for the dozens of points one has here, a little narrow below 20. Infinite for fewer than three points.
 */
export function slopeOf(points: [x: number, y: number][]): Slope {
  const { m: slope, b } = linearRegression(points);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const residual = points.reduce((sum, [x, y]) => sum + (y - slope * x - b) ** 2, 0);
  const plusMinus =
    points.length < 3 ? Number.POSITIVE_INFINITY : 1.96 * Math.sqrt(residual / (points.length - 2) / spread);
  return { slope, plusMinus, points: points.length };
}
