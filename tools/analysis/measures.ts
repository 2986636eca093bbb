// The arithmetic that the rules share: how high a level is, since when, and how strong the evidence is.
//
//   ramp(0.6, 0.5, 0.9)                      // 0.25: from 0 at 0.5 to 1 at 0.9

import { difference, measured, quantile } from "./measured.ts";
import type { Measured } from "./measured.ts";
import type { Timed } from "./series.ts";

/**
 * The weight of a value: 0 up to `none`, 1 from `full` on, linear in between; `full` may be the lower of the two. A missing
 * value has weight 0.
 */
export function ramp(value: Measured, none: number, full: number): number {
  if (value === null) return 0;
  return Math.min(1, Math.max(0, (value - none) / (full - none)));
}

/** The width of the middle half of the values. */
export const interquartileRange = (values: readonly Measured[]): Measured =>
  difference(quantile(values, 0.75), quantile(values, 0.25));

export interface Point extends Timed {
  value: number;
}

export const pointsOf = <Sample extends Timed>(
  samples: readonly Sample[],
  read: (sample: Sample) => Measured,
): Point[] =>
  samples.flatMap((sample) => {
    const value = read(sample);
    return value === null ? [] : [{ atMs: sample.atMs, value }];
  });

/**
 * One point for each whole second, at its begin: the point at the q-quantile of its points, or the next lower one. It is never
 * interpolated, because a second in which something begins has few points. A second without points has none.
 */
export function perSecond(points: readonly Point[], q: number): Point[] {
  const seconds = new Map<number, number[]>();
  for (const { atMs, value } of points) {
    const second = Math.floor(atMs / 1_000);
    const values = seconds.get(second);
    if (values === undefined) seconds.set(second, [value]);
    else values.push(value);
  }
  return [...seconds].flatMap(([second, values]) => {
    const value = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))];
    return value === undefined ? [] : [{ atMs: second * 1_000, value }];
  });
}

/** "8", "0.42", "12.3", "204", "12,345": enough digits to see a change, no more; "-" for a missing value. */
export function shown(given: Measured): string {
  const value = measured(given);
  if (value === null) return "-";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const DIGITS = Array.from({ length: 12 }, (_, index) => index + 1);

/**
 * A value and the limit it was compared with, formatted by `show`. It gets more digits when it would look equal to the limit or
 * on the wrong side of it: "0.996 is not 1" and not "1.0 is not 1".
 */
export function shownBeside(value: number, limit: number, show: (value: number) => string = shown): string {
  const texts = [show(value), ...DIGITS.map((digits) => value.toFixed(digits))];
  return texts.find((text) => isOnSide(text, value, limit)) ?? String(value);
}

/** Whether the text is on the same side of the limit as the value: less, equal or more. */
function isOnSide(text: string, value: number, limit: number): boolean {
  return Math.sign(Number(text.replaceAll(",", "")) - limit) === Math.sign(value - limit);
}

/**
 * "8 of 9 connected players". A count over a time may include members that an earlier count lacks. If it is larger than the
 * whole, the two numbers are given separately: "9 connected players (8 by the count before)".
 */
export function partText(some: Measured, all: Measured, what: string): string {
  if (some === null || all === null || some <= all) return `${shown(some)} of ${shown(all)} ${what}`;
  return `${shown(some)} ${what} (${shown(all)} by the count before)`;
}

/** "17:20:15" of the UTC day. */
export function clock(atMs: Measured): string {
  return atMs === null || !Number.isFinite(atMs) ? "-" : new Date(atMs).toISOString().slice(11, 19);
}

/** "zone 1", "zones 1 and 2", "zones 1, 2 and 5". */
export function zonesText(zones: readonly number[]): string {
  if (zones.length === 0) return "the server";
  if (zones.length === 1) return `zone ${zones[0]}`;
  return `zones ${zones.slice(0, -1).join(", ")} and ${zones.at(-1)}`;
}

export const uniqueSorted = (values: Iterable<number>): number[] => [...new Set(values)].toSorted((a, b) => a - b);
