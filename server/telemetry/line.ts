// One telemetry line as UTF-8 bytes, ready for a ring or a file: no newline in it, never longer than LINE_BYTES_MAX.
//
//   const lines = new LineEncoder(() => Date.now())
//   const length = lines.encode("metric", "zone", "Zone tick completed", { zone_id: 1, tick: 7 })
//   ring.append(lines.bytes.subarray(0, length))
//   // {"v":1,"timestamp":"2026-01-01T00:00:00.050Z","type":"metric","component":"zone",...,"data":{"zone_id":1,"tick":7}}
//
// Most of a line repeats: what stands between timestamp and data is made once a kind, the timestamp's date and time once
// a second. What is left is one JSON.stringify of the data and one copy.

import { shortJson, toJson } from "./plain.ts";
import type { TelemetryType } from "./schema.ts";

/** No line is longer; data that would make it so is cut short, or left out with a note. */
export const LINE_BYTES_MAX = 16_384;
const COMPONENT_CHARS_MAX = 64;
const MESSAGE_CHARS_MAX = 200;
const HEAD = '{"v":1,"timestamp":"';
const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, "0")}Z`);

/** A kind of line: what is the same in all lines of one type, component and message. */
export interface LineKind {
  type: TelemetryType;
  component: string;
  message: string;
  /** The text between timestamp and data. */
  middle: string;
}

/** The fixed part of a kind's lines. Never throws. */
export function lineKind(type: TelemetryType, component: string, message: string): LineKind {
  const fields = [type, String(component).slice(0, COMPONENT_CHARS_MAX), String(message).slice(0, MESSAGE_CHARS_MAX)];
  const [typeJson, componentJson, messageJson] = fields.map((field) => JSON.stringify(field));
  const middle = `","type":${typeJson},"component":${componentJson},"message":${messageJson},"data":`;
  return { type, component, message, middle };
}

/** Builds lines into one buffer of its own. One encoder a thread. */
export class LineEncoder {
  /** Holds the line last encoded. */
  readonly bytes = new Uint8Array(LINE_BYTES_MAX);
  readonly #now: () => number;
  readonly #encoder = new TextEncoder();
  #second = Number.NaN;
  #secondText = "";

  /** `now` is wall time in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Encodes a line into `bytes` and returns its length. Never throws. */
  encode(kind: LineKind, data: unknown): number {
    const head = HEAD + this.timestamp(this.#now()) + kind.middle;
    const length = this.#fit(`${head}${toJson(data)}}`);
    if (length > 0) return length;
    return this.#fit(`${head}${shortJson(data)}}`) || this.#fit(`${head}{"left_out":"too long for a line"}}`);
  }

  /** ISO 8601 in UTC with milliseconds; a clock that shows nonsense gives the epoch. */
  timestamp(atMs: number): string {
    const second = Math.floor(atMs / 1000);
    if (second !== this.#second) {
      const valid = Math.abs(second) < 8.64e12;
      this.#second = second;
      this.#secondText = new Date(valid ? second * 1000 : 0).toISOString().slice(0, -5);
    }
    return this.#secondText + (MILLISECONDS[Math.floor(atMs - second * 1000)] ?? ".000Z");
  }

  /** The line's length in `bytes`, 0 when it does not fit. */
  #fit(line: string): number {
    if (line.length > LINE_BYTES_MAX) return 0;
    const { read, written } = this.#encoder.encodeInto(line, this.bytes);
    return read === line.length ? written : 0;
  }
}
