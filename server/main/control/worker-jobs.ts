// Jobs for an uploaded module that take seconds to hours: one of a kind at a time, each in a short-lived worker, bounded in time.
//
//   const job = jobs.start({ hash, newWorker, begin: (worker) => worker.postMessage(...), ... })
//   jobs.status(job)      // { job: 1, hash: "9f3c…", state: "running", share: 0.4, doing: "zone 1, tick 812", report: null, error: null }
//
// Nobody who asks for its status for a while lets it go on: a tool that died does not leave a thread at work. What follows from the
// result is for the tool that asked.

import { assert } from "../../protocol/assert.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";

export interface JobLimits {
  /** Longest job; null: no limit. */
  msMax: number | null;
  /** Longest time in which nobody asks for its status. */
  silenceMsMax: number;
  /** Time that a worker has to end by itself, so that it closes the journal. */
  graceMsMax: number;
}

export interface JobStatus<Report> {
  job: number;
  hash: string;
  /** Failed: there is no report, and `error` says why. */
  state: "running" | "done" | "failed";
  /** 0 to 1. */
  share: number;
  doing: string;
  report: Report | null;
  error: { code: string; message: string } | null;
}

/** What a worker says. */
export type FromJob<Report> =
  | { type: "progress"; share: number; doing: string }
  /** What is known so far. */
  | { type: "report"; report: Report }
  | { type: "done"; report: Report; isWhole?: boolean }
  | { type: "failed"; code: string; message: string };

/** What messages call a job of this kind, and the commands for it. */
export interface JobWords {
  /** "validation": code no_such_validation. */
  noun: string;
  /** "is being validated". */
  doing: string;
  start: string;
  abort: string;
  /** Code when it takes too long. */
  tooLong: string;
}

interface Running<Report> {
  worker: Worker;
  status: JobStatus<Report>;
  /** Why it was ended early. */
  ended: { code: string; message: string } | null;
  silence: Timer | null;
  timers: Timer[];
  settled: (status: JobStatus<Report>) => void;
}

export interface WorkerJobsOptions<Report> {
  newWorker: WorkerFactory;
  words: JobWords;
  limits: JobLimits;
  /** Whether the report of a job that was ended early is a result; else the job has failed. */
  isResult: (report: Report) => boolean;
}

/** Finished jobs of which the result is kept. */
const KEPT_MAX = 8;

export class WorkerJobs<Report> {
  readonly #options: WorkerJobsOptions<Report>;
  readonly #kept = new Map<number, JobStatus<Report>>();
  #running: Running<Report> | null = null;
  #last = 0;

  constructor(options: WorkerJobsOptions<Report>) {
    this.#options = options;
  }

  /** The job that runs now; null: none does. */
  get running(): JobStatus<Report> | null {
    return this.#running?.status ?? null;
  }

  /** Throws WowsimError("deploy_busy") when another job of this kind is under way. */
  checkFree(): void {
    if (this.#running === null) return;
    const { noun, doing, abort } = this.#options.words;
    const { hash, job } = this.#running.status;
    throw new WowsimError("deploy_busy", `Module ${hash} ${doing} (${noun} ${job}); wait, or send ${abort}.`);
  }

  /** Its number. `begin`: the worker's first message. `settled`: hears the result once. Throws WowsimError("deploy_busy"). */
  start(hash: string, begin: unknown, settled: (status: JobStatus<Report>) => void): number {
    this.checkFree();
    const { newWorker, limits, words } = this.#options;
    const worker = newWorker();
    const job = ++this.#last;
    const status: JobStatus<Report> = { job, hash, state: "running", share: 0, doing: "", report: null, error: null };
    const running: Running<Report> = { worker, status, ended: null, silence: null, timers: [], settled };
    this.#running = running;
    worker.addEventListener("message", ({ data }: MessageEvent<FromJob<Report>>) => this.#heard(running, data));
    worker.addEventListener("error", ({ message }) => this.#settle(running, null, { code: "thread_failed", message }));
    const { msMax } = limits;
    if (msMax !== null)
      running.timers.push(this.#after(running, msMax, words.tooLong, `It was ended after ${msMax / 1_000} s.`));
    this.#expectQuestions(running);
    worker.postMessage(begin);
    return job;
  }

  /** Tells the worker of the running job. */
  post(message: unknown): void {
    this.#running?.worker.postMessage(message);
  }

  /** Throws WowsimError("no_such_..."). */
  status(job: number): JobStatus<Report> {
    const running = this.#running;
    if (running?.status.job === job) {
      this.#expectQuestions(running);
      return running.status;
    }
    const kept = this.#kept.get(job);
    if (kept !== undefined) return kept;
    const { noun, start } = this.#options.words;
    throw new WowsimError(`no_such_${noun}`, `There is no ${noun} ${job}; start one with ${start}.`);
  }

  /** Throws WowsimError("no_such_..."). What has ended stays as it is. */
  abort(job: number): JobStatus<Report> {
    const status = this.status(job);
    if (this.#running?.status === status) this.#end(this.#running, "aborted", "It was aborted.");
    return status;
  }

  /** Ends the job that runs now, if there is one. */
  abortRunning(message: string): void {
    if (this.#running !== null) this.#end(this.#running, "aborted", message);
  }

  /** The server ends: nobody waits for the result. */
  stop(): void {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    clear(running);
    running.worker.terminate();
  }

  #heard(running: Running<Report>, message: FromJob<Report>): void {
    if (this.#running !== running) return;
    if (message.type === "progress") {
      const { share, doing } = message;
      running.status = { ...running.status, share, doing };
    } else if (message.type === "report") {
      running.status = { ...running.status, report: message.report };
    } else if (message.type === "failed") {
      this.#settle(running, null, running.ended ?? { code: message.code, message: message.message });
    } else {
      const { report, isWhole = running.ended === null } = message;
      if (isWhole) this.#settle(running, report, null);
      else this.#settleEarly(running, report, running.ended ?? { code: "interrupted", message: "It was interrupted." });
    }
  }

  #settleEarly(running: Running<Report>, report: Report | null, error: { code: string; message: string }): void {
    this.#settle(running, report !== null && this.#options.isResult(report) ? report : null, error);
  }

  #expectQuestions(running: Running<Report>): void {
    if (running.silence !== null) clearTimeout(running.silence);
    const { silenceMsMax } = this.#options.limits;
    const message = `Nobody asked for it for ${silenceMsMax / 1_000} s.`;
    running.silence = this.#after(running, silenceMsMax, "aborted", message);
  }

  #after(running: Running<Report>, ms: number, code: string, message: string): Timer {
    return setTimeout(() => this.#end(running, code, message), ms);
  }

  /** Asks the worker to end; one that does not is ended. */
  #end(running: Running<Report>, code: string, message: string): void {
    if (this.#running !== running || running.ended !== null) return;
    running.ended = { code, message };
    running.worker.postMessage({ type: "abort" });
    const { graceMsMax } = this.#options.limits;
    const giveUp = (): void => this.#settleEarly(running, running.status.report, { code, message });
    running.timers.push(setTimeout(giveUp, graceMsMax));
  }

  #settle(running: Running<Report>, report: Report | null, error: JobStatus<Report>["error"]): void {
    if (this.#running !== running) return;
    assert(report !== null || error !== null, "a job has a report or an error");
    this.#running = null;
    clear(running);
    running.worker.terminate();
    const state = report === null ? "failed" : "done";
    const status: JobStatus<Report> = { ...running.status, state, share: 1, doing: "", report, error };
    this.#kept.set(status.job, status);
    for (const old of this.#kept.keys()) if (old <= status.job - KEPT_MAX) this.#kept.delete(old);
    running.settled(status);
  }
}

function clear({ silence, timers }: { silence: Timer | null; timers: readonly Timer[] }): void {
  for (const timer of [silence, ...timers]) if (timer !== null) clearTimeout(timer);
}
