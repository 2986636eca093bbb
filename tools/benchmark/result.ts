// The measurements of one load step of the benchmark, and whether it held. Also the shape of --format json; rates are per second.
//
//   { clients: 200, tick_ms: { avg: 0.8, p50: 0.7, p90: 1.1, p99: 1.9, max: 4 }, overrun_pct: 0, verdict: { holds: true, reasons: [] }, ... }

import { measured } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { shownBeside } from "../analysis/measures.ts";

export interface Spread {
  avg: Measured;
  p50: Measured;
  p90: Measured;
  p99: Measured;
  max: Measured;
}

export interface Usage {
  /** Busy processor cores, on average. */
  cores: Measured;
  rss_mb: Measured;
}

/** A step's figures from the server's telemetry. */
export interface TickFigures {
  /** Tick times of the server, which is as slow as its slowest zone. */
  tick_ms: Spread;
  /** How far ticks were from their due time, early or late. */
  jitter_ms: Spread;
  /** Ticks that telemetry reported, and ticks that were due by the clock. */
  ticks: number;
  ticks_expected: number;
  overruns: number;
  overrun_pct: Measured;
  /** Messages that the server read, a second. */
  messages: Measured;
  server: Usage;
}

export interface StepResult extends TickFigures {
  clients: number;
  /** How long the measurement took, with all clients in the world. */
  seconds: number;
  /** What players sent and received. */
  actions: number;
  round_trip_ms: { p50: Measured; p90: Measured; p99: Measured; max: Measured };
  bytes_to_clients: number;
  bytes_from_clients: number;
  /** Null when there were no players. */
  players: Usage | null;
  connects: number;
  drops: number;
  protocol_errors: number;
}

export interface Limits {
  avgTickMs: number;
  p99TickMs: number;
  overrunPct: number;
}

export interface Verdict {
  holds: boolean;
  /** Why it did not hold, as text with numbers. */
  reasons: string[];
}

export type JudgedStep = StepResult & { verdict: Verdict };

/** If a smaller share of the due ticks was reported, the figures are not reliable. */
const SEEN_SHARE_MIN = 0.9;

/** Whether the step is within its limits; a missing value never is. */
export function judge(step: StepResult, limits: Limits): Verdict {
  const { tick_ms: tick, ticks, ticks_expected: expected, overrun_pct: overruns } = step;
  const reasons = [
    ticks < expected * SEEN_SHARE_MIN ? `only ${ticks} of ${Math.round(expected)} ticks were seen` : "",
    beyond(tick.avg, limits.avgTickMs, "the average tick", (ms) => `average tick ${ms} ms`),
    beyond(tick.p99, limits.p99TickMs, "the p99 tick", (ms) => `p99 tick ${ms} ms`),
    beyond(overruns, limits.overrunPct, "the share of overruns", (pct) => `${pct} % overruns`),
    step.connects < step.clients ? `${step.clients - step.connects} clients never got in` : "",
    step.drops > 0 ? `${step.drops} players were dropped` : "",
    step.protocol_errors > 0 ? `${step.protocol_errors} protocol errors` : "",
  ].filter((reason) => reason !== "");
  return { holds: reasons.length === 0, reasons };
}

/** "" when it is within the limit. */
function beyond(value: Measured, limit: number, name: string, inWords: (value: string) => string): string {
  if (value === null) return `${name} was not measured`;
  return value > limit ? `${inWords(shownBeside(value, limit, show))}, above ${limit}` : "";
}

/** Three digits, so that both 0.0213 and 1234 are easy to read. */
export function show(given: Measured): string {
  const value = measured(given);
  if (value === null) return "-";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value
    .toPrecision(3)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}
