// The judge's comparisons of the kernel's work. Each compares the canary's ticks before and after the swap, and those of the
// control zones, and says with its numbers whether the canary got worse by more than the control zones changed.
//
//   kernel time, median: 0.31 → 2.10 ms (×6.77; control zones ×1.02; net ×6.64, limit ×1.25), p = 3e-7 over 10+16 blocks

import { both, mapped } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { shownBeside, shownP } from "../analysis/measures.ts";
import type { Evidence } from "./evidence.ts";
import type { Check, Thresholds } from "./verdict.ts";
import type { ZoneTick } from "./samples.ts";
import { compare, controlChange, MEDIAN, P99, WORST } from "../analysis/statistics.ts";
import type { Change, Figure } from "../analysis/statistics.ts";

interface Comparison {
  id: string;
  title: string;
  unit: string;
  figure: Figure;
  of(tick: ZoneTick): Measured;
  ratioMax: number;
  /** A rise smaller than this does not matter, however certain. */
  floor: number;
  /** Control zones may excuse a rise, but their fall does not make the canary worse: for figures that vary widely. */
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
      of: (tick) => mapped(tick.fuelUsed, (fuel) => fuel / 1_000),
      ratioMax: thresholds.fuelMedianRatioMax,
      floor: 1,
      onlyExcuse: false,
    },
  ];
  return comparisons.map((comparison) => comparisonCheck(comparison, evidence, thresholds.alpha));
}

function comparisonCheck(comparison: Comparison, { before, after, controls }: Evidence, alpha: number): Check {
  const { figure, of, ratioMax, floor, unit, title } = comparison;
  const inControls = controlChange(
    figure,
    controls.map((zone) => ({ before: zone.before.map(of), after: zone.after.map(of) })),
  );
  const controlRatio = comparison.onlyExcuse ? Math.max(1, inControls ?? 1) : (inControls ?? 1);
  const change = compare(figure, before.map(of), after.map(of), controlRatio);
  const rise = both(change.after, change.before, (is, was) => is - was * controlRatio);
  const isMeasured = rise !== null;
  // From 0 to more exceeds every factor.
  const isOver = change.netRatio === null || change.netRatio > ratioMax;
  const isRisen = isMeasured && rise >= floor;
  const isSure = change.p < alpha;
  const excuses = [
    ...(isRisen
      ? []
      : [
          `a rise of ${rise === null ? fixed(rise) : shownBeside(rise, floor, fixed)} is under the floor of ${floor} ${unit}`,
        ]),
    ...(isSure ? [] : [`p is not under ${alpha}`]),
  ];
  const decided = isMeasured && isOver && excuses.length > 0 ? `; over the limit, but ${excuses.join(", and ")}` : "";
  return {
    id: comparison.id,
    kind: isMeasured ? "comparison" : "data",
    ok: isMeasured && !(isOver && isRisen && isSure),
    text: `${title}: ${describe(change, unit, inControls, { ratioMax, alpha })}${decided}`,
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

function describe(
  change: Change,
  unit: string,
  inControls: Measured,
  { ratioMax, alpha }: { ratioMax: number; alpha: number },
): string {
  const controls = inControls === null ? "own past only" : `control zones ×${fixed(change.controlRatio)}`;
  return (
    `${fixed(change.before)} → ${fixed(change.after)} ${unit} (${times(change.ratio)}; ${controls}; ` +
    `net ${times(change.netRatio, ratioMax)}, limit ×${ratioMax}), p = ${shownP(change.p, alpha)} ` +
    `over ${change.blocksBefore}+${change.blocksAfter} blocks of 10 ticks`
  );
}

function times(factor: Measured, limit?: number): string {
  if (factor === null) return "from nothing";
  return `×${limit === undefined ? fixed(factor) : shownBeside(factor, limit, fixed)}`;
}

const fixed = (value: Measured): string =>
  value === null ? "not measured" : Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
