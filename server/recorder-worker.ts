// The recorder thread. It owns the telemetry file. It polls the rings of all threads (recorder/recorder.ts) until it receives
// `stop`, and then writes the remaining lines.

import { messageOf, WowsimError } from "./protocol/errors.ts";
import { FullCollection } from "./shared/full-collection.ts";
import { STDOUT } from "./store/data-dir.ts";
import { LineAppender } from "./recorder/line-appender.ts";
import type { AppendFile } from "./store/append-file.ts";
import { inodeOf } from "./store/lock-file.ts";
import { RotatingFile } from "./store/rotating-file.ts";
import { StdoutFile } from "./recorder/stdout-file.ts";
import { TelemetryCounters } from "./shared/telemetry-counters.ts";
import { Recorder } from "./recorder/recorder.ts";
import type { FromTelemetryWorker, RecorderStart, ToRecorder } from "./shared/telemetry-messages.ts";
import { Ring } from "./shared/ring.ts";

declare const self: Worker;

const POLL_INTERVAL_MS = 25;
/** Error codes of a path at which the file can never be opened. Any other error (a full disk) may be temporary, and is retried. */
const WRONG_PATH_CODES = new Set([
  "EACCES",
  "EPERM",
  "EISDIR",
  "ENOENT",
  "ENOTDIR",
  "EEXIST",
  "EROFS",
  "ENAMETOOLONG",
  "ELOOP",
]);

let recorder: Recorder | null = null;
let poll: Timer | undefined;

self.addEventListener("message", async ({ data }: MessageEvent<ToRecorder>) => {
  if (data.type === "start") await start(data);
  else if (data.type === "ring") recorder?.replaceRing(data.producer, new Ring(data.ring));
  else {
    clearInterval(poll);
    await recorder?.stop(data.timeoutMs);
    answer({ type: "stopped" });
  }
});

const now = (): number => performance.now();

async function start(options: RecorderStart): Promise<void> {
  const { file: path, rotateBytes: bytesMax, filesMax, backlogBytesMax } = options;
  const checkLock = lockCheck(options);
  const file = path === STDOUT ? new StdoutFile() : new RotatingFile({ path, bytesMax, filesMax, now, checkLock });
  const problem = await openProblem(file, path);
  if (problem !== null) {
    answer({ type: "failed", code: problem.code, message: problem.message });
    return;
  }
  const started = new Recorder({
    rings: options.rings.map((buffer) => new Ring(buffer)),
    appender: new LineAppender(file, { backlogBytesMax }),
    feed: new Ring(options.feed),
    counters: new TelemetryCounters(options.counters),
    now: Date.now,
  });
  recorder = started;
  const collection = new FullCollection();
  poll = setInterval(() => {
    started.poll();
    collection.runWithin(POLL_INTERVAL_MS);
  }, POLL_INTERVAL_MS);
  answer({ type: "ready" });
}

/**
 * Checks that the lock file on disk is still the one that the main thread holds (main/server-locks.ts). Throws
 * WowsimError("lock_lost") when it is not.
 */
function lockCheck({ lock }: RecorderStart): (() => Promise<void>) | undefined {
  if (lock === null) return undefined;
  const held = new BigInt64Array(lock.inode);
  return async () => {
    if ((await inodeOf(lock.path)) === Number(Atomics.load(held, 0))) return;
    throw new WowsimError("lock_lost", `the lock ${lock.path} was removed, or another server holds it`);
  };
}

/** Why the file can never be written at this path; null when it can. */
async function openProblem(file: AppendFile, path: string): Promise<WowsimError | null> {
  try {
    await file.open();
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!WRONG_PATH_CODES.has(code)) return null;
    const message = `Cannot write telemetry to ${path} (${messageOf(error)}); choose another place with --data-dir or --telemetry-file.`;
    return new WowsimError("telemetry_file", message, { cause: error });
  }
}

function answer(message: FromTelemetryWorker): void {
  self.postMessage(message);
}
