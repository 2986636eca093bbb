// Ticks a second, by the intervals between ticks and not by how many ticks lie in a stretch: 20 Hz over one second is 20.0,
// whether 20 or 21 ticks fall into it.
//
//   tickRateHz(zone.ticks, nowMs - 1_000, nowMs)      // 20.01

import { mapped, ratio } from "./measured.ts";
import type { Measured } from "./measured.ts";
import type { Series, Timed } from "./series.ts";

/** The interval under way counts as a long one from so many usual ones on: lines come late, but not by that much. */
const OPEN_INTERVALS_MAX = 3;

/**
 * To the hundredth, over fromMs to toMs; of the interval in which the stretch begins, the share that lies in it. Missing where fewer than two
 * ticks are known, 0 where they are known and none came.
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
