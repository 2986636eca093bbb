// A deploy from end to end: check → upload → validate → shadow → baseline → swap → watch → verdict → waves → promote → watch on, or roll back.
//
//   const result = await runCanary({ wasm, label: "hotfix.wasm", policy, ... }, { control, feed, signal, report })
//   result.outcome    // "promoted" | "rolled_back" | "refused" | "interrupted" | "aborted" | "abandoned" | "validated"
//
// Each stage reports one line with its numbers, and has an entry in the server's record. Any failure after the swap (an error, a silent
// feed, Ctrl-C) ends in a roll-back, also after the promotion while the zones are watched on. If this process dies before the promotion, the
// server rolls back. When the server has ended the deploy, it alone decides what zones run: then nothing is ordered any more.

import { hashOf } from "../../assembly/toolchain/meter.ts";
import { RECORD_LIMITS } from "../../server/protocol/deploy-record.ts";
import type { ToldOutcome } from "../../server/protocol/deploy-record.ts";
import { EXPECT_LENGTH_MAX } from "../../server/protocol/deploy-validation.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { collectBaseline } from "./baseline.ts";
import { waitingOf } from "./context.ts";
import type { CanaryOptions, CanaryResult, CanaryTools, DeployContext } from "./context.ts";
import { FeedWindow } from "./feed-window.ts";
import { assertCanLast, canaryCount, leaseMsOf, waveSizes } from "./plan.ts";
import { preflight } from "./preflight.ts";
import { DeployRemote } from "./remote.ts";
import { ShadowRun } from "./shadow-run.ts";
import { Stages } from "./stages.ts";
import type { Stage } from "./stages.ts";
import { settled, takeBack, verify } from "./take-back.ts";
import { evidenceOf } from "./verdict-lines.ts";
import { limitsOf, UNDONE_CHECKS } from "./verdict.ts";
import type { Limits, Verdict } from "./verdict.ts";
import { watchOn } from "./watch-on.ts";
import { watchTrial } from "./watch.ts";
import type { Trial, Watched } from "./watch.ts";

export type { CanaryOptions, CanaryResult, CanaryTools } from "./context.ts";
export type { Stage, StageReport } from "./stages.ts";

const NEVER = new AbortController().signal;

type ToldResult = CanaryResult & { outcome: ToldOutcome };

/** Runs one deploy. Throws when there was no swap, and the module is not the reason. */
export async function runCanary(given: CanaryOptions, tools: CanaryTools): Promise<CanaryResult> {
  const options = fitting(given);
  const window = new FeedWindow(tools.feed);
  const stages = new Stages((stage) => tools.report(stage));
  const remote = new DeployRemote(tools.control);
  const hash = hashOf(options.wasm);
  const canary = new Canary({ options, tools, window, stages, remote, hash, recorder: null });
  try {
    return await canary.run();
  } finally {
    window.close();
  }
}

/** Names as long as a server takes. Throws WowsimError("expectations_invalid"). */
function fitting(options: CanaryOptions): CanaryOptions {
  const { label, source = label, expect = "" } = options;
  if (expect.length > EXPECT_LENGTH_MAX) {
    const message = `The expectations have ${expect.length} characters, and a server takes ${EXPECT_LENGTH_MAX} at most.`;
    throw new WowsimError("expectations_invalid", message);
  }
  const { labelLengthMax, sourceLengthMax } = RECORD_LIMITS;
  return { ...options, label: cut(label, labelLengthMax), source: cut(source, sourceLengthMax) };
}

/** What tells names apart is often at the end. */
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `…${text.slice(1 - lengthMax).replace(/^[\udc00-\udfff]/, "")}`;
}

class Canary {
  readonly #context: DeployContext;
  readonly #options: CanaryOptions;
  /** Zones that may run the module by now, and what they ran before: they must be rolled back after a failure. */
  readonly #given = new Map<number, string>();
  /** All zones of the server. */
  #all: number[] = [];
  #canaryZones: number[] = [];
  #shadow: ShadowRun | null = null;
  #noShadow = "";
  #swappedAtMs: number | null = null;
  #verdict: Verdict | null = null;
  #isRollingBack = false;
  #isUndone = false;

  constructor(context: DeployContext) {
    this.#context = context;
    this.#options = context.options;
  }

  async run(): Promise<CanaryResult> {
    const context = this.#context;
    try {
      const result = await this.#deploy();
      const over = (await context.recorder?.end(result.outcome, result.reason)) ?? null;
      return over === null ? result : await this.#asTold(over);
    } catch (error) {
      const reason = messageOf(error);
      if (context.recorder?.isOver(error) === true) return await this.#asTold(error);
      if (this.#isInterrupt(error))
        await context.recorder?.end("interrupted", `${this.#interrupted()}, before anything was swapped`);
      else await context.recorder?.end(this.#given.size > 0 ? "rolled_back" : "refused", reason);
      throw error;
    } finally {
      context.recorder?.leave();
      await this.#shadow?.end();
    }
  }

  async #deploy(): Promise<ToldResult> {
    assertCanLast(this.#options);
    const unfit = await preflight(this.#context);
    if (unfit !== null) return this.#result(unfit.outcome, unfit.reason);
    const others = await this.#baseline();
    try {
      const refusal = await this.#swap(this.#canaryZones, "swap");
      if (refusal !== null && this.#given.size === 0) return this.#result("refused", refusal);
      if (refusal !== null) return await this.#rollback(refusal, "rolled_back");
      const verdict = await this.#watch("watch", this.#trialOf(this.#canaryZones, this.#limits(true)));
      this.#verdict = verdict;
      if (!verdict.promote) return await this.#rollback(verdict.reason, "rolled_back");
      return (await this.#waves(others)) ?? (await this.#promote(verdict.reason));
    } catch (error) {
      if (this.#isRollingBack || this.#context.recorder?.isOver(error) === true) throw error;
      if (this.#isInterrupt(error)) return await this.#rollback(this.#interrupted(), "interrupted");
      return await this.#rollback(messageOf(error), "rolled_back");
    }
  }

  /** The server has ended the deploy: as it says, and zones run what it decided. */
  async #asTold(over: unknown): Promise<CanaryResult> {
    const { recorder } = this.#context;
    await this.#shadow?.end();
    const outcome = (await recorder?.outcome()) ?? "aborted";
    const reason = messageOf(over);
    const wish = { given: this.#given, reason, undo: this.#options.undo === true };
    if (this.#given.size > 0) this.#isUndone = await settled(this.#context, wish);
    return this.#result(outcome, reason);
  }

  #isInterrupt(error: unknown): boolean {
    const { signal } = this.#context.tools;
    return signal.aborted && error === signal.reason;
  }

  #interrupted(): string {
    return `interrupted in stage ${this.#context.stages.now}`;
  }

  /** Chooses the canary zones; returns the others, those with the fewest players first. */
  async #baseline(): Promise<number[]> {
    const { window, remote, stages, hash } = this.#context;
    const { policy, zoneId, allowIdle = false } = this.#options;
    stages.begins("baseline");
    const { zones } = await remote.status();
    this.#all = zones.map(({ zone_id: id }) => id);
    // A promotion that did not reach every zone left the module in some.
    const all = zones.filter((zone) => zone.hash !== hash).map(({ zone_id: id }) => id);
    const wanted = zoneId === undefined ? policy.canary.zones : [zoneId];
    // The window begins here: during the check of the module this thread was blocked, and lines were lost.
    window.restart();
    const count = canaryCount(policy, all.length);
    const wish = { all, wanted, count, isIdleAllowed: allowIdle };
    const { zoneIds, others, text, data } = await collectBaseline(window, wish, waitingOf(this.#context));
    this.#canaryZones = zoneIds;
    stages.told("baseline", true, text, data);
    return others;
  }

  /** Null when all of these zones run the module, else a zone's reason for the refusal. */
  async #swap(zoneIds: readonly number[], stage: Stage): Promise<string | null> {
    const { window, remote, stages, recorder, hash, tools } = this.#context;
    stages.begins(stage);
    const status = await remote.status();
    window.restart();
    if (this.#swappedAtMs === null) window.forgetLosses();
    for (const zone of status.zones.filter(({ zone_id: id }) => zoneIds.includes(id))) {
      const { zone_id: id, hash: before } = zone;
      const startedMs = performance.now();
      try {
        await remote.beginSwap(hash, id, leaseMsOf(this.#options), recorder?.deploy ?? null);
        this.#given.set(id, before);
        await remote.swapped(hash, id, tools.signal);
      } catch (error) {
        if (!(error instanceof WowsimError) || error.code !== "swap_refused") throw error;
        // An abort takes the module out of the zone, maybe before this tool has seen it there.
        await recorder?.askWhetherItGoesOn();
        this.#given.delete(id);
        stages.told(stage, false, error.message, { zone_id: id });
        return error.message;
      }
      this.#swappedAtMs ??= performance.now();
      const tookMs = Math.round(performance.now() - startedMs);
      const text = `zone ${id} runs ${hash} instead of ${before}, between two ticks, asked for ${tookMs} ms ago`;
      stages.told(stage, true, text, { zone_id: id, from_hash: before, to_hash: hash, took_ms: tookMs });
    }
    await this.#beginShadow();
    return null;
  }

  /** The module before runs beside all zones that were given the candidate. */
  async #beginShadow(): Promise<void> {
    const { tools } = this.#context;
    await this.#shadow?.end();
    this.#shadow = null;
    const [before = "", ...others] = new Set(this.#given.values());
    if (others.length > 0) {
      this.#noShadow = `the zones ran different modules before: ${[before, ...others].join(", ")}`;
      return;
    }
    const { expect = "", policy } = this.#options;
    const zoneIds = [...this.#given.keys()];
    try {
      const wish = { hash: before, zoneIds, ticks: 0, role: "incumbent" as const, expect, policy };
      this.#shadow = await ShadowRun.begin(tools.control, wish, tools.signal);
    } catch (error) {
      if (!(error instanceof WowsimError) || error.code.startsWith("control_")) throw error;
      this.#noShadow = error.code === "unknown_command" ? "this server has none" : error.message;
    }
  }

  #limits(isCanary: boolean): Limits {
    const { policy, durationMs, allowIdle = false } = this.#options;
    const { tickMs } = this.#context.window.samples;
    const ticks = durationMs === undefined ? policy.canary.ticks : Math.round(durationMs / tickMs);
    const limits = limitsOf(policy, isCanary ? ticks : policy.promote.watchTicks, allowIdle || !isCanary);
    // Of many zones a shadow compares some ticks of each; each zone's own guards see all.
    return isCanary ? limits : { ...limits, comparedMin: WAVE_COMPARED_MIN };
  }

  #trialOf(zoneIds: readonly number[], limits: Limits): Trial {
    return { zoneIds, candidate: this.#context.hash, limits, shadow: this.#shadow, noShadow: this.#noShadow };
  }

  async #watch(stage: Stage, trial: Trial): Promise<Verdict> {
    const { window, stages } = this.#context;
    stages.begins(stage);
    const watched = await watchTrial(window, trial, waitingOf(this.#context));
    stages.told(stage, !watched.early, watched.text, watched.data);
    this.#sayVerdict(watched);
    return watched.verdict;
  }

  #sayVerdict({ verdict }: Pick<Watched, "verdict">): void {
    const { stages } = this.#context;
    for (const { id, ok, text, numbers } of verdict.checks) stages.say("verdict", ok, text, { check: id, ...numbers });
    const report = this.#shadow?.evidence.report ?? null;
    const { promote, conclusion, reason, checks } = verdict;
    const data = { conclusion, ...evidenceOf(checks), report, terms: report?.shadow.terms ?? [] };
    stages.record("verdict", promote, reason, data);
  }

  /** More and more zones take the module on trial; null when it may be promoted to the rest. */
  async #waves(others: readonly number[]): Promise<ToldResult | null> {
    const { policy } = this.#options;
    const left = [...others];
    for (const size of waveSizes(policy.promote.waves, this.#all.length)) {
      const next = left.splice(0, Math.max(0, size - this.#given.size));
      if (next.length === 0) continue;
      this.#context.tools.signal.throwIfAborted();
      const refusal = await this.#swap(next, "wave");
      if (refusal !== null) return await this.#rollback(refusal, "rolled_back");
      if (policy.promote.watchTicks === 0) continue;
      const verdict = await this.#watch("wave", this.#trialOf([...this.#given.keys()], this.#limits(false)));
      this.#verdict = verdict;
      if (!verdict.promote) return await this.#rollback(verdict.reason, "rolled_back");
    }
    return null;
  }

  /** The promotion itself can not be interrupted: a half promotion is worse than a whole one or none. */
  async #promote(reason: string): Promise<ToldResult> {
    const { remote, stages, hash, tools, recorder, window } = this.#context;
    tools.signal.throwIfAborted();
    recorder?.assertGoesOn();
    const decidedMs = performance.now();
    const onTrial = this.#given.size;
    for (const { zone_id: id, hash: runs } of (await remote.status()).zones)
      if (!this.#given.has(id) && runs !== hash) this.#given.set(id, runs);
    const ids = this.#all;
    stages.begins("promote");
    window.restart();
    await remote.promote(hash, NEVER, recorder?.deploy ?? null);
    stages.told("promote", true, `every zone (${ids.join(", ")}) was given ${hash}`, { zones: ids, hash });
    await verify(this.#context, new Map(ids.map((id) => [id, hash])));
    // Ctrl-C may have come meanwhile, and nothing may be watched after this.
    tools.signal.throwIfAborted();
    const { watchTicks } = this.#options.policy.promote;
    const settledMs = performance.now();
    if (watchTicks > 0) {
      stages.begins("watch_on");
      // What happened since the promotion counts.
      window.samples.dropTicks();
      if (ids.length > onTrial) await this.#beginShadow();
      const trial = this.#trialOf(ids, this.#limits(false));
      const { verdict, text, data } = await watchOn(window, trial, watchTicks, waitingOf(this.#context));
      stages.told("watch_on", verdict.promote, text, { ...data, ...evidenceOf(verdict.checks) });
      if (!verdict.promote) {
        this.#verdict = verdict;
        return await this.#rollback(`late: ${verdict.reason}`, "rolled_back");
      }
    }
    return this.#result("promoted", reason, decidedMs, settledMs);
  }

  /** From here on Ctrl-C is ignored, so that the roll-back finishes. Throws when the server has ended the deploy. */
  async #rollback(reason: string, outcome: "rolled_back" | "interrupted"): Promise<ToldResult> {
    // This process may have stood still for long, and an abort takes zones back before its tool hears of it.
    await this.#context.recorder?.askWhetherItGoesOn();
    this.#isRollingBack = true;
    const decidedMs = performance.now();
    await this.#shadow?.end();
    const verdict = this.#verdict;
    const failed = verdict?.conclusion === "failed" ? verdict.checks.filter(({ ok }) => !ok) : [];
    const undo = this.#options.undo === true || failed.some(({ id, kind }) => kind !== "data" && UNDONE_CHECKS.has(id));
    // Only a module that was judged is refused from now on.
    const isJudged = verdict?.conclusion === "failed" || outcome === "interrupted";
    const wish = { given: this.#given, reason, isJudged, undo, leaseMs: leaseMsOf(this.#options) };
    this.#isUndone = await takeBack(this.#context, wish);
    return this.#result(outcome, reason, decidedMs);
  }

  #result<Outcome extends CanaryResult["outcome"]>(
    outcome: Outcome,
    reason: string,
    decidedMs: number | null = null,
    settledAtMs = performance.now(),
  ): CanaryResult & { outcome: Outcome } {
    const { hash, recorder, window } = this.#context;
    const isTried = this.#canaryZones.length > 0;
    return {
      outcome,
      reason,
      hash,
      deploy: recorder?.deploy ?? null,
      zoneId: isTried ? (this.#canaryZones[0] ?? null) : null,
      zoneIds: this.#canaryZones,
      verdict: this.#verdict,
      undone: this.#isUndone,
      watchedMs: decidedMs === null || this.#swappedAtMs === null ? null : Math.round(decidedMs - this.#swappedAtMs),
      settledMs: decidedMs === null ? null : Math.round(settledAtMs - decidedMs),
      sessionsLost: window.sessionsLost,
    };
  }
}

/** One tick in twenty. */
const WAVE_COMPARED_MIN = 0.05;
