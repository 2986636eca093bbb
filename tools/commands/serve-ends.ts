// The ways in which `wowsim serve` ends: a signal, the end of stdin, a thread that can not be ended, an error that nobody caught.
//
//   const reason = await Promise.race([nextSignal(), untilParentIsGone(folders), mustRestart.promise])
//   catchCrashes({ dataDir, keep, server })      // an uncaught error leaves a crash report, and ends the process with 70

import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { version } from "../../package.json";
import { busyFirst, replayCommands } from "../../server/protocol/crash-report.ts";
import type { WorkerDoing } from "../../server/protocol/crash-report.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { ownedFolder } from "../../server/protocol/owned-folder.ts";
import type { KeepCrashReport, RunningServer } from "../../server/protocol/server-options.ts";
import type { StopSignal } from "../../server/protocol/supervision.ts";
import { EXIT, fail, note } from "../ui/output.ts";
import { parentGone } from "../ui/parent.ts";

/** An orderly stop takes less than this. */
const STOP_MS_MAX = 2_500;
/** How long the last telemetry and the crash report may take: a disk that hangs must not keep the process. */
const LAST_WORDS_MS_MAX = 3_000;

/** Resolves at the first SIGINT or SIGTERM. A second one, if the stop hangs, ends the process at once. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let seen = false;
    onSignals((signal) => {
      if (seen) process.exit(EXIT.interrupted);
      seen = true;
      resolve(signal);
    });
  });
}

/** Calls back at every SIGINT and SIGTERM. */
export function onSignals(listener: (signal: StopSignal) => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => listener(signal));
}

/** The parent process is gone: if the stop hangs, this process ends anyway. It removes what the parent would have removed. */
export async function untilParentIsGone(folders: readonly string[] = []): Promise<string> {
  await parentGone();
  for (const folder of folders) removeAtExit(folder);
  setTimeout(() => process.exit(EXIT.degraded), STOP_MS_MAX).unref();
  return "stdin has ended";
}

/** A temporary folder for the data. Those of servers that were killed are removed. */
export function scratchFolder(): string {
  return ownedFolder(tmpdir(), "wowsim-scratch-");
}

export function removeAtExit(folder: string): void {
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}

export interface CrashOptions {
  dataDir: string;
  /** Null when the parent writes the report. */
  keep: KeepCrashReport | null;
  /** The server; null before it runs. */
  server(): Pick<RunningServer, "doing" | "crashing"> | null;
  telemetryFile: string;
  /** Tells the parent, where there is one. */
  onCrash(reason: string): void;
}

/** From now on an error that nobody caught is told on stderr, leaves a report, and ends the process. */
export function catchCrashes(options: CrashOptions): void {
  let isEnding = false;
  const onError = async (error: unknown): Promise<void> => {
    // What fails because of the first error tells nothing new.
    if (isEnding) return;
    isEnding = true;
    const reason = Bun.inspect(error, { colors: false });
    fail(new WowsimError("crash", reason), EXIT.crash);
    options.onCrash(firstLine(reason));
    await Promise.race([lastWords(reason, options), Bun.sleep(LAST_WORDS_MS_MAX)]);
    process.exit(EXIT.crash);
  };
  process.on("uncaughtException", (error) => void onError(error));
  process.on("unhandledRejection", (error) => void onError(error));
}

async function lastWords(reason: string, options: CrashOptions): Promise<void> {
  const { server, keep } = options;
  const doing = server()?.doing() ?? [];
  try {
    await server()?.crashing(firstLine(reason));
  } catch (error) {
    note(`the last telemetry could not be written: ${messageOf(error)}`);
  }
  if (keep !== null) await report(reason, keep, options, busyFirst(doing));
}

/** The message itself, without the source code that the runtime prints around it. */
function firstLine(reason: string): string {
  const lines = reason.split("\n");
  return lines.find((line) => /^(?:\w*[Ee]rror|error): /.test(line)) ?? lines[0] ?? "";
}

async function report(
  reason: string,
  keep: KeepCrashReport,
  { dataDir, telemetryFile }: CrashOptions,
  doing: readonly WorkerDoing[],
): Promise<void> {
  try {
    const path = await keep(dataDir, {
      v: 1,
      at: new Date().toISOString(),
      ending: "crash",
      how: "an error that was not caught",
      reason,
      exit_code: EXIT.crash,
      signal: null,
      pid: process.pid,
      version,
      uptime_s: Math.round(process.uptime() * 1_000) / 1_000,
      restarts: 0,
      doing: [...doing],
      replay: replayCommands(doing, dataDir),
      counters: {},
      stderr: [],
      telemetry_file: telemetryFile,
      telemetry: [],
    });
    note(`${path} tells more.`);
  } catch (error) {
    note(`the crash report could not be written: ${messageOf(error)}`);
  }
}
