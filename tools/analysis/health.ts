// The health of a server, from its telemetry: a verdict with its reasons, and the numbers that an operator needs first.
//
//   assessHealth(timeline)
//   // { status: "degraded", reasons: [{ level: "degraded", text: "zone 1 Elwynn Forest is DEGRADED" }], zones: [...], ... }
//
// All numbers are of the last ten seconds before the timeline's newest line. All thresholds are in LIMITS (health-limits.ts).

import { AnomalyLog } from "./anomalies.ts";
import { LIMITS } from "./health-limits.ts";
import { reasonsOf } from "./health-reasons.ts";
import { overrunsOf } from "./samples.ts";
import { throughputOf } from "./throughput.ts";
import { tickRateHz } from "./tick-rate.ts";
import { hasBegun } from "./timeline.ts";
import type { Timeline } from "./timeline.ts";
import { tickTimes, zonesOf } from "./zone-health.ts";
import type { HealthOptions, HealthReport } from "./health-report.ts";

const TICK_RATE_HZ = 20;
/** The time of a timeline without a line: all its series are empty, so the value does not matter. */
const NEVER = { nowMs: 0, fromMs: 0 };

export function assessHealth(timeline: Timeline, options: HealthOptions = {}): HealthReport {
  const { nowMs, fromMs: knownMs } = hasBegun(timeline) ? timeline : NEVER;
  const fromMs = Math.max(nowMs - LIMITS.windowS * 1_000, knownMs);
  const windowS = hasBegun(timeline) ? (nowMs - fromMs) / 1_000 : null;
  const loop = timeline.loop.between(fromMs);
  const anomalies = options.anomalies === undefined ? new AnomalyLog() : options.anomalies;
  anomalies?.advance(timeline);
  const report: HealthReport = {
    status: "healthy",
    reasons: [],
    atMs: timeline.nowMs,
    windowS,
    tickRateHz: {
      meant: timeline.tickRateHz ?? TICK_RATE_HZ,
      measured: tickRateHz(timeline.loop, fromMs, nowMs),
    },
    durationMs: tickTimes(loop.map(({ durationMs }) => durationMs)),
    overruns: overrunsOf(loop),
    zones: zonesOf(timeline, { fromMs, nowMs, windowS }, options.status),
    traffic: timeline.traffic.last ?? null,
    throughput: throughputOf(timeline, fromMs, nowMs),
    roundTrip: timeline.roundTrips.last ?? null,
    process: timeline.process.last ?? null,
    errors: timeline.errors.between(fromMs).length,
    anomalies: anomalies?.anomalies.filter(({ toMs }) => toMs > nowMs - LIMITS.anomaliesS * 1_000) ?? [],
  };
  report.reasons = reasonsOf(report, timeline, fromMs, options);
  report.status = report.reasons[0]?.level ?? "healthy";
  return report;
}
