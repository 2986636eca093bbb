// What the gateway counts, exactly and since its start, and the two metric lines it emits once per second:
//
//   metric · gateway · Traffic     {"sessions":200,"messages":412,"bytes_in":41200,...}  counts are of the last second
//   metric · players · Round trip  {"input_to_frame_ms_p50":31.2,"input_to_frame_ms_p99":52.0,"samples":198}

import { createHistogram } from "node:perf_hooks";
import type { Emitter } from "../../protocol/telemetry-line.ts";

/** Totals since the start; they only rise. */
const TOTALS = [
  "accepted",
  "disconnected",
  "resumed",
  "messages",
  "bytesIn",
  "bytesOut",
  "malformed",
  "commands",
  /** Players' commands that were refused because the zone's ring was full or the zone was down. */
  "commandsRefused",
  "framesSent",
  /** Frames that were dropped for slow readers, and the events in them. */
  "framesDropped",
  "eventsDropped",
  /** Answers (pong, error, ...) that were dropped because a slow reader's outbox was full. */
  "repliesDropped",
  /** Frames for sessions that no longer exist or are in another zone. */
  "framesStale",
  /** Frames that could not be read: a bug in the kernel or the server. */
  "framesBad",
] as const;
type Total = (typeof TOTALS)[number];

/** Fields of the Traffic line other than the growth of the totals. */
export interface TrafficNow {
  sessions: number;
  connected: number;
  inWorld: number;
}

const US_PER_MS = 1_000;

export class GatewayCounters implements Record<Total, number> {
  accepted = 0;
  disconnected = 0;
  resumed = 0;
  messages = 0;
  bytesIn = 0;
  bytesOut = 0;
  malformed = 0;
  commands = 0;
  commandsRefused = 0;
  framesSent = 0;
  framesDropped = 0;
  eventsDropped = 0;
  repliesDropped = 0;
  framesStale = 0;
  framesBad = 0;
  /** Refusals by reason: limit names, "encoding", "held", "bad_token", ... */
  readonly refused = new Map<string, number>();
  /** The fullest outbox since the last Traffic line, in bytes. */
  outboxBytesMax = 0;
  readonly #said = new Map<Total, number>();
  #refusedSaid = new Map<string, number>();
  /** Microseconds from reading a command to writing the frame that acknowledges it, since the last line. */
  readonly #inputToFrameUs = createHistogram();
  /** Microseconds by which the main thread was late for its ticks since the last line: bytes in a socket wait as long. */
  readonly #loopLagUs = createHistogram();

  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  /** Records the time from reading a command to writing its acknowledgement, in milliseconds. */
  recordInputToFrame(ms: number): void {
    this.#inputToFrameUs.record(Math.max(1, Math.round(ms * US_PER_MS)));
  }

  recordLoopLag(ms: number): void {
    this.#loopLagUs.record(Math.max(1, Math.round(ms * US_PER_MS)));
  }

  /** Emits the two lines; `intervalMs` is the time since the last report. */
  report(emitter: Emitter, now: TrafficNow, intervalMs: number): void {
    emitter.emit("metric", "gateway", "Traffic", {
      interval_ms: Math.round(intervalMs),
      sessions: now.sessions,
      connected: now.connected,
      in_world: now.inWorld,
      messages: this.#growth("messages"),
      bytes_in: this.#growth("bytesIn"),
      bytes_out: this.#growth("bytesOut"),
      malformed: this.#growth("malformed"),
      refused_by_reason: this.#refusedGrowth(),
      accepted: this.#growth("accepted"),
      disconnected: this.#growth("disconnected"),
      resumed: this.#growth("resumed"),
      outbox_bytes_max: this.outboxBytesMax,
      commands: this.#growth("commands"),
      commands_refused: this.#growth("commandsRefused"),
      frames: this.#growth("framesSent"),
      frames_dropped: this.#growth("framesDropped"),
      events_dropped: this.#growth("eventsDropped"),
      replies_dropped: this.#growth("repliesDropped"),
      loop_lag_ms_p50: percentileMs(this.#loopLagUs, 50),
      loop_lag_ms_max: this.#loopLagUs.max / US_PER_MS,
    });
    this.outboxBytesMax = 0;
    this.#loopLagUs.reset();
    this.#reportRoundTrip(emitter);
  }

  #reportRoundTrip(emitter: Emitter): void {
    const samples = this.#inputToFrameUs.count;
    if (samples === 0) return;
    emitter.emit("metric", "players", "Round trip", {
      input_to_frame_ms_p50: percentileMs(this.#inputToFrameUs, 50),
      input_to_frame_ms_p99: percentileMs(this.#inputToFrameUs, 99),
      samples,
    });
    this.#inputToFrameUs.reset();
  }

  #growth(total: Total): number {
    const growth = this[total] - (this.#said.get(total) ?? 0);
    this.#said.set(total, this[total]);
    return growth;
  }

  #refusedGrowth(): Record<string, number> {
    const growth: Record<string, number> = {};
    for (const [reason, count] of this.refused) {
      const grown = count - (this.#refusedSaid.get(reason) ?? 0);
      if (grown > 0) growth[reason] = grown;
    }
    this.#refusedSaid = new Map(this.refused);
    return growth;
  }
}

/** A percentile is the upper end of a bucket, so it may be above the greatest value in the bucket. */
function percentileMs(us: ReturnType<typeof createHistogram>, percent: number): number {
  return Math.min(us.percentile(percent), us.max) / US_PER_MS;
}
