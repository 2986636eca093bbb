// The format of a telemetry line (docs/TELEMETRY.md), the same for every sink and every reader.
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
  /** Of a cluster: the process that wrote the line, and of a zone's line also its owner's epoch. */
  host?: string;
  epoch?: number;
  data: Record<string, unknown>;
}

/** Where lines of a cluster come from: they carry it. */
export type Origin = Pick<TelemetryLine, "host" | "epoch">;

/** The interface through which parts of the server write telemetry. It never throws and never blocks; lost lines are counted. */
export interface Emitter {
  emit(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void;
  /** Like emit, with the rate budget of its kind: past it the line is left out, and later reported as sampled out. */
  emitSampled(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void;
}
