// Modules that run beside live zones on the server's own journal: one at a time, in a short-lived worker of a low priority
// (worker-jobs.ts). When it makes the zones slower, it rests (zone-pace.ts).
//
//   const shadow = shadows.start({ hash: "9f3c…", zoneIds: [], ticks: 400, role: "candidate", ... })
//   shadows.status(shadow)      // { state: "running", share: 0.4, report: { verdict: "pass", shadow: { zones: [...] }, ... }, ... }
//
// What follows from the verdict is for the tool that asked.

import { WowsimError } from "../../protocol/errors.ts";
import type { Expectation } from "../../protocol/expectations.ts";
import type { ShadowReport, ShadowRole, ShadowStatus } from "../../protocol/shadow.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { ToShadow } from "../../shared/shadow-messages.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { ModuleStore } from "./deploy-modules.ts";
import { WorkerJobs } from "./worker-jobs.ts";
import type { JobLimits, JobStatus } from "./worker-jobs.ts";
import { ZonePace } from "./zone-pace.ts";
import type { Pace } from "./zone-pace.ts";

/** The worker ends by itself when its ticks are over, or take far too long. */
const LIMITS: JobLimits = { msMax: null, silenceMsMax: 30_000, graceMsMax: 5_000 };
const WORDS = {
  noun: "shadow",
  doing: "runs beside the zones",
  start: "shadow_module",
  abort: "shadow_abort",
  tooLong: "shadow_too_long",
};
const PACE_MS = 500;
/** More than results are kept. */
const ROLES_KEPT_MAX = 16;

export interface ShadowsOptions {
  modules: Pick<ModuleStore, "ready" | "get">;
  /** workers.shadow. */
  newWorker: WorkerFactory;
  dataDir: string;
  zones: { readonly zones: ReadonlyMap<number, unknown> };
  /** Durations of ticks of some zones since a time of `now`, in milliseconds. */
  durationsMs: (zoneIds: readonly number[], sinceMs: number) => readonly number[];
  /** Milliseconds. */
  now: () => number;
  emitter: Emitter;
  limits?: JobLimits;
}

export interface ShadowWish {
  hash: string;
  /** Empty: all zones. */
  zoneIds: readonly number[];
  /** Of each zone; 0: until it is aborted. */
  ticks: number;
  role: ShadowRole;
  expectations: readonly Expectation[];
  fuelRatioMax: number;
  p99RatioMax: number;
  by: string;
}

export class Shadows {
  readonly #options: ShadowsOptions;
  readonly #jobs: WorkerJobs<ShadowReport>;
  readonly #roles = new Map<number, ShadowRole>();
  #pace: Timer | null = null;

  constructor(options: ShadowsOptions) {
    this.#options = options;
    const { newWorker, limits = LIMITS } = options;
    // A shadow without an end is always ended early; what it saw by then is what was asked for.
    this.#jobs = new WorkerJobs({ newWorker, words: WORDS, limits, isResult: () => true });
  }

  /** Its number. Throws WowsimError when the module may not run, a zone is not known, or another shadow is under way. */
  start(wish: ShadowWish): number {
    const { modules, dataDir, zones } = this.#options;
    const { hash, ticks, role, expectations, fuelRatioMax } = wish;
    const { label } = modules.ready(hash);
    const known = [...zones.zones.keys()];
    const zoneIds = wish.zoneIds.length === 0 ? known : [...new Set(wish.zoneIds)];
    const unknown = zoneIds.filter((id) => !known.includes(id));
    if (unknown.length > 0)
      throw new WowsimError("no_such_zone", `There is no zone ${unknown.join(", ")}; there are ${known.join(", ")}.`);
    const metered = modules.get(hash)?.metered ?? null;
    const common = { dataDir, hash, label, metered, ticks, role, expectations, fuelRatioMax };
    const begin: ToShadow = { type: "begin", ...common, zones: zoneIds };
    const shadow = this.#jobs.start(hash, begin, (status) => this.#settled(wish, status));
    this.#roles.set(shadow, role);
    this.#roles.delete(shadow - ROLES_KEPT_MAX);
    this.#watch(zoneIds, wish.p99RatioMax);
    return shadow;
  }

  /** Throws WowsimError("no_such_shadow"). */
  status(shadow: number): ShadowStatus {
    return this.#statusOf(this.#jobs.status(shadow));
  }

  /** Throws WowsimError("no_such_shadow"). What has ended stays as it is. */
  abort(shadow: number): ShadowStatus {
    return this.#statusOf(this.#jobs.abort(shadow));
  }

  /** Ends the shadow of this module's deploy, if there is one: that of the module, or of the one before it beside a trial. */
  abortOf(hash: string): void {
    const { running } = this.#jobs;
    if (running === null) return;
    if (running.hash === hash || this.#roles.get(running.job) === "incumbent")
      this.#jobs.abortRunning("Its deploy was aborted.");
  }

  /** The server ends: nobody waits for the result. */
  stop(): void {
    this.#endWatch();
    this.#jobs.stop();
  }

  #watch(zoneIds: readonly number[], ratioMax: number): void {
    const { durationsMs, now } = this.#options;
    const pace = new ZonePace({ durationsMs: (sinceMs) => durationsMs(zoneIds, sinceMs), now, ratioMax });
    let told: Pace = "go on";
    this.#pace = setInterval(() => {
      const next = pace.look();
      if (next === told) return;
      told = next;
      this.#jobs.post({ type: "pace", pace: told } satisfies ToShadow);
    }, PACE_MS);
  }

  #endWatch(): void {
    if (this.#pace !== null) clearInterval(this.#pace);
    this.#pace = null;
  }

  #settled({ role, by }: ShadowWish, { hash, report, error }: JobStatus<ShadowReport>): void {
    this.#endWatch();
    const {
      verdict = "inconclusive",
      reason = `inconclusive: ${error?.message ?? ""}`,
      ticks = 0,
      equal = 0,
    } = report ?? {};
    const rests = report?.shadow.yielded.times ?? 0;
    const data = {
      hash,
      role,
      verdict,
      reason,
      ticks,
      equal,
      time_ratio: report?.shadow.time_ratio ?? null,
      rests,
      by,
    };
    this.#options.emitter.emit("event", "deploy", "Module shadowed", data);
  }

  #statusOf({ job, hash, ...status }: JobStatus<ShadowReport>): ShadowStatus {
    return { shadow: job, hash, role: this.#roles.get(job) ?? "candidate", ...status };
  }
}
