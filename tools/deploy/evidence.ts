// The input of a verdict: the canary zone's ticks before and after the swap, and those of the zones that can serve as
// controls. Also whether the data is complete: missing data is reported, and never counts as good.
//   gather(input, thresholds).controls        // zones that went on as before while the canary ran
//   gather(input, thresholds).controls        // zones whose load did not change while the canary ran

import { sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import type { Check, JudgeInput, Thresholds } from "./verdict.ts";
import type { SampleWindow, ZoneTick } from "./samples.ts";

export interface Control {
  zoneId: number;
  before: readonly ZoneTick[];
  after: readonly ZoneTick[];
}

/** A zone that can not be a control: its telemetry is incomplete, or its load changed. */
export interface Unfit {
  zoneId: number;
  isMissing: boolean;
  why: string;
}

export interface Evidence {
  before: readonly ZoneTick[];
  after: readonly ZoneTick[];
  controls: Control[];
  unfit: Unfit[];
}

/** A difference of fewer players than this changes no figure. */
export const PLAYERS_NEGLIGIBLE = 3;

export function gather(input: JudgeInput, thresholds: Thresholds): Evidence {
  const { zoneId, baseline, during } = input;
  const controls: Control[] = [];
  const unfit: Unfit[] = [];
  for (const id of [...new Set([...input.zones, ...baseline.zoneIds()])].filter((other) => other !== zoneId)) {
    const control = { zoneId: id, before: baseline.ticksOf(id), after: during.ticksOf(id) };
    const missing = missingOf(control, input, thresholds);
    const why = missing ?? changedOf(control, input, thresholds);
    if (why === null) controls.push(control);
    else unfit.push({ zoneId: id, isMissing: missing !== null, why });
  }
  return { before: baseline.ticksOf(zoneId), after: during.ticksOf(zoneId), controls, unfit };
}

/** Whether there is enough data for a verdict, and whether it is complete. */
export function dataChecks(input: JudgeInput, evidence: Evidence, thresholds: Thresholds): Check[] {
  const { before, after } = evidence;
  const { ticksMin } = thresholds;
  return [
    {
      id: "samples",
      kind: "data",
      ok: before.length >= ticksMin && after.length >= ticksMin,
      text: `samples: ${before.length} ticks before, ${after.length} after the swap, at least ${ticksMin} each`,
      numbers: { before: before.length, after: after.length, min: ticksMin },
    },
    coverageCheck(input, thresholds),
    valuesCheck(input, evidence),
    candidateCheck(input, evidence),
    controlsCheck(evidence),
  ];
}

function coverageCheck({ zoneId, baseline, during }: JudgeInput, { coverageMin }: Thresholds): Check {
  const [was, is] = [baseline.arrival(zoneId), during.arrival(zoneId)];
  const coverage = Math.min(coverageOf(baseline, zoneId), coverageOf(during, zoneId));
  return {
    id: "coverage",
    kind: "data",
    ok: coverage >= coverageMin,
    text:
      `feed: ${was.arrived} of ${was.expected} ticks before and ${is.arrived} of ${is.expected} after the swap arrived ` +
      `(${percent(coverage)}), at least ${percent(coverageMin)}`,
    numbers: {
      coverage,
      min: coverageMin,
      arrived_before: was.arrived,
      expected_before: was.expected,
      arrived_after: is.arrived,
      expected_after: is.expected,
    },
  };
}

function valuesCheck({ zoneId, baseline, during }: JudgeInput, { before, after }: Evidence): Check {
  const lacking = [lackingText(baseline, zoneId, "before"), lackingText(during, zoneId, "after")].filter(Boolean);
  const ticks = before.length + after.length;
  return {
    id: "values",
    kind: "data",
    ok: lacking.length === 0,
    text: `values: ${lacking.length === 0 ? `nothing is missing in ${ticks} ticks` : lacking.join("; ")}, none may be`,
    numbers: { ticks, lacking: lacking.length },
  };
}

function candidateCheck({ candidate }: JudgeInput, { before, after }: Evidence): Check {
  const byCandidate = after.filter((tick) => tick.kernel === candidate).length;
  const tooEarly = before.filter((tick) => tick.kernel === candidate).length;
  return {
    id: "candidate_runs",
    kind: "data",
    ok: after.length > 0 && byCandidate === after.length && tooEarly === 0,
    text:
      `module: ${byCandidate} of ${after.length} ticks after the swap were run by the candidate, all must be` +
      (tooEarly === 0 ? "" : `; ${tooEarly} of ${before.length} before it as well, none may be`),
    numbers: { ticks: after.length, by_candidate: byCandidate, by_candidate_before: tooEarly },
  };
}

function controlsCheck({ controls, unfit }: Evidence): Check {
  const ids = controls.map(({ zoneId }) => zoneId).join(", ");
  const others = unfit.map(({ zoneId, why }) => `zone ${zoneId}: ${why}`).join("; ");
  const fit = controls.length > 0 ? `zone ${ids} went on as before` : "no zone is fit to be compared with";
  const isAlone = controls.length === 0 && unfit.length === 0;
  return {
    id: "controls",
    kind: "data",
    ok: isAlone || (controls.length > 0 && !unfit.some(({ isMissing }) => isMissing)),
    text: `control zones: ${isAlone ? "the server has no other zone; own past only" : fit}${others === "" ? "" : ` (${others})`}`,
    numbers: { controls: controls.length, unfit: unfit.length },
  };
}

/** The missing part of a zone's telemetry; null when it is complete. */
function missingOf({ zoneId, before, after }: Control, input: JudgeInput, thresholds: Thresholds): string | null {
  const { baseline, during } = input;
  const { ticksMin, coverageMin } = thresholds;
  if (before.length < ticksMin || after.length < ticksMin)
    return `${before.length} ticks before, ${after.length} after the swap, at least ${ticksMin} each`;
  for (const window of [baseline, during]) {
    const { arrived, expected } = window.arrival(zoneId);
    if (arrived < coverageMin * expected) return `${arrived} of ${expected} ticks arrived`;
  }
  return lackingText(baseline, zoneId, "before") ?? lackingText(during, zoneId, "after");
}

/** How a zone's load changed; null when it did not. */
function changedOf({ zoneId, before, after }: Control, input: JudgeInput, thresholds: Thresholds): string | null {
  const incidents = incidentsOf(input.baseline, zoneId, null) + incidentsOf(input.during, zoneId, before);
  if (incidents > 0) return `${incidents} traps or recoveries`;
  const kernels = new Set([...before, ...after].map(({ kernel }) => kernel));
  if (kernels.size > 1) return "its module changed";
  const [was, is] = [meanPlayers(before), meanPlayers(after)];
  return areSamePlayers(was, is, thresholds) ? null : `players ${shown(was)} → ${shown(is)}`;
}

/** Traps and recoveries in a window: those reported as events, or those that its tick counts add to the ticks before. */
export function incidentsOf(window: SampleWindow, zoneId: number, before: readonly ZoneTick[] | null): number {
  const ticks = window.ticksOf(zoneId);
  const from = (before ?? ticks)[before === null ? 0 : before.length - 1]?.recoveries ?? null;
  const to = ticks.at(-1)?.recoveries ?? null;
  const counted = from === null || to === null ? 0 : Math.max(0, to - from);
  return Math.max(window.incidentsOf(zoneId).length, counted);
}

export const meanPlayers = (ticks: readonly ZoneTick[]): Measured => {
  const total = sum(ticks.map((tick) => tick.players));
  return total === null ? null : total / ticks.length;
};

/** Comparable player numbers: they differ by less than a factor, or by so few players that it does not matter. */
export function areSamePlayers(was: Measured, is: Measured, { playersRatioMax }: Thresholds): boolean {
  if (was === null || is === null) return false;
  return Math.max(was, is) <= playersRatioMax * Math.min(was, is) || Math.abs(is - was) < PLAYERS_NEGLIGIBLE;
}

/** "3 ticks before lack fuel_used"; null when no tick lacks a value. */
function lackingText(window: SampleWindow, zoneId: number, when: string): string | null {
  const lacking = Object.entries(window.lacking(zoneId)).map(([name, ticks]) => `${ticks} ticks ${when} lack ${name}`);
  return lacking.length === 0 ? null : lacking.join(", ");
}

function coverageOf(window: SampleWindow, zoneId: number): number {
  const { arrived, expected } = window.arrival(zoneId);
  return expected === 0 ? 0 : arrived / expected;
}

const shown = (value: Measured): string => (value === null ? "unknown" : value.toFixed(1));
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
