// The judge's input, thresholds and result.

import type { Measured } from "../analysis/measured.ts";
import type { SampleWindow } from "./samples.ts";

export interface Thresholds {
  /** The ticks that each zone needs in each window. */
  ticksMin: number;
  /** The least share of a window's ticks that must have arrived over the feed. */
  coverageMin: number;
  /** This many overruns in a row fail the module. */
  overrunStreakMax: number;
  /** Net ratios above these fail the module, if p is below alpha and the rise is at least the floor. */
  kernelMedianRatioMax: number;
  kernelMedianFloorMs: number;
  kernelP99RatioMax: number;
  kernelP99FloorMs: number;
  fuelMedianRatioMax: number;
  alpha: number;
  /** Casts started in each window; 0 also judges a zone where nobody casts. */
  castsMin: number;
  /** The least share of the earlier completion rate, and of the earlier starts per player and tick, that must be kept. */
  castCompletionKeptMin: number;
  castStartsKeptMin: number;
  /** The largest allowed rise of refused commands, as a share of commands. */
  refusedShareRiseMax: number;
  /** The largest allowed net change of the canary zone's players; beyond it the windows can not be compared. */
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
  /** Content hash that the canary zone should run. */
  candidate: string;
  /** All zones of the server, also those without telemetry. */
  zones: readonly number[];
  baseline: SampleWindow;
  during: SampleWindow;
}

export interface Check {
  id: string;
  kind: "data" | "hard" | "comparison";
  ok: boolean;
  /** One line for people: measurement, limit, sample count, and the floor or the probability if that decided. */
  text: string;
  /** Null: not measured. */
  numbers: Record<string, Measured>;
}

export interface Verdict {
  promote: boolean;
  /** Inconclusive: nothing speaks against the module, but data for a verdict is missing. */
  conclusion: "passed" | "failed" | "inconclusive";
  /** The first failed check's text, or all that was missing, or all that held. */
  reason: string;
  /** Failed checks first; among them, those against the module before missing data. */
  checks: Check[];
  /** Control zones that were used; none: the canary was compared with its own past only. */
  controlZones: number[];
}
