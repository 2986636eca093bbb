// The parts that decide who may deploy, all real but for the zones, which say what a test wants.
//
//   const { gate, zones, ask } = await gateBench()
//   zones.phase = "canary"
//   code(() => gate.begin(wish))        // "deploy_busy"

import { afterEach } from "bun:test";
import { DeployFreeze } from "../../server/main/control/deploy-freeze.ts";
import { DeployGate } from "../../server/main/control/deploy-gate.ts";
import { registerDeployGateCommands } from "../../server/main/control/deploy-gate-commands.ts";
import { DeployLog } from "../../server/main/control/deploy-log.ts";
import type { DeployPhase } from "../../server/main/control/deploy-phase.ts";
import { DeployRecords } from "../../server/main/control/deploy-records.ts";
import type { NewDeploy } from "../../server/main/control/deploy-records.ts";
import type { DeployEvent, ZoneDeployStatus } from "../../server/main/control/deploy.ts";
import { ControlCommands } from "../../server/main/control/commands.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { MemoryEmitter } from "./control-faults.ts";
import { tempFolder, TestClock } from "./telemetry.ts";

export const [BASE, A, B] = ["7e6a3cdb083f8056", "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
export const wish: NewDeploy = {
  hash: A,
  label: "fix.wasm",
  source: "fix.wasm",
  by: "anna@desk",
  force: "",
  expect: "",
  policy: {},
  dry_run: false,
};
export const told = { stage: "check", ok: true, text: "static checks hold", took_ms: 12, data: {} };

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

export async function gateBench(silenceMsMax?: number) {
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
export function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof WowsimError ? error.code : `no code: ${error}`;
  }
  return "none";
}
