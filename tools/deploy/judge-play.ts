// The judge's look at the play: is there enough of it to judge by, and do casts still begin, complete, and get accepted?
//
//   casts completed of started: 61/80 (76 %) → 0/141 (0 %), 0 % kept, at least 10 % (p = 2e-34)

import type { Check, Evidence, Thresholds } from "./judge.ts";
import type { ZoneTick } from "./samples.ts";
import { quantile, safeRatio, sharesDifferP, sum } from "./statistics.ts";

/** For figures a second; the tick rate of a server is 20 Hz unless it was told otherwise, and only ratios decide. */
const TICKS_PER_SECOND = 20;

/** Whether the windows show enough of the same play to be compared at all. */
export function loadChecks({ before, after }: Evidence, thresholds: Thresholds): Check[] {
  const was = meanPlayers(before);
  const is = meanPlayers(after);
  const change = Math.max(safeRatio(was, is), safeRatio(is, was));
  const started = sum(before.map((tick) => tick.castsStarted));
  return [
    {
      id: "players",
      kind: "data",
      ok: change <= thresholds.playersRatioMax || Math.abs(is - was) < PLAYERS_NEGLIGIBLE,
      text: `players in the zone: ${was.toFixed(1)} → ${is.toFixed(1)}, comparable up to ×${thresholds.playersRatioMax}`,
      numbers: { before: was, after: is, ratio_max: thresholds.playersRatioMax },
    },
    {
      id: "casts_seen",
      kind: "data",
      ok: started >= thresholds.castsMin,
      text: `casts to judge by: ${started} started before the swap, at least ${thresholds.castsMin} (--allow-idle waives this)`,
      numbers: { before: started, min: thresholds.castsMin },
    },
  ];
}

/** So few players more or less change no figure. */
const PLAYERS_NEGLIGIBLE = 3;

/**
 * Casts that get finished, casts that get begun, and commands refused. What players do swings widely by itself within
 * seconds (a crowd that kills one creature interrupts its own casts), so only what play does not do is held against a
 * module: limits far out, and more than chance explains.
 */
export function castChecks(evidence: Evidence, thresholds: Thresholds): Check[] {
  const before = totals(evidence.before);
  const after = totals(evidence.after);
  const controls = evidence.controls.map((zone) => ({ before: totals(zone.before), after: totals(zone.after) }));
  return [
    completionCheck(before, after, controls, thresholds),
    startsCheck(before, after, controls, thresholds),
    refusalsCheck(before, after, controls, thresholds),
  ];
}

type Windows = readonly { before: Totals; after: Totals }[];

function completionCheck(before: Totals, after: Totals, controls: Windows, thresholds: Thresholds): Check {
  const { castCompletionKeptMin: keptMin, alpha } = thresholds;
  const kept = keptOf(completionShare, before, after, controls);
  const p = sharesDifferP([after.completed, after.started], [before.completed, before.started]);
  return {
    id: "cast_completion",
    kind: "comparison",
    ok: kept >= keptMin || p >= alpha,
    text:
      `casts completed of started: ${share(before.completed, before.started)} → ${share(after.completed, after.started)}, ` +
      `${percent(kept)} kept, at least ${percent(keptMin)} (p = ${p.toPrecision(1)})`,
    numbers: {
      started_before: before.started,
      completed_before: before.completed,
      started_after: after.started,
      completed_after: after.completed,
      kept,
      kept_min: keptMin,
      p,
      alpha,
    },
  };
}

function startsCheck(before: Totals, after: Totals, controls: Windows, thresholds: Thresholds): Check {
  const { castStartsKeptMin: keptMin } = thresholds;
  const kept = keptOf(startsPerPlayerSecond, before, after, controls);
  return {
    id: "cast_starts",
    kind: "comparison",
    ok: kept >= keptMin,
    text:
      `casts started per player and second: ${startsPerPlayerSecond(before).toFixed(2)} → ` +
      `${startsPerPlayerSecond(after).toFixed(2)}, ${percent(kept)} kept, at least ${percent(keptMin)}`,
    numbers: { started_before: before.started, started_after: after.started, kept, kept_min: keptMin },
  };
}

function refusalsCheck(before: Totals, after: Totals, controls: Windows, thresholds: Thresholds): Check {
  const { refusedShareRiseMax: riseMax, alpha } = thresholds;
  const rise = refusedShare(after) - refusedShare(before);
  const controlRises = controls.map((zone) => refusedShare(zone.after) - refusedShare(zone.before));
  const netRise = rise - (controlRises.length > 0 ? Math.max(0, quantile(controlRises, 0.5)) : 0);
  const p = sharesDifferP([before.refused, before.commands], [after.refused, after.commands]);
  return {
    id: "refusals",
    kind: "comparison",
    ok: netRise <= riseMax || p >= alpha,
    text:
      `commands refused: ${share(before.refused, before.commands)} → ${share(after.refused, after.commands)}, ` +
      `net rise at most ${percent(riseMax)} (p = ${p.toPrecision(1)})`,
    numbers: { rise, net_rise: netRise, net_rise_max: riseMax, p, alpha },
  };
}

/** What is left of a rate, where control zones may excuse a fall. */
function keptOf(rate: (of: Totals) => number, before: Totals, after: Totals, controls: Windows): number {
  return safeRatio(rate(after), rate(before)) / Math.min(1, typicalChange(controls, rate));
}

/** How a rate changed in the typical control zone; 1 without control zones. */
function typicalChange(controls: Windows, rate: (of: Totals) => number): number {
  if (controls.length === 0) return 1;
  return quantile(
    controls.map((zone) => safeRatio(rate(zone.after), rate(zone.before))),
    0.5,
  );
}

interface Totals {
  started: number;
  completed: number;
  refused: number;
  commands: number;
  playerTicks: number;
}

function totals(ticks: readonly ZoneTick[]): Totals {
  return {
    started: sum(ticks.map((tick) => tick.castsStarted)),
    completed: sum(ticks.map((tick) => tick.castsCompleted)),
    refused: sum(ticks.map((tick) => tick.refused)),
    commands: sum(ticks.map((tick) => tick.commands)),
    playerTicks: sum(ticks.map((tick) => tick.players)),
  };
}

const safeShare = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
const meanPlayers = (ticks: readonly ZoneTick[]): number =>
  safeShare(sum(ticks.map((tick) => tick.players)), ticks.length);
const completionShare = (of: Totals): number => safeShare(of.completed, of.started);
const startsPerPlayerSecond = (of: Totals): number => safeShare(of.started, of.playerTicks) * TICKS_PER_SECOND;
const refusedShare = (of: Totals): number => safeShare(of.refused, of.commands);
const share = (part: number, whole: number): string => `${part}/${whole} (${percent(safeShare(part, whole))})`;
const percent = (value: number): string => (Number.isFinite(value) ? `${(value * 100).toFixed(0)} %` : "all");
