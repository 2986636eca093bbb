// What a health check is asked and what it answers.

import type { Anomaly } from "./anomalies.ts";
import type { ServerStatus } from "./server-status.ts";
import type { Measured } from "./measured.ts";
import type { ProcessSample, RoundTrip, Traffic } from "./samples.ts";
import type { Throughput } from "./throughput.ts";
import type { TickTimes, ZoneHealth } from "./zone-health.ts";
import { AnomalyLog } from "./anomalies.ts";

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
  /** Missing when some tick does not say whether it was one. */
  overruns: Measured;
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

export interface HealthOptions {
  /** One that has gone along with this timeline; without, anomalies are looked for anew; null: they are not looked for. */
  anomalies?: AnomalyLog | null;
  /** What the server says over HTTP, where it was asked: knows zones that telemetry has been silent about. */
  status?: ServerStatus | undefined;
  /** Reasons that are known from elsewhere, such as a port that does not answer. */
  reasons?: readonly HealthReason[] | undefined;
}
