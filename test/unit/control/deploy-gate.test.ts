// Who may deploy: one at a time, and what a freeze, an incident and an earlier failure do. The parts are real but for the zones.

import { afterEach, expect, test } from "bun:test";
import { DeployFreeze } from "../../../server/main/control/deploy-freeze.ts";
import { DeployGate } from "../../../server/main/control/deploy-gate.ts";
import { registerDeployGateCommands } from "../../../server/main/control/deploy-gate-commands.ts";
import { DeployLog } from "../../../server/main/control/deploy-log.ts";
import { DeployRecords } from "../../../server/main/control/deploy-records.ts";
import type { NewDeploy } from "../../../server/main/control/deploy-records.ts";
import type { DeployPhase } from "../../../server/main/control/deploy-phases.ts";
import type { ZoneDeployStatus } from "../../../server/main/control/deploy.ts";
import { ControlCommands } from "../../../server/main/control/commands.ts";
import type { DeployEvent } from "../../../server/main/control/deploy.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { rolledBack } from "../../helpers/deploy-record.ts";
import { NEW_YEAR_MS, tempFolder, TestClock } from "../../helpers/telemetry.ts";
import { until } from "../../helpers/control-live.ts";

const [BASE, A, B] = ["7e6a3cdb083f8056", "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
const wish: NewDeploy = {
  hash: A,
  label: "fix.wasm",
  source: "fix.wasm",
  by: "anna@desk",
  force: "",
  expect: "",
  policy: {},
  dry_run: false,
};
const told = { stage: "check", ok: true, text: "static checks hold", took_ms: 12, data: {} };

/** Zones as the test says, with a roll-back that says what it was asked. */
class FakeZones {
  phase: DeployPhase = "steady";
  hash = BASE;
  refusal: WowsimError | null = null;
  readonly asked: unknown[] = [];
  status(): ZoneDeployStatus[] {
    const { phase, hash } = this;
    const rest = { label: "", canary: phase === "canary", previous_hash: null, lease_ms_left: null, last_error: null };
    return [1, 2].map((zone_id) => ({ zone_id, hash, phase, ...rest }));
  }
  rollback(...asked: unknown[]): number[] {
    if (this.refusal !== null) throw this.refusal;
    this.asked.push(asked);
    return this.phase === "steady" && this.hash === BASE ? nothing() : [1, 2];
  }
}

function nothing(): never {
  throw new WowsimError("nothing_to_roll_back", "No zone has an earlier module.");
}

const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function bench(silenceMsMax?: number) {
  const folder = tempFolder();
  const emitter = new MemoryEmitter();
  const clock = new TestClock();
  const now = clock.now;
  const records = await DeployRecords.open({ folder: folder.path, emitter, clock: now, now, running: [BASE, BASE] });
  const freeze = await DeployFreeze.open({ file: folder.file("frozen.json"), emitter, clock: now });
  const kernel = { hash: BASE, label: "wowsim" };
  const log = await DeployLog.open({ file: folder.file("deploys.jsonl"), kernel, emitter, clock: now, now });
  const zones = new FakeZones();
  const incidents: string[] = [];
  const aborted: string[] = [];
  const jobs = [{ abortOf: (hash: string) => aborted.push(hash) }];
  const parts = { records, freeze, log, deployer: zones, incidents: () => incidents, jobs, emitter, clock: now };
  const gate = new DeployGate({ ...parts, ...(silenceMsMax === undefined ? {} : { silenceMsMax }) });
  const commands = new ControlCommands(emitter);
  registerDeployGateCommands(commands, gate, records);
  const ask = async (request: Record<string, unknown>) =>
    (await commands.answer(JSON.stringify(request), async () => null)).answer;
  const note = (what: DeployEvent["what"], from: string, to: string, reason: string, more = {}): void =>
    log.note({ what, zoneId: 1, from, to, label: "fix.wasm", reason, by: "anna@desk", ...more });
  open.push({
    async [Symbol.asyncDispose]() {
      gate.stop();
      await records.close();
      await log.close();
      folder[Symbol.dispose]();
    },
  });
  return { gate, records, zones, incidents, aborted, emitter, clock, ask, note };
}

/** The code of what it throws. */
function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof WowsimError ? error.code : `no code: ${error}`;
  }
  return "none";
}

test("of two that begin at once one does; force does not help the other", async () => {
  const { gate, ask } = await bench();
  const first = ask({ command: "deploy_begin", hash: A, label: "fix.wasm", by: "anna@desk" });
  const second = ask({ command: "deploy_begin", hash: B, by: "bob@desk", force: "now" });
  expect(await first).toMatchObject({ success: true, deploy: 1 });
  expect(await second).toMatchObject({ success: false, code: "deploy_busy" });
  gate.stage(1, told);
  expect((await ask({ command: "deploy_begin", hash: B }))["error"]).toBe(
    `Deploy 1 (fix.wasm, ${A} by anna@desk) is under way, in stage check. Send {"command":"deploy_abort"} to end it.`,
  );
  gate.end(1, "validated", "pass");
  expect(await ask({ command: "deploy_begin", hash: B })).toMatchObject({ success: true, deploy: 2 });
});

test("status, record and refusals name the stage that runs now, not the last one that ended", async () => {
  const { gate, ask } = await bench();
  gate.begin(wish);
  expect((await ask({ command: "deploy_show" }))["record"]).not.toHaveProperty("stage");
  gate.stage(1, told);
  expect(await ask({ command: "deploy_alive", deploy: 1, stage: "shadow" })).toMatchObject({ success: true });
  expect(await ask({ command: "deploy_alive", deploy: 1 })).toMatchObject({ success: true });
  expect(gate.status().deploy).toMatchObject({ stage: "shadow" });
  expect(await ask({ command: "deploy_show", deploy: 1 })).toMatchObject({ record: { stage: "shadow" } });
  expect((await ask({ command: "deploy_begin", hash: B }))["error"]).toContain("is under way, in stage shadow.");
  for (const stage of ["", 7, null, {}])
    expect(await ask({ command: "deploy_alive", deploy: 1, stage })).toMatchObject({ success: false });
  expect(await ask({ command: "deploy_alive", deploy: 1, stage: `\u001b[2J${"x".repeat(500)}` })).toMatchObject({
    success: true,
  });
  expect(gate.status().deploy?.stage).toMatch(/^[ -~]{1,60}$/);
  gate.end(1, "validated", "pass");
  expect((await ask({ command: "deploy_show", deploy: 1 }))["record"]).not.toHaveProperty("stage");
});

test("a module that somebody swapped without a deploy is in the way too", async () => {
  const { gate, zones } = await bench();
  zones.phase = "canary";
  expect(code(() => gate.begin({ ...wish, force: "now" }))).toBe("deploy_busy");
  zones.phase = "steady";
  expect(code(() => gate.begin(wish))).toBe("none");
});

test("frozen: nothing begins without force, no swap, and a dry run may look", async () => {
  const { gate, emitter, ask, zones } = await bench();
  const answer = await ask({ command: "deploy_freeze", reason: " raid night ", by: "anna@desk" });
  const frozen = { reason: "raid night", by: "anna@desk", since: new Date(NEW_YEAR_MS).toISOString() };
  expect(answer).toMatchObject({ success: true, frozen, kept: true });
  expect(gate.status()).toEqual({ frozen, deploy: null, incidents: [] });
  expect(() => gate.begin(wish)).toThrow("Deploys are frozen since 2026-01-01T00:00:00.000Z by anna@desk: raid night.");
  expect(code(() => gate.maySwap(A, undefined))).toBe("deploy_frozen");
  gate.end(gate.begin({ ...wish, dry_run: true }), "validated", "pass");
  const deploy = gate.begin({ ...wish, force: "it burns" });
  expect(code(() => gate.maySwap(A, deploy))).toBe("none");
  zones.phase = "canary";
  expect(gate.abort(0, "bob@desk", "").zones).toEqual([1, 2]);
  zones.phase = "steady";
  const thawed = await ask({ command: "deploy_thaw", reason: "over", by: "bob@desk" });
  expect(thawed).toMatchObject({ success: true, frozen: null, was_frozen: true, kept: true });
  expect(await ask({ command: "deploy_thaw", reason: "over" })).toMatchObject({ was_frozen: false });
  expect(code(() => gate.begin(wish))).toBe("none");
  expect(emitter.messages("Deploys frozen")[0]?.data).toEqual({ reason: "raid night", by: "anna@desk" });
  expect(emitter.messages("Deploys thawed")[0]?.data).toEqual({ reason: "over", by: "bob@desk" });
  expect(await ask({ command: "deploy_freeze", reason: "  " })).toMatchObject({ success: false, code: "bad_request" });
});

test("frozen in the middle: a deploy under way swaps no further zone, unless it was forced", async () => {
  const { gate } = await bench();
  const deploy = gate.begin(wish);
  expect(code(() => gate.maySwap(A, deploy))).toBe("none");
  await gate.setFrozen(true, "anna@desk", "stop");
  expect(code(() => gate.maySwap(A, deploy))).toBe("deploy_frozen");
  gate.stage(deploy, told);
  gate.end(deploy, "rolled_back", "frozen");
});

test("an open incident is in the way of what swaps, and named", async () => {
  const { gate, incidents } = await bench();
  incidents.push("Zone 2 is DOWN.", "The journal is not written: disk full.");
  expect(() => gate.begin(wish)).toThrow("Zone 2 is DOWN. The journal is not written: disk full. Mend it first.");
  expect(code(() => gate.begin(wish))).toBe("incident_open");
  expect(gate.status().incidents).toEqual(incidents);
  gate.end(gate.begin({ ...wish, dry_run: true }), "validated", "pass");
  expect(code(() => gate.begin({ ...wish, force: "this mends it" }))).toBe("none");
});

test("a module that failed or was rolled back is refused by its hash until it is promoted", async () => {
  const { gate, note } = await bench();
  note("rolled_back", A, BASE, "not judged: the feed is silent");
  note("rolled_back", A, BASE, "lease ended without promotion");
  note("rolled_back", A, BASE, "abandoned: its tool said nothing for 30 s");
  gate.end(gate.begin(wish), "refused", "");
  note("rolled_back", A, BASE, "kernel time ×3");
  expect(() => gate.begin(wish)).toThrow(`${A} was rolled back here at 2026-01-01T00:00:00.000Z (kernel time ×3).`);
  expect(code(() => gate.begin({ ...wish, dry_run: true }))).toBe("module_refused_before");
  gate.end(gate.begin({ ...wish, hash: B }), "refused", "");
  gate.end(gate.begin({ ...wish, force: "drill" }), "promoted", "");
  note("promoted", BASE, A, "canary passed");
  gate.end(gate.begin(wish), "validated", "");
  const failed = { verdict: "fail", ticks: 1, equal: 0, zones: 1, fuel_ratio: 1, seconds: 1, lines: [], forced: "" };
  note("validated", BASE, A, "fail: double damage", { validation: { ...failed, expect: "" } });
  expect(code(() => gate.begin(wish))).toBe("module_refused_before");
  expect(code(() => gate.begin({ ...wish, expect: '[[expect]]\nwhat = "damage.swing"' }))).toBe("none");
});

test("a module that failed beside live zones is refused by its hash too", async () => {
  const { gate } = await bench();
  const deploy = gate.begin(wish);
  const { stages } = rolledBack();
  const { report } = stages.find(({ stage }) => stage === "verdict")!.data;
  gate.stage(deploy, { ...told, stage: "watch", ok: false, data: { report } });
  gate.end(deploy, "refused", "");
  const second = gate.begin(wish);
  for (let times = 0; times < 2; times++)
    gate.stage(second, { ...told, stage: "shadow", ok: false, text: "fail: damage of swings", data: { report } });
  gate.end(second, "refused", "fail: damage of swings");
  expect(() => gate.begin(wish)).toThrow(
    "was refused here at 2026-01-01T00:00:00.000Z (beside live zones: fail: damage",
  );
  expect(code(() => gate.begin({ ...wish, expect: '[[expect]]\nwhat = "damage.swing"' }))).toBe("none");
});

test("an abort ends the deploy for its tool, its jobs and its zones, and the record says so", async () => {
  const { gate, records, zones, aborted, emitter, clock, ask } = await bench();
  expect(await ask({ command: "deploy_abort" })).toMatchObject({ code: "no_deploy" });
  const deploy = gate.begin(wish);
  expect(await ask({ command: "deploy_abort", deploy: 9 })).toMatchObject({ code: "no_such_deploy" });
  gate.stage(deploy, told);
  zones.phase = "canary";
  const answer = await ask({ command: "deploy_abort", by: "bob@desk", reason: "wrong module" });
  expect(answer).toMatchObject({ success: true, deploy, zones: [1, 2] });
  expect(zones.asked).toEqual([[0, "bob@desk", A, "aborted: wrong module"]]);
  expect(aborted).toEqual([A]);
  zones.phase = "steady";
  for (const command of ["deploy_stage", "deploy_alive", "deploy_end"]) {
    const late = await ask({ command, deploy, stage: "watch", outcome: "promoted" });
    expect(late).toMatchObject({ success: false, code: "deploy_aborted" });
    expect(late["error"]).toBe("Deploy 1 is over: aborted: wrong module (bob@desk).");
  }
  expect(await ask({ command: "deploy_abort", deploy })).toMatchObject({ code: "deploy_aborted" });
  // Its tool has not heard of it yet, and says nothing of the deploy in its swap.
  expect(code(() => gate.maySwap(A, undefined))).toBe("deploy_aborted");
  expect(code(() => gate.maySwap(B, undefined))).toBe("none");
  clock.pass(61_000);
  expect(code(() => gate.maySwap(A, undefined))).toBe("none");
  expect(await records.show(deploy)).toMatchObject({
    outcome: "aborted",
    reason: "aborted: wrong module (bob@desk)",
    stages: [{ stage: "check" }, { stage: "abort", ok: null, data: { zones: [1, 2] } }],
  });
  expect(emitter.messages("Deploy ended")[0]?.data).toMatchObject({ deploy, outcome: "aborted", by: "bob@desk" });
});

test("what every zone is being asked to keep is not aborted", async () => {
  const { gate, zones } = await bench();
  const deploy = gate.begin(wish);
  zones.refusal = new WowsimError("deploy_busy", `Module ${A} is being promoted; wait until every zone is steady.`);
  expect(code(() => gate.abort(deploy, "bob@desk", ""))).toBe("deploy_busy");
  gate.stage(deploy, told);
  gate.end(deploy, "promoted", "all checks hold");
});

test("a deploy whose tool fell silent is abandoned: its trial goes back, what it promoted stays", async () => {
  for (const [phase, hash, asked] of [
    ["canary", A, 1],
    ["steady", A, 0],
  ] as const) {
    const { gate, records, zones, aborted } = await bench(150);
    const deploy = gate.begin(wish);
    [zones.phase, zones.hash] = [phase, hash];
    for (let word = 0; word < 10; word++) {
      await Bun.sleep(30);
      gate.alive(deploy);
    }
    await until("it is abandoned", () => gate.status().deploy === null);
    zones.phase = "steady";
    expect(zones.asked).toHaveLength(asked);
    expect(aborted).toEqual([A]);
    expect(records.summary(deploy)).toMatchObject({ outcome: "abandoned" });
    expect(code(() => gate.alive(deploy))).toBe("deploy_aborted");
    expect(code(() => gate.begin({ ...wish, hash: B }))).toBe("none");
  }
});

test("a server that paused for longer than a tool may be silent hears first what the tool said meanwhile", async () => {
  const { gate, zones } = await bench(50);
  const deploy = gate.begin(wish);
  zones.phase = "canary";
  // The word is there when the pause ends, as bytes in a socket would be, but behind the timer.
  setTimeout(() => gate.alive(deploy), 60);
  const goesOnAt = performance.now() + 120;
  while (performance.now() < goesOnAt);
  await Bun.sleep(20);
  gate.alive(deploy);
  expect(zones.asked).toEqual([]);
  zones.phase = "steady";
});

test("a swap of another module waits for the deploy, and one of an ended deploy is refused", async () => {
  const { gate } = await bench();
  expect(code(() => gate.maySwap(A, undefined))).toBe("none");
  expect(code(() => gate.maySwap(A, 1))).toBe("no_such_deploy");
  const deploy = gate.begin(wish);
  expect(code(() => gate.maySwap(B, undefined))).toBe("deploy_busy");
  expect(code(() => gate.maySwap(A, undefined))).toBe("none");
  expect(code(() => gate.maySwap(A, deploy))).toBe("none");
  gate.end(deploy, "rolled_back", "kernel time ×3");
  expect(code(() => gate.maySwap(A, deploy))).toBe("deploy_ended");
  expect(code(() => gate.end(deploy, "promoted", ""))).toBe("deploy_ended");
});

test("bad requests are refused with what is wrong, and huge texts are cut", async () => {
  const { ask, gate } = await bench();
  const begin = { command: "deploy_begin", hash: A };
  for (const more of [
    { hash: "A" },
    { label: "x".repeat(101) },
    { by: 7 },
    { policy: [] },
    { policy: { blob: "x".repeat(20_000) } },
    { dry_run: "yes" },
    { force: "x".repeat(301) },
    { expect: "x".repeat(65_537) },
  ])
    expect(await ask({ ...begin, ...more })).toMatchObject({ success: false, code: "bad_request" });
  const { deploy } = (await ask({ ...begin, by: "\u001b[2Jeve", label: "<b>" })) as unknown as { deploy: number };
  for (const more of [
    { deploy: "1" },
    { deploy: 0 },
    { stage: "" },
    { ok: "yes" },
    { took_ms: -1 },
    { took_ms: null },
    { data: [] },
    { data: null },
  ]) {
    const answer = await ask({ command: "deploy_stage", deploy, stage: "check", ...more });
    expect({ more, answer }).toMatchObject({ answer: { success: false, code: "bad_request" } });
  }
  expect(await ask({ command: "deploy_stage", deploy, stage: "x".repeat(9_999), text: "y".repeat(99_999) })).toEqual({
    success: true,
    command: "deploy_stage",
  });
  expect(gate.status().deploy).toMatchObject({ by: "?[2Jeve", stage: "x".repeat(40) });
  expect(await ask({ command: "deploy_end", deploy, outcome: "abandoned" })).toMatchObject({ code: "bad_request" });
  expect(await ask({ command: "deploy_end", deploy, outcome: "refused", reason: "z".repeat(99_999) })).toMatchObject({
    success: true,
  });
  const { record } = (await ask({ command: "deploy_show" })) as unknown as { record: { reason: string } };
  expect(record.reason).toHaveLength(2_000);
  expect(await ask({ command: "deploy_show", deploy: 99 })).toMatchObject({ code: "no_such_deploy" });
});
