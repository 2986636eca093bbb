// How the server is, by its telemetry: a verdict with its reasons, and the numbers an operator looks at first.
//
//   assessHealth(timeline)
//   // { status: "degraded", reasons: [{ level: "degraded", text: "zone 1 Elwynn Forest is DEGRADED" }], zones: [...], ... }
//
// Everything is of the last ten seconds before the timeline's newest line. All thresholds stand in LIMITS (health-limits.ts).

import { AnomalyLog } from "./anomalies.ts";
import type { Anomaly } from "./anomalies.ts";
import type { ServerStatus } from "../client/server-status.ts";
import { LIMITS } from "./health-limits.ts";
import { reasonsOf } from "./health-reasons.ts";
import { measured } from "./measured.ts";
import type { Measured } from "./measured.ts";
import type { ProcessSample, RoundTrip, Traffic } from "./samples.ts";
import { throughputOf } from "./throughput.ts";
import type { Throughput } from "./throughput.ts";
import { tickRateHz } from "./tick-rate.ts";
import type { Timeline } from "./timeline.ts";
import { tickTimes, zonesOf } from "./zone-health.ts";
import type { TickTimes, ZoneHealth } from "./zone-health.ts";

export type HealthStatus = "healthy" | "degraded" | "critical";

export interface HealthReason {
  level: Exclude<HealthStatus, "healthy">;
  text: string;
}

export interface HealthReport {
  status: HealthStatus;
  /** Worst first; empty when healthy. */
  reasons: HealthReason[];
  /** Time of the newest line, in milliseconds since 1970; missing without any. */
  atMs: Measured;
  /** Seconds the numbers are of; missing without any line. */
  windowS: Measured;
  tickRateHz: { meant: number; measured: Measured };
  /** Of the game loop, which goes as slowly as the slowest zone. */
  durationMs: TickTimes;
  overruns: number;
  zones: ZoneHealth[];
  traffic: Traffic | null;
  throughput: Throughput;
  roundTrip: RoundTrip | null;
  process: ProcessSample | null;
  /** `error` lines in the window. */
  errors: number;
  /** Of the last minute. */
  anomalies: Anomaly[];
}

const TICK_RATE_HZ = 20;

export interface HealthOptions {
  /** One that has gone along with this timeline; without, anomalies are looked for anew; null: they are not looked for. */
  anomalies?: AnomalyLog | null;
  /** What the server says over HTTP, where it was asked: knows zones that telemetry has been silent about. */
  status?: ServerStatus | undefined;
  /** Reasons that are known from elsewhere, such as a port that does not answer. */
  reasons?: readonly HealthReason[];
}

export function assessHealth(timeline: Timeline, options: HealthOptions = {}): HealthReport {
  const { nowMs } = timeline;
  const fromMs = Math.max(nowMs - LIMITS.windowS * 1_000, timeline.fromMs);
  const windowS = measured((nowMs - fromMs) / 1_000);
  const loop = timeline.loop.between(fromMs);
  const anomalies = options.anomalies === undefined ? new AnomalyLog() : options.anomalies;
  anomalies?.advance(timeline);
  const report: HealthReport = {
    status: "healthy",
    reasons: [],
    atMs: measured(nowMs),
    windowS,
    tickRateHz: {
      meant: timeline.tickRateHz ?? TICK_RATE_HZ,
      measured: tickRateHz(timeline.loop, fromMs, nowMs),
    },
    durationMs: tickTimes(loop.map(({ durationMs }) => durationMs)),
    overruns: loop.filter(({ overrun }) => overrun).length,
    zones: zonesOf(timeline, fromMs, windowS, options.status),
    traffic: timeline.traffic.last ?? null,
    throughput: throughputOf(timeline, fromMs),
    roundTrip: timeline.roundTrips.last ?? null,
    process: timeline.process.last ?? null,
    errors: timeline.errors.between(fromMs).length,
    anomalies: anomalies?.anomalies.filter(({ toMs }) => toMs > nowMs - LIMITS.anomaliesS * 1_000) ?? [],
  };
  report.reasons = reasonsOf(report, timeline, fromMs, options);
  report.status = report.reasons[0]?.level ?? "healthy";
  return report;
}
