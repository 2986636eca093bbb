// A deploy from end to end: check → upload → baseline → swap → watch → verdict → promote or roll back → verify.
//
//   const result = await runCanary({ wasm, label: "hotfix.wasm", durationMs: 20_000, ... }, { control, feed, signal, report })
//   result.outcome    // "promoted" | "rolled_back" | "refused" | "interrupted"
//
// Each stage reports one line with its numbers. Any failure after the swap (an error, a silent feed, Ctrl-C) ends
// in a roll-back. If this process dies, the server rolls back when the lease ends.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { MODULE_LIMITS } from "../../server/protocol/limits.ts";
import { checkModule } from "../../assembly/toolchain/checks.ts";
import { hashOf } from "../../assembly/toolchain/meter.ts";
import { FeedWindow } from "./feed-window.ts";
import type { LineFeed } from "./feed-window.ts";
import type { Thresholds, Verdict } from "./verdict.ts";
import { DeployRemote } from "./remote.ts";
import type { Control, RemoteZone } from "./remote.ts";
import type { SampleWindow } from "./samples.ts";
import { collectBaseline, confirmRunning, watchCanary } from "./watch.ts";

export interface CanaryOptions {
  /** An unmetered kernel binary. */
  wasm: Uint8Array;
  label: string;
  /** Undefined: of the zones with players, the one with the fewest. */
  zoneId: number | undefined;
  /** How long the canary is watched. */
  durationMs: number;
  thresholds: Thresholds;
}

export type Stage = "check" | "upload" | "baseline" | "swap" | "watch" | "verdict" | "promote" | "rollback" | "verify";

export interface StageReport {
  stage: Stage;
  ok: boolean;
  /** One line for people. */
  text: string;
  data: Record<string, unknown>;
}

export interface CanaryTools {
  control: Control;
  feed: LineFeed;
  /** Aborted: the canary is rolled back. */
  signal: AbortSignal;
  report(stage: StageReport): void;
  /** Called a few times a second while waiting; `share` is the finished part of the wait, from 0 to 1. */
  progress?(share: number, text: string): void;
}

export interface CanaryResult {
  outcome: "promoted" | "rolled_back" | "refused" | "interrupted";
  /** The verdict's reason, or the reason of a refusal. */
  reason: string;
  hash: string;
  zoneId: number | null;
  verdict: Verdict | null;
  /** From the swap to the decision to promote or roll back; null when nothing was swapped. */
  watchedMs: number | null;
  /** From that decision to every zone confirmed on the module it should run. */
  settledMs: number | null;
  /** Sessions that lost their connection between swap and end, by telemetry. */
  sessionsLost: number;
}

const NEVER = new AbortController().signal;
/** The lease lasts this much longer than the watch, so that the verdict can be carried out. */
const LEASE_MARGIN_MS = 10_000;

/** Runs one canary. Throws when there was no swap, and the module is not the reason. */
export async function runCanary(options: CanaryOptions, tools: CanaryTools): Promise<CanaryResult> {
  const window = new FeedWindow(tools.feed);
  try {
    return await new Canary(options, tools, window).run();
  } finally {
    window.close();
  }
}

class Canary {
  readonly #options: CanaryOptions;
  readonly #tools: CanaryTools;
  readonly #window: FeedWindow;
  readonly #remote: DeployRemote;
  readonly #hash: string;
  #swappedAtMs: number | null = null;
  /** Zones that may run the module by now: they must be rolled back after a failure. */
  #given: number[] = [];
  #isRollingBack = false;
  /** All zones of the server. */
  #zoneIds: number[] = [];

  constructor(options: CanaryOptions, tools: CanaryTools, window: FeedWindow) {
    this.#options = options;
    this.#tools = tools;
    this.#window = window;
    this.#remote = new DeployRemote(tools.control);
    this.#hash = hashOf(options.wasm);
  }

  get #leaseMs(): number {
    return this.#options.durationMs + LEASE_MARGIN_MS;
  }

  async run(): Promise<CanaryResult> {
    const { signal } = this.#tools;
    const refusal = await this.#checkAndUpload();
    if (refusal !== null) return this.#result("refused", refusal, null, null);
    const alreadyRuns = await this.#whereItRuns();
    if (alreadyRuns !== null) return this.#result("refused", alreadyRuns, null, null);
    const { zone, baseline } = await this.#baseline();
    try {
      const swapRefusal = await this.#swap(zone);
      if (swapRefusal !== null) return this.#result("refused", swapRefusal, zone.zone_id, null);
      const verdict = await this.#watch(zone, baseline);
      if (!verdict.promote) return await this.#rollback(zone, verdict.reason, verdict, "rolled_back");
      signal.throwIfAborted();
      return await this.#promote(zone, verdict);
    } catch (error) {
      if (this.#isRollingBack) throw error;
      const isInterrupted = signal.aborted && error === signal.reason;
      const reason = isInterrupted ? "interrupted" : messageOf(error);
      return await this.#rollback(zone, reason, null, isInterrupted ? "interrupted" : "rolled_back");
    }
  }

  /** Null when the module may run, else the reason against it. */
  async #checkAndUpload(): Promise<string | null> {
    const { wasm, label } = this.#options;
    const { signal } = this.#tools;
    const { moduleBytesMax } = MODULE_LIMITS;
    if (wasm.length > moduleBytesMax) {
      const reason = `${label} has more than ${moduleBytesMax} bytes, the most that a server takes`;
      this.#say("check", false, reason, { bytes_max: moduleBytesMax });
      return reason;
    }
    const problems = await checkModule(wasm);
    const size = `${label}: ${wasm.length} bytes, module ${this.#hash}`;
    const found = problems.length === 0 ? `${size}; static checks hold` : `${problems.join(" ")} (${size})`;
    this.#say("check", problems.length === 0, found, { bytes: wasm.length, hash: this.#hash, problems });
    if (problems.length > 0) return problems.join(" ");
    const startedMs = performance.now();
    try {
      await this.#remote.load(wasm, label, signal);
    } catch (error) {
      if (!(error instanceof WowsimError) || error.code !== "module_refused") throw error;
      this.#say("upload", false, error.message, {});
      return error.message;
    }
    const tookMs = Math.round(performance.now() - startedMs);
    this.#say("upload", true, `the server checked and metered it in ${tookMs} ms`, { took_ms: tookMs });
    return null;
  }

  /** Null when no zone runs the module yet, else the text that there is nothing to compare. */
  async #whereItRuns(): Promise<string | null> {
    const { zones } = await this.#remote.status();
    const ids = zones.filter(({ hash }) => hash === this.#hash).map(({ zone_id: id }) => id);
    if (ids.length === 0) return null;
    const reason = `zone ${ids.join(", ")} runs ${this.#hash} already; a canary would have nothing to be compared with`;
    this.#say("baseline", false, reason, { zones: ids });
    return reason;
  }

  async #baseline(): Promise<{ zone: RemoteZone; baseline: SampleWindow }> {
    const { thresholds, zoneId } = this.#options;
    const { zones } = await this.#remote.status();
    // The window begins here: during the check of the module this thread was blocked, and lines were lost.
    this.#window.restart();
    const wanted = zoneId === undefined ? undefined : (await this.#remote.zone(zoneId)).zone_id;
    this.#zoneIds = zones.map(({ zone_id: id }) => id);
    const collected = await collectBaseline(this.#window, this.#zoneIds, wanted, thresholds, this.#tools);
    const zone = await this.#remote.zone(collected.zoneId);
    this.#say("baseline", true, collected.text, collected.data);
    return { zone, baseline: collected.samples };
  }

  /** Null when the canary zone runs the module, else the zone's reason for the refusal. */
  async #swap(zone: RemoteZone): Promise<string | null> {
    this.#window.restart();
    const startedMs = performance.now();
    try {
      await this.#remote.beginSwap(this.#hash, zone.zone_id, this.#leaseMs);
      this.#given = [zone.zone_id];
      await this.#remote.swapped(this.#hash, zone.zone_id, this.#tools.signal);
    } catch (error) {
      if (!(error instanceof WowsimError) || error.code !== "swap_refused") throw error;
      this.#say("swap", false, error.message, { zone_id: zone.zone_id });
      return error.message;
    }
    this.#swappedAtMs = performance.now();
    const tookMs = Math.round(this.#swappedAtMs - startedMs);
    const text = `zone ${zone.zone_id} runs ${this.#hash} instead of ${zone.hash}, between two ticks, asked for ${tookMs} ms ago`;
    this.#say("swap", true, text, {
      zone_id: zone.zone_id,
      from_hash: zone.hash,
      to_hash: this.#hash,
      took_ms: tookMs,
    });
    return null;
  }

  async #watch(zone: RemoteZone, baseline: SampleWindow): Promise<Verdict> {
    const { durationMs, thresholds } = this.#options;
    const watched = await watchCanary(
      this.#window,
      { zoneId: zone.zone_id, candidate: this.#hash, zones: this.#zoneIds, baseline, durationMs, thresholds },
      this.#tools,
    );
    this.#say("watch", !watched.early, watched.text, watched.data);
    const { verdict } = watched;
    for (const check of verdict.checks)
      this.#say("verdict", check.ok, check.text, { check: check.id, ...check.numbers });
    return verdict;
  }

  /** Can not be interrupted: a half promotion is worse than a whole one or none. */
  async #promote(zone: RemoteZone, verdict: Verdict): Promise<CanaryResult> {
    const decidedMs = performance.now();
    const ids = (await this.#remote.status()).zones.map(({ zone_id: id }) => id);
    this.#given = ids;
    await this.#remote.promote(this.#hash, NEVER);
    this.#say("promote", true, `every zone (${ids.join(", ")}) was given ${this.#hash}`, {
      zones: ids,
      hash: this.#hash,
    });
    await this.#verify(new Map(ids.map((id) => [id, this.#hash])));
    return this.#result("promoted", verdict.reason, zone.zone_id, verdict, decidedMs);
  }

  /** From here on Ctrl-C is ignored, so that the roll-back finishes. */
  async #rollback(
    zone: RemoteZone,
    reason: string,
    verdict: Verdict | null,
    outcome: CanaryResult["outcome"],
  ): Promise<CanaryResult> {
    this.#isRollingBack = true;
    const decidedMs = performance.now();
    const back: string[] = [];
    for (const id of this.#given) back.push(`zone ${id} runs ${await this.#takeBack(id, reason)} again`);
    this.#say("rollback", true, back.join(", "), { zones: this.#given, reason });
    const { zones } = await this.#remote.status();
    await this.#verify(new Map(zones.map(({ zone_id: id, hash }) => [id, id === zone.zone_id ? zone.hash : hash])));
    return this.#result(outcome, reason, zone.zone_id, verdict, decidedMs);
  }

  /** The hash that a zone runs after its roll-back. Its error includes the earlier failure, and what happens next. */
  async #takeBack(zoneId: number, reason: string): Promise<string> {
    try {
      return (await this.#remote.rollback(this.#hash, zoneId, reason, NEVER)).hash;
    } catch (error) {
      const code = error instanceof WowsimError ? error.code : "rollback_failed";
      const lease = `the server takes zone ${zoneId} back by itself, ${this.#leaseMs / 1_000} s after the swap`;
      throw new WowsimError(code, `${messageOf(error)} The roll-back (${reason}) was not confirmed; ${lease}.`, {
        cause: error,
      });
    }
  }

  async #verify(expected: Map<number, string>): Promise<void> {
    const confirmed = await confirmRunning(this.#window, expected);
    const lost = this.#window.samples.sessionsLost;
    const sessions = `sessions lost since the swap: ${lost}`;
    this.#say("verify", confirmed.ok, `${confirmed.text}; ${sessions}`, { ...confirmed.data, sessions_lost: lost });
    if (!confirmed.ok) throw new WowsimError("verify_failed", confirmed.text);
  }

  #say(stage: Stage, ok: boolean, text: string, data: Record<string, unknown>): void {
    this.#tools.report({ stage, ok, text, data });
  }

  #result(
    outcome: CanaryResult["outcome"],
    reason: string,
    zoneId: number | null,
    verdict: Verdict | null,
    decidedMs: number | null = null,
  ): CanaryResult {
    return {
      outcome,
      reason,
      hash: this.#hash,
      zoneId,
      verdict,
      watchedMs: decidedMs === null || this.#swappedAtMs === null ? null : Math.round(decidedMs - this.#swappedAtMs),
      settledMs: decidedMs === null ? null : Math.round(performance.now() - decidedMs),
      sessionsLost: this.#window.samples.sessionsLost,
    };
  }
}
