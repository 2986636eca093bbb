// Ticks a second, computed from the intervals between ticks, not from the number of ticks in a time range: 20 Hz over one
// second is 20.0, whether 20 or 21 ticks fall into it.
//
//   tickRateHz(zone.ticks, nowMs - 1_000, nowMs)      // 20.01

import { mapped, ratio } from "./measured.ts";
import type { Measured } from "./measured.ts";
import type { Series, Timed } from "./series.ts";

/** The current, unfinished interval counts once it is this many usual intervals long: lines are late, but not this late. */
const OPEN_INTERVALS_MAX = 3;

/**
 * The tick rate from fromMs to toMs, rounded to 0.01 Hz. The interval that crosses fromMs counts by its share inside the range.
 * Missing when fewer than two ticks are known; 0 when ticks are known and none came in the range.
 */
export function tickRateHz<Tick extends Timed>(ticks: Series<Tick>, fromMs: number, toMs: number): Measured {
  const inside = ticks.between(fromMs, toMs + 1);
  const before = ticks.lastBefore(fromMs);
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined) return before === undefined || toMs <= fromMs ? null : 0;
  const lead = before === undefined ? 0 : (first.atMs - fromMs) / (first.atMs - before.atMs);
  const beginMs = before === undefined ? first.atMs : fromMs;
  const intervals = inside.length - 1 + lead;
  const usualMs = ratio(last.atMs - beginMs, intervals);
  if (usualMs === null || intervals === 0) return null;
  const isOver = toMs - last.atMs > usualMs * OPEN_INTERVALS_MAX;
  const perMs = ratio(intervals, (isOver ? toMs : last.atMs) - beginMs);
  return mapped(perMs, (rate) => Math.round(rate * 100_000) / 100);
}
