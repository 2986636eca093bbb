// The judge's input, limits and result.

import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import type { ShadowReport, TimeBlock } from "../../server/protocol/shadow.ts";
import type { Measured } from "../analysis/measured.ts";
import type { SampleWindow } from "./samples.ts";

export interface Limits {
  /** Ticks of each canary zone that are watched. */
  ticks: number;
  /** Shares of these ticks: that arrived over the feed, that the shadow compared, and that had players. */
  coverageMin: number;
  comparedMin: number;
  peopledMin: number;
  /** Casts started in each canary zone. */
  castsMin: number;
  /** A zone where nobody plays is judged too. */
  isIdleAllowed: boolean;
  /** This many overruns in a row fail the module. */
  overrunStreakMax: number;
  /** Shares of a zone's ticks: that took longer than their interval; whose kernel took longer than half of it. */
  overrunShareMax: number;
  slowShareMax: number;
  /** A share of such slow ticks above this is no proof: a busy machine has it too. It makes the shadow's slowest ticks weigh more. */
  slowShareSuspect: number;
  /** Fewer such ticks than this fail nothing. */
  slowTicksFloor: number;
  /** Sessions lost for each player and minute, and how many at least. */
  lostPerPlayerMinuteMax: number;
  lostFloor: number;
  /** The share of a zone's commands that may be refused, of so many at least. */
  refusedShareMax: number;
  refusedOfLeast: number;
  /** A zone that is silent for this long while the feed speaks, in milliseconds. */
  silenceMsMax: number;
  /** The candidate's fuel over its shadow's. */
  fuelRatioMax: number;
  /** The same for the time of ten ticks, and by how much a tick at least. */
  timeRatioMax: number;
  timeFloorMs: number;
  /** The same for the slowest of fifty ticks. */
  slowestRatioMax: number;
  slowestFloorMs: number;
  /** How often a harmless module may fail by chance in the tests of time together. */
  errorRate: number;
}

/** A module that runs beside another one in one thread seems up to 1.06 times as slow as it is. */
const TIME_RATIO_MAX_LEAST = 1.15;

export function limitsOf(policy: DeployPolicy, ticks: number, isIdleAllowed: boolean): Limits {
  const { limits, canary } = policy;
  return {
    ticks,
    coverageMin: 0.9,
    comparedMin: 0.9,
    peopledMin: 0.8,
    castsMin: 10,
    isIdleAllowed,
    overrunStreakMax: 5,
    overrunShareMax: 0.05,
    slowShareMax: 0.05,
    slowShareSuspect: 0.01,
    slowTicksFloor: 5,
    lostPerPlayerMinuteMax: 0.05,
    lostFloor: 3,
    refusedShareMax: canary.refusedShareMax,
    refusedOfLeast: 300,
    silenceMsMax: 1_000,
    fuelRatioMax: limits.fuelRatioMax,
    timeRatioMax: Math.max(limits.timeRatioMax, TIME_RATIO_MAX_LEAST),
    timeFloorMs: 0.005,
    slowestRatioMax: 1.5,
    slowestFloorMs: 1,
    errorRate: canary.errorRate,
  };
}

/** What the shadow of the canary zones said. */
export interface ShadowEvidence {
  /** The newest; null: there is none, as `problem` says. */
  report: ShadowReport | null;
  problem: string | null;
  /** All since the begin, in their order. */
  blocks: readonly TimeBlock[];
  /** Blocks that came and went between two looks. */
  blocksMissed: number;
}

export interface JudgeInput {
  /** The zones on trial. */
  zoneIds: readonly number[];
  /** Content hash that they should run. */
  candidate: string;
  /** What they told since the swap. */
  during: SampleWindow;
  shadow: ShadowEvidence;
}

export interface Check {
  id: string;
  /** Data: what is needed for a verdict. Hard: what may not happen. Comparison: with the shadow, on the same ticks. */
  kind: "data" | "hard" | "comparison";
  ok: boolean;
  /** One line for people: measurement, limit, sample count, and the floor if that decided. */
  text: string;
  /** What was compared with which limit, and the number of samples. Null: not measured, or there is none. */
  numbers: { value: Measured; limit: Measured; n: Measured } & Record<string, Measured>;
}

export interface Verdict {
  promote: boolean;
  /** Inconclusive: nothing speaks against the module, but data for a verdict is missing. */
  conclusion: "passed" | "failed" | "inconclusive";
  /** The first failed check's text, or all that was missing, or all that held. */
  reason: string;
  /** Failed checks first; among them, those against the module before missing data. */
  checks: Check[];
}

/** What the module did is not what its shadow would have done: its state is to be undone. */
export const UNDONE_CHECKS: ReadonlySet<string> = new Set(["behaviour", "mismatched"]);
