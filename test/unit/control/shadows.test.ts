// Shadows on a server: one at a time, with a report while they run, and an end whatever the worker does.

import { expect, test } from "bun:test";
import { Shadows } from "../../../server/main/control/shadows.ts";
import type { ShadowWish } from "../../../server/main/control/shadows.ts";
import type { ShadowReport } from "../../../server/protocol/shadow.ts";
import type { FromShadow, ShadowBegin, ToShadow } from "../../../server/shared/shadow-messages.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { until } from "../../helpers/control-live.ts";
import { testKernel } from "../../helpers/zone.ts";

const kernel = await testKernel();
const { hash } = kernel;
const LIMITS = { fuelRatioMax: 1.03, p99RatioMax: 1.1 };
const wish: ShadowWish = {
  hash,
  zoneIds: [],
  ticks: 0,
  role: "candidate",
  expectations: [],
  ...LIMITS,
  by: "anna@desk",
};

const report = (verdict: ShadowReport["verdict"], ticks = 100): ShadowReport => ({
  verdict,
  reason: `${verdict}: because`,
  class: "changed",
  incumbents: ["7e6a3cdb083f8056"],
  checks: [],
  zones: 2,
  ticks,
  equal: 90,
  fuel_ratio: 1,
  seconds: 2,
  shadow: {
    zones: [],
    yielded: { times: 0, ticks: 0 },
    terms: [],
    time_ratio: 1.01,
    time_blocks: [],
    core_share: 0.05,
    problems: [],
  },
});

class FakeWorker extends EventTarget {
  readonly heard: ToShadow[] = [];
  isEnded = false;
  postMessage(message: ToShadow): void {
    this.heard.push(message);
  }
  terminate(): void {
    this.isEnded = true;
  }
  say(data: FromShadow): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

function bench(limits = { msMax: null, silenceMsMax: 60_000, graceMsMax: 60_000 }, metered: Uint8Array | null = null) {
  const workers: FakeWorker[] = [];
  const emitter = new MemoryEmitter();
  const pace = { ms: 0, durations: Array.from({ length: 100 }, () => 2) };
  const shadows = new Shadows({
    modules: {
      ready: () => kernel,
      get: () => ({ hash, label: "fix.wasm", state: "ready", problems: [], kernel, metered, uploaded: null }),
    },
    newWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
    dataDir: "/nowhere",
    zones: { zones: new Map([1, 2, 7].map((id) => [id, null])) },
    durationsMs: () => pace.durations,
    now: () => pace.ms,
    emitter,
    limits,
  });
  return { shadows, workers, emitter, pace };
}

test("it begins with all zones or those named, and has its newest report while it runs", () => {
  const { shadows, workers, emitter } = bench();
  const shadow = shadows.start({ ...wish, role: "incumbent" });
  const [worker] = workers as [FakeWorker];
  expect(worker.heard).toMatchObject([{ type: "begin", zones: [1, 2, 7], hash, role: "incumbent", metered: null }]);
  expect(shadows.status(shadow)).toMatchObject({ shadow, role: "incumbent", state: "running", report: null });
  worker.say({ type: "report", report: report("inconclusive", 50) });
  worker.say({ type: "progress", share: 0.5, doing: "100 ticks of 3 zones" });
  expect(shadows.status(shadow)).toMatchObject({ share: 0.5, report: { verdict: "inconclusive", ticks: 50 } });
  worker.say({ type: "done", report: report("pass") });
  expect(shadows.status(shadow)).toMatchObject({ state: "done", report: { verdict: "pass" }, error: null });
  expect(worker.isEnded).toBe(true);
  expect(emitter.lines).toMatchObject([
    {
      message: "Module shadowed",
      data: { hash, role: "incumbent", verdict: "pass", time_ratio: 1.01, by: "anna@desk" },
    },
  ]);
  shadows.start({ ...wish, zoneIds: [7, 2, 7] });
  expect((workers[1]!.heard[0] as ShadowBegin).zones).toEqual([7, 2]);
  shadows.stop();
  expect(workers[1]!.isEnded).toBe(true);
});

test("one that is aborted has what it saw by then; so has one whose worker hears nothing, and one that nobody asks for", async () => {
  const aborted = bench();
  const first = aborted.shadows.start(wish);
  aborted.shadows.abort(first);
  expect(aborted.workers[0]!.heard.at(-1)).toEqual({ type: "abort" });
  aborted.workers[0]!.say({ type: "done", report: report("pass") });
  expect(aborted.shadows.status(first)).toMatchObject({
    state: "done",
    report: { verdict: "pass" },
    error: { code: "aborted" },
  });

  const lonely = bench({ msMax: null, silenceMsMax: 1, graceMsMax: 1 });
  const second = lonely.shadows.start(wish);
  lonely.workers[0]!.say({ type: "report", report: report("inconclusive", 7) });
  await until("it is ended", () => lonely.workers[0]!.isEnded);
  expect(lonely.shadows.status(second)).toMatchObject({
    state: "done",
    report: { ticks: 7 },
    error: { code: "aborted", message: expect.stringContaining("Nobody asked") as string },
  });
});

test("without a report it has failed: a worker that dies, a journal that is not there", () => {
  const { shadows, workers } = bench();
  const first = shadows.start(wish);
  workers[0]!.dispatchEvent(new ErrorEvent("error", { message: "out of memory" }));
  expect(shadows.status(first)).toMatchObject({ state: "failed", error: { code: "thread_failed" } });
  const second = shadows.start(wish);
  workers[1]!.say({ type: "failed", code: "no_journal", message: "There is no journal." });
  expect(shadows.status(second)).toMatchObject({ state: "failed", report: null, error: { code: "no_journal" } });
});

test("the end of a deploy ends its shadow, that of the module and that of the one before it", () => {
  const { shadows, workers } = bench();
  shadows.start(wish);
  shadows.abortOf("aaaaaaaaaaaaaaaa");
  expect(workers[0]!.heard).toHaveLength(1);
  shadows.abortOf(hash);
  expect(workers[0]!.heard.at(-1)).toEqual({ type: "abort" });
  workers[0]!.say({ type: "done", report: report("pass") });
  shadows.abortOf(hash);
  shadows.start({ ...wish, role: "incumbent" });
  shadows.abortOf("aaaaaaaaaaaaaaaa");
  expect(workers[1]!.heard.at(-1)).toEqual({ type: "abort" });
  shadows.stop();
});

test("when zones become slower the worker is told to pause, and to go on when that does not help", async () => {
  const { shadows, workers, pace } = bench();
  shadows.start(wish);
  pace.durations = pace.durations.map(() => 20);
  await until("it pauses", () => {
    pace.ms += 1_000;
    return workers[0]!.heard.length > 1;
  });
  expect(workers[0]!.heard.at(-1)).toEqual({ type: "pace", pace: "pause" });
  await until("it goes on", () => {
    pace.ms += 1_000;
    return workers[0]!.heard.length > 2;
  });
  expect(workers[0]!.heard.at(-1)).toEqual({ type: "pace", pace: "go on" });
  shadows.stop();
});
