// The verdict on a canary, from samples alone: no clock and no socket, so that every verdict can be repeated and tested.
//
//   judge({ zoneId: 2, candidate: "9f3c…", zones: [1, 2], baseline, during }, DEFAULT_THRESHOLDS)
//   // { promote: false, conclusion: "failed", reason: "kernel time, median: ×6.6 net of the control zones, ...", checks: [...] }
//
// Three kinds of checks. Data: is it complete, and is there enough for a verdict? Hard: events that may not happen even
// once. Comparison: did the canary get worse than its own past by more than the other zones changed over the same time
// (difference in differences), by enough to matter, and by more than chance explains? A module is promoted only when
// every check holds. Missing data fails a data check: it is never counted as 0, nor as good.

import { dataChecks, gather, incidentsOf } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { comparisonChecks } from "./judge-comparisons.ts";
import { castChecks, loadChecks } from "./judge-play.ts";
import type { ZoneTick } from "./samples.ts";
import type { Check, JudgeInput, Thresholds, Verdict } from "./verdict.ts";

/** Checks by priority: the first failed one gives the reason and is printed first. */
const ORDER = ["hard", "comparison", "data"];

/** Judges a finished canary. Never throws; without enough data, the module is not promoted. */
export function judge(input: JudgeInput, thresholds: Thresholds): Verdict {
  const evidence = gather(input, thresholds);
  const checks = [...dataChecks(input, evidence, thresholds), ...hardChecks(input, evidence, thresholds)];
  if (checks.some(({ id, ok }) => id === "samples" && ok))
    checks.push(
      ...loadChecks(evidence, thresholds),
      ...comparisonChecks(evidence, thresholds),
      ...castChecks(evidence, thresholds),
    );
  const held = checks.filter(({ ok }) => ok);
  const failed = checks.filter(({ ok }) => !ok).toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return {
    ...conclusionOf(failed, checks.length),
    checks: [...failed, ...held],
    controlZones: evidence.controls.map((zone) => zone.zoneId),
  };
}

function conclusionOf(failed: readonly Check[], count: number): Pick<Verdict, "promote" | "conclusion" | "reason"> {
  const [first] = failed;
  if (first === undefined) return { promote: true, conclusion: "passed", reason: `all ${count} checks hold` };
  if (first.kind !== "data") return { promote: false, conclusion: "failed", reason: first.text };
  return { promote: false, conclusion: "inconclusive", reason: failed.map(({ text }) => text).join("; ") };
}

/**
 * The verdict before the end of the watch, when it is already beyond doubt: a forbidden event happened, or
 * a tick's cost has grown far beyond its limit. Null while neither is so.
 */
export function judgeEarly(input: JudgeInput, thresholds: Thresholds): Verdict | null {
  const early = { ...thresholds, ticksMin: EARLY_TICKS_MIN };
  const evidence = gather(input, early);
  const isHard = hardChecks(input, evidence, thresholds).some((check) => !check.ok);
  const isGross = evidence.after.length >= EARLY_TICKS_MIN && hasGrownGrossly(evidence, thresholds);
  return isHard || isGross ? judge(input, early) : null;
}

const EARLY_TICKS_MIN = 60;
/** A check every quarter of a second gives chance more tries, so it must be far less likely, and the effect larger. */
const EARLY_ALPHA = 0.001;
/** Medians, because a slow moment of the machine does not change them. */
const EARLY_CHECKS = new Set(["kernel_ms_median", "fuel_median"]);

function hasGrownGrossly(evidence: Evidence, thresholds: Thresholds): boolean {
  const gross = {
    ...thresholds,
    kernelMedianRatioMax: 2 * thresholds.kernelMedianRatioMax,
    kernelMedianFloorMs: 5 * thresholds.kernelMedianFloorMs,
    fuelMedianRatioMax: 2 * thresholds.fuelMedianRatioMax,
    alpha: EARLY_ALPHA,
  };
  return comparisonChecks(evidence, gross).some((check) => EARLY_CHECKS.has(check.id) && !check.ok);
}

function hardChecks({ zoneId, during }: JudgeInput, { before, after }: Evidence, thresholds: Thresholds): Check[] {
  const incidents = incidentsOf(during, zoneId, before);
  const [first] = during.incidentsOf(zoneId);
  const streak = longestStreak(after);
  const told = first === undefined ? "by the zone's own count" : `first at tick ${first.tick}: ${first.text}`;
  return [
    {
      id: "incidents",
      kind: "hard",
      ok: incidents === 0,
      text: `traps and recoveries: ${incidents} in ${after.length} ticks, none allowed${incidents === 0 ? "" : `; ${told}`}`,
      numbers: { incidents, max: 0, ticks: after.length },
    },
    {
      id: "overruns",
      kind: "hard",
      ok: streak < thresholds.overrunStreakMax,
      text:
        `overruns in a row: ${streak} in ${after.length} ticks (before: ${longestStreak(before)} in ${before.length}), ` +
        `fewer than ${thresholds.overrunStreakMax}`,
      numbers: { streak, streak_before: longestStreak(before), limit: thresholds.overrunStreakMax },
    },
  ];
}

function longestStreak(ticks: readonly ZoneTick[]): number {
  let longest = 0;
  let current = 0;
  for (const { overrun } of ticks) {
    current = overrun === true ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}
