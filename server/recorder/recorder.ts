// The recorder: takes the lines of all threads out of their rings, writes them to the file, and passes them to the feed
// when it has subscribers.
//
//   ring of worker 2 ────┐
//   ring of worker 1 ────┼─► poll(), every 25 ms ─► LineAppender ─► telemetry.jsonl
//   ring of main ────────┘                     └──► feed ring ────► UDP, if there are subscribers
//
// A poll never waits, so the rings stay empty however slow the disk is. Lines that the disk can not take in time
// are lost, counted, and reported to both sinks as lines of the recorder itself: the reports in a sink add up to the lines that
// it lacks. Lines of different threads are at most one poll interval out of time order; lines of
// the main thread come last in a poll, so that its final line is the last one of all.

import type { LineAppender, WriteFailure } from "./line-appender.ts";
import type { Ring } from "../shared/ring.ts";
import type { TelemetryCounters } from "../shared/telemetry-counters.ts";
import { isErrorLine, LineEncoder } from "../shared/telemetry-ring-line.ts";
import type { LineKind } from "../shared/telemetry-ring-line.ts";

const REPORT_INTERVAL_MS = 1000;
/** A write that takes longer counts as hanging: a network disk that is gone does not fail, it does not answer. */
const HANG_MS = 3_000;
/** Polls that a hanging write must last too: after a pause of the process the write may have ended without a poll that noticed it. */
const HANG_POLLS_MIN = 20;
/** Milliseconds between reports: two writers of one file notice each other at every write. */
const CHANGE_REPORT_INTERVAL_MS = 10_000;
/** Milliseconds between error lines about a file that keeps failing: too few errors to make the server critical by themselves. */
const FAILING_REPORT_INTERVAL_MS = 10_000;

export interface RecorderParts {
  rings: Ring[];
  appender: LineAppender;
  /** The recorder is its writer. */
  feed: Ring;
  counters: TelemetryCounters;
  /** Wall time in milliseconds since 1970. */
  now: () => number;
}

/** Lines that a sink lacks and that are not yet reported. */
interface Missing {
  count: number;
  sinceMs: number;
}

export class Recorder {
  readonly #parts: RecorderParts;
  readonly #lines = new LineEncoder();
  readonly #linesLostKind = this.#lines.kind("health", "telemetry", "Lines lost");
  readonly #failingKind = this.#lines.kind("error", "telemetry", "Telemetry file not written");
  readonly #changedKind = this.#lines.kind("health", "telemetry", "Telemetry file changed by somebody else");
  readonly #recoveredKind = this.#lines.kind("health", "telemetry", "Telemetry file written again");
  readonly #missing: Record<"file" | "feed", Missing> = {
    file: { count: 0, sinceMs: 0 },
    feed: { count: 0, sinceMs: 0 },
  };
  #attemptSeen: { attempt: number; sinceMs: number; polls: number } | null = null;
  #failuresSeen = 0;
  #rotationsSeen = 0;
  #changesSeen = 0;
  #writtenSeen = 0;
  #failingSinceMs: number | null = null;
  #failingReportedAtMs = 0;
  #reportedAtMs = 0;
  #changeReportedAtMs = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Takes the lines that are in the rings now, starts writing them, and reports losses and failures. Returns the number of lines. */
  poll(): number {
    const { rings, feed, appender } = this.#parts;
    const relays = this.#parts.counters.get("subscribers") > 0;
    let count = 0;
    for (const ring of rings.toReversed()) {
      const { bytes } = ring;
      count += ring.drain((offset, length) => {
        if (isErrorLine(bytes, offset)) this.#parts.counters.add("errorLines", 1);
        this.#toFile(bytes, offset, length);
        if (relays) this.#toFeed(bytes, offset, length);
      });
    }
    this.#report(relays);
    appender.write();
    if (relays) {
      feed.commit();
      feed.wake();
    }
    return count;
  }

  /** A producer uses another ring from now on; the lines in its previous ring are taken first. */
  replaceRing(producer: number, ring: Ring): void {
    this.poll();
    this.#parts.rings[producer] = ring;
  }

  /** Takes the last lines, and waits up to `timeoutMs` for the disk. */
  async stop(timeoutMs: number): Promise<void> {
    this.poll();
    await this.#parts.appender.end(timeoutMs);
    this.#parts.counters.add("linesLost", this.#parts.appender.linesWaiting);
    this.#count();
  }

  #toFile(bytes: Uint8Array, offset: number, length: number): void {
    if (this.#parts.appender.append(bytes, offset, length)) return;
    this.#parts.counters.add("linesLost", 1);
    this.#miss("file");
  }

  #toFeed(bytes: Uint8Array, offset: number, length: number): void {
    const { feed, counters } = this.#parts;
    const at = feed.reserve(length);
    if (at < 0) {
      counters.add("linesUnrelayed", 1);
      this.#miss("feed");
      return;
    }
    feed.bytes.set(bytes.subarray(offset, offset + length), at);
    counters.add("linesRelayed", 1);
  }

  #miss(sink: "file" | "feed"): void {
    const missing = this.#missing[sink];
    if (missing.count++ === 0) missing.sinceMs = this.#parts.now();
  }

  #count(): void {
    const { appender, counters } = this.#parts;
    counters.add("linesWritten", appender.linesWritten - this.#writtenSeen);
    this.#writtenSeen = appender.linesWritten;
    const failures = appender.failures + appender.file.rotationFailures;
    counters.add("fileErrors", failures - this.#failuresSeen);
    this.#failuresSeen = failures;
    counters.add("fileRotations", appender.file.rotations - this.#rotationsSeen);
    this.#rotationsSeen = appender.file.rotations;
    counters.set("fileBytes", appender.file.bytes);
    counters.set("fileFailing", appender.failure === null && this.#failingSinceMs === null ? 0 : 1);
    counters.set("backlogBytes", appender.backlogBytes);
  }

  #report(relays: boolean): void {
    const nowMs = this.#parts.now();
    this.#reportFile(this.#parts.appender.failure ?? this.#hang(nowMs), nowMs, relays);
    this.#count();
    this.#reportChange(nowMs, relays);
    if (Math.abs(nowMs - this.#reportedAtMs) < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = nowMs;
    this.#reportMissing("file", nowMs);
    if (relays) this.#reportMissing("feed", nowMs);
    else this.#missing.feed.count = 0;
  }

  /** Reports when the file begins to fail, that it still fails, and when it works again. */
  #reportFile(failure: WriteFailure | null, nowMs: number, relays: boolean): void {
    const { backlogBytes } = this.#parts.appender;
    if (failure !== null) {
      this.#failingSinceMs ??= nowMs;
      const dueMs = this.#failingReportedAtMs + FAILING_REPORT_INTERVAL_MS;
      if (nowMs < dueMs && nowMs >= this.#failingReportedAtMs) return;
      this.#failingReportedAtMs = nowMs;
      const since = this.#lines.timestamp(this.#failingSinceMs);
      const { error, attempts } = failure;
      const data = { error, attempts, since, backlog_bytes: backlogBytes, lines_lost: this.#missing.file.count };
      this.#say(this.#failingKind, data, relays);
    } else if (this.#failingSinceMs !== null) {
      const failingMs = nowMs - this.#failingSinceMs;
      this.#failingSinceMs = null;
      this.#say(this.#recoveredKind, { failing_ms: failingMs, lines_lost: this.#missing.file.count }, relays);
    }
  }

  /** A failure for a write that neither succeeds nor fails; null when there is none. */
  #hang(nowMs: number): WriteFailure | null {
    const { attempt } = this.#parts.appender;
    if (attempt === null) this.#attemptSeen = null;
    else if (this.#attemptSeen?.attempt !== attempt) this.#attemptSeen = { attempt, sinceMs: nowMs, polls: 0 };
    const seen = this.#attemptSeen;
    if (seen === null || nowMs - seen.sinceMs < HANG_MS || ++seen.polls < HANG_POLLS_MIN) return null;
    return { error: `a write has not ended for ${Math.round((nowMs - seen.sinceMs) / 1_000)} s`, attempts: 1 };
  }

  /** Reports what another program did to the file; writing continues at its end, or in a new file. */
  #reportChange(nowMs: number, relays: boolean): void {
    const { changes, lastChange } = this.#parts.appender.file;
    if (changes === this.#changesSeen) return;
    const isDue = Math.abs(nowMs - this.#changeReportedAtMs) >= CHANGE_REPORT_INTERVAL_MS;
    if (lastChange === "written" && !isDue) return;
    this.#changesSeen = changes;
    this.#changeReportedAtMs = nowMs;
    this.#say(this.#changedKind, { change: lastChange, changes }, relays);
  }

  /** Reports to each sink the lines that it lacks; a report that does not fit is kept for the next poll. */
  #reportMissing(sink: "file" | "feed", nowMs: number): void {
    const missing = this.#missing[sink];
    if (missing.count === 0 || (sink === "file" && this.#failingSinceMs !== null)) return;
    const since = this.#lines.timestamp(missing.sinceMs);
    const data = { source: "recorder", where: sink, count: missing.count, since };
    const length = this.#lines.encode(this.#linesLostKind, data, nowMs);
    if (sink === "file") {
      if (!this.#parts.appender.append(this.#lines.bytes, 0, length)) return;
    } else if (!this.#parts.feed.append(this.#lines.bytes.subarray(0, length))) return;
    missing.count = 0;
    missing.sinceMs = nowMs;
  }

  #say(kind: LineKind, data: Record<string, unknown>, relays: boolean): void {
    const length = this.#lines.encode(kind, data, this.#parts.now());
    if (kind.type === "error") this.#parts.counters.add("errorLines", 1);
    this.#toFile(this.#lines.bytes, 0, length);
    if (relays) this.#toFeed(this.#lines.bytes, 0, length);
  }
}
