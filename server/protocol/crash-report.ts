// What is known of a server process that died: one JSON file in <data-dir>/crashes, which docs/SUPERVISION.md explains.
//
//   { "v": 1, "at": "2026-01-01T00:00:00.050Z", "ending": "crash", "how": "ended by SIGKILL", "uptime_s": 812.4, "pid": 4711,
//     "doing": [{ "worker": 1, "zone_id": 1, "tick": 16240, "stage": "kernel", "doing": "in tick 16240 of zone 1, in the kernel" }],
//     "replay": ["wowsim replay --data-dir /srv/.wowsim --zone 1 --to 16240"], ... }

import type { Failure } from "./endings.ts";
import type { TelemetryLine } from "./telemetry-line.ts";

/** What a zone worker was at. */
export interface WorkerDoing {
  /** Counted from 1, as in telemetry. */
  worker: number;
  /** The zone and tick it was in, or came from; 0 before the first tick. */
  zone_id: number;
  tick: number;
  stage: string;
  /** The phase of the kernel and what it handled, where that is known: a kernel notes it during a long run. */
  phase?: string;
  op?: number | null;
  session_id?: number;
  entity?: number;
  spell?: number;
  /** The same in words. */
  doing: string;
}

export interface CrashReport {
  v: 1;
  /** When the end was noticed: ISO 8601, UTC. */
  at: string;
  ending: Failure;
  /** In words: "ended by SIGKILL", "stopped answering; SIGKILL ended it", "exit code 70". */
  how: string;
  /** What the process itself said about it; null when it said nothing. */
  reason: string | null;
  exit_code: number | null;
  signal: string | null;
  pid: number;
  version: string;
  uptime_s: number;
  /** How often the server had been restarted before; 0 without --supervise. */
  restarts: number;
  /** The busy workers first; empty when the system keeps no breadcrumbs (docs/SUPERVISION.md). */
  doing: WorkerDoing[];
  /** Commands that show the last ticks of the zones that were in work, or of all. */
  replay: string[];
  /** Numbers of the process as of its last 50 ms. */
  counters: Record<string, number>;
  /** The end of what the process said on stderr. */
  stderr: string[];
  telemetry_file: string;
  /** The last lines of telemetry that are no metrics, oldest first. */
  telemetry: TelemetryLine[];
}

/** Workers that were at something come before those that waited. */
export function busyFirst(doing: readonly WorkerDoing[]): WorkerDoing[] {
  return [...doing.filter(isBusy), ...doing.filter((worker) => !isBusy(worker))];
}

/** The commands that show what the busy workers were at; those of all workers when none was busy. */
export function replayCommands(doing: readonly WorkerDoing[], dataDir: string): string[] {
  const busy = doing.some(isBusy) ? doing.filter(isBusy) : doing;
  return busy
    .filter(({ zone_id }) => zone_id > 0)
    .map(({ zone_id, tick }) => `wowsim replay --data-dir ${quoted(dataDir)} --zone ${zone_id} --to ${tick}`);
}

function isBusy({ stage }: WorkerDoing): boolean {
  return stage !== "waiting";
}

/** A path as one word of a shell. */
function quoted(path: string): string {
  return /^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
