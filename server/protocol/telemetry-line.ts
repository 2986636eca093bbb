// The form of a telemetry line (docs/TELEMETRY.md): what every sink carries and every reader parses.
//
//   {"v":1,"timestamp":"2026-01-01T00:00:00.050Z","type":"metric","component":"zone","message":"Zone tick completed","data":{...}}

export type TelemetryType = "metric" | "event" | "health" | "error";

export interface TelemetryLine {
  v: 1;
  /** ISO 8601, UTC, milliseconds. */
  timestamp: string;
  type: TelemetryType;
  component: string;
  message: string;
  data: Record<string, unknown>;
}

/** What a part of the server is given to speak through. Never throws, never blocks; a full ring is counted. */
export interface Emitter {
  emit(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void;
  /** Like emit, under the rate budget of its kind: past it the line is sampled out, and later reported as left out. */
  emitSampled(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void;
}
