// The crash report of a server process that ended, put together by its parent from what the process left behind: its exit code, its
// breadcrumbs, the end of its stderr and of its telemetry file.
//
//   const report = reportOf(end, { version, dataDir, crumbFile, restarts, now })      // server/protocol/crash-report.ts

import { busyFirst, replayCommands } from "../protocol/crash-report.ts";
import type { CrashReport } from "../protocol/crash-report.ts";
import type { Ending, Failure } from "../protocol/endings.ts";
import { doingOf } from "../shared/breadcrumb.ts";
import { readCrumbFile } from "../shared/crumb-file.ts";
import type { ChildEnd } from "./server-child.ts";

export interface ReportPlace {
  version: string;
  dataDir: string;
  crumbFile: string | undefined;
  restarts: number;
  at: Date;
}

/** The report, still without telemetry. Null when the server was stopped or refused to start. */
export function reportOf(end: ChildEnd, place: ReportPlace): CrashReport | null {
  const { ending } = end;
  if (!isFailure(ending)) return null;
  const { version, dataDir, crumbFile, restarts, at } = place;
  const left = crumbFile === undefined ? null : readCrumbFile(crumbFile);
  const doing = busyFirst((left?.crumbs ?? []).map(({ worker, ...crumb }) => doingOf(worker, crumb)));
  return {
    v: 1,
    at: at.toISOString(),
    ending,
    how: howOf(end),
    reason: end.reason,
    exit_code: end.exitCode,
    signal: end.signal,
    pid: end.pid,
    version,
    uptime_s: Math.round(end.lifeMs) / 1_000,
    restarts,
    doing,
    replay: replayCommands(doing, dataDir),
    counters: left?.counters ?? {},
    stderr: end.stderr,
    telemetry_file: end.ready?.telemetry_file ?? "",
    telemetry: [],
  };
}

/** How it ended, in words: "did not answer any more (ended by SIGKILL)". */
export function howOf({ exitCode, signal, silent }: ChildEnd): string {
  const ended = signal !== null ? `ended by ${signal}` : exitCode !== null ? `exit code ${exitCode}` : null;
  return silent === null ? (ended ?? "no exit code") : ended === null ? silent : `${silent} (${ended})`;
}

/** Endings that call for a report. */
export function isFailure(ending: Ending): ending is Failure {
  return ending === "crash" || ending === "disk" || ending === "watchdog";
}
