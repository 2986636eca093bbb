// A deploy that is over for the server: its tool does as the server decided, and orders nothing any more.

import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { buildKernel } from "../../../assembly/toolchain/build.ts";
import { hashOf } from "../../../assembly/toolchain/meter.ts";
import { runCanary } from "../../../tools/deploy/canary.ts";
import type { CanaryOptions, CanaryResult } from "../../../tools/deploy/canary.ts";
import { BEFORE, FakeDeployServer, SHORT_POLICY } from "../../helpers/fake-deploy-server.ts";

setDefaultTimeout(120_000);

const ABANDONED = "Deploy 7 is over: abandoned: its tool said nothing for 30 s.";
let wasm: Uint8Array;
let hash: string;
beforeAll(async () => {
  ({ wasm } = await buildKernel());
  hash = hashOf(wasm);
});

const deploy = (server: FakeDeployServer, more: Partial<CanaryOptions> = {}): Promise<CanaryResult> =>
  runCanary({ wasm, label: "fix.wasm", policy: SHORT_POLICY, ...more }, server.tools());

const isAsked = (server: FakeDeployServer, wanted: string): boolean =>
  server.asked.some(({ command }) => command === wanted);

test.concurrent("a tool that stood still after the promotion takes nothing back that the server has kept", async () => {
  await using server = new FakeDeployServer();
  const policy = { ...SHORT_POLICY, promote: { waves: [1], watchTicks: 1_000 } };
  server.onTold("verify", () => {
    server.ends("abandoned", ABANDONED);
    // What it finds when it goes on: a zone that may not stay so.
    server.say("zone", "Zone tick exception", { zone_id: 1, tick: 1_100, error: "unreachable" });
  });
  expect(await deploy(server, { policy })).toMatchObject({ outcome: "abandoned", reason: ABANDONED, undone: false });
  expect(server.runs).toEqual([hash, hash]);
  expect([isAsked(server, "deploy_rollback"), isAsked(server, "deploy_undo")]).toEqual([false, false]);
  expect(server.stages.at(-2)?.text).toBe(
    `zone 1 runs ${hash} still, zone 2 runs ${hash} still, as the server decided`,
  );
});

test.concurrent("a tool that stood still to the end of its watch says how the server ended the deploy", async () => {
  await using server = new FakeDeployServer();
  server.onTold("watch_on", () => server.ends("abandoned", ABANDONED));
  expect(await deploy(server)).toMatchObject({ outcome: "abandoned", reason: ABANDONED });
  expect(server.runs).toEqual([hash, hash]);
});

test.concurrent("a tool that stood still before the promotion promotes nothing", async () => {
  await using server = new FakeDeployServer();
  server.onTold("verdict", () => server.ends("abandoned", ABANDONED));
  expect(await deploy(server)).toMatchObject({ outcome: "abandoned", reason: ABANDONED });
  const asked = server.asked.find(({ command }) => command === "deploy_promote");
  expect(asked ?? { deploy: 7 }).toMatchObject({ deploy: 7 });
  expect(server.zone(2).hash).toBe(BEFORE);
});

test.concurrent("a validation that an operator aborts ends the deploy as aborted, and not as refused", async () => {
  await using server = new FakeDeployServer();
  const reason = "Deploy 7 is over: aborted: wrong module (bob@desk).";
  server.validation = () => {
    server.ends("aborted", reason);
    return { state: "failed", report: null, error: { code: "aborted", message: "It was aborted." } };
  };
  expect(await deploy(server, { validate: { lastMs: 60_000 } })).toMatchObject({ outcome: "aborted", reason });
  expect(isAsked(server, "deploy_swap")).toBe(false);
});

test.concurrent(
  "Ctrl-C while zones are promoted rolls all of them back, also when nothing is watched after that",
  async () => {
    await using server = new FakeDeployServer();
    const policy = { ...SHORT_POLICY, promote: { waves: [1], watchTicks: 0 } };
    server.onTold("promote", () => server.stop.abort(new Error("stop")));
    expect(await deploy(server, { policy })).toMatchObject({ outcome: "interrupted" });
    expect(server.runs).toEqual([BEFORE, BEFORE]);
  },
);

test.concurrent("a promotion names its deploy, so that a server refuses that of one that is over", async () => {
  await using server = new FakeDeployServer();
  expect(await deploy(server)).toMatchObject({ outcome: "promoted" });
  expect(server.asked.find(({ command }) => command === "deploy_promote")).toMatchObject({ hash, deploy: 7 });
});

test.concurrent("an operator's abort before the swap ends it, and nothing was swapped", async () => {
  await using server = new FakeDeployServer();
  server.onTold("upload", () => server.ends("aborted", "Deploy 7 is over: aborted."));
  expect(await deploy(server)).toMatchObject({ outcome: "aborted", watchedMs: null });
  expect(isAsked(server, "deploy_swap")).toBe(false);
});
