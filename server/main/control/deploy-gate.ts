// Who may deploy now, and the deploy that is under way: one at a time, none while frozen, while an incident is open, or with a module
// that failed here before, unless it is forced.
//
//   const deploy = gate.begin({ hash, label, by: "anna@desk", force: "", ... })     // 7; throws deploy_busy, deploy_frozen, ...
//   gate.stage(deploy, { stage: "validate", ok: true, ... })
//   gate.abort(0, "bob@desk", "wrong module")           // whoever drives deploy 7 gets deploy_aborted from now on
//   gate.adopt("bob@desk", "")                          // so it does from now on, and deploy 8 promotes what deploy 7 has on trial
//
// The tool judges. The gate takes back what a tool left: one that falls silent, or one that an operator aborts.

import { RECORD_LIMITS, SILENCE_MS_MAX } from "../../protocol/deploy-record.ts";
import type {
  DeployAdopted,
  DeployGateStatus,
  DeployOutcome,
  Frozen,
  ToldOutcome,
} from "../../protocol/deploy-record.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import { printable } from "../../protocol/printable.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { DeployFreeze } from "./deploy-freeze.ts";
import type { DeployLog } from "./deploy-log.ts";
import { REASON_ENDED } from "./deploy-records.ts";
import type { DeployRecords, NewDeploy, ToldStage } from "./deploy-records.ts";
import type { Deployer } from "./deploy.ts";
import { earlierRefusal } from "../../protocol/earlier-refusal.ts";
import { failedShadow } from "./failed-shadow.ts";

/** Work of the server for a deploy, such as a validation, which ends when it is aborted. */
export interface DeployJobs {
  abortOf(hash: string): void;
}

export interface DeployGateOptions {
  records: DeployRecords;
  freeze: DeployFreeze;
  deployer: Pick<Deployer, "status" | "rollback">;
  log: Pick<DeployLog, "against" | "note">;
  /** What is wrong just now, a sentence each. */
  incidents: () => string[];
  jobs: readonly DeployJobs[];
  emitter: Emitter;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** After this time without a word of its tool, a deploy is abandoned. */
  silenceMsMax?: number;
}

interface Current {
  deploy: number;
  hash: string;
  label: string;
  by: string;
  /** Why it goes on whatever speaks against it; "": it is not forced. */
  force: string;
  expect: string;
  /** A failed shadow is in the history. */
  isNoted: boolean;
  /** Why its last verdict failed; "": it did not. */
  failure: string;
  /** The stage that has begun, or the last one that was told; "" before the first. */
  stage: string;
  since: string;
  silence: Timer;
}

/** Ends that the tool did not ask for. */
const TAKEN: ReadonlySet<DeployOutcome> = new Set(["aborted", "abandoned"]);
/** The tool of an aborted deploy may still swap its module for so long, before it hears of the abort. */
const ECHO_MS = 60_000;
const SECOND_LOOK_MS = 1_000;
const FAILURE_LENGTH_MAX = 300;

export class DeployGate {
  /** Deploys that ended since the server's start, by how. */
  readonly ended = new Map<DeployOutcome, number>();
  readonly #options: DeployGateOptions;
  #current: Current | null = null;
  /** The module of the last deploy that was taken from its tool. */
  #taken: { hash: string; deploy: number; atMs: number } | null = null;

  constructor(options: DeployGateOptions) {
    this.#options = options;
  }

  /** The number of the new deploy. Throws WowsimError: deploy_busy; without force also deploy_frozen, incident_open, module_refused_before. */
  begin(wish: NewDeploy): number {
    this.#refuseWhileBusy();
    if (wish.force === "") this.#refuse(wish);
    return this.#begins(wish);
  }

  /**
   * Begins a deploy that promotes what is on trial now, in the place of the one that has tried it; the tool of that one is told that its
   * deploy is over. Throws WowsimError: no_canary; deploy_busy while a zone does something else; without force also verdict_failed, and as
   * `begin`.
   */
  adopt(by: string, force: string): DeployAdopted {
    const moving = this.#options.deployer.status().filter(({ phase }) => phase !== "steady");
    const [trial] = moving;
    if (trial === undefined)
      throw new WowsimError("no_canary", "No module is on trial in any zone, so there is nothing to promote.");
    const { hash, label } = trial;
    const current = this.#current;
    const isOther = current !== null && current.hash !== hash;
    if (isOther || moving.some((zone) => zone.phase !== "canary" || zone.hash !== hash)) this.#refuseWhileBusy();
    const { expect = "", failure = "" } = current ?? {};
    const wish = { hash, label, source: "", by, force, expect, policy: {}, dry_run: false };
    if (force === "") {
      if (failure !== "") throw new WowsimError("verdict_failed", `${hash} failed its trial: ${failure}. ${BY_FORCE}`);
      this.#refuse(wish);
    }
    const zones = moving.map(({ zone_id: id }) => id);
    const who = by === "" ? "somebody who gave no name" : by;
    const why = `taken over by ${who}, to be promoted`;
    this.#takeFromTool("abandoned", why, by, { zones, text: `zone ${zones.join(", ")} goes on with it` });
    return { deploy: this.#begins(wish), hash, label, zones };
  }

  #begins(wish: NewDeploy): number {
    const { records, emitter, clock } = this.#options;
    const deploy = records.begin(wish);
    const { hash, label, by, force, expect, dry_run } = wish;
    const since = new Date(clock()).toISOString();
    const base = { deploy, hash, label, by, since, stage: "", force, expect, isNoted: false, failure: "" };
    this.#current = { ...base, silence: this.#expectWord(deploy) };
    this.#taken = null;
    emitter.emit("event", "deploy", "Deploy begun", { deploy, hash, label, by, force, dry_run });
    return deploy;
  }

  /** Throws WowsimError: deploy_aborted, deploy_ended, no_such_deploy. */
  stage(deploy: number, told: ToldStage): void {
    const current = this.#mine(deploy);
    this.#heard(current);
    current.stage = stageName(told.stage);
    this.#options.records.stage(deploy, told);
    this.#noteShadow(current, told);
    if (told.stage === "verdict")
      current.failure = told.data["conclusion"] === "failed" ? printable(told.text.slice(0, FAILURE_LENGTH_MAX)) : "";
  }

  /** `stage`: the one that has just begun. Throws as `stage` does. */
  alive(deploy: number, stage?: string): void {
    const current = this.#mine(deploy);
    this.#heard(current);
    if (stage !== undefined) current.stage = stageName(stage);
  }

  /** Throws as `stage` does. */
  end(deploy: number, outcome: ToldOutcome, reason: string): void {
    this.#mine(deploy);
    this.#ends(outcome, reason, "");
  }

  /**
   * Ends a deploy, 0: the one that is under way, and rolls back what it swapped or promoted. Returns its zones that go back. Throws
   * WowsimError: no_deploy, deploy_ended, no_such_deploy; deploy_busy while every zone is being asked to keep the module.
   */
  abort(wanted: number, by: string, reason: string): { deploy: number; zones: number[] } {
    const current = this.#current;
    if (wanted === 0 && current === null) {
      const message =
        'No deploy is under way. Send {"command":"deploy_rollback"} to take back what is on trial, or the last promotion.';
      throw new WowsimError("no_deploy", message);
    }
    const { deploy, hash } = wanted === 0 && current !== null ? current : this.#mine(wanted);
    const why = reason === "" ? "aborted" : `aborted: ${reason}`;
    const zones = this.#takeBack(hash, by, why);
    this.#takeFromTool("aborted", `${why}${by === "" ? "" : ` (${by})`}`, by, backIn(zones));
    return { deploy, zones };
  }

  /** False: a restart would forget it, because the disk does not take it; it is tried again. */
  async setFrozen(isFrozen: boolean, by: string, reason: string): Promise<{ wasFrozen: boolean; isKept: boolean }> {
    const { freeze, emitter, clock } = this.#options;
    const before = freeze.frozen;
    const since = before?.since ?? new Date(clock()).toISOString();
    emitter.emit("event", "deploy", isFrozen ? "Deploys frozen" : "Deploys thawed", { reason, by });
    const isKept = await freeze.set(isFrozen ? { reason, by, since } : null);
    return { wasFrozen: before !== null, isKept };
  }

  get frozen(): Frozen | null {
    return this.#options.freeze.frozen;
  }

  get isBusy(): boolean {
    return this.#current !== null;
  }

  status(): DeployGateStatus {
    const { current, frozen } = { current: this.#current, frozen: this.frozen };
    const shown = current === null ? null : shownOf(current);
    return { frozen, deploy: shown, incidents: this.#options.incidents() };
  }

  /**
   * Whether a zone may take the module now: of deploy `of`, or of a tool that begins no deploys. Throws WowsimError: deploy_busy,
   * deploy_frozen, deploy_aborted, deploy_ended, no_such_deploy.
   */
  maySwap(hash: string, of: number | undefined): void {
    if (of !== undefined) this.#mine(of);
    const current = this.#current;
    if (current !== null && current.hash !== hash) this.#refuseWhileBusy();
    const taken = this.#taken;
    if (current === null && taken?.hash === hash && this.#options.clock() - taken.atMs < ECHO_MS)
      throw this.#endedError(taken.deploy);
    if (this.frozen !== null && (current === null || current.force === "")) throw frozenError(this.frozen);
  }

  /** The stage in which a deploy is now; undefined: it has just begun, or is over. */
  stageOf(deploy: number): string | undefined {
    const current = this.#current;
    return current?.deploy === deploy && current.stage !== "" ? current.stage : undefined;
  }

  /** The server ends: what is on trial ends with it. */
  stop(): void {
    this.#options.freeze.stop();
    const current = this.#current;
    if (current === null) return;
    const zones = this.#options.deployer.status();
    // The zones keep what was promoted.
    const isKept = zones.length > 0 && zones.every(({ hash, phase }) => hash === current.hash && phase === "steady");
    this.#ends(isKept ? "promoted" : "rolled_back", REASON_ENDED, "");
  }

  #refuseWhileBusy(): void {
    if (this.#current !== null) {
      const { deploy, label, hash, by, stage } = this.#current;
      const who = by === "" ? "" : ` by ${by}`;
      const at = stage === "" ? "" : `, in stage ${stage}`;
      const message = `Deploy ${deploy} (${label}, ${hash}${who}) is under way${at}. Send {"command":"deploy_abort"} to end it.`;
      throw new WowsimError("deploy_busy", message);
    }
    const moving = this.#options.deployer.status().find(({ phase }) => phase !== "steady");
    if (moving === undefined) return;
    const message = `Zone ${moving.zone_id} is in phase ${moving.phase}. Send {"command":"deploy_rollback"} to take it back.`;
    throw new WowsimError("deploy_busy", message);
  }

  /** A dry run swaps nothing, so neither a freeze nor an incident is in its way. */
  #refuse({ hash, expect, dry_run: isDry }: NewDeploy): void {
    const { freeze, incidents, log } = this.#options;
    if (freeze.frozen !== null && !isDry) throw frozenError(freeze.frozen);
    const open = isDry ? [] : incidents();
    if (open.length > 0)
      throw new WowsimError(
        "incident_open",
        `Something is wrong already: ${open.join(" ")} Mend it first. ${BY_FORCE}`,
      );
    const earlier = earlierRefusal(log.against(hash), hash, expect);
    if (earlier !== null) throw new WowsimError("module_refused_before", `${earlier}. ${BY_FORCE}`);
  }

  /** The module is then refused when it comes again, as after a validation that failed. */
  #noteShadow(current: Current, told: ToldStage): void {
    const { hash, label, by, force, expect } = current;
    const validation = current.isNoted ? null : failedShadow(told, expect, force);
    if (validation === null) return;
    current.isNoted = true;
    const { log, deployer } = this.#options;
    const from = deployer.status()[0]?.hash ?? "";
    const reason = `beside live zones: ${printable(told.text)}`;
    log.note({ what: "validated", zoneId: 0, from, to: hash, label, reason, by, validation });
  }

  #mine(deploy: number): Current {
    if (this.#current?.deploy === deploy) return this.#current;
    throw this.#endedError(deploy);
  }

  #endedError(deploy: number): WowsimError {
    const { records } = this.#options;
    const summary = records.summary(deploy);
    if (summary === undefined)
      return new WowsimError("no_such_deploy", `There is no deploy ${deploy}; the newest is ${records.last}.`);
    const { outcome, reason } = summary;
    const isTaken = outcome !== null && TAKEN.has(outcome);
    const what = (outcome ?? "ended").replace("_", " ");
    const code = isTaken ? "deploy_aborted" : "deploy_ended";
    const told = reason.startsWith(what) ? reason : `${what} (${reason})`;
    return new WowsimError(code, `Deploy ${deploy} is over: ${told}.`);
  }

  #heard(current: Current): void {
    clearTimeout(current.silence);
    current.silence = this.#expectWord(current.deploy);
  }

  #expectWord(deploy: number): Timer {
    const { silenceMsMax = SILENCE_MS_MAX } = this.#options;
    return setTimeout(() => {
      if (this.#current?.deploy !== deploy) return;
      // When the server itself has paused, the tool's words may still wait in the socket.
      this.#current.silence = setTimeout(() => this.#abandon(deploy, silenceMsMax), SECOND_LOOK_MS);
    }, silenceMsMax);
  }

  /** What was promoted was judged, and stays; what is on trial goes back. */
  #abandon(deploy: number, silentMs: number): void {
    if (this.#current?.deploy !== deploy) return;
    const { hash, by } = this.#current;
    const why = `abandoned: its tool said nothing for ${silentMs / 1_000} s`;
    const isOnTrial = this.#options.deployer.status().some(({ phase }) => phase !== "steady");
    let zones: number[] = [];
    let problem = "";
    try {
      if (isOnTrial) zones = this.#takeBack(hash, by, why);
    } catch (error) {
      // A promotion is being carried out; it ends by itself.
      problem = `; ${messageOf(error)}`;
    }
    this.#takeFromTool("abandoned", `${why}${problem}`, "", backIn(zones));
  }

  /** The zones that go back. Throws WowsimError("deploy_busy"). */
  #takeBack(hash: string, by: string, why: string): number[] {
    try {
      return this.#options.deployer.rollback(0, by, hash, why.slice(0, RECORD_LIMITS.textLengthMax));
    } catch (error) {
      if (error instanceof WowsimError && error.code === "nothing_to_roll_back") return [];
      throw error;
    }
  }

  #takeFromTool(
    outcome: "aborted" | "abandoned",
    reason: string,
    by: string,
    { zones, text }: { zones: number[]; text: string },
  ): void {
    const { records, jobs, clock } = this.#options;
    const current = this.#current;
    if (current === null) return;
    const { deploy, hash } = current;
    for (const job of jobs) job.abortOf(hash);
    const stage = outcome === "aborted" ? "abort" : "abandon";
    records.stage(deploy, { stage, ok: null, text: `${reason}; ${text}`, took_ms: 0, data: { zones } });
    this.#taken = { hash, deploy, atMs: clock() };
    this.#ends(outcome, reason, by);
  }

  #ends(outcome: DeployOutcome, reason: string, by: string): void {
    const current = this.#current;
    if (current === null) return;
    clearTimeout(current.silence);
    this.#current = null;
    const { deploy, hash, label } = current;
    const { records, emitter } = this.#options;
    records.end(deploy, outcome, reason);
    this.ended.set(outcome, (this.ended.get(outcome) ?? 0) + 1);
    const told = records.summary(deploy)?.reason ?? "";
    emitter.emit("event", "deploy", "Deploy ended", { deploy, hash, label, outcome, reason: told, by });
  }
}

const backIn = (zones: number[]): { zones: number[]; text: string } => ({
  zones,
  text: zones.length === 0 ? "no zone had it" : `zone ${zones.join(", ")} goes back`,
});

const stageName = (stage: string): string => printable(stage.slice(0, RECORD_LIMITS.stageNameLengthMax));

const BY_FORCE = 'To go on all the same, begin it with "force".';

function frozenError({ reason, by, since }: Frozen): WowsimError {
  const who = by === "" ? "" : ` by ${by}`;
  const why = reason === "" ? "" : `: ${reason}`;
  const message = `Deploys are frozen since ${since}${who}${why}. ${BY_FORCE} Send {"command":"deploy_thaw"} to thaw them.`;
  return new WowsimError("deploy_frozen", message);
}

function shownOf({ deploy, hash, label, stage, by, since }: Current): DeployGateStatus["deploy"] {
  return { deploy, hash, label, stage, by, since };
}
