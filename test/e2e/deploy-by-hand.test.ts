// What an operator does by hand on a real server: promotes what is on trial, and takes back the module of one deploy.

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildKernel } from "../../assembly/toolchain/build.ts";
import type { BuiltKernel } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import { KillableServer } from "../../server/testing/killable-server.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { showDeploy } from "../../tools/deploy/records.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import type { RemoteZone } from "../../tools/deploy/remote.ts";
import { wowsim } from "../helpers/command.ts";
import { until } from "../helpers/control-live.ts";

setDefaultTimeout(120_000);

const LEASE_MS = 600_000;
const NEVER = new AbortController().signal;
let server: KillableServer;
let control: ControlClient;
let remote: DeployRemote;
let base: BuiltKernel;
let good: BuiltKernel;
let other: BuiltKernel;
let third: BuiltKernel;

beforeAll(async () => {
  base = await buildKernel();
  good = await buildCandidate("hotfix");
  other = await buildCandidate("refactoring");
  third = await buildCandidate("faster-sight");
  server = await KillableServer.start();
  control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  remote = new DeployRemote(control);
});

afterAll(async () => {
  control?.close();
  await server?.[Symbol.asyncDispose]();
});

/** No deploy, freeze, trial or promotion of a test before. */
beforeEach(async () => {
  await control.request({ command: "deploy_abort" });
  await control.request({ command: "deploy_thaw" });
  await control.request({ command: "deploy_rollback" });
  await until("every zone runs the kernel of the start", async () =>
    (await remote.status()).zones.every(({ hash, phase }) => hash === base.hash && phase === "steady"),
  );
});

const ask = (request: Record<string, unknown>) => control.ask(request);

/** By force: a test may have rolled it back before. */
async function begin(module = good): Promise<number> {
  const begun = { command: "deploy_begin", hash: module.hash, label: "fix.wasm", by: "anna@desk", force: "a test" };
  return Number((await ask(begun))["deploy"]);
}

async function swapIn(module: BuiltKernel, zoneId: number): Promise<void> {
  await remote.load(module.wasm, "fix.wasm", NEVER);
  await remote.beginSwap(module.hash, zoneId, LEASE_MS);
  await remote.swapped(module.hash, zoneId, NEVER);
}

const hashes = async (): Promise<string[]> => (await remote.status()).zones.map(({ hash }: RemoteZone): string => hash);

const cli = (...args: string[]) => wowsim("deploy", ...args, "--control-port", String(server.ports.control));

describe("what is on trial", () => {
  test("is promoted by hand to every zone, whatever its tool waits for; history and record say by whom and why", async () => {
    const deploy = await begin(third);
    await swapIn(third, 1);
    const { code, stdout } = await cli("promote", "--reason", "players wait for it");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^zone 1 runs \S+ fix\.wasm\nzone 2 runs \S+ fix\.wasm\nNobody watches them on/,
      ) as string,
    });
    expect(await hashes()).toEqual([third.hash, third.hash]);
    expect(await control.request({ command: "deploy_alive", deploy })).toMatchObject({ code: "deploy_aborted" });
    const why = "promoted by hand: players wait for it";
    expect(await showDeploy(control, 0)).toMatchObject({
      hash: third.hash,
      by: expect.stringContaining("@") as string,
      outcome: "promoted",
      reason: why,
      stages: [{ stage: "promote", ok: true }],
    });
    const { entries } = await remote.history(2);
    expect(entries).toMatchObject([1, 2].map(() => ({ event: "promoted", to_hash: third.hash, reason: why })));
    const again = await cli("promote", "--format", "json");
    expect([again.code, JSON.parse(again.stderr)]).toMatchObject([1, { error: { code: "no_canary" } }]);
  });

  test("whose verdict failed is promoted by force only, with a reason", async () => {
    const deploy = await begin(good);
    await swapIn(good, 1);
    const data = { conclusion: "failed" };
    await ask({ command: "deploy_stage", deploy, stage: "verdict", ok: false, text: "fuel: ×2.31", data });
    const refused = await cli("promote");
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("failed its trial: fuel: ×2.31") as string,
    ]);
    expect((await cli("promote", "--force")).code).toBe(64);
    expect(await hashes()).toEqual([good.hash, base.hash]);
    const forced = await cli("promote", "--force", "--reason", "worth it", "--format", "json");
    expect([forced.code, JSON.parse(forced.stdout)]).toMatchObject([0, { hash: good.hash, zones: [1] }]);
    expect(await showDeploy(control, 0)).toMatchObject({ force: "worth it", outcome: "promoted" });
  });
});

test("a roll-back of a deploy is one of its module, and says so when that does not run", async () => {
  const first = await begin(good);
  await ask({ command: "deploy_end", deploy: first, outcome: "interrupted", reason: "" });
  const second = await begin(other);
  await swapIn(other, 1);
  await remote.promote(other.hash, NEVER, second);
  await ask({ command: "deploy_end", deploy: second, outcome: "promoted", reason: "" });
  expect((await cli("rollback", "999")).code).toBe(4);
  const { code, stderr } = await cli("rollback", String(first));
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(
      `The module of deploy ${first} (fix.wasm, ${good.hash}) is not what runs: zone 1 runs ${other.hash}`,
    ),
  ]);
  const back = await cli("rollback", String(second), "--format", "json");
  expect([back.code, JSON.parse(back.stdout)]).toMatchObject([
    0,
    { isBack: true, zones: [{ zone_id: 1 }, { zone_id: 2 }] },
  ]);
  expect(await hashes()).toEqual([base.hash, base.hash]);
});
