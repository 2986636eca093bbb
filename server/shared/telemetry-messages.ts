// What the main thread and the two telemetry workers say to each other. Rare: start, stop, and the answers.
//
//   main → recorder  { type: "start", rings: [...], file: ".wowsim/telemetry.jsonl", ... }
//   main ← recorder  { type: "ready" }
//   main → recorder  { type: "ring", producer: 2, ring }      // that producer was replaced
//   main → recorder  { type: "stop", timeoutMs: 1000 }
//   main ← recorder  { type: "stopped" }

import type { FeedLimits } from "../protocol/limits.ts";

export interface RecorderStart {
  type: "start";
  /** One a producer. */
  rings: SharedArrayBuffer[];
  feed: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  file: string;
  rotateBytes: number;
  filesMax: number;
  backlogBytesMax: number;
  /** The file's lock and the inode it must have, as the main thread sees it; null for what needs none. */
  lock: { path: string; inode: SharedArrayBuffer } | null;
}

export interface FeedStart {
  type: "start";
  feed: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  host: string;
  port: number;
  /** What watchers have to show, if anything. */
  token?: string | undefined;
  limits?: Partial<FeedLimits> | undefined;
}

export interface StopRequest {
  type: "stop";
  timeoutMs: number;
}

/** From now on a producer's lines come through another ring. */
export interface NewRing {
  type: "ring";
  producer: number;
  ring: SharedArrayBuffer;
}

export type ToRecorder = RecorderStart | NewRing | StopRequest;
export type ToFeed = FeedStart | StopRequest;

export type FromTelemetryWorker =
  /** `port`: the feed's. */
  | { type: "ready"; port?: number }
  /** It could not start; `code` and `message` as in WowsimError. */
  | { type: "failed"; code: string; message: string }
  | { type: "stopped" };
