// wowsim deploy against a real server with players in it: what is good goes to every zone, and whoever dies on the way leaves nothing
// behind. Not one player loses the connection in all of it.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { compileCached, readSources } from "../../assembly/toolchain/build.ts";
import { hashOf } from "../../assembly/toolchain/meter.ts";
import { messageOf } from "../../server/protocol/errors.ts";
import { ROOT, startWowsim, wowsim } from "../helpers/command.ts";
import { until } from "../helpers/control-live.ts";
import { failedChecks, FORCED, LiveDeploys } from "../helpers/live-deploys.ts";

setDefaultTimeout(120_000);

const LEASE_MS = 60_000;

let live: LiveDeploys;
beforeAll(async () => {
  live = await LiveDeploys.start(["regression", "hotfix", "new-column"]);
}, 120_000);
afterAll(() => live?.[Symbol.asyncDispose]());

/** Soon in the canary, whatever validation says. */
const quickly = (): string[] => ["--last", "2s", "--policy", live.file("quick.toml"), ...FORCED];

describe("a deploy that does not come to its end leaves the zone as it was:", () => {
  test("Ctrl-C rolls back", async () => {
    live.ran.clear();
    await live.quiet();
    await using run = startWowsim(live.deploy(live.file("hotfix.wasm"), "--canary-zone", "1", ...quickly()));
    await live.comesToRun(1, live.candidate("hotfix").hash, run);
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^rollback +ok +zone 1 runs [0-9a-f]{16} again$/m);
    expect(run.stdout).toMatch(/^interrupted /m);
    await live.runs(1, live.base.hash);
    live.everybodyPlaysOn();
  });

  test("an operator's abort rolls back", async () => {
    live.ran.clear();
    await live.quiet();
    await using run = startWowsim(live.deploy(live.file("hotfix.wasm"), "--canary-zone", "1", ...quickly()));
    await live.comesToRun(1, live.candidate("hotfix").hash, run);
    await live.control.ask({ command: "deploy_abort", by: "bob@desk", reason: "wrong module" });
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^aborted .*wrong module/m);
    await live.runs(1, live.base.hash);
    live.everybodyPlaysOn();
  });

  test("another operator's roll-back is told as what it is, and meanwhile the server names the stage", async () => {
    live.ran.clear();
    await live.quiet();
    await using run = startWowsim(live.deploy(live.file("hotfix.wasm"), "--canary-zone", "1", ...quickly()));
    await live.comesToRun(1, live.candidate("hotfix").hash, run);
    while ((await live.remote.status()).deploy?.stage !== "watch") await Bun.sleep(20);
    expect(await live.control.ask({ command: "deploy_show" })).toMatchObject({
      record: { stage: "watch", outcome: null },
    });
    await live.control.ask({ command: "deploy_rollback", zone_id: 1, by: "bob@desk" });
    expect(await run.child.exited).toBe(1);
    await run.drained;
    expect(run.stdout).toMatch(/^rolled back .*bob@desk rolled zone 1 back \(asked for\); the module was not judged$/m);
    expect(run.stdout).not.toContain("traps and recoveries: 1");
    await live.runs(1, live.base.hash);
    live.everybodyPlaysOn();
  });

  test("killed without a word, the server takes the module back", async () => {
    live.ran.clear();
    await live.quiet();
    const flags = ["--canary-zone", "2", "--canary-duration", "20s", ...quickly()];
    await using run = startWowsim(live.deploy(live.file("hotfix.wasm"), ...flags));
    await live.comesToRun(2, live.candidate("hotfix").hash, run);
    run.child.kill("SIGKILL");
    await run.child.exited;
    const zone = await live.remote.zone(2);
    expect(zone).toMatchObject({ phase: "canary", previous_hash: live.base.hash });
    await until("zone 2 is taken back", () => live.ran.get(2)?.at(-1) === live.base.hash);
    // The zone's ticks tell of it first, and the server's answer to the roll-back a moment later.
    while ((await live.remote.zone(2)).phase === "rolling_back") await Bun.sleep(20);
    expect(await live.remote.zone(2)).toMatchObject({ phase: "steady", hash: live.base.hash, canary: false });
    live.everybodyPlaysOn();
  });
});

describe("a good module", () => {
  /** As the others want it. */
  afterAll(async () => {
    const { remote } = live;
    const { signal } = new AbortController();
    if ((await remote.zone(1)).hash === live.base.hash) return;
    await remote.load(live.base.wasm, "base", signal);
    await remote.beginSwap(live.base.hash, 1, LEASE_MS);
    await remote.swapped(live.base.hash, 1, signal);
    await remote.promote(live.base.hash, signal);
  });

  test("is promoted in every zone, and nothing is left to take back", async () => {
    live.ran.clear();
    await live.quiet();
    const { hash } = live.candidate("hotfix");
    const { code, report } = await live.deployed(live.file("hotfix.wasm"), ...FORCED);
    expect(failedChecks(report)).toEqual([]);
    expect(report).toMatchObject({ outcome: "promoted", sessionsLost: 0 });
    expect(code).toBe(0);
    await Promise.all([live.runs(1, hash), live.runs(2, hash)]);
    const zones = (await live.remote.status()).zones;
    expect(zones).toMatchObject([
      { phase: "steady", hash, lease_ms_left: null },
      { phase: "steady", hash, lease_ms_left: null },
    ]);
    live.everybodyPlaysOn();
  });

  test("is seen in status and history, and taken back by one command", async () => {
    const onControl = live.onControl;
    const { hash } = live.candidate("hotfix");
    const status = await wowsim("deploy", "status", ...onControl);
    expect(status.stdout).toMatch(new RegExp(`^ +2 +${hash} +hotfix.wasm +steady +- +${live.base.hash}$`, "m"));
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
    expect(back.stdout).toContain(`zone 2 runs ${live.base.hash}`);
    await Promise.all([live.runs(1, live.base.hash), live.runs(2, live.base.hash)]);
    const again = await wowsim("deploy", "rollback", "--zone", "1", ...onControl);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("no earlier module")]);
    live.everybodyPlaysOn();
  });

  test("that runs already is refused with the reason", async () => {
    const [running] = (await live.remote.status()).zones;
    const error = await live.refusal(live.file(running?.hash === live.base.hash ? "base.wasm" : "hotfix.wasm"));
    expect(error).toMatchObject({ code: "deploy_refused", message: expect.stringContaining("already") as string });
  });
});

/** The candidate declares what it changes. */
const EXPECTED = ["--expect", join(ROOT, "assembly/candidates/new-column.expect.toml")];

describe("a module with a column more", () => {
  test("is promoted under live players, whose state is carried over, and taken back without it", async () => {
    live.ran.clear();
    const { hash } = live.candidate("new-column");
    await live.quiet();
    const { code, report } = await live.deployed(live.file("new-column.wasm"), ...EXPECTED);
    expect(failedChecks(report)).toEqual([]);
    expect([code, report.outcome, report.sessionsLost]).toEqual([0, "promoted", 0]);
    await Promise.all([live.runs(1, hash), live.runs(2, hash)]);
    live.everybodyPlaysOn();
    const there = { from_hash: live.base.hash, to_hash: hash, added: ["PLAYER_RESTED"], dropped: [] };
    expect(live.carried).toMatchObject([there, there]);

    const back = await wowsim("deploy", "rollback", ...live.onControl);
    expect({ code: back.code, stderr: back.stderr }).toEqual({ code: 0, stderr: "" });
    await Promise.all([live.runs(1, live.base.hash), live.runs(2, live.base.hash)]);
    const here = { from_hash: hash, to_hash: live.base.hash, added: [], dropped: ["PLAYER_RESTED"] };
    await until("both zones dropped the column", () => live.carried.length === 4);
    expect(live.carried.slice(2)).toMatchObject([here, here]);
    const { zones } = await live.remote.status();
    expect(zones).toMatchObject([
      { phase: "steady", hash: live.base.hash },
      { phase: "steady", hash: live.base.hash },
    ]);
    live.everybodyPlaysOn();
  });

  test("is refused where the zone's state can not be carried over, with the difference in words", async () => {
    const sources = await readSources();
    const capacities = sources.get("memory/capacities.ts") ?? "";
    sources.set("memory/capacities.ts", capacities.replace("THREAT_MAX: u32 = 24", "THREAT_MAX: u32 = 20"));
    const wasm = await compileCached(sources);
    live.ran.clear();
    const { remote } = live;
    const { signal } = new AbortController();
    await remote.load(wasm, "lists", signal);
    const hash = hashOf(wasm);
    await remote.beginSwap(hash, 1, LEASE_MS);
    const refusedBy = await remote.swapped(hash, 1, signal).catch(messageOf);
    expect(refusedBy).toContain("THREAT_MAX is 24 here, 20 in the module. Nothing was changed.");
    live.onlyTheBaseRan();
    live.everybodyPlaysOn();
  });
});

describe("what a person is told", () => {
  test("no server: exit code 3", async () => {
    const { code, stderr } = await wowsim("deploy", live.file("hotfix.wasm"), "--control-port", "1");
    expect(code).toBe(3);
    expect(stderr).toContain("wowsim serve");
  });

  test("no feed: exit code 3, and nothing is swapped", async () => {
    const { code, stderr } = await wowsim(...live.deploy(live.file("hotfix.wasm"), "--telemetry-port", "1"));
    expect(code).toBe(3);
    expect(stderr).toContain("--telemetry-port");
  });

  test("no such file is exit code 4; no such zone, no such time: 64", async () => {
    const gone = await wowsim(...live.deploy(live.file("gone.wasm")));
    expect([gone.code, gone.stderr]).toEqual([4, expect.stringContaining("wowsim build-kernel --out")]);
    const zone = await wowsim(...live.deploy(live.file("regression.wasm"), "--canary-zone", "9"));
    expect([zone.code, zone.stderr]).toEqual([64, expect.stringContaining("choose from 1, 2")]);
    const time = await wowsim(...live.deploy(live.file("regression.wasm"), "--canary-duration", "0"));
    expect([time.code, time.stderr]).toEqual([64, expect.stringContaining("Give a time from 1s to 50m")]);
  });
});
