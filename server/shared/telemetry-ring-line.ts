// One telemetry line as UTF-8 bytes, ready for a ring or a file: it contains no newline and is never longer than
// LINE_BYTES_MAX.
//
//   const lines = new LineEncoder()
//   const kind = lines.kind("metric", "zone", "Zone tick completed")
//   const length = lines.encode(kind, { zone_id: 1, tick: 7 }, Date.now())
//   ring.append(lines.bytes.subarray(0, length))
//   // {"v":1,"timestamp":"2026-01-01T00:00:00.050Z","type":"metric","component":"zone",...,"data":{"zone_id":1,"tick":7}}
//
// Most of a line repeats. For each kind, all bytes before the data are kept, and only the timestamp is rewritten, once
// per millisecond; what remains is one JSON.stringify of the data and one encodeInto (bench/telemetry.ts: 0.2 µs for a
// small line).

import { shortJson, toJson } from "./plain.ts";
import type { Origin, TelemetryType } from "../protocol/telemetry-line.ts";

/** The longest line in bytes; longer data is cut, or replaced by a note. */
export const LINE_BYTES_MAX = 16_384;
const COMPONENT_CHARS_MAX = 64;
const MESSAGE_CHARS_MAX = 200;
const HEAD = '{"v":1,"timestamp":"';
const NO_TIME = "1970-01-01T00:00:00.000Z";
const CLOSING_BRACE = 125;
const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, "0")}Z`);

const TYPE_OFFSET = HEAD.length + NO_TIME.length + '","type":"'.length;
const [LETTER_E = 0, LETTER_R = 0] = new TextEncoder().encode("er");

/** True when the encoded line at `offset` is of type "error": no other type begins with "er". */
export const isErrorLine = (bytes: Uint8Array, offset: number): boolean =>
  bytes[offset + TYPE_OFFSET] === LETTER_E && bytes[offset + TYPE_OFFSET + 1] === LETTER_R;

/** A kind of line: the parts that are the same in all lines of one type, component and message. Belongs to one encoder. */
export interface LineKind {
  readonly type: TelemetryType;
  readonly component: string;
  readonly message: string;
  /** All bytes before the data, with the timestamp of `stampedMs`. */
  readonly head: Uint8Array;
  stampedMs: number;
  /** The encoder's bytes after the head: the data is written here, with room left for the closing brace. */
  readonly body: Uint8Array;
}

/** Builds lines in its own buffer. Use one encoder per thread. */
export class LineEncoder {
  /** Holds the last encoded line. */
  readonly bytes = new Uint8Array(LINE_BYTES_MAX);
  readonly #encoder = new TextEncoder();
  readonly #stamp = new Uint8Array(NO_TIME.length);
  #stampMs = Number.NaN;
  #ms = Number.NaN;
  #msText = NO_TIME;
  #second = Number.NaN;
  #secondText = "";
  readonly #origin: string;

  constructor({ host, epoch }: Origin = {}) {
    this.#origin =
      (host === undefined ? "" : `"host":${JSON.stringify(host)},`) + (epoch === undefined ? "" : `"epoch":${epoch},`);
  }

  /** A kind of line of this encoder. Never throws; long names are cut. */
  kind(type: TelemetryType, component: string, message: string): LineKind {
    const names = [type, String(component).slice(0, COMPONENT_CHARS_MAX), String(message).slice(0, MESSAGE_CHARS_MAX)];
    const [typeJson, componentJson, messageJson] = names.map((name) => JSON.stringify(name));
    const middle = `","type":${typeJson},"component":${componentJson},"message":${messageJson},${this.#origin}"data":`;
    const head = this.#encoder.encode(HEAD + NO_TIME + middle);
    const body = this.bytes.subarray(head.length, LINE_BYTES_MAX - 1);
    return { type, component, message, head, stampedMs: Number.NaN, body };
  }

  /** Encodes a line with the time `atMs` (milliseconds since 1970) into `bytes` and returns its length. Never throws. */
  encode(kind: LineKind, data: unknown, atMs: number): number {
    const ms = Math.floor(atMs);
    if (ms !== kind.stampedMs) this.#stampKind(kind, ms);
    this.bytes.set(kind.head);
    const written = this.#fit(kind, toJson(data)) || this.#fit(kind, shortJson(data)) || this.#leaveOut(kind);
    const end = kind.head.length + written;
    this.bytes[end] = CLOSING_BRACE;
    return end + 1;
  }

  /** ISO 8601 in UTC with milliseconds; an invalid time gives the epoch. */
  timestamp(atMs: number): string {
    const ms = Math.floor(atMs);
    if (ms === this.#ms) return this.#msText;
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      const valid = second >= 0 && second < 253_402_300_800;
      this.#second = second;
      this.#secondText = (valid ? new Date(second * 1000).toISOString() : NO_TIME).slice(0, -5);
    }
    this.#ms = ms;
    this.#msText = this.#secondText + (MILLISECONDS[ms - second * 1000] ?? ".000Z");
    return this.#msText;
  }

  #stampKind(kind: LineKind, ms: number): void {
    if (ms !== this.#stampMs) {
      this.#encoder.encodeInto(this.timestamp(ms), this.#stamp);
      this.#stampMs = ms;
    }
    kind.head.set(this.#stamp, HEAD.length);
    kind.stampedMs = ms;
  }

  /** The length of the data in `bytes`; 0 when it does not fit. */
  #fit(kind: LineKind, json: string): number {
    if (json.length > kind.body.length) return 0;
    const { read, written } = this.#encoder.encodeInto(json, kind.body);
    return read === json.length ? written : 0;
  }

  #leaveOut(kind: LineKind): number {
    return this.#encoder.encodeInto('{"left_out":"too long for a line"}', kind.body).written;
  }
}
