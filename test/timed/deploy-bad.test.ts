// wowsim deploy of what should not go live, against a real server with players in it: refused before a player meets it, or taken back by
// itself. Not one player loses the connection in all of it.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { MODULE_LIMITS } from "../../server/protocol/limits.ts";
import { startServerChild } from "../../server/testing/server-child.ts";
import { wowsim } from "../helpers/command.ts";
import { failedChecks, FORCED, LiveDeploys } from "../helpers/live-deploys.ts";
import type { Report } from "../helpers/live-deploys.ts";

setDefaultTimeout(120_000);

let live: LiveDeploys;
beforeAll(async () => {
  live = await LiveDeploys.start(["regression", "hotfix", "crash", "double-damage", "cold-memory"]);
}, 120_000);
afterAll(() => live?.[Symbol.asyncDispose]());

/** Deploys what no server should run; why it is refused. */
async function refused(name: string, bytes: Uint8Array): Promise<string> {
  writeFileSync(live.file(name), bytes);
  live.ran.clear();
  const error = await live.refusal(live.file(name));
  expect(error.code).toBe("module_refused");
  live.onlyTheBaseRan();
  return error.message;
}

/** What validation says of a module, which no zone then runs: the lines that do not hold. */
async function refusedByValidation(module: string, ...more: string[]): Promise<{ report: Report; lines: string[] }> {
  live.ran.clear();
  const { code, report } = await live.deployed(module, ...more);
  expect(report).toMatchObject({ outcome: "refused", zoneId: null, sessionsLost: 0 });
  expect(code).toBe(1);
  expect(report.stages.at(-1)).toMatchObject({ stage: "validate" });
  await Promise.all([live.runs(1, live.base.hash), live.runs(2, live.base.hash)]);
  live.onlyTheBaseRan();
  live.everybodyPlaysOn();
  const lines = report.stages.filter(({ stage, ok }) => stage === "validate" && !ok).map(({ text }) => text);
  return { report, lines };
}

describe("the server's own journal", () => {
  test("has nothing to judge by on a server where nobody plays, which is refused unless one says so", async () => {
    await using idle = await startServerChild();
    const { control: controlPort, telemetry } = idle.ports;
    const ports = ["--control-port", String(controlPort), "--telemetry-port", String(telemetry)];
    const { code, stdout, stderr } = await wowsim("deploy", live.file("hotfix.wasm"), ...ports, "--dry-run");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^validate +NO +inconclusive: /m);
    expect(stderr).toContain("Let players play first, or use --allow-idle.");
  });

  test("has enough after a while: a good module would be tried, and a dry run swaps nothing", async () => {
    live.ran.clear();
    let report: Report | undefined;
    // Until the journal has enough the tool says that it knows too little; what it then says must hold at once.
    do ({ report } = await live.deployed(live.file("hotfix.wasm"), "--dry-run"));
    while (report.reason.startsWith("inconclusive: recording: "));
    expect(report).toMatchObject({ outcome: "validated", reason: "nothing speaks against it" });
    const told = ["validate", "shadow"].map((name) => report?.stages.find(({ stage }) => stage === name)?.text);
    expect(told).toEqual(told.map(() => expect.stringMatching(/^pass: everything equal in [\d,]+ ticks$/)));
    live.onlyTheBaseRan();
  });

  test("shows double damage before any player meets it, in words, and the history keeps them", async () => {
    const { report, lines } = await refusedByValidation(live.file("double-damage.wasm"));
    expect(report.reason).toMatch(/^fail: .*damage.* not expected; everything else equal/);
    expect(lines.join("\n")).toMatch(/^damage\.(swing|spell\.\w+): [\d,.]+ → [\d,.]+ \(\+[\d.]+ %\), not expected/m);
    const { entries } = await live.remote.history(1);
    expect(entries).toMatchObject([
      {
        event: "validated",
        zone_id: 0,
        from_hash: live.base.hash,
        to_hash: live.candidate("double-damage").hash,
        reason: report.reason,
        validation: { verdict: "fail", forced: "" },
      },
    ]);
  });

  test("is not asked again about a module that failed", async () => {
    const { report } = await refusedByValidation(live.file("double-damage.wasm"));
    expect(report.reason).toMatch(/was refused here at .* --force --reason TEXT\.$/);
  });
});

describe("a bad module that is forced upon players", () => {
  test("and is slow in a crowd is caught by its work, and goes back out by itself", async () => {
    live.ran.clear();
    const flags = ["--canary-zone", "2", "--undo", ...FORCED];
    const { code, report } = await live.deployed(live.file("regression.wasm"), ...flags);
    expect(report).toMatchObject({ outcome: "rolled_back", zoneId: 2, sessionsLost: 0, undone: true });
    expect(report.stages.filter(({ stage }) => stage === "undo").map(({ ok, text }) => [ok, text])).toEqual([
      [true, "zone 2: nobody has another state"],
    ]);
    expect(code).toBe(1);
    expect(failedChecks(report)).toContain("fuel");
    expect(report.reason).toMatch(/^fuel: ×[\d.]+ of the module before in \d+ ticks, at most ×1.03$/);
    await live.runs(2, live.base.hash);
    expect(Object.fromEntries(live.ran)).toEqual({
      1: [live.base.hash],
      2: [live.base.hash, live.candidate("regression").hash, live.base.hash],
    });
    live.everybodyPlaysOn();
    const { entries } = await live.remote.history(10);
    const forced = entries.find(({ event, validation }) => event === "validated" && validation?.forced === "a drill");
    expect(forced?.reason).toMatch(/^forced \(a drill\); fail: fuel/);
  });

  test("and doubles one hit in a hundred is caught by its shadow, goes back, and is undone without a word", async () => {
    live.ran.clear();
    const { code, report } = await live.deployed(live.file("double-damage.wasm"), "--canary-zone", "1", ...FORCED);
    expect(report).toMatchObject({ outcome: "rolled_back", zoneId: 1, sessionsLost: 0, undone: true });
    expect([code, failedChecks(report)[0]]).toEqual([1, "behaviour"]);
    // It draws a number more for every hit, and may be caught by that before it doubles one.
    expect(report.reason).toMatch(/^behaviour: fail: .*(damage|random numbers).* not expected/);
    const [undo] = report.stages.filter(({ stage }) => stage === "undo").map(({ text }) => text);
    expect(undo).toMatch(/^zone 1: (another state for |nobody has another state)/);
    await live.runs(1, live.base.hash);
    live.everybodyPlaysOn();
  });

  test("and is slow in time alone is caught by its shadow, as early as ticks allow", async () => {
    live.ran.clear();
    const flags = ["--canary-zone", "2", "--canary-duration", "60s", ...FORCED];
    const { code, report } = await live.deployed(live.file("cold-memory.wasm"), ...flags);
    expect(report).toMatchObject({ outcome: "rolled_back", zoneId: 2, sessionsLost: 0, undone: false });
    expect([code, failedChecks(report)[0]]).toEqual([1, "time"]);
    expect(report.reason).toMatch(/ evidence [\d,.]+, below 40$/);
    await live.runs(2, live.base.hash);
    live.everybodyPlaysOn();
  });

  test("and traps never gets as far as a second trap", async () => {
    const crash = live.deploy(live.file("crash.wasm"), "--format", "json", "--canary-zone", "1", ...FORCED);
    const { code, stdout, stderr } = await wowsim(...crash);
    expect(code).toBe(1);
    // It traps in the replay of the zone's journal already, when somebody died in that, else live.
    if (stdout === "") expect(JSON.parse(stderr)).toMatchObject({ error: { code: "deploy_refused" } });
    else expect(JSON.parse(stdout)).toMatchObject({ outcome: "rolled_back" });
    expect(stdout + stderr).toMatch(/trapped|traps and recoveries/);
    await live.runs(1, live.base.hash);
    live.everybodyPlaysOn();
  });
});

describe("a file that can be no kernel is refused before anything is swapped:", () => {
  test("noise", async () => {
    expect(await refused("noise.wasm", crypto.getRandomValues(new Uint8Array(10_000)))).toContain(
      "is no WebAssembly module",
    );
  });

  test("noise, told to a person: what is wrong and how to come by a kernel", async () => {
    writeFileSync(live.file("noise.wasm"), "no module");
    const { code, stdout, stderr } = await wowsim(...live.deploy(live.file("noise.wasm")));
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
    expect(await refused("metered.wasm", live.base.metered)).toContain("hand in the module as it was compiled");
  });
});
