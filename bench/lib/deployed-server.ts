// A server under players, and deploys to it, one after the other, as `wowsim deploy` makes them; what came of each.
//
//   await using server = await DeployedServer.start(LOADS["come and go"], { seed: 1, tickRate: 20 })
//   await server.deploy(candidate)
//   // { candidate: "armour-sign", outcome: "refused", stage: "validate", ticks: 640, players: 0, ... }

import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { Candidate } from "../../assembly/toolchain/candidates.ts";
import { DEFAULT_POLICY } from "../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { measuredOf } from "../../tools/analysis/telemetry-text.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { FeedClient } from "../../tools/client/feed-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import { runCanary } from "../../tools/deploy/canary.ts";
import type { CanaryResult, StageReport } from "../../tools/deploy/canary.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";

/** What goes on while modules are deployed. */
export interface Load {
  players: number;
  /** A third of the players leaves every few seconds, and others come for them. */
  comeAndGo: boolean;
  /** Processes beside the server that use a processor each. */
  busy: number;
}

export const LOADS = {
  idle: { players: 0, comeAndGo: false, busy: 0 },
  "20": { players: 20, comeAndGo: false, busy: 0 },
  "200": { players: 200, comeAndGo: false, busy: 0 },
  "come and go": { players: 60, comeAndGo: true, busy: 0 },
  busy: { players: 60, comeAndGo: false, busy: 2 },
} as const satisfies Record<string, Load>;
export type LoadName = keyof typeof LOADS;

/** What came of one deploy. */
export interface Deployed {
  candidate: string;
  label: Candidate["label"];
  outcome: CanaryResult["outcome"];
  /** Nothing spoke against the module; there was too little to judge by. */
  isInconclusive: boolean;
  /** Which stage ended it; null: none, it was promoted. */
  stage: string | null;
  /** Ticks that stage had judged the module by; null: it does not say. */
  ticks: number | null;
  /** Players in the zones that ran the module before it was promoted. */
  players: number;
  reason: string;
  seconds: number;
}

/** Shorter than the usual one in all that only takes time. */
const POLICY: DeployPolicy = {
  ...DEFAULT_POLICY,
  shadow: { ...DEFAULT_POLICY.shadow, ticks: 200 },
  canary: { ...DEFAULT_POLICY.canary, ticks: 460 },
  promote: { waves: [1], watchTicks: 40 },
};
const RECORDED_TICKS = 400;
const HOST = "127.0.0.1";
const TURN_MS = 4_000;
const GROUPS = 3;
const ACTIONS_PER_S = 2;
/** A zone that has just recovered takes no deploy; the server refuses one for half a minute. */
const INCIDENT_MS_MAX = 60_000;
const INCIDENT_LOOK_MS = 1_000;
const NEVER = new AbortController().signal;
/** A program that uses a processor for as long as the one that started it runs. */
const BUSY = "const { ppid } = process; while (process.ppid === ppid) for (let n = 0; n < 1e7; n++);";

export class DeployedServer implements AsyncDisposable {
  readonly #server: ServerChild;
  readonly #control: ControlClient;
  readonly #feed: FeedClient;
  readonly #load: Load;
  readonly #tickRate: number;
  #swarms: Swarm[] = [];
  #neighbours: Bun.Subprocess[] = [];
  #turning: Promise<void> = Promise.resolve();
  #isOver = false;
  #newestTick = 0;
  /** By module: the zones that ran it, and the most players of each. */
  readonly #seen = new Map<string, Map<number, number>>();

  private constructor(server: ServerChild, control: ControlClient, feed: FeedClient, load: Load, tickRate: number) {
    this.#server = server;
    this.#control = control;
    this.#feed = feed;
    this.#load = load;
    this.#tickRate = tickRate;
    feed.onLine(({ message, data }) => {
      if (message !== "Zone tick completed") return;
      this.#newestTick = Math.max(this.#newestTick, measuredOf(data, "tick") ?? 0);
      const zones = this.#seen.get(String(data["kernel"])) ?? new Map<number, number>();
      const zone = Number(data["zone_id"]);
      zones.set(zone, Math.max(zones.get(zone) ?? 0, measuredOf(data, "players") ?? 0));
      this.#seen.set(String(data["kernel"]), zones);
    });
  }

  /** Resolves when enough was played to judge a module by. */
  static async start(load: Load, { seed, tickRate }: { seed: number; tickRate: number }): Promise<DeployedServer> {
    const server = await startServerChild({ seed, tickRateHz: tickRate });
    const control = await ControlClient.connect({ host: HOST, port: server.ports.control });
    const feed = await FeedClient.connect({ host: HOST, port: server.ports.telemetry });
    const started = new DeployedServer(server, control, feed, load, tickRate);
    await started.#settle(seed);
    return started;
  }

  async deploy(candidate: Candidate): Promise<Deployed> {
    const { wasm, hash } = await buildCandidate(candidate.name);
    const expect = candidate.expectations === null ? "" : await Bun.file(candidate.expectations).text();
    this.#seen.delete(hash);
    const startMs = performance.now();
    const stages: StageReport[] = [];
    const result = await this.#run({ wasm, expect, label: candidate.name }, stages);
    const seconds = (performance.now() - startMs) / 1_000;
    const zones = this.#seen.get(hash) ?? new Map<number, number>();
    const touched = result.outcome === "promoted" ? result.zoneIds : [...zones.keys()];
    const players = touched.reduce((sum, zone) => sum + (zones.get(zone) ?? 0), 0);
    if (result.outcome === "promoted") await new DeployRemote(this.#control).rollBack(0);
    const { outcome, reason, verdict } = result;
    const last = stages.findLast(({ stage, ok }) => !ok && stage !== "verdict");
    return {
      candidate: candidate.name,
      label: candidate.label,
      outcome,
      isInconclusive: outcome !== "promoted" && isInconclusive(reason, verdict),
      stage: outcome === "promoted" ? null : stageOf(result, stages, last),
      ticks: ticksOf(stages, last),
      players,
      reason,
      seconds,
    };
  }

  /** A server that refuses deploys because a zone has just recovered is asked again. */
  async #run(
    module: { wasm: Uint8Array; label: string; expect: string },
    stages: StageReport[],
  ): Promise<CanaryResult> {
    const lastMs = Math.round((RECORDED_TICKS * 1_000) / this.#tickRate);
    const options = { ...module, policy: POLICY, validate: { lastMs } };
    const report = (stage: StageReport): void => void stages.push(stage);
    const giveUpAt = performance.now() + INCIDENT_MS_MAX;
    for (;;) {
      try {
        return await runCanary(options, { control: this.#control, feed: this.#feed, signal: NEVER, report });
      } catch (error) {
        const isIncident = error instanceof WowsimError && error.code === "incident_open";
        if (!isIncident || performance.now() > giveUpAt) throw error;
        stages.length = 0;
        await Bun.sleep(INCIDENT_LOOK_MS);
      }
    }
  }

  async #settle(seed: number): Promise<void> {
    const { players, comeAndGo, busy } = this.#load;
    const groups = comeAndGo ? GROUPS : 1;
    const join = (group: number, round: number): Promise<Swarm> =>
      Swarm.start({
        host: HOST,
        port: this.#server.ports.game,
        count: Math.ceil(players / groups),
        rate: ACTIONS_PER_S,
        seed: seed + group + round * GROUPS,
        behaviour: "mixed",
        namePrefix: `Group ${group} ${round}`,
      });
    if (players > 0)
      this.#swarms = await Promise.all(Array.from({ length: groups }, async (_, group) => await join(group, 0)));
    this.#neighbours = Array.from({ length: busy }, () => Bun.spawn([process.execPath, "-e", BUSY]));
    if (comeAndGo) this.#turning = this.#turn(join);
    const from = this.#newestTick;
    while (this.#newestTick < from + RECORDED_TICKS) await Bun.sleep(100);
  }

  async #turn(join: (group: number, round: number) => Promise<Swarm>): Promise<void> {
    for (let round = 1; !this.#isOver; round++) {
      await Bun.sleep(TURN_MS);
      const group = round % GROUPS;
      await this.#swarms[group]?.stop();
      if (!this.#isOver) this.#swarms[group] = await join(group, round);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const child of this.#neighbours) child.kill();
    await this.#turning;
    await Promise.all(this.#swarms.map((swarm) => swarm.stop()));
    this.#feed.close();
    this.#control.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

function isInconclusive(reason: string, verdict: CanaryResult["verdict"]): boolean {
  return verdict === null ? /\binconclusive\b/.test(reason) : verdict.conclusion === "inconclusive";
}

/** The canary's watch is "canary", whatever ended it. */
function stageOf({ outcome }: CanaryResult, stages: readonly StageReport[], last?: StageReport): string {
  if (outcome === "refused") return last?.stage ?? "begin";
  if (stages.some(({ stage }) => stage === "promote")) return "watch_on";
  return stages.some(({ stage }) => stage === "wave") ? "wave" : "canary";
}

/** What the stage that ended it had seen. */
function ticksOf(stages: readonly StageReport[], last?: StageReport): number | null {
  if (last === undefined) return null;
  const own = stages.findLast(({ stage, data }) => stage === last.stage && ("report" in data || "ticks" in data));
  const report = own?.data["report"] as { ticks?: number } | null | undefined;
  return report?.ticks ?? (typeof own?.data["ticks"] === "number" ? own.data["ticks"] : null);
}
