// Parses telemetry lines: the text may be anything, and fields may be missing.
//
//   parseLine('{"v":1,"timestamp":"2026-01-01T00:00:00.050Z",...}')   // a TelemetryLine
//   parseLine('{"v":1,"timest')                                       // null: half a line
//   measuredOf(line.data, "kernel_ms")                                // null when the line does not say
//
// Only the fields of the wire contract (docs/TELEMETRY.md) are always there: the earlier simulator's lines have no others.

import { parseOutsideJson } from "../../server/protocol/printable.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { measured } from "./measured.ts";
import type { Measured } from "./measured.ts";

/** Null when the text is not a telemetry line. Never throws. */
export function parseLine(text: string): TelemetryLine | null {
  try {
    const value = parseOutsideJson(text);
    return isTelemetryLine(value) ? value : null;
  } catch {
    // Half a line, or not JSON: the caller counts it.
    return null;
  }
}

export function isTelemetryLine(value: unknown): value is TelemetryLine {
  if (typeof value !== "object" || value === null) return false;
  const { timestamp, type, component, message, data } = value as Partial<Record<string, unknown>>;
  return (
    typeof timestamp === "string" &&
    typeof type === "string" &&
    typeof component === "string" &&
    typeof message === "string" &&
    typeof data === "object" &&
    data !== null
  );
}

/** A quarter of an hour: no tick takes longer, and no value in a broken line may distort a sum or a scale. */
export const TICK_MS_MAX = 900_000;

type Data = Readonly<Record<string, unknown>>;

/** A finite number; missing when the field is null, a text, or not there. */
export const measuredOf = (data: Data, field: string): Measured => measured(data[field]);

/** A count, a time, a size: a negative value, or one above 2^53 (not exact), is missing. */
export function amountOf(data: Data, field: string): Measured {
  const value = measuredOf(data, field);
  return value !== null && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null;
}

/** Milliseconds that a tick took: at most a quarter of an hour, otherwise the line is broken. */
export function tickMsOf(data: Data, field: string): Measured {
  const value = amountOf(data, field);
  return value !== null && value <= TICK_MS_MAX ? value : null;
}

/** An amount, or `otherwise`, where a missing field means that value. */
export const numberOf = (data: Data, field: string, otherwise: number): number => amountOf(data, field) ?? otherwise;

/** Yes or no; missing when the field is anything else, or not there. */
export function flagOf(data: Data, field: string): boolean | null {
  const value = data[field];
  return typeof value === "boolean" ? value : null;
}

/** A text, or `otherwise`. */
export function textOf(data: Data, field: string, otherwise = ""): string {
  const value = data[field];
  return typeof value === "string" ? value : otherwise;
}

/** The whole numbers of an array field; empty when it is not an array. */
export function numbersOf(data: Data, field: string): number[] {
  const value = data[field];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "number" && Number.isFinite(entry)) : [];
}
