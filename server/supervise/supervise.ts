// The parent of `wowsim serve --supervise`: starts the server as a child process, starts another when it dies or answers no more,
// and leaves a crash report for each that died. It does as little as possible, because nobody looks after it.
//
//   const exitCode = await supervise({ command: ["wowsim", "serve", "--with-parent"], dataDir, ... })
//
// server-child.ts is one server process; restart-plan.ts says whether and when the next one starts. A later server gets the ports
// of the first one, so that clients find it again.

import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ENDING_CODE } from "../protocol/endings.ts";
import type { CrashReport } from "../protocol/crash-report.ts";
import { messageOf } from "../protocol/errors.ts";
import { ownedFolder } from "../protocol/owned-folder.ts";
import { SUPERVISED } from "../protocol/supervision.ts";
import type { ReadyMessage, StopSignal, SuperviseOptions, Supervised } from "../protocol/supervision.ts";
import { clearCrumbFile, createCrumbFile } from "../shared/crumb-file.ts";
import { keepCrashReport } from "../store/crash-reports.ts";
import { howOf, isFailure, reportOf } from "./report.ts";
import { RestartPlan } from "./restart-plan.ts";
import { notStarted, ServerChild } from "./server-child.ts";
import type { ChildEnd, ServerChildOptions } from "./server-child.ts";

/** A file system in memory, where the system has one. */
const MEMORY = "/dev/shm";
/** A server that gets a second signal ends at once; one that does not is ended after this time. */
const AT_ONCE_MS = 500;
/** How long a report may take: a disk that hangs must not keep the parent. */
const REPORT_MS_MAX = 5_000;
const INTERRUPTED = 130;

/** Runs until the server is stopped or can not be kept running; resolves with the exit code. */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const crumbFile = newCrumbFile();
  // Also when this process ends at once.
  process.on("exit", () => {
    if (crumbFile !== undefined) rmSync(dirname(crumbFile), { recursive: true, force: true });
    if (options.isScratch) rmSync(options.dataDir, { recursive: true, force: true });
  });
  return await new Parent(options, crumbFile).run();
}

class Parent {
  readonly #options: SuperviseOptions;
  readonly #crumbFile: string | undefined;
  readonly #plan = new RestartPlan();
  readonly #stop = Promise.withResolvers<void>();
  #ports: Pick<ReadyMessage, "game" | "control" | "http" | "telemetry"> | null = null;
  #child: ServerChild | null = null;
  #signals = 0;
  #restarts = 0;
  #report: Promise<string | null> = Promise.resolve(null);

  constructor(options: SuperviseOptions, crumbFile: string | undefined) {
    this.#options = options;
    this.#crumbFile = crumbFile;
    options.onStop((signal) => this.#onSignal(signal));
  }

  async run(): Promise<number> {
    for (;;) {
      const end = await this.#live();
      const at = new Date();
      const { version, dataDir } = this.#options;
      const place = { version, dataDir, crumbFile: this.#crumbFile, restarts: this.#restarts, at };
      // Read at once: the next server writes to the same breadcrumbs.
      const report = reportOf(end, place);
      // A second signal has ended it.
      if (this.#signals > 1) return INTERRUPTED;
      // A server that had not yet come to handle a signal ended by it: that is what was asked for.
      if (this.#signals > 0 && (end.signal === "SIGINT" || end.signal === "SIGTERM")) return 0;
      const isFirst = this.#ports === null;
      const step = this.#plan.after({ ending: end.ending, lifeMs: end.lifeMs, isFirst, code: end.code });
      const isAgain = step.restart && this.#signals === 0;
      this.#report = report === null ? Promise.resolve(null) : this.#keep(report);
      this.#tell(end, at, isAgain && step.restart ? step.delayMs : null);
      if (isAgain && step.restart) {
        await Promise.race([Bun.sleep(step.delayMs), this.#stop.promise]);
        if (this.#signals === 0) {
          this.#restarts++;
          continue;
        }
      }
      await this.#report;
      if (!step.restart && step.why !== null)
        this.#options.onEvent({
          event: "gave_up",
          text: `wowsim serve gave up: ${step.why}`,
          restarts: this.#restarts,
        });
      return codeOf(end);
    }
  }

  /** One server from its start to its end. */
  async #live(): Promise<ChildEnd> {
    const { command, env, host, token, onReady, onEvent, onStderr } = this.#options;
    if (this.#crumbFile !== undefined) clear(this.#crumbFile);
    const child = this.#start({
      // Only the first server begins a new world.
      command: [...command.filter((arg) => arg !== "--fresh" || this.#restarts === 0), ...this.#portFlags()],
      env: { ...env, [SUPERVISED]: JSON.stringify(this.#told()) },
      host,
      token,
      onReady: (ready, pid) => {
        const { game, control, http, telemetry } = ready;
        this.#ports = { game, control, http, telemetry };
        onReady(ready, pid, this.#restarts);
      },
      onStderr,
      onSilent: (why, pid) =>
        onEvent({ event: "server_silent", text: `the server (pid ${pid}) ${why}: it is ended`, pid }),
    });
    if (typeof child === "string") return notStarted(child);
    this.#child = child;
    const end = await child.ended;
    this.#child = null;
    return end;
  }

  /** The process, or why it can not be started: the machine has no memory, or no place for a process. */
  #start(options: ServerChildOptions): ServerChild | string {
    try {
      return new ServerChild(options);
    } catch (error) {
      return messageOf(error);
    }
  }

  #told(): Supervised {
    const scratch = this.#options.isScratch ? { scratch: this.#options.dataDir } : {};
    return { ...scratch, ...(this.#crumbFile === undefined ? {} : { crumbFile: this.#crumbFile }) };
  }

  /** The last of equal flags counts. */
  #portFlags(): string[] {
    if (this.#ports === null) return [];
    const { game, control, http, telemetry } = this.#ports;
    const flags = { "--port": game, "--control-port": control, "--http-port": http, "--telemetry-port": telemetry };
    return Object.entries(flags).flatMap(([flag, port]) => [flag, String(port)]);
  }

  #onSignal(signal: StopSignal): void {
    this.#signals++;
    this.#stop.resolve();
    this.#child?.ask(signal, ...(this.#signals > 1 ? [AT_ONCE_MS] : []));
  }

  /** The report's path; null when it could not be written (in time), which is told. */
  async #keep(report: CrashReport): Promise<string | null> {
    const late = Bun.sleep(REPORT_MS_MAX).then(() => {
      throw new Error(`it took more than ${REPORT_MS_MAX / 1_000} s`);
    });
    try {
      return await Promise.race([keepCrashReport(this.#options.dataDir, report), late]);
    } catch (error) {
      this.#options.onStderr(Buffer.from(`wowsim: the crash report could not be written: ${messageOf(error)}\n`));
      return null;
    } finally {
      late.catch(() => {});
    }
  }

  /** Tells what happened, once the report is written. A start that was refused has told why on stderr, and leaves none. */
  #tell(end: ChildEnd, at: Date, delayMs: number | null): void {
    const { ending, reason, exitCode: exit_code, signal, pid } = end;
    if (delayMs === null && !isFailure(ending)) return;
    const how = howOf(end);
    const uptime_s = Math.round(end.lifeMs) / 1_000;
    const again = delayMs === null ? "" : `; it is started again${delayMs === 0 ? "" : ` in ${delayMs / 1_000} s`}`;
    const text = `the server (pid ${pid}, up ${Math.round(uptime_s)} s) is gone: ${how}${again}.`;
    const fields = {
      at: at.toISOString(),
      pid,
      ending,
      how,
      reason,
      exit_code,
      signal,
      uptime_s,
      restart_in_ms: delayMs,
    };
    void this.#report.then((path) => {
      const more = [reason, path === null ? null : `${path} tells more.`].filter((part) => part !== null);
      this.#options.onEvent({ event: "server_ended", ...fields, report: path, text: [text, ...more].join(" ") });
    });
  }
}

function codeOf({ ending, exitCode }: ChildEnd): number {
  if (ending === "stopped" || ending === "refused") return exitCode ?? 0;
  return ENDING_CODE[ending];
}

/** A file for the breadcrumbs, in memory; undefined where the system has no such place, or it is full. */
function newCrumbFile(): string | undefined {
  try {
    const path = join(ownedFolder(MEMORY, "wowsim-crumbs-"), "breadcrumbs");
    createCrumbFile(path);
    return path;
  } catch {
    // Crash reports then say nothing of the workers.
    return undefined;
  }
}

function clear(path: string): void {
  try {
    clearCrumbFile(path);
  } catch {
    // Somebody removed it: the server maps nothing then, and reports say nothing of the workers.
  }
}
