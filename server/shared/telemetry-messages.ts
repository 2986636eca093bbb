// The messages between the main thread and the two telemetry workers. They are rare: start, stop, and the answers.
//
//   main → recorder  { type: "start", rings: [...], file: ".wowsim/telemetry.jsonl", ... }
//   main ← recorder  { type: "ready" }
//   main → recorder  { type: "ring", producer: 2, ring }      // that producer was replaced
//   main → recorder  { type: "stop", timeoutMs: 1000 }
//   main ← recorder  { type: "stopped" }

import type { FeedLimits } from "../protocol/limits.ts";

export interface RecorderStart {
  type: "start";
  /** One per producer. */
  rings: SharedArrayBuffer[];
  feed: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  file: string;
  rotateBytes: number;
  filesMax: number;
  backlogBytesMax: number;
  /** The file's lock and the inode it must have, as the main thread sees it; null when no lock is needed. */
  lock: { path: string; inode: SharedArrayBuffer } | null;
}

export interface FeedStart {
  type: "start";
  feed: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  host: string;
  port: number;
  /** The token that watchers must send; default none. */
  token?: string | undefined;
  limits?: Partial<FeedLimits> | undefined;
}

export interface StopRequest {
  type: "stop";
  timeoutMs: number;
}

/** A producer's lines come through another ring from now on. */
export interface NewRing {
  type: "ring";
  producer: number;
  ring: SharedArrayBuffer;
}

export type ToRecorder = RecorderStart | NewRing | StopRequest;
export type ToFeed = FeedStart | StopRequest;

export type FromTelemetryWorker =
  /** `port`: the port of the feed. */
  | { type: "ready"; port?: number }
  /** The worker could not start; `code` and `message` as in WowsimError. */
  | { type: "failed"; code: string; message: string }
  | { type: "stopped" };
