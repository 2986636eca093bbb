// Validations on a server: one at a time, with an end whatever the worker does, and a record of every verdict.

import { expect, test } from "bun:test";
import { ModuleValidations } from "../../../server/main/control/module-validations.ts";
import { registerValidateCommands } from "../../../server/main/control/validate-commands.ts";
import { DEFAULT_POLICY } from "../../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../../server/protocol/deploy-policy.ts";
import type { ValidationWish } from "../../../server/main/control/module-validations.ts";
import type { DeployEvent } from "../../../server/main/control/deploy.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import type { ValidationReport } from "../../../server/protocol/deploy-validation.ts";
import type { FromModuleValidation, ToModuleValidation } from "../../../server/shared/module-validation.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { until } from "../../helpers/control-live.ts";
import { testKernel } from "../../helpers/zone.ts";

const kernel = await testKernel();
const { hash } = kernel;
const wish: ValidationWish = {
  hash,
  expectations: [],
  lastMs: 1_000,
  policy: DEFAULT_POLICY,
  by: "anna@desk",
  forced: "",
  expectHash: "",
};
const PATIENT = { msMax: 60_000, silenceMsMax: 60_000, graceMsMax: 60_000 };

const report = (verdict: ValidationReport["verdict"]): ValidationReport => ({
  verdict,
  reason: `${verdict}: because`,
  class: "changed",
  incumbents: ["7e6a3cdb083f8056"],
  checks: [{ name: "damage.swing", holds: verdict === "pass", shown: "twice" }],
  zones: 2,
  ticks: 100,
  equal: 90,
  fuel_ratio: 1,
  seconds: 2,
});

/** A worker that says what the test says. */
class FakeWorker extends EventTarget {
  readonly heard: string[] = [];
  policy: DeployPolicy | null = null;
  isEnded = false;
  postMessage(message: ToModuleValidation): void {
    this.heard.push(message.type);
    if (message.type === "begin") this.policy = message.policy;
  }
  terminate(): void {
    this.isEnded = true;
  }
  say(data: FromModuleValidation): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

function bench(limits = PATIENT) {
  const workers: FakeWorker[] = [];
  const notes: DeployEvent[] = [];
  const emitter = new MemoryEmitter();
  const module = { hash, label: "fix.wasm", state: "ready", problems: [], kernel, metered: null } as const;
  const validations = new ModuleValidations({
    modules: {
      ready: () => kernel,
      get: (wanted) => ({ ...module, problems: [], uploaded: wanted === hash ? new Uint8Array(1) : null }),
    },
    newWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
    dataDir: "/nowhere",
    log: { note: (event) => notes.push(event) },
    emitter,
    running: () => "7e6a3cdb083f8056",
    limits,
  });
  return { validations, workers, notes, emitter };
}

test("a verdict is kept, told to the history and to telemetry, and the worker ends", () => {
  const { validations, workers, notes, emitter } = bench();
  const id = validations.start({ ...wish, forced: "it burns" });
  const [worker] = workers;
  expect(validations.status(id)).toMatchObject({ state: "running", report: null });
  worker!.say({ type: "progress", share: 0.4, doing: "zone 1, tick 8" });
  expect(validations.status(id)).toMatchObject({ share: 0.4, doing: "zone 1, tick 8" });
  worker!.say({ type: "done", report: report("fail"), isWhole: true });
  expect(validations.status(id)).toMatchObject({ state: "done", share: 1, report: { verdict: "fail" }, error: null });
  expect(worker).toMatchObject({ heard: ["begin"], isEnded: true });
  expect(notes).toMatchObject([
    {
      what: "validated",
      zoneId: 0,
      from: "7e6a3cdb083f8056",
      to: hash,
      label: "fix.wasm",
      by: "anna@desk",
      reason: "forced (it burns); fail: because",
      validation: { verdict: "fail", ticks: 100, equal: 90, lines: ["damage.swing: twice"], forced: "it burns" },
    },
  ]);
  expect(emitter.lines.map(({ message }) => message)).toEqual(["Module validated"]);
});

test("the limits of a policy reach the worker; what is left out is as without one, and a wrong field is refused", () => {
  const { validations, workers } = bench();
  const asked = new Map<string, (request: unknown) => unknown>();
  registerValidateCommands(
    { register: (name, schema, answer) => void asked.set(name, (request) => answer(schema.parse(request))) },
    validations,
  );
  const ask = (policy: unknown): unknown => asked.get("validate_module")?.({ hash, policy });
  expect(() => ask({ limits: { fuel_ratio: 2 } })).toThrow('[limits]: there is no field "fuel_ratio" here');
  expect(workers).toHaveLength(0);
  ask({ limits: { fuel_ratio_max: 2 } });
  const { limits, validate } = DEFAULT_POLICY;
  expect(workers[0]?.policy?.limits).toEqual({ ...limits, fuelRatioMax: 2 });
  expect(workers[0]?.policy?.validate).toEqual(validate);
  validations.stop();
});

test("one at a time; the next begins when the first has ended", () => {
  const { validations, workers } = bench();
  const first = validations.start(wish);
  expect(() => validations.start(wish)).toThrow(`is being validated (validation ${first})`);
  workers[0]!.say({ type: "failed", code: "no_journal", message: "There is no journal." });
  expect(validations.status(first)).toMatchObject({ state: "failed", error: { code: "no_journal" } });
  expect(validations.start(wish)).toBe(first + 1);
  // A word that comes late says nothing of the next.
  workers[0]!.say({ type: "done", report: report("pass"), isWhole: true });
  expect(validations.status(first + 1).state).toBe("running");
  validations.stop();
  expect(workers[1]!.isEnded).toBe(true);
});

test("a module that was not uploaded, and a number that nobody has, are refused", () => {
  const { validations, workers } = bench();
  expect(() => validations.start({ ...wish, hash: "aaaaaaaaaaaaaaaa" })).toThrow("deploy_load");
  expect(() => validations.status(3)).toThrow(WowsimError);
  expect(() => validations.abort(3)).toThrow("There is no validation 3");
  expect(workers).toEqual([]);
});

test("an abort lets the worker close the journal, and nothing is told of it", () => {
  const { validations, workers, notes } = bench();
  const id = validations.start(wish);
  validations.abort(id);
  expect(workers[0]).toMatchObject({ heard: ["begin", "abort"], isEnded: false });
  workers[0]!.say({ type: "done", report: report("pass"), isWhole: false });
  expect(validations.abort(id)).toMatchObject({ state: "failed", error: { code: "aborted" } });
  expect([workers[0]!.isEnded, notes.length]).toEqual([true, 0]);
});

test("half a validation never passes, and one that has failed by then has failed", async () => {
  for (const verdict of ["pass", "inconclusive", "fail"] as const) {
    const { validations, workers, notes } = bench({ ...PATIENT, msMax: 1 });
    const id = validations.start(wish);
    await until("the time is over", () => workers[0]!.heard.includes("abort"));
    workers[0]!.say({ type: "done", report: report(verdict), isWhole: false });
    const { state, error } = validations.status(id);
    expect([state, error?.code]).toEqual(verdict === "fail" ? ["done", undefined] : ["failed", "validation_too_long"]);
    expect(notes).toMatchObject([{ validation: { verdict: verdict === "fail" ? "fail" : "inconclusive" } }]);
  }
});

test("a worker that hears nothing is ended, and one for which nobody asks any more, and one that breaks", async () => {
  const deaf = bench({ msMax: 1, silenceMsMax: 60_000, graceMsMax: 1 });
  const id = deaf.validations.start(wish);
  await until("it is ended", () => deaf.workers[0]!.isEnded);
  expect(deaf.validations.status(id)).toMatchObject({ state: "failed", error: { code: "validation_too_long" } });

  const lonely = bench({ msMax: 60_000, silenceMsMax: 1, graceMsMax: 1 });
  lonely.validations.start(wish);
  await until("it is ended", () => lonely.workers[0]!.isEnded);
  expect(lonely.notes).toEqual([]);

  const broken = bench();
  const last = broken.validations.start(wish);
  broken.workers[0]!.dispatchEvent(new ErrorEvent("error", { message: "out of memory" }));
  expect(broken.validations.status(last)).toMatchObject({ state: "failed", error: { code: "thread_failed" } });
  expect(broken.notes).toMatchObject([{ reason: "inconclusive: out of memory" }]);
});
