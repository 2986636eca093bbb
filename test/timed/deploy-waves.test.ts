// A deploy over several zones of a real server with players: it goes on in waves, and what shows only after the promotion goes back everywhere.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { BuiltKernel } from "../../assembly/toolchain/build.ts";
import { DEFAULT_POLICY } from "../../server/protocol/deploy-policy.ts";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { FeedClient } from "../../tools/client/feed-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import { runCanary } from "../../tools/deploy/canary.ts";
import type { CanaryResult, StageReport } from "../../tools/deploy/canary.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { ROOT } from "../helpers/command.ts";

setDefaultTimeout(120_000);

const host = "127.0.0.1";
const PLAYERS = 80;
/** Two zones of four first, then three, then all. */
const POLICY = {
  ...DEFAULT_POLICY,
  shadow: { ...DEFAULT_POLICY.shadow, ticks: 0, p99RatioMax: 100 },
  canary: { ...DEFAULT_POLICY.canary, share: 0.5, ticks: 260, errorRate: 0.05 },
  promote: { waves: [0.75, 1], watchTicks: 60 },
};

let server: ServerChild;
let swarm: Swarm;
let control: ControlClient;
let feed: FeedClient;
let hotfix: BuiltKernel;

beforeAll(async () => {
  hotfix = await buildCandidate("hotfix");
  server = await startServerChild({ world: join(ROOT, "server/protocol/content/worlds/four-zones.toml") });
  control = await ControlClient.connect({ host, port: server.ports.control });
  feed = await FeedClient.connect({ host, port: server.ports.telemetry });
  swarm = await Swarm.start({ host, port: server.ports.game, count: PLAYERS, rate: 2, seed: 3 });
});

afterAll(async () => {
  await swarm?.stop();
  feed?.close();
  control?.close();
  await server?.[Symbol.asyncDispose]();
});

const hashes = async (): Promise<string[]> => (await new DeployRemote(control).status()).zones.map(({ hash }) => hash);

/** `told`: called with each line. */
async function deployed(told: (stage: StageReport) => void): Promise<{ result: CanaryResult; stages: StageReport[] }> {
  const stages: StageReport[] = [];
  const report = (stage: StageReport): void => {
    stages.push(stage);
    told(stage);
  };
  const { signal } = new AbortController();
  const options = { wasm: hotfix.wasm, label: "hotfix.wasm", policy: POLICY, force: "a drill", allowIdle: true };
  return { result: await runCanary(options, { control, feed, signal, report }), stages };
}

test("what shows only after the promotion goes back in every zone, and nobody is thrown out", async () => {
  const before = await hashes();
  const { result } = await deployed(({ stage }) => {
    if (stage !== "promote") return;
    void control.ask({ command: "activate", fault_id: "zone-trap", target_zone_id: 2, duration_ticks: 20 });
  });
  expect(result).toMatchObject({
    outcome: "rolled_back",
    reason: expect.stringMatching(/^late: zone 2: traps and rec/),
  });
  expect(await hashes()).toEqual(before);
  expect([swarm.playing, swarm.stats.drops]).toEqual([PLAYERS, 0]);
});

test("a good module goes from two zones to three to all, and the record tells each wave", async () => {
  const { result, stages } = await deployed(() => {});
  expect(result).toMatchObject({ outcome: "promoted", undone: false });
  expect(result.zoneIds).toHaveLength(2);
  const swapped = (name: string): unknown[] =>
    stages.flatMap(({ stage, data }) => (stage === name && "to_hash" in data ? [data["zone_id"]] : []));
  expect([swapped("swap").length, swapped("wave").length]).toEqual([2, 1]);
  expect(await hashes()).toEqual([hotfix.hash, hotfix.hash, hotfix.hash, hotfix.hash]);
  const { record } = await control.ask({ command: "deploy_show", deploy: result.deploy });
  const { outcome, stages: told } = record as { outcome: string; stages: { stage: string; ok: boolean | null }[] };
  expect(outcome).toBe("promoted");
  expect(told.filter(({ stage }) => stage === "verdict")).toHaveLength(2);
  expect(told.every(({ ok }) => ok !== false)).toBe(true);
  expect([swarm.playing, swarm.stats.drops]).toEqual([PLAYERS, 0]);
});
