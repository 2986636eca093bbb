// Records of deploys on a real server: what is kept when it is killed, what an abort takes back at each stage, and what an operator sees.

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildKernel } from "../../assembly/toolchain/build.ts";
import type { BuiltKernel } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { DeployRecord } from "../../server/protocol/deploy-record.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { KillableServer } from "../../server/testing/killable-server.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { showDeploy } from "../../tools/deploy/records.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import type { RemoteZone } from "../../tools/deploy/remote.ts";
import { startWowsim, wowsim } from "../helpers/command.ts";
import { until } from "../helpers/control-live.ts";
import { tempFolder } from "../helpers/telemetry.ts";

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
  await connect();
});

afterAll(async () => {
  control?.close();
  await server?.[Symbol.asyncDispose]();
});

async function connect(): Promise<void> {
  control?.close();
  control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  remote = new DeployRemote(control);
}

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

async function begin(module = good, more: Record<string, unknown> = {}): Promise<number> {
  const force = "a test did it before";
  const begun = { command: "deploy_begin", hash: module.hash, label: "fix.wasm", by: "anna@desk", force, ...more };
  return Number((await ask(begun))["deploy"]);
}

async function swapIn(module: BuiltKernel, zoneId: number): Promise<void> {
  await remote.load(module.wasm, "fix.wasm", NEVER);
  await remote.beginSwap(module.hash, zoneId, LEASE_MS);
  await remote.swapped(module.hash, zoneId, NEVER);
}

const settled = (): Promise<void> =>
  until("every zone is steady", async () => (await remote.status()).zones.every(({ phase }) => phase === "steady"));

const hashes = async (): Promise<string[]> => (await remote.status()).zones.map(({ hash }: RemoteZone): string => hash);

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return await asked.then(
    () => "none",
    (error: unknown) => (error instanceof WowsimError ? error.code : String(error)),
  );
}

const onControl = (): string[] => ["--control-port", String(server.ports.control)];
const cli = (...args: string[]) => wowsim("deploy", ...args, ...onControl());

async function shown(...args: string[]): Promise<DeployRecord> {
  return JSON.parse((await cli("show", ...args, "--format", "json")).stdout) as DeployRecord;
}

describe("an abort", () => {
  test("of a deploy that has only begun ends it for its tool", async () => {
    const deploy = await begin();
    const { code, stdout } = await cli("abort", "--reason", "wrong module");
    expect({ code, stdout }).toEqual({ code: 0, stdout: `deploy ${deploy} is aborted: no zone had its module\n` });
    expect(await codeOf(ask({ command: "deploy_stage", deploy, stage: "check" }))).toBe("deploy_aborted");
    expect(await codeOf(ask({ command: "deploy_alive", deploy }))).toBe("deploy_aborted");
    await remote.load(good.wasm, "fix.wasm", NEVER);
    expect(await codeOf(remote.beginSwap(good.hash, 1, LEASE_MS))).not.toBe("none");
    expect(await hashes()).toEqual([base.hash, base.hash]);
    expect(await showDeploy(control, deploy)).toMatchObject({ outcome: "aborted", stages: [{ stage: "abort" }] });
    const again = await cli("abort");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("No deploy is under way");
  });

  test("before the swap ends the command that deploys, and it says so", async () => {
    using folder = tempFolder();
    writeFileSync(folder.file("good.wasm"), good.wasm);
    const what = [folder.file("good.wasm"), "--force", "--reason", "a test"];
    const ports = [...onControl(), "--telemetry-port", String(server.ports.telemetry)];
    await using run = startWowsim(["deploy", ...what, ...ports]);
    await until("it is under way", async () => (await remote.status()).deploy !== null);
    await ask({ command: "deploy_abort", by: "bob@desk", reason: "wrong module" });
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^aborted .*wrong module/m);
  });

  test("while the server validates ends the validation", async () => {
    const deploy = await begin();
    await remote.load(good.wasm, "fix.wasm", NEVER);
    const { validation } = await ask({ command: "validate_module", hash: good.hash, last_ms: 600_000 });
    await ask({ command: "deploy_abort", deploy });
    await until("it has ended", async () => {
      const { state } = await ask({ command: "validate_status", validation });
      return state !== "running";
    });
    expect(await hashes()).toEqual([base.hash, base.hash]);
  });

  test("in the middle of a swap leaves no zone with the module", async () => {
    const deploy = await begin();
    await remote.load(good.wasm, "fix.wasm", NEVER);
    await remote.beginSwap(good.hash, 1, LEASE_MS);
    const { zones } = await ask({ command: "deploy_abort", deploy, by: "bob@desk", reason: "stop" });
    expect(zones).toEqual([1]);
    await settled();
    expect(await hashes()).toEqual([base.hash, base.hash]);
  });

  test("of a canary in several zones takes all of them back, and the history says by whom", async () => {
    const deploy = await begin();
    await swapIn(good, 1);
    await swapIn(good, 2);
    const { zones } = await ask({ command: "deploy_abort", deploy, by: "bob@desk", reason: "players complain" });
    expect(zones).toEqual([1, 2]);
    await settled();
    expect(await hashes()).toEqual([base.hash, base.hash]);
    const { entries } = await remote.history(10);
    const back = entries.filter(({ event }) => event === "rolled_back").slice(-2);
    expect(back.map(({ by, reason }) => [by, reason])).toEqual(
      [1, 2].map(() => ["bob@desk", "aborted: players complain"]),
    );
  });

  test("after the promotion, while it is watched on, takes the promotion back", async () => {
    const deploy = await begin();
    await swapIn(good, 1);
    await ask({ command: "deploy_promote", hash: good.hash, deploy });
    await settled();
    expect(await hashes()).toEqual([good.hash, good.hash]);
    const { zones } = await ask({ command: "deploy_abort", deploy });
    expect(zones).toEqual([1, 2]);
    await settled();
    expect(await hashes()).toEqual([base.hash, base.hash]);
  });
});

test("two tools that begin at once: one deploys, the other is told of it, also by a swap of its own", async () => {
  const second = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const request = { command: "deploy_begin", label: "fix.wasm", force: "now" };
  const begun = await Promise.all([
    control.request({ ...request, hash: good.hash }),
    second.request({ ...request, hash: other.hash }),
  ]);
  expect(begun.map(({ success, code }) => [success, code]).toSorted()).toEqual([
    [false, "deploy_busy"],
    [true, undefined],
  ]);
  const loser = begun[0]?.success === true ? other : good;
  await new DeployRemote(second).load(loser.wasm, "other.wasm", NEVER);
  const swap = { command: "deploy_swap", hash: loser.hash, zone_id: 1, lease_ms: LEASE_MS };
  expect(await second.request(swap)).toMatchObject({ success: false, code: "deploy_busy" });
  second.close();
});

const metrics = async (): Promise<string> =>
  await (await fetch(`http://127.0.0.1:${server.ports.http}/metrics`)).text();

/** Waits for lines of /metrics, of which a scrape may be a second old. */
async function scraped(...lines: string[]): Promise<string> {
  let text = "";
  await until(`/metrics has ${lines.join(", ")}`, async () => {
    text = await metrics();
    return lines.every((line) => text.includes(`\n${line}\n`));
  });
  return text;
}

test("/metrics says whether deploys are frozen, whether one is under way, and how many ended how", async () => {
  await ask({ command: "deploy_freeze", reason: "raid night", by: "anna@desk" });
  await begin();
  await scraped("wowsim_deploys_frozen 1", "wowsim_deploy_under_way 1");
  await ask({ command: "deploy_thaw" });
  await ask({ command: "deploy_abort", by: "anna@desk" });
  const after = await scraped("wowsim_deploys_frozen 0", "wowsim_deploy_under_way 0");
  expect(/^wowsim_deploys_ended_total\{outcome="aborted"\} [1-9]/m.test(after)).toBe(true);
});

test("frozen: nothing is swapped, and roll-backs go on", async () => {
  await swapIn(other, 1);
  const froze = await cli("freeze", "--reason", "raid night");
  expect({ code: froze.code, stdout: froze.stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^deploys are frozen since \S+: raid night\n$/) as string,
  });
  await remote.load(other.wasm, "other.wasm", NEVER);
  const swap = { command: "deploy_swap", hash: other.hash, zone_id: 2, lease_ms: LEASE_MS };
  expect(await control.request(swap)).toMatchObject({ success: false, code: "deploy_frozen" });
  const promote = { command: "deploy_promote", hash: other.hash };
  expect(await control.request(promote)).toMatchObject({ success: false, code: "deploy_frozen" });
  const status = await cli("status");
  expect(status.stdout).toMatch(/deploys are frozen since \S+ by \S+: raid night/);
  await ask({ command: "deploy_rollback", zone_id: 1 });
  await settled();
  expect(await hashes()).toEqual([base.hash, base.hash]);
  expect((await cli("thaw")).stdout).toBe("deploys may begin again\n");
  expect((await cli("thaw")).stdout).toBe("deploys were not frozen\n");
  expect((await cli("freeze")).code).toBe(64);
});

test("killed with a canary in place and while frozen: the canary is gone, the record says so, and it is still frozen", async () => {
  const deploy = await begin();
  await ask({ command: "deploy_stage", deploy, stage: "check", ok: true, text: "static checks hold", took_ms: 12 });
  await swapIn(good, 1);
  await ask({ command: "deploy_stage", deploy, stage: "swap", ok: true, text: "zone 1 runs it", took_ms: 80 });
  await ask({ command: "deploy_freeze", reason: "raid night", by: "anna@desk" });
  await until(
    "the record is on the disk",
    () =>
      existsSync(join(server.dataDir, "deploys", `${deploy}.jsonl`)) &&
      existsSync(join(server.dataDir, "deploys/frozen.json")),
  );
  await until("the last stage is too", async () =>
    (await Bun.file(join(server.dataDir, "deploys", `${deploy}.jsonl`)).text()).includes('"stage":"swap"'),
  );
  await server.kill();
  // What a crash or a careless hand may leave there.
  appendFileSync(join(server.dataDir, "deploys", `${deploy}.jsonl`), '{"v":1,"line":"sta');
  writeFileSync(join(server.dataDir, "deploys", `${deploy + 1}.jsonl`), "\0".repeat(512));
  mkdirSync(join(server.dataDir, "deploys", `${deploy + 2}.jsonl`));
  await server.restart();
  await connect();
  expect(await hashes()).toEqual([base.hash, base.hash]);
  const record = await showDeploy(control, deploy);
  expect(record).toMatchObject({ outcome: "rolled_back", reason: "the server ended", lost_stages: 1 });
  expect(record.stages.map(({ stage }) => stage)).toEqual(["check", "swap"]);
  const { frozen, deploy: under, incidents } = await remote.status();
  expect({ frozen, under, incidents }).toMatchObject({
    frozen: { reason: "raid night", by: "anna@desk" },
    under: null,
  });
  expect(await codeOf(begin(good, { force: "" }))).toBe("deploy_frozen");
  await ask({ command: "deploy_thaw", by: "anna@desk" });
  // Numbers go on, also past files that can not be read.
  expect(await begin()).toBe(deploy + 3);
  expect((await remote.history(10)).damaged_records).toBe(2);
  for (const gone of [deploy + 1, deploy + 2])
    rmSync(join(server.dataDir, "deploys", `${gone}.jsonl`), { recursive: true });
});

test("a stop in order ends what is under way, and the next start has nothing to tidy up", async () => {
  const deploy = await begin();
  expect(await server.stop()).toBe(0);
  await server.restart();
  await connect();
  expect(await showDeploy(control, deploy)).toMatchObject({ outcome: "rolled_back", reason: "the server ended" });
});

test("an open incident is named, and needs force", async () => {
  await ask({ command: "activate", fault_id: "zone-trap", zones: [1] });
  await until("an incident is open", async () => (await remote.status()).incidents.length > 0);
  const status = await cli("status");
  expect(status.stdout).toMatch(/incident: Zone 1 /);
  const refused = await control.request({ command: "deploy_begin", hash: third.hash });
  expect(refused).toMatchObject({ success: false, code: "incident_open" });
  expect(refused.error).toContain("--force --reason TEXT");
  await ask({ command: "deactivate_all" });
  expect(await begin(third)).toBeGreaterThan(0);
});

test("an operator sees the deploys, one of them whole, and writes its report", async () => {
  using folder = tempFolder();
  const deploy = await begin(good, { label: "<script>.wasm" });
  const stage = { command: "deploy_stage", deploy };
  await ask({ ...stage, stage: "check", ok: true, text: "static checks hold", took_ms: 12 });
  const checks = [{ name: "kernel time", holds: false, shown: "×3 of its shadow", value: 3, limit: 1.15, n: 30 }];
  await ask({ ...stage, stage: "verdict", ok: false, text: "kernel time ×3", took_ms: 20_000, data: { checks } });
  const under = await cli("status");
  expect(under.stdout).toContain(
    `deploy ${deploy} is under way, in stage verdict: <script>.wasm (${good.hash}) by anna@desk`,
  );
  await ask({ command: "deploy_end", deploy, outcome: "rolled_back", reason: "kernel time ×3" });
  expect((await cli("history")).stdout).toMatch(new RegExp(`${deploy} .*rolled back .*${good.hash} .*kernel time ×3`));
  const { code, stdout } = await cli("show", "latest");
  expect(code).toBe(0);
  expect(stdout).toStartWith(`Rolled back: kernel time ×3\ndeploy ${deploy}: <script>.wasm`);
  expect(stdout).toContain("NO  verdict, kernel time: ×3 of its shadow");
  expect(await shown(String(deploy))).toEqual(await showDeploy(control, deploy));
  for (const [name, first] of [
    ["report.html", "<!doctype html>"],
    ["report.md", `### Rolled back: deploy ${deploy}: &lt;script>.wasm`],
  ] as const) {
    const written = await cli("show", String(deploy), "--report", folder.file(name));
    expect({ code: written.code, stderr: written.stderr }).toMatchObject({ code: 0 });
    expect(await Bun.file(folder.file(name)).text()).toStartWith(first);
  }
  const unknown = await cli("show", "999999");
  expect({ code: unknown.code, stderr: unknown.stderr }).toEqual({
    code: 4,
    stderr: expect.stringContaining("There is no record of a deploy 999999") as string,
  });
  for (const wrong of [
    ["show", "0"],
    ["show", "seven"],
    ["show", "1", "--report", "report.pdf"],
    ["abort", "-1"],
  ])
    expect([wrong, (await cli(...wrong)).code]).toEqual([wrong, 64]);
  expect((await cli("show", String(deploy), "--report", "/proc/none/report.md")).code).toBe(1);
});
