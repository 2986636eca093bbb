// Reads several telemetry files as one: the lines of all of them by their time, in constant memory. Those of a rotation, or of all
// processes of a cluster.
//
//   const read = await readMerged(["telemetry.1.jsonl", "telemetry.jsonl"], { onLine: (line) => summary.take(line) })
//   read.total         // { lines: 26930, broken: 1, ... }
//   read.files         // [{ path: "telemetry.1.jsonl", read: { lines: 13466, ... } }, ...]
//
// Lines of one file keep their order, also where their times do not.

import { realpathSync } from "node:fs";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { LineStream } from "./line-stream.ts";
import type { ReadLines, ReadOptions } from "./line-stream.ts";

export interface ReadMerged {
  total: ReadLines;
  files: { path: string; read: ReadLines }[];
}

/** Throws WowsimError: file_unreadable; usage, when a file is given twice. */
export async function readMerged(paths: readonly string[], options: ReadOptions): Promise<ReadMerged> {
  assertOnce(paths);
  const sources = paths.map((path) => new Source(path, options));
  try {
    for (const source of sources) await source.fill();
    for (let oldest = oldestOf(sources); oldest !== null; oldest = oldestOf(sources)) {
      if (options.signal?.aborted === true) break;
      const line = oldest.take();
      if (line !== undefined) options.onLine(line);
      if (oldest.isEmpty) await oldest.fill();
    }
  } finally {
    for (const { stream } of sources) await stream.close();
  }
  const files = sources.map(({ stream }) => ({ path: stream.path, read: stream.counts }));
  return { total: totalOf(files.map(({ read }) => read)), files };
}

/** A file, with the lines of its newest part that are not handed out yet. */
class Source {
  readonly stream: LineStream;
  #lines: TelemetryLine[] = [];
  #next = 0;
  /** Time of the next line, in milliseconds since 1970. Infinity: there is none. */
  atMs = Number.POSITIVE_INFINITY;

  constructor(path: string, options: ReadOptions) {
    this.stream = new LineStream(path, { ...options, onLine: (line) => void this.#lines.push(line) });
  }

  get isEmpty(): boolean {
    return this.#next >= this.#lines.length;
  }

  take(): TelemetryLine | undefined {
    const line = this.#lines[this.#next++];
    this.#look();
    return line;
  }

  /** Reads on until there is a line, or to the end. */
  async fill(): Promise<void> {
    [this.#lines, this.#next] = [[], 0];
    while (this.isEmpty && (await this.stream.read()));
    this.#look();
  }

  #look(): void {
    const line = this.#lines[this.#next];
    this.atMs = line === undefined ? Number.POSITIVE_INFINITY : Date.parse(line.timestamp);
  }
}

/** Null when all are at their end. Of equal times the file that was named first. */
function oldestOf(sources: readonly Source[]): Source | null {
  let oldest: Source | null = null;
  for (const source of sources) {
    if (source.isEmpty) continue;
    if (oldest === null || source.atMs < oldest.atMs) oldest = source;
  }
  return oldest;
}

function assertOnce(paths: readonly string[]): void {
  const seen = new Set<string>();
  for (const path of paths) {
    const real = realOf(path);
    if (seen.has(real)) throw new WowsimError("usage", `${path} is given twice: its lines would count twice.`);
    seen.add(real);
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Stdin, or a file that can not be read, which its reader says.
    return path;
  }
}

function totalOf(reads: readonly ReadLines[]): ReadLines {
  const total: ReadLines = { lines: 0, broken: 0, empty: 0, before: 0, bytes: 0 };
  for (const read of reads) for (const key of Object.keys(total) as (keyof ReadLines)[]) total[key] += read[key];
  return total;
}
