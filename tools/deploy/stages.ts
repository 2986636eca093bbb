// What a deploy says of its stages: lines for people as they come, and one entry for each stage in the server's record.
//
//   stages.begins("swap")                                               // the server knows what goes on
//   stages.say("verdict", false, "fuel: ×2.31 of ...", {})              // a line
//   stages.told("swap", true, "zone 2 runs 9f3c…", { zone_id: 2 })      // a line, and the stage's entry
//   stages.record("verdict", false, "fuel: ...", { checks })            // the entry alone

import type { DeployRecorder } from "./record.ts";

export type Stage =
  | "check"
  | "upload"
  | "validate"
  | "shadow"
  | "baseline"
  | "swap"
  | "watch"
  | "verdict"
  | "wave"
  | "promote"
  | "watch_on"
  | "rollback"
  | "verify"
  | "undo";

export interface StageReport {
  stage: Stage;
  ok: boolean;
  /** One line for people. */
  text: string;
  data: Record<string, unknown>;
}

export class Stages {
  readonly #report: (stage: StageReport) => void;
  #recorder: DeployRecorder | null = null;
  /** Entries from before the record began. */
  readonly #early: Parameters<DeployRecorder["stage"]>[0][] = [];
  #sinceMs = performance.now();
  #now: Stage = "check";

  constructor(report: (stage: StageReport) => void) {
    this.#report = report;
  }

  recordIn(recorder: DeployRecorder): void {
    this.#recorder = recorder;
    for (const stage of this.#early.splice(0)) recorder.stage(stage);
  }

  /** The stage that began last. */
  get now(): Stage {
    return this.#now;
  }

  begins(stage: Stage): void {
    this.#now = stage;
    this.#recorder?.begins(stage);
  }

  say(stage: Stage, ok: boolean, text: string, data: Record<string, unknown>): void {
    this.#report({ stage, ok, text, data });
  }

  told(stage: Stage, ok: boolean, text: string, data: Record<string, unknown>): void {
    this.say(stage, ok, text, data);
    this.record(stage, ok, text, data);
  }

  /** `took_ms` is the time since the entry before. */
  record(stage: Stage, ok: boolean | null, text: string, data: Record<string, unknown>): void {
    const nowMs = performance.now();
    const entry = { stage, ok, text, took_ms: Math.round(nowMs - this.#sinceMs), data };
    this.#sinceMs = nowMs;
    if (this.#recorder === null) this.#early.push(entry);
    else this.#recorder.stage(entry);
  }
}
