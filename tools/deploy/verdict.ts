// What the judge is given, by which thresholds it decides, and what it answers.

import type { Measured } from "../analysis/measured.ts";
import type { SampleWindow } from "./samples.ts";

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
  /** All zones of the server, also those that say nothing. */
  zones: readonly number[];
  baseline: SampleWindow;
  during: SampleWindow;
}

export interface Check {
  id: string;
  kind: "data" | "hard" | "comparison";
  ok: boolean;
  /** One line for people: measurement, limit, sample count, and the floor or the chance if that decided. */
  text: string;
  /** Null: not measured. */
  numbers: Record<string, Measured>;
}

export interface Verdict {
  promote: boolean;
  /** Inconclusive: nothing speaks against the module but that something is missing to judge it by. */
  conclusion: "passed" | "failed" | "inconclusive";
  /** The first failed check's text, or all that was missing, or what held. */
  reason: string;
  /** Those that do not hold first, what convicts before what is missing. */
  checks: Check[];
  /** Control zones that could be used; none: the canary was compared with its own past only. */
  controlZones: number[];
}
