// The verdict on a canary, from samples alone: no clock, no socket, so that every verdict can be repeated and tested.
//
//   judge({ zoneId: 2, candidate: "9f3c…", baseline, during }, DEFAULT_THRESHOLDS)
//   // { promote: false, reason: "kernel time, median: ×6.6 net of the control zones, limit ×1.25", checks: [...] }
//
// Three kinds of checks. Data: is there enough to judge at all? Hard: what may not happen even once. Comparison: is the
// canary worse than its own past by more than the other zones changed in the same time (difference in differences), by
// enough to matter, and by more than chance explains? Only when every check holds is a module promoted.

import { comparisonChecks } from "./judge-comparisons.ts";
import { castChecks, loadChecks } from "./judge-play.ts";
import type { SampleWindow, ZoneTick } from "./samples.ts";

export interface Thresholds {
  /** Ticks a zone needs in each window. */
  ticksMin: number;
  /** Least share of a window's ticks that must have arrived over the feed. */
  coverageMin: number;
  /** Overruns in a row that convict. */
  overrunStreakMax: number;
  /** Net ratios that convict, given p below alpha and a rise of at least the floor. */
  kernelMedianRatioMax: number;
  kernelMedianFloorMs: number;
  kernelP99RatioMax: number;
  kernelP99FloorMs: number;
  fuelMedianRatioMax: number;
  alpha: number;
  /** Casts started in each window; 0 also judges a zone where nobody casts. */
  castsMin: number;
  /** Least share of the former completion rate, and of the former starts per player and tick. */
  castCompletionKeptMin: number;
  castStartsKeptMin: number;
  /** Most additional refused commands, as a share of commands. */
  refusedShareRiseMax: number;
  /** Most the canary zone's players may change, net, before the windows no longer compare. */
  playersRatioMax: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  ticksMin: 100,
  coverageMin: 0.9,
  overrunStreakMax: 5,
  kernelMedianRatioMax: 1.25,
  kernelMedianFloorMs: 0.1,
  kernelP99RatioMax: 1.5,
  kernelP99FloorMs: 1,
  fuelMedianRatioMax: 1.5,
  alpha: 0.01,
  castsMin: 30,
  castCompletionKeptMin: 0.1,
  castStartsKeptMin: 0.05,
  refusedShareRiseMax: 0.3,
  playersRatioMax: 1.5,
};

export interface JudgeInput {
  zoneId: number;
  /** Content hash that the canary zone is meant to run. */
  candidate: string;
  baseline: SampleWindow;
  during: SampleWindow;
}

export interface Check {
  id: string;
  kind: "data" | "hard" | "comparison";
  ok: boolean;
  /** One line for people, with measurement, limit and sample count. */
  text: string;
  numbers: Record<string, number>;
}

export interface Verdict {
  promote: boolean;
  /** The first failed check's text, or what held. */
  reason: string;
  checks: Check[];
  /** Control zones that could be used; none: the canary was compared with its own past only. */
  controlZones: number[];
}

/** The canary zone's ticks in both windows, and those of every zone fit to compare with. */
export interface Evidence {
  before: readonly ZoneTick[];
  after: readonly ZoneTick[];
  controls: { zoneId: number; before: readonly ZoneTick[]; after: readonly ZoneTick[] }[];
}

/** Judges a finished canary. Never throws; what can not be judged is not promoted. */
export function judge(input: JudgeInput, thresholds: Thresholds): Verdict {
  const evidence = gather(input, thresholds);
  const checks = [...dataChecks(input, evidence, thresholds), ...hardChecks(input, evidence, thresholds)];
  if (checks.some(({ id, ok }) => id === "samples" && ok))
    checks.push(
      ...loadChecks(evidence, thresholds),
      ...comparisonChecks(evidence, thresholds),
      ...castChecks(evidence, thresholds),
    );
  const order = ["hard", "comparison", "data"];
  const failed = checks.filter((check) => !check.ok).toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return {
    promote: failed.length === 0,
    reason: failed[0]?.text ?? `all ${checks.length} checks hold`,
    checks,
    controlZones: evidence.controls.map((zone) => zone.zoneId),
  };
}

/**
 * The verdict before the watch is over, when it is beyond doubt already: something happened that may not happen at all, or
 * a tick has grown out of all proportion. Null as long as it is not.
 */
export function judgeEarly(input: JudgeInput, thresholds: Thresholds): Verdict | null {
  const early = { ...thresholds, ticksMin: EARLY_TICKS_MIN };
  const evidence = gather(input, early);
  const isHard = hardChecks(input, evidence, thresholds).some((check) => !check.ok);
  const isGross = evidence.after.length >= EARLY_TICKS_MIN && hasGrownGrossly(evidence, thresholds);
  return isHard || isGross ? judge(input, early) : null;
}

const EARLY_TICKS_MIN = 60;
/** Looking again every quarter of a second gives chance more tries, so it must be far less likely, and the effect larger. */
const EARLY_ALPHA = 0.001;
/** Medians: what a slow moment of the machine does not move. */
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

function gather(input: JudgeInput, thresholds: Thresholds): Evidence {
  const controls = input.baseline
    .zoneIds()
    .filter((zoneId) => zoneId !== input.zoneId)
    .map((zoneId) => ({
      zoneId,
      before: input.baseline.ticksOf(zoneId),
      after: input.during.ticksOf(zoneId),
    }))
    .filter(({ zoneId, before, after }) => {
      const troubled = input.baseline.incidentsOf(zoneId).length + input.during.incidentsOf(zoneId).length > 0;
      return !troubled && before.length >= thresholds.ticksMin && after.length >= thresholds.ticksMin;
    });
  return { before: input.baseline.ticksOf(input.zoneId), after: input.during.ticksOf(input.zoneId), controls };
}

function dataChecks(input: JudgeInput, { before, after }: Evidence, thresholds: Thresholds): Check[] {
  const coverage = Math.min(coverageOf(before), coverageOf(after));
  const strangers = after.filter((tick) => tick.kernel !== input.candidate).length;
  return [
    {
      id: "samples",
      kind: "data",
      ok: before.length >= thresholds.ticksMin && after.length >= thresholds.ticksMin,
      text: `samples: ${before.length} ticks before, ${after.length} after the swap, at least ${thresholds.ticksMin} each`,
      numbers: { before: before.length, after: after.length, min: thresholds.ticksMin },
    },
    {
      id: "coverage",
      kind: "data",
      ok: coverage >= thresholds.coverageMin,
      text: `feed: ${percent(coverage)} of the zone's ticks arrived, at least ${percent(thresholds.coverageMin)}`,
      numbers: { coverage, min: thresholds.coverageMin },
    },
    {
      id: "candidate_runs",
      kind: "data",
      ok: after.length > 0 && strangers === 0,
      text: `module: ${after.length - strangers} of ${after.length} ticks were run by the candidate`,
      numbers: { ticks: after.length, by_candidate: after.length - strangers },
    },
  ];
}

function hardChecks(input: JudgeInput, { before, after }: Evidence, thresholds: Thresholds): Check[] {
  const incidents = input.during.incidentsOf(input.zoneId);
  const streak = longestStreak(after);
  const first = incidents[0];
  return [
    {
      id: "incidents",
      kind: "hard",
      ok: incidents.length === 0,
      text: first
        ? `traps and recoveries: ${incidents.length}, none allowed; first at tick ${first.tick}: ${first.text}`
        : "traps and recoveries: 0, none allowed",
      numbers: { incidents: incidents.length, max: 0 },
    },
    {
      id: "overruns",
      kind: "hard",
      ok: streak < thresholds.overrunStreakMax,
      text: `overruns in a row: ${streak} (before: ${longestStreak(before)}), fewer than ${thresholds.overrunStreakMax}`,
      numbers: { streak, streak_before: longestStreak(before), limit: thresholds.overrunStreakMax },
    },
  ];
}

function longestStreak(ticks: readonly ZoneTick[]): number {
  let longest = 0;
  let current = 0;
  for (const { overrun } of ticks) {
    current = overrun ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

/** Arrived ticks as a share of those between the first and the last that arrived. */
function coverageOf(ticks: readonly ZoneTick[]): number {
  const first = ticks[0];
  const last = ticks.at(-1);
  if (!first || !last) return 0;
  return ticks.length / Math.max(1, last.tick - first.tick + 1);
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
