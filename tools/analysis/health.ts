// How the server is, by its telemetry: a verdict with its reasons, and the numbers an operator looks at first.
//
//   assessHealth(timeline)
//   // { status: "degraded", reasons: [{ level: "degraded", text: "zone 1 Elwynn Forest is DEGRADED" }], zones: [...], ... }
//
// Everything is of the last ten seconds before the timeline's newest line. All thresholds stand in LIMITS.

import { AnomalyLog } from "./anomalies.ts";
import type { Anomaly } from "./anomalies.ts";
import { quantile, shown, sum } from "./measures.ts";
import type { ProcessSample, RoundTrip, Traffic, ZoneTick } from "./samples.ts";
import type { Timeline, ZoneHistory } from "./timeline.ts";

export type HealthStatus = "healthy" | "degraded" | "critical";

export interface HealthReason {
  level: Exclude<HealthStatus, "healthy">;
  text: string;
}

export interface TickTimes {
  p50: number;
  p99: number;
  max: number;
  ticks: number;
}

export interface ZoneHealth {
  id: number;
  name: string;
  /** "SILENT" when a zone that should tick does not; "" when no line told. */
  state: string;
  ticksPerS: number;
  durationMs: TickTimes;
  kernelMsP50: number;
  overruns: number;
  players: number;
  creatures: number;
  castsStarted: number;
  castsCompleted: number;
  /** Damage dealt a second. */
  damagePerS: number;
  commandsPerS: number;
  kernel: string;
}

export interface HealthReport {
  status: HealthStatus;
  /** Worst first; empty when healthy. */
  reasons: HealthReason[];
  /** Time of the newest line, in milliseconds since 1970; NaN without any. */
  atMs: number;
  /** Seconds the numbers are of. */
  windowS: number;
  tickRateHz: { meant: number; measured: number };
  /** Of the game loop, which goes as slowly as the slowest zone. */
  durationMs: TickTimes;
  overruns: number;
  zones: ZoneHealth[];
  traffic: Traffic | null;
  roundTrip: RoundTrip | null;
  process: ProcessSample | null;
  /** `error` lines in the window. */
  errors: number;
  /** Of the last minute. */
  anomalies: Anomaly[];
}

/** What makes a server degraded or critical: one place for all of it. */
export const LIMITS = {
  windowS: 10,
  /** `error` lines in the window. */
  errorsDegraded: 1,
  errorsCritical: 5,
  /** Share of the meant tick rate. */
  tickRateDegraded: 0.95,
  tickRateCritical: 0.5,
  /** Share of ticks over budget, or given up for good; a few single ones happen on a busy machine. */
  lateShareDegraded: 0.02,
  lateTicksDegradedMin: 3,
  /** Silence of a zone that is not DOWN. */
  zoneSilentMs: 2_000,
  /** A server younger than this has no tick rate yet. */
  tickRateAfterS: 2,
  anomaliesS: 60,
} as const;

const TICK_RATE_HZ = 20;

export interface HealthOptions {
  /** One that has gone along with this timeline; without, anomalies are looked for anew. */
  anomalies?: AnomalyLog;
}

export function assessHealth(timeline: Timeline, options: HealthOptions = {}): HealthReport {
  const { nowMs } = timeline;
  const fromMs = Math.max(nowMs - LIMITS.windowS * 1_000, timeline.fromMs);
  const windowS = Number.isNaN(nowMs) ? 0 : (nowMs - fromMs) / 1_000;
  const loop = timeline.loop.between(fromMs);
  const anomalies = options.anomalies ?? new AnomalyLog();
  anomalies.advance(timeline);
  const report: HealthReport = {
    status: "healthy",
    reasons: [],
    atMs: nowMs,
    windowS,
    tickRateHz: {
      meant: Number.isNaN(timeline.tickRateHz) ? TICK_RATE_HZ : timeline.tickRateHz,
      measured: loop.length / windowS,
    },
    durationMs: tickTimes(loop.map(({ durationMs }) => durationMs)),
    overruns: loop.filter(({ overrun }) => overrun).length,
    zones: [...timeline.zones.values()]
      .map((zone) => zoneHealth(zone, fromMs, nowMs, windowS))
      .toSorted((a, b) => a.id - b.id),
    traffic: timeline.traffic.last ?? null,
    roundTrip: timeline.roundTrips.last ?? null,
    process: timeline.process.last ?? null,
    errors: timeline.errors.between(fromMs).length,
    anomalies: anomalies.anomalies.filter(({ toMs }) => toMs > nowMs - LIMITS.anomaliesS * 1_000),
  };
  report.reasons = reasonsOf(report, timeline, fromMs);
  report.status = report.reasons[0]?.level ?? "healthy";
  return report;
}

function reasonsOf(report: HealthReport, timeline: Timeline, fromMs: number): HealthReason[] {
  const critical: string[] = [];
  const degraded: string[] = [];
  if (timeline.isStopped) critical.push("the server has stopped");
  if (report.zones.length === 0) critical.push("no zone has ticked");
  for (const zone of report.zones) {
    const name = `zone ${zone.id}${zone.name === "" ? "" : ` ${zone.name}`}`;
    if (zone.state === "DOWN" || zone.state === "CRASHED") critical.push(`${name} is ${zone.state}`);
    else if (zone.state === "SILENT") critical.push(`${name} has not ticked for ${LIMITS.zoneSilentMs / 1_000} s`);
    else if (zone.state === "DEGRADED") degraded.push(`${name} is DEGRADED`);
  }
  judgeErrors(report, timeline, fromMs, critical, degraded);
  judgeTicks(report, critical, degraded);
  const ticks = [...timeline.zones.values()].map((zone) => zone.ticks.between(fromMs));
  const missed = sum(ticks.map((some) => growth(some, "missedTicks")));
  if (isTooMany(missed, sum(ticks.map(({ length }) => length))))
    degraded.push(`${missed} ticks were given up for good`);
  const dropped = sum(ticks.flatMap((some) => some.map(({ commandsDropped }) => commandsDropped)));
  if (dropped > 0) degraded.push(`${dropped} commands were dropped by full batches`);
  const doubled = timeline.census.last?.duplicates ?? 0;
  if (doubled > 0) degraded.push(`${doubled} entities are in more than one zone`);
  const lost = growth(timeline.process.between(fromMs), "linesLost");
  if (lost > 0) degraded.push(`${lost} telemetry lines were lost`);
  return [
    ...critical.map((text) => ({ level: "critical", text }) as const),
    ...degraded.map((text) => ({ level: "degraded", text }) as const),
  ];
}

function judgeErrors(
  { errors }: HealthReport,
  timeline: Timeline,
  fromMs: number,
  critical: string[],
  degraded: string[],
): void {
  if (errors < LIMITS.errorsDegraded) return;
  const newest = timeline.errors.between(fromMs).at(-1);
  const text = `${errors} error ${errors === 1 ? "line" : "lines"} in ${LIMITS.windowS} s, the newest: ${newest?.component} · ${newest?.message}`;
  (errors >= LIMITS.errorsCritical ? critical : degraded).push(text);
}

function judgeTicks(
  { tickRateHz, durationMs, overruns, windowS }: HealthReport,
  critical: string[],
  degraded: string[],
): void {
  const { meant, measured } = tickRateHz;
  if (windowS >= LIMITS.tickRateAfterS && measured < meant * LIMITS.tickRateDegraded) {
    const text = `the tick rate is ${shown(measured)} Hz instead of ${meant}`;
    (measured < meant * LIMITS.tickRateCritical ? critical : degraded).push(text);
  }
  if (isTooMany(overruns, durationMs.ticks)) {
    degraded.push(`${overruns} of ${durationMs.ticks} ticks took longer than their ${shown(1_000 / meant)} ms`);
  }
}

function zoneHealth(zone: ZoneHistory, fromMs: number, nowMs: number, windowS: number): ZoneHealth {
  const ticks = zone.ticks.between(fromMs);
  const last = zone.ticks.last;
  const isSilent = zone.state !== "DOWN" && nowMs - (last?.atMs ?? zone.stateAtMs) > LIMITS.zoneSilentMs;
  const total = (read: (tick: ZoneTick) => number): number => sum(ticks.map(read));
  return {
    id: zone.id,
    name: zone.name,
    state: isSilent ? "SILENT" : zone.state,
    ticksPerS: ticks.length / windowS,
    durationMs: tickTimes(ticks.map(({ durationMs }) => durationMs)),
    kernelMsP50: quantile(
      ticks.map(({ kernelMs }) => kernelMs),
      0.5,
    ),
    overruns: ticks.filter(({ overrun }) => overrun).length,
    players: last?.players ?? 0,
    creatures: last?.creatures ?? 0,
    castsStarted: total(({ castsStarted }) => castsStarted),
    castsCompleted: total(({ castsCompleted }) => castsCompleted),
    damagePerS: total(({ damage }) => damage) / windowS,
    commandsPerS: total(({ commands }) => commands) / windowS,
    kernel: last?.kernel ?? "",
  };
}

function tickTimes(durations: readonly number[]): TickTimes {
  return {
    p50: quantile(durations, 0.5),
    p99: quantile(durations, 0.99),
    max: quantile(durations, 1),
    ticks: durations.length,
  };
}

const isTooMany = (late: number, ticks: number): boolean =>
  late >= LIMITS.lateTicksDegradedMin && late > ticks * LIMITS.lateShareDegraded;

/** How much a running total grew within these samples; 0 where it is not told. */
function growth<Field extends string>(samples: readonly Record<Field, number>[], field: Field): number {
  const grown = (samples.at(-1)?.[field] ?? 0) - (samples[0]?.[field] ?? 0);
  return Number.isNaN(grown) ? 0 : Math.max(0, grown);
}
