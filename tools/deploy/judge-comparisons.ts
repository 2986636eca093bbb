// The judge's comparisons: each takes the canary's ticks before and after the swap and those of the control zones, and
// says with its numbers whether the canary is worse by more than the others changed.
//
//   kernel time, median: 0.31 → 2.10 ms (×6.77; control zones ×1.02; net ×6.64, limit ×1.25), p = 3e-7 over 10+16 blocks

import type { Check, Evidence, Thresholds } from "./judge.ts";
import type { ZoneTick } from "./samples.ts";
import { compare, controlChange, MEDIAN, P99, WORST, quantile, safeRatio, sum } from "./statistics.ts";
import type { Change, Figure } from "./statistics.ts";

/** For figures a second; the tick rate of a server is 20 Hz unless it was told otherwise, and only ratios decide. */
const TICKS_PER_SECOND = 20;

interface Comparison {
  id: string;
  title: string;
  unit: string;
  figure: Figure;
  of(tick: ZoneTick): number;
  ratioMax: number;
  /** A rise smaller than this does not matter, however certain. */
  floor: number;
  /** Control zones may excuse a rise, but a lucky fall there is no charge: for figures that jump about. */
  onlyExcuse: boolean;
}

/** Kernel time (median and tail) and fuel. */
export function comparisonChecks(evidence: Evidence, thresholds: Thresholds): Check[] {
  const comparisons: Comparison[] = [
    {
      id: "kernel_ms_median",
      title: "kernel time, median",
      unit: "ms",
      figure: MEDIAN,
      of: (tick) => tick.kernelMs,
      ratioMax: thresholds.kernelMedianRatioMax,
      floor: thresholds.kernelMedianFloorMs,
      onlyExcuse: false,
    },
    {
      id: "kernel_ms_p99",
      title: "kernel time, p99",
      unit: "ms",
      figure: P99,
      of: (tick) => tick.kernelMs,
      ratioMax: thresholds.kernelP99RatioMax,
      floor: thresholds.kernelP99FloorMs,
      onlyExcuse: true,
    },
    {
      id: "kernel_ms_worst",
      title: "kernel time, worst of half a second",
      unit: "ms",
      figure: WORST,
      of: (tick) => tick.kernelMs,
      ratioMax: thresholds.kernelP99RatioMax,
      floor: thresholds.kernelP99FloorMs,
      onlyExcuse: true,
    },
    {
      id: "fuel_median",
      title: "fuel, median",
      unit: "k",
      figure: MEDIAN,
      of: (tick) => tick.fuelUsed / 1_000,
      ratioMax: thresholds.fuelMedianRatioMax,
      floor: 1,
      onlyExcuse: false,
    },
  ];
  return comparisons.map((comparison) => comparisonCheck(comparison, evidence, thresholds.alpha));
}

function comparisonCheck(comparison: Comparison, { before, after, controls }: Evidence, alpha: number): Check {
  const { figure, of, ratioMax, floor, unit } = comparison;
  const inControls = controlChange(
    figure,
    controls.map((zone) => ({ before: zone.before.map(of), after: zone.after.map(of) })),
  );
  const change = compare(
    figure,
    before.map(of),
    after.map(of),
    comparison.onlyExcuse ? Math.max(1, inControls) : inControls,
  );
  const rise = change.after - change.before * change.controlRatio;
  const convicted = change.netRatio > ratioMax && rise >= floor && change.p < alpha;
  return {
    id: comparison.id,
    kind: "comparison",
    ok: !convicted,
    text: `${comparison.title}: ${describe(change, unit, controls.length, ratioMax)}`,
    numbers: {
      before: change.before,
      after: change.after,
      ratio: change.ratio,
      control_ratio: change.controlRatio,
      net_ratio: change.netRatio,
      net_ratio_max: ratioMax,
      rise,
      rise_floor: floor,
      p: change.p,
      alpha,
      ticks_before: before.length,
      ticks_after: after.length,
      blocks_before: change.blocksBefore,
      blocks_after: change.blocksAfter,
      control_zones: controls.length,
    },
  };
}

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

/** Casts that get finished, casts that get begun, and commands refused. */
export function castChecks(evidence: Evidence, thresholds: Thresholds): Check[] {
  const before = totals(evidence.before);
  const after = totals(evidence.after);
  const controls = evidence.controls.map((zone) => ({ before: totals(zone.before), after: totals(zone.after) }));
  const kept = (rate: (of: Totals) => number): number =>
    safeRatio(rate(after), rate(before)) / Math.min(1, typicalChange(controls, rate));
  const completionKept = kept(completionShare);
  const startsKept = kept(startsPerPlayerSecond);
  const rise = refusedShare(after) - refusedShare(before);
  const controlRises = controls.map((zone) => refusedShare(zone.after) - refusedShare(zone.before));
  const netRise = rise - (controlRises.length > 0 ? Math.max(0, quantile(controlRises, 0.5)) : 0);
  return [
    {
      id: "cast_completion",
      kind: "hard",
      ok: after.started === 0 || completionKept >= thresholds.castCompletionKeptMin,
      text:
        `casts completed of started: ${share(before.completed, before.started)} → ${share(after.completed, after.started)}, ` +
        `${percent(completionKept)} kept, at least ${percent(thresholds.castCompletionKeptMin)}`,
      numbers: {
        started_before: before.started,
        completed_before: before.completed,
        started_after: after.started,
        completed_after: after.completed,
        kept: completionKept,
        kept_min: thresholds.castCompletionKeptMin,
      },
    },
    {
      id: "cast_starts",
      kind: "hard",
      ok: startsKept >= thresholds.castStartsKeptMin,
      text:
        `casts started per player and second: ${startsPerPlayerSecond(before).toFixed(2)} → ` +
        `${startsPerPlayerSecond(after).toFixed(2)}, ${percent(startsKept)} kept, at least ${percent(thresholds.castStartsKeptMin)}`,
      numbers: { kept: startsKept, kept_min: thresholds.castStartsKeptMin },
    },
    {
      id: "refusals",
      kind: "hard",
      ok: netRise <= thresholds.refusedShareRiseMax,
      text:
        `commands refused: ${share(before.refused, before.commands)} → ${share(after.refused, after.commands)}, ` +
        `net rise at most ${percent(thresholds.refusedShareRiseMax)}`,
      numbers: { rise, net_rise: netRise, net_rise_max: thresholds.refusedShareRiseMax },
    },
  ];
}

/** How a rate changed in the typical control zone; 1 without control zones. */
function typicalChange(controls: { before: Totals; after: Totals }[], rate: (of: Totals) => number): number {
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

function describe(change: Change, unit: string, controlZones: number, ratioMax: number): string {
  const controls = controlZones === 0 ? "own past only" : `control zones ×${fixed(change.controlRatio)}`;
  return (
    `${fixed(change.before)} → ${fixed(change.after)} ${unit} (×${fixed(change.ratio)}; ${controls}; ` +
    `net ×${fixed(change.netRatio)}, limit ×${ratioMax}), p = ${change.p.toPrecision(1)} ` +
    `over ${change.blocksBefore}+${change.blocksAfter} blocks of 10 ticks`
  );
}

const safeShare = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
const meanPlayers = (ticks: readonly ZoneTick[]): number =>
  safeShare(sum(ticks.map((tick) => tick.players)), ticks.length);
const completionShare = (of: Totals): number => safeShare(of.completed, of.started);
const startsPerPlayerSecond = (of: Totals): number => safeShare(of.started, of.playerTicks) * TICKS_PER_SECOND;
const refusedShare = (of: Totals): number => safeShare(of.refused, of.commands);
const share = (part: number, whole: number): string => `${part}/${whole} (${percent(safeShare(part, whole))})`;
const percent = (value: number): string => (Number.isFinite(value) ? `${(value * 100).toFixed(0)} %` : "all");
const fixed = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));
