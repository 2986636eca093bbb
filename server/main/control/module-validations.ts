// Validations of uploaded modules on the server's own journal: one at a time, each in a short-lived worker (worker-jobs.ts).
//
//   const validation = validations.start({ hash: "9f3c…", expectations: [], lastMs: 60_000, ... })
//   validations.status(validation)      // { state: "running", share: 0.4, doing: "zone 1, tick 812", ... }
//
// The verdict goes into the deploy history and into telemetry.

import type { DeployPolicy } from "../../protocol/deploy-policy.ts";
import type { ValidationNote, ValidationReport, ValidationStatus } from "../../protocol/deploy-validation.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { Expectation } from "../../protocol/expectations.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { ToModuleValidation } from "../../shared/module-validation.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { DeployNotes } from "./deploy.ts";
import type { ModuleStore } from "./deploy-modules.ts";
import { WorkerJobs } from "./worker-jobs.ts";
import type { JobLimits, JobStatus } from "./worker-jobs.ts";

/** After three minutes what was seen until then is judged. */
const LIMITS: JobLimits = { msMax: 180_000, silenceMsMax: 30_000, graceMsMax: 5_000 };
const WORDS = {
  noun: "validation",
  doing: "is being validated",
  start: "validate_module",
  abort: "validate_abort",
  tooLong: "validation_too_long",
};
const LINES_KEPT_MAX = 10;
const LINE_LENGTH_MAX = 300;

export interface ModuleValidationsOptions {
  modules: Pick<ModuleStore, "ready" | "get">;
  /** workers.moduleValidation. */
  newWorker: WorkerFactory;
  dataDir: string;
  log: DeployNotes;
  emitter: Emitter;
  /** The module that zones run, for the history. */
  running: () => string;
  limits?: JobLimits;
}

export interface ValidationWish {
  hash: string;
  expectations: readonly Expectation[];
  lastMs: number;
  policy: DeployPolicy;
  by: string;
  /** Why the operator goes on whatever the verdict is; "": the verdict decides. */
  forced: string;
  /** Of the expectations' text. */
  expectHash: string;
}

export class ModuleValidations {
  readonly #options: ModuleValidationsOptions;
  readonly #jobs: WorkerJobs<ValidationReport>;

  constructor(options: ModuleValidationsOptions) {
    this.#options = options;
    const { newWorker, limits = LIMITS } = options;
    this.#jobs = new WorkerJobs({ newWorker, words: WORDS, limits, isResult: hasFailed });
  }

  /** Its number. Throws WowsimError when the module may not run, or another validation is under way. */
  start(wish: ValidationWish): number {
    const { modules, dataDir } = this.#options;
    const { hash, expectations, lastMs, policy } = wish;
    const { label } = modules.ready(hash);
    const wasm = modules.get(hash)?.uploaded ?? null;
    if (wasm === null)
      throw new WowsimError("module_unknown", `Module ${hash} was not uploaded; send it with deploy_load.`);
    const begin: ToModuleValidation = { type: "begin", dataDir, wasm, label, expectations, lastMs, policy };
    return this.#jobs.start(hash, begin, (status) => {
      if (status.report !== null || status.error?.code !== "aborted") this.#tell(wish, status);
    });
  }

  /** Throws WowsimError("no_such_validation"). */
  status(validation: number): ValidationStatus {
    return statusOf(this.#jobs.status(validation));
  }

  /** Throws WowsimError("no_such_validation"). What has ended stays as it is. */
  abort(validation: number): ValidationStatus {
    return statusOf(this.#jobs.abort(validation));
  }

  /** Ends the validation of this module, if there is one. */
  abortOf(hash: string): void {
    if (this.#jobs.running?.hash === hash) this.#jobs.abortRunning("Its deploy was aborted.");
  }

  /** The server ends: nobody waits for the result. */
  stop(): void {
    this.#jobs.stop();
  }

  #tell({ hash, by, forced, expectHash }: ValidationWish, { report, error }: JobStatus<ValidationReport>): void {
    const { modules, log, emitter, running } = this.#options;
    const reason = report === null ? `inconclusive: ${error?.message ?? ""}` : report.reason;
    const validation: ValidationNote = { ...numbersOf(report), forced, expect: expectHash };
    const label = modules.get(hash)?.label ?? "";
    const why = forced === "" ? reason : `forced (${forced}); ${reason}`;
    const from = report?.incumbents[0] ?? running();
    log.note({ what: "validated", zoneId: 0, from, to: hash, label, reason: why, by, validation });
    const { verdict, ticks, equal, zones, fuel_ratio, seconds } = validation;
    const data = { hash, verdict, reason, ticks, equal, zones, fuel_ratio, seconds, forced, by };
    emitter.emit("event", "deploy", "Module validated", data);
  }
}

/** A validation that was ended early and has failed by then has failed like any other. */
function statusOf({ job, report, error, ...status }: JobStatus<ValidationReport>): ValidationStatus {
  return { validation: job, ...status, report, error: report === null ? error : null };
}

/** What has failed already has failed, however much is missing. */
const hasFailed = ({ verdict }: ValidationReport): boolean => verdict === "fail";

function numbersOf(report: ValidationReport | null): Omit<ValidationNote, "forced" | "expect"> {
  if (report === null)
    return { verdict: "inconclusive", ticks: 0, equal: 0, zones: 0, fuel_ratio: null, seconds: 0, lines: [] };
  const { verdict, ticks, equal, zones, fuel_ratio, seconds, checks } = report;
  const lines = checks
    .filter(({ holds }) => holds !== true)
    .slice(0, LINES_KEPT_MAX)
    .map(({ name, shown }) => `${name}: ${shown}`.slice(0, LINE_LENGTH_MAX));
  return { verdict, ticks, equal, zones, fuel_ratio, seconds, lines };
}
