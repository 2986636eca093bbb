// What a candidate costs in fuel, beside the incumbent in the same ticks from the same states.
//
//   fuelChecks(whole, 1.03)
//   // [{ name: "fuel", holds: false, shown: "38.1 M → 40.1 M (×1.0525), limit ×1.03, over 1,200 ticks" }, ...]

import { numberInWords } from "../protocol/behaviour-words.ts";
import type { ValidationCheck } from "../protocol/validation.ts";
import type { Whole } from "./merge.ts";

/** How much more than the incumbent one tick may use: a hitch in one tick of many does not show in the sum. */
const TICK_RATIO_MAX = 1.5;
/** Beside the ratio, a tick has to use this much more; about 40 us. A death more or less costs less. */
const TICK_UNITS_MIN = 20_000;

export function fuelChecks({ fuel, ticks }: Pick<Whole, "fuel" | "ticks">, ratioMax: number): ValidationCheck[] {
  const { incumbent, candidate, worst } = fuel;
  if (incumbent === 0) return [{ name: "fuel", holds: null, shown: "no tick was run by both" }];
  const ratio = candidate / incumbent;
  const sums = `${inMillions(incumbent)} → ${inMillions(candidate)} (×${ratio.toFixed(4)})`;
  const total = {
    name: "fuel",
    holds: ratio <= ratioMax,
    shown: `${sums}, limit ×${ratioMax}, over ${numberInWords(ticks)} ticks`,
  };
  const limit = `limit ×${TICK_RATIO_MAX} and ${numberInWords(TICK_UNITS_MIN)} units`;
  if (worst === null) {
    return [total, { name: "fuel of one tick", holds: true, shown: `in no tick more than the incumbent, ${limit}` }];
  }
  const isHitch =
    worst.candidate > worst.incumbent * TICK_RATIO_MAX && worst.candidate - worst.incumbent >= TICK_UNITS_MIN;
  const inTick = `${numberInWords(worst.incumbent)} → ${numberInWords(worst.candidate)} (×${(worst.candidate / Math.max(1, worst.incumbent)).toFixed(2)})`;
  const shown = `${inTick} in zone ${worst.zone}, tick ${worst.tick}, ${limit}`;
  return [total, { name: "fuel of one tick", holds: !isHitch, shown }];
}

function inMillions(units: number): string {
  return units < 1e6 ? numberInWords(units) : `${(units / 1e6).toFixed(1)} M`;
}
