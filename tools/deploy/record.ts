// Tells the server what a deploy does, for its record, and hears when somebody aborts it. A server without such records is told nothing.
//
//   const record = await DeployRecorder.begin(control, { hash, label, ... })      // throws deploy_frozen, deploy_busy, ...
//   record.begins("validate")
//   record.stage({ stage: "validate", ok: true, text: "pass: …", took_ms: 4100, data: {} })
//   record.assertGoesOn()                                                         // throws deploy_aborted
//   await record.end("promoted", "all 14 checks hold")

import { ALIVE_EVERY_MS, DeployBegun, DeployShown } from "../../server/protocol/deploy-record.ts";
import type { DeployOutcome, DeployStage, ToldOutcome } from "../../server/protocol/deploy-record.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { whoAmI } from "./remote.ts";
import type { Control } from "./remote.ts";

export interface DeployTold {
  hash: string;
  label: string;
  source: string;
  /** "": the deploy is not forced. */
  force: string;
  expect: string;
  policy: Record<string, unknown>;
  isDry: boolean;
}

/** The server has ended the deploy. */
const OVER: ReadonlySet<string> = new Set(["deploy_aborted", "deploy_ended", "no_such_deploy"]);

export class DeployRecorder {
  readonly #control: Control;
  /** Null: this server keeps no records. */
  readonly deploy: number | null;
  readonly #alive: Timer | null;
  #told: Promise<void> = Promise.resolve();
  #over: WowsimError | null = null;
  #isAsking = false;

  /** Throws WowsimError: deploy_busy; without force also deploy_frozen, incident_open, module_refused_before. */
  static async begin(control: Control, told: DeployTold): Promise<DeployRecorder> {
    const { isDry, ...rest } = told;
    try {
      const answer = await control.ask({ command: "deploy_begin", ...rest, by: whoAmI(), dry_run: isDry });
      return new DeployRecorder(control, DeployBegun.parse(answer).deploy);
    } catch (error) {
      if (error instanceof WowsimError && error.code === "unknown_command") return new DeployRecorder(control, null);
      throw error;
    }
  }

  /** Tells of a deploy that has begun. */
  constructor(control: Control, deploy: number | null) {
    this.#control = control;
    this.deploy = deploy;
    this.#alive = deploy === null ? null : setInterval(() => this.#tellAlive(), ALIVE_EVERY_MS);
  }

  /** What the deploy does from now on, for those who ask the server. */
  begins(stage: string): void {
    this.#tell({ command: "deploy_alive", stage });
  }

  stage(stage: Omit<DeployStage, "at">): void {
    this.#tell({ command: "deploy_stage", ...stage });
  }

  /** Throws WowsimError("deploy_aborted") once the server has ended the deploy. */
  assertGoesOn(): void {
    if (this.#over !== null) throw this.#over;
  }

  /** Asks the server, and throws as `assertGoesOn` does. */
  async askWhetherItGoesOn(): Promise<void> {
    this.#tell({ command: "deploy_alive" });
    await this.#told;
    this.assertGoesOn();
  }

  /** Whether an error of this deploy says that the server has ended it. */
  isOver(error: unknown): boolean {
    return error instanceof WowsimError && OVER.has(error.code);
  }

  /**
   * Waits until all was told. Never throws: without a last word the server ends the deploy after a while. Returns why the server has
   * ended it before, if it has.
   */
  async end(outcome: ToldOutcome, reason: string): Promise<WowsimError | null> {
    if (this.#alive !== null) clearInterval(this.#alive);
    this.#tell({ command: "deploy_end", outcome, reason });
    await this.#told;
    return this.#over;
  }

  /** How the server has ended the deploy; "aborted" when it does not say. Never throws. */
  async outcome(): Promise<DeployOutcome> {
    const answer = await this.#control.ask({ command: "deploy_show", deploy: this.deploy }).catch(() => null);
    return DeployShown.safeParse(answer).data?.record.outcome ?? "aborted";
  }

  /** Says nothing more, so that this process can end; a deploy that has not ended is ended by the server. */
  leave(): void {
    if (this.#alive !== null) clearInterval(this.#alive);
  }

  #tellAlive(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#tell({ command: "deploy_alive" });
    void this.#told.then(() => (this.#isAsking = false));
  }

  #tell(request: Record<string, unknown>): void {
    if (this.deploy === null) return;
    const { deploy } = this;
    this.#told = this.#told.then(async () => {
      if (this.#over !== null) return;
      try {
        await this.#control.ask({ ...request, deploy });
      } catch (error) {
        // A record that lacks a stage is no reason against a module; that the server is gone shows elsewhere.
        if (error instanceof WowsimError && OVER.has(error.code)) this.#over = error;
      }
    });
  }
}
