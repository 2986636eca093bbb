// The little arithmetic that the rules share: how high a level is, since when, and how much that says.
//
//   ramp(0.6, 0.5, 0.9)                      // 0.25: from 0 at 0.5 to 1 at 0.9

import { quantile, sum } from "../deploy/statistics.ts";
import type { Timed } from "./series.ts";

export { quantile, sum };

/** How a value counts: 0 up to `none`, 1 from `full` on, straight in between; `full` may be the lower of the two. */
export function ramp(value: number, none: number, full: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(1, Math.max(0, (value - none) / (full - none)));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Half of the values lie within this distance of each other, in the middle. */
export const interquartileRange = (values: readonly number[]): number =>
  quantile(values, 0.75) - quantile(values, 0.25);

export interface Point extends Timed {
  value: number;
}

export const pointsOf = <Sample extends Timed>(samples: readonly Sample[], read: (sample: Sample) => number): Point[] =>
  samples.map((sample) => ({ atMs: sample.atMs, value: read(sample) })).filter(({ value }) => !Number.isNaN(value));

/**
 * One point a whole second, at its begin: of its points the one at the q-quantile, or below. It is one of them: between the
 * few points of a second in which something begins there is nothing. Seconds without points have none.
 */
export function perSecond(points: readonly Point[], q: number): Point[] {
  const seconds = new Map<number, number[]>();
  for (const { atMs, value } of points) {
    const second = Math.floor(atMs / 1_000);
    const values = seconds.get(second);
    if (values === undefined) seconds.set(second, [value]);
    else values.push(value);
  }
  return [...seconds].map(([second, values]) => {
    const value = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? Number.NaN;
    return { atMs: second * 1_000, value };
  });
}

/** "8", "0.42", "12.3", "204", "12,345": enough digits to see a change, no more. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** "17:20:15" of the UTC day. */
export function clock(atMs: number): string {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(11, 19) : "-";
}

/** "zone 1", "zones 1 and 2", "zones 1, 2 and 5". */
export function zonesText(zones: readonly number[]): string {
  if (zones.length === 0) return "the server";
  if (zones.length === 1) return `zone ${zones[0]}`;
  return `zones ${zones.slice(0, -1).join(", ")} and ${zones.at(-1)}`;
}

export const uniqueSorted = (values: Iterable<number>): number[] => [...new Set(values)].toSorted((a, b) => a - b);
