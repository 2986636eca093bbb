// The input and the result of a health check.

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
  /** The seconds that the numbers cover; missing without any line. */
  windowS: Measured;
  tickRateHz: { meant: number; measured: Measured };
  /** Tick times of the game loop, which is as slow as the slowest zone. */
  durationMs: TickTimes;
  /** Missing when some tick line does not say whether it was an overrun. */
  overruns: Measured;
  zones: ZoneHealth[];
  traffic: Traffic | null;
  throughput: Throughput;
  roundTrip: RoundTrip | null;
  process: ProcessSample | null;
  /** `error` lines in the window. */
  errors: number;
  /** The anomalies of the last minute. */
  anomalies: Anomaly[];
}

export interface HealthOptions {
  /** A log that has followed this timeline; undefined: anomalies are searched from the start; null: they are not searched. */
  anomalies?: AnomalyLog | null;
  /** The server's own status over HTTP, if it was asked: it includes zones that telemetry has been silent about. */
  status?: ServerStatus | undefined;
  /** Reasons from other sources, such as a port that does not answer. */
  reasons?: readonly HealthReason[] | undefined;
}
