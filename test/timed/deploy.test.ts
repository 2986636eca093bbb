// wowsim deploy against a real server with players in it: what is bad goes back out by itself, what is good goes to every
// zone, and whoever dies on the way leaves nothing behind. Not one player loses the connection in all of it.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { MODULE_LIMITS } from "../../server/protocol/limits.ts";
import { buildKernel, compileCached, readSources } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import { hashOf } from "../../assembly/toolchain/meter.ts";
import { messageOf } from "../../server/protocol/errors.ts";
import type { BuiltKernel } from "../../assembly/toolchain/build.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { FeedClient } from "../../tools/client/feed-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import type { CanaryResult, StageReport } from "../../tools/deploy/canary.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { ROOT, startWowsim, wowsim } from "../helpers/command.ts";
import type { Running } from "../helpers/command.ts";
import { until } from "../helpers/control-live.ts";
import { tempFolder } from "../helpers/telemetry.ts";

setDefaultTimeout(120_000);

const host = "127.0.0.1";
const PLAYERS = 60;
const LEASE_MS = 60_000;

type Report = Pick<CanaryResult, "outcome" | "reason" | "zoneId" | "sessionsLost" | "undone"> & {
  stages: StageReport[];
};

/** As few ticks as a verdict takes. */
const SHORT_POLICY = `
[shadow]
ticks = 200
p99_ratio_max = 100            # other tests beside slow the zones down too
[canary]
ticks = 360
error_rate = 0.05
[promote]
watch_ticks = 60
`;

let server: ServerChild;
let swarm: Swarm;
let feed: FeedClient;
let control: ControlClient;
let base: BuiltKernel;
const candidates = new Map<string, BuiltKernel>();
const folder = tempFolder();
/** Which kernel each zone's ticks were run by, in order, without repeats: { 1: ["9262…", "a42c…", "9262…"] }. */
const ran = new Map<number, string[]>();

/** What zones said of state that was carried over from one layout to another. */
const carried: TelemetryLine["data"][] = [];

const candidate = (name: string): BuiltKernel => candidates.get(name)!;

beforeAll(async () => {
  base = await buildKernel();
  writeFileSync(folder.file("base.wasm"), base.wasm);
  writeFileSync(folder.file("short.toml"), SHORT_POLICY);
  writeFileSync(folder.file("quick.toml"), "[shadow]\nticks = 0\n");
  for (const name of ["regression", "hotfix", "crash", "new-column", "double-damage", "cold-memory"]) {
    candidates.set(name, await buildCandidate(name));
    writeFileSync(folder.file(`${name}.wasm`), candidate(name).wasm);
  }
  server = await startServerChild();
  control = await ControlClient.connect({ host, port: server.ports.control });
  feed = await FeedClient.connect({ host, port: server.ports.telemetry });
  feed.onLine(noteKernel);
  swarm = await Swarm.start({ host, port: server.ports.game, count: PLAYERS, rate: 2, seed: 11 });
}, 120_000);

afterAll(async () => {
  await swarm?.stop();
  feed?.close();
  control?.close();
  await server?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function noteKernel({ message, data }: TelemetryLine): void {
  if (message === "State carried over") carried.push(data);
  if (message !== "Zone tick completed") return;
  const hashes = ran.get(Number(data["zone_id"])) ?? [];
  ran.set(Number(data["zone_id"]), hashes);
  if (hashes.at(-1) !== data["kernel"]) hashes.push(String(data["kernel"]));
}

function deploy(module: string, ...more: string[]): string[] {
  const { control: controlPort, telemetry } = server.ports;
  const ports = ["--control-port", String(controlPort), "--telemetry-port", String(telemetry)];
  return ["deploy", module, ...ports, "--last", "30s", "--policy", folder.file("short.toml"), ...more];
}

/** Waits until no deploy is under way and nothing is wrong: a trap counts as wrong for half a minute. */
async function quiet(): Promise<void> {
  for (;;) {
    const status = await control.ask({ command: "deploy_status" });
    if (status["deploy"] === null && (status["incidents"] as string[]).length === 0) return;
    await Bun.sleep(100);
  }
}

/** Runs a deploy to its end, and what it says as JSON. */
async function deployed(module: string, ...more: string[]): Promise<{ code: number; report: Report }> {
  const { code, stdout, stderr } = await wowsim(...deploy(module, "--format", "json", ...more));
  if (stdout === "") throw new Error(`The deploy has no result: ${stderr}`);
  return { code, report: JSON.parse(stdout) as Report };
}

/** Deploys what no server should run; why it is refused. */
async function refused(name: string, bytes: Uint8Array): Promise<string> {
  writeFileSync(folder.file(name), bytes);
  ran.clear();
  const error = await refusal(folder.file(name));
  expect(error.code).toBe("module_refused");
  expect([...ran.values()].flat().every((hash) => hash === base.hash)).toBe(true);
  return error.message;
}

/** Deploys what is not even swapped: the error, which is on stderr and nowhere else. */
async function refusal(module: string, ...more: string[]): Promise<{ code: string; message: string }> {
  const { code, stdout, stderr } = await wowsim(...deploy(module, "--format", "json", ...more));
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  return (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
}

const failedChecks = ({ stages }: Report): unknown[] =>
  stages.filter(({ stage, ok }) => stage === "verdict" && !ok).map(({ data }) => data["check"]);

/** Waits until the zone's own ticks say that it runs this. */
const runs = (zoneId: number, hash: string): Promise<void> =>
  until(`zone ${zoneId} runs ${hash}`, () => ran.get(zoneId)?.at(-1) === hash);

/** Nobody was thrown out, and nobody was told nonsense. */
function everybodyPlaysOn(): void {
  const { drops, protocolErrors, protocolErrorExamples } = swarm.stats;
  expect({ playing: swarm.playing, drops, protocolErrors, protocolErrorExamples }).toEqual({
    playing: PLAYERS,
    drops: 0,
    protocolErrors: 0,
    protocolErrorExamples: [],
  });
}

/** What validation says of a module, which no zone then runs: the lines that do not hold. */
async function refusedByValidation(module: string, ...more: string[]): Promise<{ report: Report; lines: string[] }> {
  ran.clear();
  const { code, report } = await deployed(module, ...more);
  expect(report).toMatchObject({ outcome: "refused", zoneId: null, sessionsLost: 0 });
  expect(code).toBe(1);
  expect(report.stages.at(-1)).toMatchObject({ stage: "validate" });
  await Promise.all([runs(1, base.hash), runs(2, base.hash)]);
  expect([...ran.values()].flat().every((hash) => hash === base.hash)).toBe(true);
  everybodyPlaysOn();
  const lines = report.stages.filter(({ stage, ok }) => stage === "validate" && !ok).map(({ text }) => text);
  return { report, lines };
}

describe("the server's own journal", () => {
  test("has nothing to judge by on a server where nobody plays, which is refused unless one says so", async () => {
    await using idle = await startServerChild();
    const { control: controlPort, telemetry } = idle.ports;
    const ports = ["--control-port", String(controlPort), "--telemetry-port", String(telemetry)];
    const { code, stdout, stderr } = await wowsim("deploy", folder.file("hotfix.wasm"), ...ports, "--dry-run");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^validate +NO +inconclusive: /m);
    expect(stderr).toContain("Let players play first, or use --allow-idle.");
  });

  test("has enough after a while: a good module would be tried, and a dry run swaps nothing", async () => {
    ran.clear();
    let report: Report | undefined;
    // Until the journal has enough the tool says that it knows too little; what it then says must hold at once.
    do ({ report } = await deployed(folder.file("hotfix.wasm"), "--dry-run"));
    while (report.reason.startsWith("inconclusive: recording: "));
    expect(report).toMatchObject({ outcome: "validated", reason: "nothing speaks against it" });
    const told = ["validate", "shadow"].map((name) => report?.stages.find(({ stage }) => stage === name)?.text);
    expect(told).toEqual(told.map(() => expect.stringMatching(/^pass: everything equal in [\d,]+ ticks$/)));
    expect([...ran.values()].flat().every((hash) => hash === base.hash)).toBe(true);
  });

  test("shows double damage before any player meets it, in words, and the history keeps them", async () => {
    const { report, lines } = await refusedByValidation(folder.file("double-damage.wasm"));
    expect(report.reason).toMatch(/^fail: .*damage.* not expected; everything else equal/);
    expect(lines.join("\n")).toMatch(/^damage\.(swing|spell\.\w+): [\d,.]+ → [\d,.]+ \(\+[\d.]+ %\), not expected/m);
    const { entries } = await new DeployRemote(control).history(1);
    expect(entries).toMatchObject([
      {
        event: "validated",
        zone_id: 0,
        from_hash: base.hash,
        to_hash: candidate("double-damage").hash,
        reason: report.reason,
        validation: { verdict: "fail", forced: "" },
      },
    ]);
  });

  test("is not asked again about a module that failed", async () => {
    const { report } = await refusedByValidation(folder.file("double-damage.wasm"));
    expect(report.reason).toMatch(/was refused here at .* --force --reason TEXT\.$/);
  });
});

const FORCED = ["--force", "--reason", "a drill"];
/** Soon in the canary, whatever validation says. */
const quickly = (): string[] => ["--last", "2s", "--policy", folder.file("quick.toml"), ...FORCED];

/** As `runs`, but for as long as the deploy may last: it has much to do before its swap. */
async function comesToRun(zoneId: number, hash: string, run: Running): Promise<void> {
  while (ran.get(zoneId)?.at(-1) !== hash) {
    if (run.child.exitCode !== null) throw new Error(`The deploy ended first: ${run.stdout}${run.stderr}`);
    await Bun.sleep(20);
  }
}

describe("a bad module that is forced upon players", () => {
  test("and is slow in a crowd is caught by its work, and goes back out by itself", async () => {
    ran.clear();
    const flags = ["--canary-zone", "2", "--undo", ...FORCED];
    const { code, report } = await deployed(folder.file("regression.wasm"), ...flags);
    expect(report).toMatchObject({ outcome: "rolled_back", zoneId: 2, sessionsLost: 0, undone: true });
    expect(report.stages.filter(({ stage }) => stage === "undo").map(({ ok, text }) => [ok, text])).toEqual([
      [true, "zone 2: nobody has another state"],
    ]);
    expect(code).toBe(1);
    expect(failedChecks(report)).toContain("fuel");
    expect(report.reason).toMatch(/^fuel: ×[\d.]+ of the module before in \d+ ticks, at most ×1.03$/);
    await runs(2, base.hash);
    expect(Object.fromEntries(ran)).toEqual({
      1: [base.hash],
      2: [base.hash, candidate("regression").hash, base.hash],
    });
    everybodyPlaysOn();
    const { entries } = await new DeployRemote(control).history(10);
    const forced = entries.find(({ event, validation }) => event === "validated" && validation?.forced === "a drill");
    expect(forced?.reason).toMatch(/^forced \(a drill\); fail: fuel/);
  });

  test("and doubles one hit in a hundred is caught by its shadow, goes back, and is undone without a word", async () => {
    ran.clear();
    const { code, report } = await deployed(folder.file("double-damage.wasm"), "--canary-zone", "1", ...FORCED);
    expect(report).toMatchObject({ outcome: "rolled_back", zoneId: 1, sessionsLost: 0, undone: true });
    expect([code, failedChecks(report)[0]]).toEqual([1, "behaviour"]);
    expect(report.reason).toMatch(/^behaviour: fail: .*damage.* not expected/);
    const undo = report.stages.filter(({ stage }) => stage === "undo").map(({ text }) => text);
    expect(undo[0]).toMatch(/^zone 1: another state for /);
    expect(undo.length).toBeGreaterThan(1);
    await runs(1, base.hash);
    everybodyPlaysOn();
  });

  test("and is slow in time alone is caught by its shadow, as early as ticks allow", async () => {
    ran.clear();
    const flags = ["--canary-zone", "2", "--canary-duration", "60s", ...FORCED];
    const { code, report } = await deployed(folder.file("cold-memory.wasm"), ...flags);
    expect(report).toMatchObject({ outcome: "rolled_back", zoneId: 2, sessionsLost: 0, undone: false });
    expect([code, failedChecks(report)[0]]).toEqual([1, "time"]);
    expect(report.reason).toMatch(/ evidence [\d,.]+, below 40$/);
    await runs(2, base.hash);
    everybodyPlaysOn();
  });

  test("and traps never gets as far as a second trap", async () => {
    const crash = deploy(folder.file("crash.wasm"), "--format", "json", "--canary-zone", "1", ...FORCED);
    const { code, stdout, stderr } = await wowsim(...crash);
    expect(code).toBe(1);
    // It traps in the replay of the zone's journal already, when somebody died in that, else live.
    if (stdout === "") expect(JSON.parse(stderr)).toMatchObject({ error: { code: "deploy_refused" } });
    else expect(JSON.parse(stdout)).toMatchObject({ outcome: "rolled_back" });
    expect(stdout + stderr).toMatch(/trapped|traps and recoveries/);
    await runs(1, base.hash);
    everybodyPlaysOn();
  });
});

describe("a file that can be no kernel is refused before anything is swapped:", () => {
  test("noise", async () => {
    expect(await refused("noise.wasm", crypto.getRandomValues(new Uint8Array(10_000)))).toContain(
      "is no WebAssembly module",
    );
  });

  test("noise, told to a person: what is wrong and how to come by a kernel", async () => {
    writeFileSync(folder.file("noise.wasm"), "no module");
    const { code, stdout, stderr } = await wowsim(...deploy(folder.file("noise.wasm")));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringContaining("noise.wasm is no WebAssembly module; build one: wowsim build-kernel --out kernel.wasm"),
    ]);
  });

  test("nothing at all", async () => {
    expect(await refused("empty.wasm", new Uint8Array())).toContain("is no WebAssembly module");
  });

  test("one too big", async () => {
    const reason = await refused("big.wasm", new Uint8Array(MODULE_LIMITS.moduleBytesMax + 1));
    expect(reason).toContain(String(MODULE_LIMITS.moduleBytesMax));
  });

  test("one that asks for a clock, and is none of ours anyway", async () => {
    // (module (import "env" "now" (func (result f64))))
    const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7c, 2, 11, 1, 3);
    const names = new TextEncoder().encode("env\x03now\0\0");
    const reason = await refused("clock.wasm", Buffer.concat([bytes, names]));
    expect(reason).toContain("It imports env.now: a kernel may import env.memory and env.abort only");
    expect(reason).toContain("It does not export the function tick().");
  });

  test("one that is metered already", async () => {
    expect(await refused("metered.wasm", base.metered)).toContain("hand in the module as it was compiled");
  });
});

describe("a deploy that does not come to its end leaves the zone as it was:", () => {
  test("Ctrl-C rolls back", async () => {
    ran.clear();
    await quiet();
    await using run = startWowsim(deploy(folder.file("hotfix.wasm"), "--canary-zone", "1", ...quickly()));
    await comesToRun(1, candidate("hotfix").hash, run);
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^rollback +ok +zone 1 runs [0-9a-f]{16} again$/m);
    expect(run.stdout).toMatch(/^interrupted /m);
    await runs(1, base.hash);
    everybodyPlaysOn();
  });

  test("an operator's abort rolls back", async () => {
    ran.clear();
    await quiet();
    await using run = startWowsim(deploy(folder.file("hotfix.wasm"), "--canary-zone", "1", ...quickly()));
    await comesToRun(1, candidate("hotfix").hash, run);
    await control.ask({ command: "deploy_abort", by: "bob@desk", reason: "wrong module" });
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^aborted .*wrong module/m);
    await runs(1, base.hash);
    everybodyPlaysOn();
  });

  test("another operator's roll-back is told as what it is, and meanwhile the server names the stage", async () => {
    ran.clear();
    await quiet();
    await using run = startWowsim(deploy(folder.file("hotfix.wasm"), "--canary-zone", "1", ...quickly()));
    await comesToRun(1, candidate("hotfix").hash, run);
    while ((await new DeployRemote(control).status()).deploy?.stage !== "watch") await Bun.sleep(20);
    expect(await control.ask({ command: "deploy_show" })).toMatchObject({ record: { stage: "watch", outcome: null } });
    await control.ask({ command: "deploy_rollback", zone_id: 1, by: "bob@desk" });
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^rolled back .*bob@desk rolled zone 1 back \(asked for\); the module was not judged$/m);
    expect(run.stdout).not.toContain("traps and recoveries: 1");
    await runs(1, base.hash);
    everybodyPlaysOn();
  });

  test("killed without a word, the server takes the module back", async () => {
    ran.clear();
    await quiet();
    const flags = ["--canary-zone", "2", "--canary-duration", "20s", ...quickly()];
    await using run = startWowsim(deploy(folder.file("hotfix.wasm"), ...flags));
    await comesToRun(2, candidate("hotfix").hash, run);
    run.child.kill("SIGKILL");
    await run.child.exited;
    const zone = await new DeployRemote(control).zone(2);
    expect(zone).toMatchObject({ phase: "canary", previous_hash: base.hash });
    await until("zone 2 is taken back", () => ran.get(2)?.at(-1) === base.hash);
    // The zone's ticks tell of it first, and the server's answer to the roll-back a moment later.
    while ((await new DeployRemote(control).zone(2)).phase === "rolling_back") await Bun.sleep(20);
    expect(await new DeployRemote(control).zone(2)).toMatchObject({ phase: "steady", hash: base.hash, canary: false });
    everybodyPlaysOn();
  });
});

describe("a good module", () => {
  /** As the others want it. */
  afterAll(async () => {
    const remote = new DeployRemote(control);
    const { signal } = new AbortController();
    if ((await remote.zone(1)).hash === base.hash) return;
    await remote.load(base.wasm, "base", signal);
    await remote.beginSwap(base.hash, 1, LEASE_MS);
    await remote.swapped(base.hash, 1, signal);
    await remote.promote(base.hash, signal);
  });

  test("is promoted in every zone, and nothing is left to take back", async () => {
    ran.clear();
    await quiet();
    const { hash } = candidate("hotfix");
    const { code, report } = await deployed(folder.file("hotfix.wasm"), ...FORCED);
    expect(failedChecks(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "promoted", sessionsLost: 0 });
    expect(code).toBe(0);
    await Promise.all([runs(1, hash), runs(2, hash)]);
    const zones = (await new DeployRemote(control).status()).zones;
    expect(zones).toMatchObject([
      { phase: "steady", hash, lease_ms_left: null },
      { phase: "steady", hash, lease_ms_left: null },
    ]);
    everybodyPlaysOn();
  });

  test("is seen in status and history, and taken back by one command", async () => {
    const onControl = ["--server", `${host}:${server.ports.control}`];
    const { hash } = candidate("hotfix");
    const status = await wowsim("deploy", "status", ...onControl);
    expect(status.stdout).toMatch(new RegExp(`^ +2 +${hash} +hotfix.wasm +steady +- +${base.hash}$`, "m"));
    const history = await wowsim("deploy", "history", "--limit", "500", "--format", "json", ...onControl);
    const { entries } = JSON.parse(history.stdout) as { entries: Record<string, unknown>[] };
    const promotions = entries.filter(({ event }) => event === "promoted");
    // Zones are promoted at the same time: which of them answers first is up to them.
    expect(promotions.toSorted((a, b) => Number(a["zone_id"]) - Number(b["zone_id"]))).toMatchObject(
      [1, 2].map((zone_id) => ({ zone_id, to_hash: hash, by: expect.stringContaining("@") })),
    );
    expect(entries.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["server_started", "swapped", "rolled_back"]),
    );
    const back = await wowsim("deploy", "rollback", ...onControl);
    expect({ code: back.code, stderr: back.stderr }).toEqual({ code: 0, stderr: "" });
    expect(back.stdout).toContain(`zone 2 runs ${base.hash}`);
    await Promise.all([runs(1, base.hash), runs(2, base.hash)]);
    const again = await wowsim("deploy", "rollback", "--zone", "1", ...onControl);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("no earlier module")]);
    everybodyPlaysOn();
  });

  test("that runs already is refused with the reason", async () => {
    const [running] = (await new DeployRemote(control).status()).zones;
    const error = await refusal(folder.file(running?.hash === base.hash ? "base.wasm" : "hotfix.wasm"));
    expect(error).toMatchObject({ code: "deploy_refused", message: expect.stringContaining("already") as string });
  });
});

/** The candidate declares what it changes. */
const EXPECTED = ["--expect", join(ROOT, "assembly/candidates/new-column.expect.toml")];

describe("a module with a column more", () => {
  test("is promoted under live players, whose state is carried over, and taken back without it", async () => {
    ran.clear();
    const { hash } = candidate("new-column");
    await quiet();
    const { code, report } = await deployed(folder.file("new-column.wasm"), ...EXPECTED);
    expect(failedChecks(report)).toEqual([]);
    expect([code, report.outcome, report.sessionsLost]).toEqual([0, "promoted", 0]);
    await Promise.all([runs(1, hash), runs(2, hash)]);
    everybodyPlaysOn();
    const there = { from_hash: base.hash, to_hash: hash, added: ["PLAYER_RESTED"], dropped: [] };
    expect(carried).toMatchObject([there, there]);

    const back = await wowsim("deploy", "rollback", "--server", `${host}:${server.ports.control}`);
    expect({ code: back.code, stderr: back.stderr }).toEqual({ code: 0, stderr: "" });
    await Promise.all([runs(1, base.hash), runs(2, base.hash)]);
    const here = { from_hash: hash, to_hash: base.hash, added: [], dropped: ["PLAYER_RESTED"] };
    await until("both zones dropped the column", () => carried.length === 4);
    expect(carried.slice(2)).toMatchObject([here, here]);
    const { zones } = await new DeployRemote(control).status();
    expect(zones).toMatchObject([
      { phase: "steady", hash: base.hash },
      { phase: "steady", hash: base.hash },
    ]);
    everybodyPlaysOn();
  });

  test("is refused where the zone's state can not be carried over, with the difference in words", async () => {
    const sources = await readSources();
    const capacities = sources.get("memory/capacities.ts") ?? "";
    sources.set("memory/capacities.ts", capacities.replace("THREAT_MAX: u32 = 24", "THREAT_MAX: u32 = 20"));
    const wasm = await compileCached(sources);
    ran.clear();
    const remote = new DeployRemote(control);
    const { signal } = new AbortController();
    await remote.load(wasm, "lists", signal);
    const hash = hashOf(wasm);
    await remote.beginSwap(hash, 1, LEASE_MS);
    const refusedBy = await remote.swapped(hash, 1, signal).catch(messageOf);
    expect(refusedBy).toContain("THREAT_MAX is 24 here, 20 in the module. Nothing was changed.");
    expect([...ran.values()].flat().every((each) => each === base.hash)).toBe(true);
    everybodyPlaysOn();
  });
});

describe("what a person is told", () => {
  test("no server: exit code 3", async () => {
    const { code, stderr } = await wowsim("deploy", folder.file("hotfix.wasm"), "--control-port", "1");
    expect(code).toBe(3);
    expect(stderr).toContain("wowsim serve");
  });

  test("no feed: exit code 3, and nothing is swapped", async () => {
    const { code, stderr } = await wowsim(...deploy(folder.file("hotfix.wasm"), "--telemetry-port", "1"));
    expect(code).toBe(3);
    expect(stderr).toContain("--telemetry-port");
  });

  test("no such file is exit code 4; no such zone, no such time: 64", async () => {
    const gone = await wowsim(...deploy(folder.file("gone.wasm")));
    expect([gone.code, gone.stderr]).toEqual([4, expect.stringContaining("wowsim build-kernel --out")]);
    const zone = await wowsim(...deploy(folder.file("regression.wasm"), "--canary-zone", "9"));
    expect([zone.code, zone.stderr]).toEqual([64, expect.stringContaining("choose from 1, 2")]);
    const time = await wowsim(...deploy(folder.file("regression.wasm"), "--canary-duration", "0"));
    expect([time.code, time.stderr]).toEqual([64, expect.stringContaining("Give a time from 1s to 50m")]);
  });
});
