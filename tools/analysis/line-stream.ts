// Reads telemetry lines from a file or a pipe, one at a time and in constant memory, whatever the input holds.
//
//   const read = await readLines("telemetry.jsonl", { onLine: (line) => timeline.take(line) })
//   // { lines: 13466, broken: 1, empty: 0, before: 0, bytes: 5200024 }
//
// "-" is stdin. Lines that are not telemetry (such as the half line at the end of a growing file) are counted. A text
// without a newline is dropped after a mebibyte and counted once. A file that is rotated during the read is read to its
// end; the other files of the rotation are not read.

import { open } from "node:fs/promises";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { parseLine } from "./telemetry-text.ts";

export interface ReadLines {
  /** Telemetry lines. */
  lines: number;
  broken: number;
  empty: number;
  /** Telemetry lines that are older than `sinceMs`. */
  before: number;
  bytes: number;
}

export interface ReadOptions {
  onLine: (line: TelemetryLine) => void;
  /** Older lines (milliseconds since 1970) are only counted. */
  sinceMs?: number | undefined;
  /** Reads only this much of the end of a longer file; the half line at the start counts as broken. */
  tailBytes?: number | undefined;
  /** Stops the reading early. */
  signal?: AbortSignal | undefined;
}

const LINE_CHARS_MAX = 1 << 20;
const CHUNK_BYTES = 1 << 18;
const TAIL_BYTES = 1 << 18;
/** Where the server's own lines have their timestamp, so that most lines before `sinceMs` need not be parsed. */
const TIMESTAMP = /^\{"v":1,"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/;
const STDIN = "-";

/** Throws WowsimError("file_unreadable"). */
export async function readLines(path: string, options: ReadOptions): Promise<ReadLines> {
  const stream = new LineStream(path, options);
  try {
    while (await stream.read());
  } finally {
    await stream.close();
  }
  return stream.counts;
}

/** A file that is read in parts, and then closed, for whoever reads several at once. */
export class LineStream {
  readonly path: string;
  readonly #options: ReadOptions;
  readonly #splitter: LineSplitter;
  readonly #chunks: AsyncGenerator<Uint8Array>;

  constructor(path: string, options: ReadOptions) {
    this.path = path;
    this.#options = options;
    this.#splitter = new LineSplitter(options);
    this.#chunks = chunksOf(path, options.tailBytes);
  }

  get counts(): ReadLines {
    return this.#splitter.counts;
  }

  /** Reads the next part, which may have no line; false: it was the last one. Throws WowsimError("file_unreadable"). */
  async read(): Promise<boolean> {
    try {
      const next = this.#options.signal?.aborted === true ? null : await this.#chunks.next();
      if (next !== null && next.done !== true) {
        this.#splitter.take(next.value);
        return true;
      }
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
    this.#splitter.end();
    return false;
  }

  /** Call it at the end, also after an error. */
  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/** Time of the last telemetry line of a file; NaN when there is none. Throws WowsimError("file_unreadable"). */
export async function lastTimeOf(path: string): Promise<number> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const buffer = Buffer.alloc(size - from);
    await file.read(buffer, 0, buffer.length, from);
    const last = buffer
      .toString("utf8")
      .split("\n")
      .findLast((text) => parseLine(text) !== null);
    return Date.parse(parseLine(last ?? "")?.timestamp ?? "");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

class LineSplitter {
  readonly #options: ReadOptions;
  readonly #decoder = new TextDecoder();
  readonly counts: ReadLines = { lines: 0, broken: 0, empty: 0, before: 0, bytes: 0 };
  readonly #since: string | null;
  /** The text after the last newline. */
  #rest = "";
  /** The current line is too long: it is dropped up to its newline. */
  #isSkipping = false;

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#since = options.sinceMs === undefined ? null : new Date(options.sinceMs).toISOString();
  }

  take(chunk: Uint8Array): void {
    this.counts.bytes += chunk.length;
    this.#text(this.#decoder.decode(chunk, { stream: true }));
  }

  end(): void {
    this.#text(this.#decoder.decode());
    if (this.#rest !== "" && !this.#isSkipping) this.#line(this.#rest);
    this.#rest = "";
  }

  #text(text: string): void {
    const parts = text.split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      const whole = this.#rest === "" ? part : this.#rest + part;
      this.#rest = "";
      if (this.#isSkipping) this.#isSkipping = false;
      else this.#line(whole);
    }
    if (this.#isSkipping) return;
    this.#rest += last;
    if (this.#rest.length <= LINE_CHARS_MAX) return;
    this.counts.broken++;
    this.#rest = "";
    this.#isSkipping = true;
  }

  #line(text: string): void {
    if (text === "" || text === "\r") {
      this.counts.empty++;
      return;
    }
    if (this.#since !== null && this.#isBefore(text, this.#since)) {
      this.counts.before++;
      return;
    }
    const line = parseLine(text);
    if (line === null) {
      this.counts.broken++;
      return;
    }
    if (this.#options.sinceMs !== undefined && Date.parse(line.timestamp) < this.#options.sinceMs) {
      this.counts.before++;
      return;
    }
    this.counts.lines++;
    this.#options.onLine(line);
  }

  #isBefore(text: string, since: string): boolean {
    const timestamp = TIMESTAMP.exec(text)?.[1];
    return timestamp !== undefined && timestamp < since;
  }
}

async function* chunksOf(path: string, tailBytes: number | undefined): AsyncGenerator<Uint8Array> {
  if (path === STDIN) {
    yield* Bun.stdin.stream();
    return;
  }
  await using file = await open(path);
  const buffer = Buffer.alloc(CHUNK_BYTES);
  // Null: read from the current position, because a pipe has no other.
  let position = tailBytes === undefined ? null : Math.max(0, (await file.stat()).size - tailBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    if (position !== null) position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function unreadable(path: string, cause: unknown): WowsimError {
  const what = path === STDIN ? "stdin" : path;
  const message = `${what} can not be read (${messageOf(cause)}); give a telemetry file, or - for stdin.`;
  return new WowsimError("file_unreadable", message, { cause });
}
