// A server as a deploy sees it, in this process: zones that tick over a feed, and a control channel with the commands of deploys, records
// and shadows in the form of their schemas. A test changes what it says while a deploy is under way.
//
//   await using server = new FakeDeployServer({ zones: 2 })
//   server.onTold("watch", () => (server.shadow = { verdict: "fail" }))
//   await runCanary({ ...server.options(wasm), policy }, server.tools())
//   server.told                // ["check true", "upload true", ...], as the record has them

import { DEFAULT_POLICY } from "../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { ShadowStatus } from "../../server/protocol/shadow.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { CanaryTools } from "../../tools/deploy/canary.ts";
import type { StageReport } from "../../tools/deploy/stages.ts";
import { rolledBack } from "./deploy-record.ts";
import { shadowOf } from "./deploy-telemetry.ts";
import type { Shadow } from "./deploy-telemetry.ts";

const TICK_MS = 20;
/** So low that it is no silence when a busy machine holds this process up. */
const TOLD_HZ = 2;
export const BEFORE = "7e6a3cdb083f8056";

/** Short enough for a test, and so generous that few blocks of time are enough. */
export const SHORT_POLICY: DeployPolicy = {
  ...DEFAULT_POLICY,
  shadow: { ticks: 200, zones: null, p99RatioMax: 1.1 },
  canary: { ...DEFAULT_POLICY.canary, ticks: 60, errorRate: 0.5 },
  promote: { waves: [1], watchTicks: 20 },
};

interface FakeZone {
  hash: string;
  previous: string | null;
  isTrial: boolean;
  tick: number;
  players: number;
  isSilent: boolean;
  swappedAt: number;
}

type Answer = Record<string, unknown>;

/** What a server refuses of a deploy that is over. */
const OF_THE_DEPLOY = ["deploy_stage", "deploy_alive", "deploy_end", "deploy_swap", "deploy_promote"];

export class FakeDeployServer implements AsyncDisposable {
  readonly zones = new Map<number, FakeZone>();
  /** Commands, in their order. */
  readonly asked: Answer[] = [];
  /** Stages as the record has them. */
  readonly told: string[] = [];
  readonly stages: StageReport[] = [];
  /** What the shadow says; `beforeSwap`: the ticks that the one before the swap has seen when it is over. */
  shadow: Shadow & { beforeSwap?: number } = {};
  /** Thrown instead of an answer, by command. */
  readonly failures = new Map<string, WowsimError>();
  readonly stop = new AbortController();
  isFeedSilent = false;
  outcome: string | null = null;
  /** How the server itself has ended the deploy. */
  ended: "aborted" | "abandoned" | null = null;
  reason: string | null = null;
  undone: number[] = [];
  /** What the server says of a validation. */
  validation: () => Answer = () => ({});
  readonly #listeners = new Set<(line: TelemetryLine) => void>();
  readonly #hooks: { stage: string; act: () => void }[] = [];
  readonly #timer: Timer;
  readonly #sinceMs = performance.now();
  #ticks = 0;
  #shadowed: { role: string; zoneIds: number[] } = { role: "candidate", zoneIds: [] };

  constructor({ zones = 2 }: { zones?: number } = {}) {
    for (let id = 1; id <= zones; id++) {
      const zone = { hash: BEFORE, previous: null, isTrial: false, tick: 1_000, players: 10 * id };
      this.zones.set(id, { ...zone, isSilent: false, swappedAt: 0 });
    }
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
  }

  zone(id: number): FakeZone {
    const zone = this.zones.get(id);
    if (zone === undefined) throw new Error(`There is no zone ${id}.`);
    return zone;
  }

  /** What zones run, by their number. */
  get runs(): string[] {
    return [...this.zones.values()].map(({ hash }) => hash);
  }

  tools(): CanaryTools {
    return {
      control: { ask: (request) => this.#ask(request) },
      feed: {
        onLine: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      signal: this.stop.signal,
      report: (stage) => {
        this.stages.push(stage);
        for (const { act } of this.#hooks.filter((hook) => hook.stage === stage.stage)) act();
      },
    };
  }

  /** Calls `act` when the tool has reported a line of this stage. */
  onTold(stage: string, act: () => void): void {
    this.#hooks.push({ stage, act });
  }

  /** Calls `act` once the zone has run the module on trial for so many ticks. */
  async afterTrialTicks(zoneId: number, ticks: number, act: () => void): Promise<void> {
    const zone = this.zone(zoneId);
    while (!zone.isTrial || zone.tick - zone.swappedAt < ticks) await Bun.sleep(5);
    act();
  }

  say(component: string, message: string, data: Answer): void {
    const line: TelemetryLine = {
      v: 1,
      timestamp: new Date().toISOString(),
      type: "event",
      component,
      message,
      data,
    };
    if (!this.isFeedSilent) for (const listener of this.#listeners) listener(line);
  }

  /** The server ends the deploy: its tool is told so at its next word. An abort takes every zone back. */
  ends(outcome: "aborted" | "abandoned", message: string): void {
    this.ended = outcome;
    const over = new WowsimError("deploy_aborted", message);
    for (const command of OF_THE_DEPLOY) this.failures.set(command, over);
    if (outcome === "aborted") for (const [id, zone] of this.zones) if (zone.previous !== null) this.#back(zone, id);
  }

  /** Somebody else rolls a zone back. */
  takeBack(zoneId: number, by: string | undefined, reason: string): void {
    const zone = this.zone(zoneId);
    const [from_hash, to_hash] = [zone.hash, zone.previous];
    this.#back(zone, zoneId);
    this.say("deploy", "Module rolled back", { zone_id: zoneId, from_hash, to_hash, reason, by, tick: zone.tick });
  }

  #tick(): void {
    this.#ticks++;
    if (this.#ticks % 10 === 1) this.say("game_loop", "Tick completed", { tick_rate_hz: TOLD_HZ });
    const due = Math.floor((performance.now() - this.#sinceMs) / TICK_MS);
    for (const [id, zone] of this.zones) {
      while (zone.tick - 1_000 < due) {
        zone.tick++;
        if (zone.isSilent) continue;
        this.say("zone", "Zone tick completed", {
          zone_id: id,
          zone_name: `zone ${id}`,
          tick: zone.tick,
          kernel: zone.hash,
          kernel_ms: 0.2,
          duration_ms: 0.3,
          overrun: false,
          players: zone.players,
          casts_started: zone.players > 0 ? 1 : 0,
          commands: zone.players,
          refused: 0,
          recoveries: 0,
        });
      }
    }
  }

  async #ask(request: Answer): Promise<Answer> {
    this.asked.push(request);
    const failure = this.failures.get(String(request["command"]));
    if (failure !== undefined) throw failure;
    await Bun.sleep(1);
    return this.#answer(request);
  }

  #answer(request: Answer): Answer {
    const zoneId = Number(request["zone_id"]);
    const hash = String(request["hash"]);
    switch (request["command"]) {
      case "deploy_begin":
        return { deploy: 7 };
      case "deploy_stage":
        this.told.push(`${String(request["stage"])} ${String(request["ok"])}`);
        return {};
      case "deploy_end":
        this.outcome = String(request["outcome"]);
        this.reason = String(request["reason"]);
        return {};
      case "deploy_show":
        return { record: { ...rolledBack(), outcome: this.ended } };
      case "deploy_load":
        return { hash: this.#load(request), state: "ready" };
      case "deploy_status":
        return this.#status();
      case "deploy_swap":
        return this.#swap(this.zone(zoneId), hash);
      case "deploy_promote":
        for (const zone of this.zones.values()) this.#swap(zone, hash).isTrial = zone.isTrial = false;
        return {};
      case "deploy_rollback":
        return this.#back(this.zone(zoneId), zoneId);
      case "deploy_undo":
        this.undone.push(zoneId);
        return { zones: [zoneId] };
      case "deploy_undo_report":
        return { undos: this.undone.map((id) => this.#undo(id)) };
      case "validate_module":
        return { validation: 5 };
      case "validate_status":
        return { validation: 5, hash, share: 1, doing: "", seconds: 1, error: null, ...this.validation() };
      case "shadow_module":
        this.#shadowed = { role: String(request["role"]), zoneIds: request["zone_ids"] as number[] };
        return { shadow: 3, state: "running" };
      case "shadow_status":
        return this.#shadowStatus();
      default:
        return {};
    }
  }

  #hash = "";

  #load({ module }: Answer): string {
    this.#hash = new Bun.CryptoHasher("sha256")
      .update(Buffer.from(String(module), "base64"))
      .digest("hex")
      .slice(0, 16);
    return this.#hash;
  }

  #status(): Answer {
    const modules = [{ hash: this.#hash, label: "", state: "ready", problems: [] }];
    const zones = [...this.zones].map(([zone_id, { hash, previous, isTrial }]) => ({
      zone_id,
      hash,
      label: "",
      phase: isTrial ? "canary" : "steady",
      canary: isTrial,
      previous_hash: previous,
      lease_ms_left: null,
      last_error: null,
    }));
    return { modules, zones };
  }

  #swap(zone: FakeZone, hash: string): Answer {
    if (zone.hash !== hash) Object.assign(zone, { previous: zone.hash, hash, isTrial: true, swappedAt: zone.tick });
    return {};
  }

  #back(zone: FakeZone, zoneId: number): Answer {
    Object.assign(zone, { hash: zone.previous ?? zone.hash, previous: null, isTrial: false });
    return { zones: [zoneId] };
  }

  /** A list of what an undo changed is made by the zone's own worker; this one has none. */
  #undo(zoneId: number): Answer {
    const base = { zone_id: zoneId, dry_run: false, from_tick: 1, tick: 2, report: null };
    return { ...base, state: "failed", error: "a made-up zone has no history" };
  }

  #shadowStatus(): Answer {
    const { role, zoneIds } = this.#shadowed;
    const isBefore = role === "candidate";
    const isDone = isBefore || this.shadow.isDone === true;
    const { report, blocks } = shadowOf({ ticks: 200, isCalm: true, ...this.shadow });
    if (report === null) throw new Error("There is a report.");
    const ids = zoneIds.length === 0 ? [...this.zones.keys()] : zoneIds;
    const zones = ids.map((zone_id) => {
      const { tick, swappedAt } = this.zone(zone_id);
      const from_tick = isBefore ? tick - (this.shadow.beforeSwap ?? 200) + 1 : swappedAt + 1;
      const compared = this.shadow.compared ?? Math.max(0, tick - from_tick + 1);
      const base = { ...report.shadow.zones[0], mismatched: this.shadow.mismatched ?? 0 };
      return { ...base, zone_id, from_tick, to_tick: Math.max(tick, from_tick), compared, equal: compared };
    });
    const enough = Math.floor(zones.reduce((total, { compared }) => total + compared, 0) / 20);
    const time_blocks = Array.from({ length: enough }, (_, n) => ({ ...(blocks[n % blocks.length] ?? blocks[0]), n }));
    return ShadowStatus.parse({
      shadow: 3,
      hash: BEFORE,
      role,
      state: isDone ? "done" : "running",
      share: isDone ? 1 : 0,
      doing: "zone 1",
      report: { ...report, shadow: { ...report.shadow, zones, time_blocks } },
      error: null,
    });
  }
}
