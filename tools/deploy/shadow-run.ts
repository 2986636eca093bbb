// A live shadow of the server as the deploy tool sees it: begun, looked at, and ended. What its reports say is gathered, because a
// report has only the newest times.
//
//   const run = await ShadowRun.begin(control, { hash, zoneIds: [2], ticks: 0, role: "incumbent", expect: "" }, signal)
//   await run.look()
//   run.evidence.report?.verdict
//   await run.end()

import { z } from "zod";
import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import { ShadowStatus } from "../../server/protocol/shadow.ts";
import type { ShadowRole, TimeBlock } from "../../server/protocol/shadow.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { sleep } from "../ui/sleep.ts";
import { whoAmI } from "./remote.ts";
import type { Control } from "./remote.ts";
import type { ShadowEvidence } from "./verdict.ts";

export interface ShadowWish {
  /** The module that runs beside the zones. */
  hash: string;
  /** Empty: all. */
  zoneIds: readonly number[];
  /** Of each zone; 0: until it is ended. */
  ticks: number;
  role: ShadowRole;
  /** TOML with what the candidate is meant to change. */
  expect: string;
  policy: DeployPolicy;
}

const POLL_MS = 200;
/** How long the tool waits for another one to end. */
const BUSY_MS_MAX = 10_000;
const Begun = z.object({ shadow: z.number() });

export class ShadowRun {
  readonly #control: Control;
  readonly #shadow: number;
  readonly #blocks: TimeBlock[] = [];
  #nextBlock = 0;
  #blocksMissed = 0;
  #status: ShadowStatus | null = null;
  #problem: string | null = null;
  #isEnded = false;

  /** Throws what the control channel throws: unknown_command on an older server, shadow_busy, no_journal, ... */
  static async begin(control: Control, wish: ShadowWish, signal: AbortSignal): Promise<ShadowRun> {
    const { hash, zoneIds, ticks, role, expect, policy } = wish;
    const limits = { p99_ratio_max: policy.shadow.p99RatioMax, fuel_ratio_max: policy.limits.fuelRatioMax };
    const what = { hash, zone_ids: zoneIds, ticks, role, expect, ...limits };
    const request = { command: "shadow_module", ...what, by: whoAmI() };
    const giveUpAt = performance.now() + BUSY_MS_MAX;
    for (;;) {
      try {
        return new ShadowRun(control, Begun.parse(await control.ask(request)).shadow);
      } catch (error) {
        const isBusy = error instanceof WowsimError && error.code.endsWith("_busy");
        if (!isBusy || performance.now() > giveUpAt) throw error;
        await sleep(POLL_MS, signal);
      }
    }
  }

  private constructor(control: Control, shadow: number) {
    this.#control = control;
    this.#shadow = shadow;
  }

  /** The newest status; null before the first look, and when the last one could not be read. */
  get status(): ShadowStatus | null {
    return this.#status;
  }

  get isOver(): boolean {
    return this.#isEnded || (this.#status !== null && this.#status.state !== "running");
  }

  get evidence(): ShadowEvidence {
    const report = this.#status?.report ?? null;
    const problem = this.#problem ?? (report === null ? "it has said nothing yet" : null);
    return { report, problem, blocks: this.#blocks, blocksMissed: this.#blocksMissed };
  }

  /** Asks the server. A report that can not be read counts as none. Throws what the control channel throws. */
  async look(): Promise<void> {
    if (this.#isEnded) return;
    const parsed = ShadowStatus.safeParse(await this.#control.ask({ command: "shadow_status", shadow: this.#shadow }));
    if (!parsed.success) {
      this.#status = null;
      this.#problem = "its report can not be read";
      return;
    }
    const { report, error } = parsed.data;
    this.#status = parsed.data;
    this.#problem = error?.message ?? null;
    for (const block of report?.shadow.time_blocks ?? []) this.#take(block);
  }

  /** The server also ends one for which nobody asks; so that this did not arrive changes nothing. Never throws. */
  async end(): Promise<void> {
    if (this.isOver) return;
    this.#isEnded = true;
    try {
      await this.#control.ask({ command: "shadow_abort", shadow: this.#shadow });
    } catch (error) {
      this.#problem ??= messageOf(error);
    }
  }

  #take(block: TimeBlock): void {
    if (block.n < this.#nextBlock) return;
    this.#blocksMissed += block.n - this.#nextBlock;
    this.#nextBlock = block.n + 1;
    this.#blocks.push(block);
  }
}
