// The place of a zone worker over its lives, with workers that do nothing by themselves and on a clock of the test's.

import { expect, jest, test } from "bun:test";
import { FaultBlock } from "../../../server/shared/fault-block.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { BURNING_MAX, WorkerSlot } from "../../../server/main/zones/worker-slot.ts";
import { Wake } from "../../../server/shared/wake.ts";
import type { ZoneWorkerStart } from "../../../server/shared/zone-start.ts";
import { FakeZoneWorker } from "../../helpers/zone-fake-worker.ts";
import { REPORT } from "../../../server/shared/tick-report.ts";

/** A place whose workers the test lets die; `log` has what was told, in order. */
function place(nowMs: () => number = () => 0) {
  const made: FakeZoneWorker[] = [];
  const log: string[] = [];
  const slot = new WorkerSlot({
    worker: 0,
    newWorker: () => {
      const worker = new FakeZoneWorker();
      made.push(worker);
      return worker.asWorker;
    },
    starts: {
      prepare: () => Promise.resolve(),
      startOf: (_worker, memory) =>
        ({ type: "start", zones: [], wake: Wake.allocate(), ...memory }) as unknown as ZoneWorkerStart,
    },
    now: nowMs,
    listener: {
      recorded: (_view, _bytes, _offset, length) => void log.push(`record of ${length}`),
      said: ({ type }) => void log.push(type),
      failed: (error) => void log.push(String(error)),
      lost: (_worker, { how, why }, nextTryMs) => void log.push(`${how}: ${why}, next in ${nextTryMs}`),
      forgotten() {},
      threadEnded() {},
      begun: (_worker, link) => {
        log.push("begun");
        link.post({ type: "fault_deactivate", activation: 9 });
      },
      back: () => void log.push("back"),
      notBegun: (_worker, why, nextTryMs) => void log.push(`${why}; next in ${nextTryMs}`),
    },
  });
  return { slot, made, log };
}

function die(worker: FakeZoneWorker, isGone = true): void {
  worker.dispatchEvent(new ErrorEvent("error", { message: "1 | code\n\nerror: oops\n      at here" }));
  if (isGone) worker.dispatchEvent(new Event("close"));
}

/** Timers' time, and what waits for promises in it. */
async function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test("what a dying worker had committed is read before its end is told, whichever wait it is read in", async () => {
  // Once while the reader waits for records, once while it gives other things their turn after some.
  for (const turns of [0, 1]) {
    const { slot, made, log } = place();
    await slot.ready;
    made[0]!.report({ tick: 1 });
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    made[0]!.report({ tick: 2 });
    const asked = slot.link!.request(1, { type: "inspect" }).catch((error: unknown) => log.push(String(error)));
    die(made[0]!);
    await asked;
    expect(log.filter((entry) => entry === `record of ${REPORT.bytes}`)).toHaveLength(2);
    expect(log.findIndex((entry) => entry.startsWith("died"))).toBe(2);
    expect(log.at(-1)).toContain("The zone worker died (oops).");
    await slot.stop();
  }
});

test("a worker that was given up reaches nobody any more, and its place is another's", async () => {
  const { slot, made, log } = place();
  await slot.ready;
  slot.link!.abandon("late");
  expect(slot.link).toBeNull();
  made[0]!.report({ tick: 3 });
  made[0]!.say({ type: "zone_state", zoneId: 1, from: "DOWN", to: "ACTIVE", reason: "", tick: 3 });
  while (!log.includes("back")) await Bun.sleep(1);
  expect(log).toEqual(["hung: late, next in 0", "begun", "back"]);
  expect(made[1]!.received).toEqual([{ type: "fault_deactivate", activation: 9 }]);
  expect(slot.burning).toBe(1);
  made[0]!.dispatchEvent(new Event("close"));
  expect(slot.burning).toBe(0);
  await slot.stop();
});

test("one that dies again and again is begun ever more rarely, until one has lasted", async () => {
  jest.useFakeTimers();
  try {
    let nowMs = 0;
    const { slot, made, log } = place(() => nowMs);
    await pass(0);
    for (const delay of [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      die(made.at(-1)!);
      expect(log.at(-1)).toBe(`died: oops, next in ${delay}`);
      const before = made.length;
      if (delay > 0) await pass(delay - 1);
      expect(made).toHaveLength(before);
      await pass(1);
      expect(made).toHaveLength(before + 1);
    }
    nowMs += 60_000;
    die(made.at(-1)!);
    expect(log.at(-1)).toBe("died: oops, next in 0");
    void slot.stop();
    await pass(1_000);
    expect(made).toHaveLength(9);
  } finally {
    jest.useRealTimers();
  }
});

test("one that can not be begun is tried again, its thread given up, and its fault number with it", async () => {
  const { href } = new URL("../../helpers/zone-mortal-worker.ts", import.meta.url);
  const block = new FaultBlock(FaultBlock.allocate());
  const log: string[] = [];
  const start = {
    type: "start",
    zones: [{ zone: { id: 1 }, module: { layout: [] }, earlier: [], after: null, revived: null, epoch: 0 }],
    journal: null,
    crumbFile: null,
    telemetryRing: Ring.allocate(1 << 16),
    faultBlock: block.buffer,
  };
  let made = 0;
  const slot = new WorkerSlot({
    worker: 0,
    newWorker: () => (made++ === 0 ? new FakeZoneWorker().asWorker : new Worker(href)),
    starts: {
      prepare: () => Promise.resolve(),
      startOf: (_worker, memory) =>
        ({ ...start, name: "w", wake: Wake.allocate(), ...memory }) as unknown as ZoneWorkerStart,
    },
    now: () => performance.now(),
    listener: {
      recorded() {},
      said() {},
      failed() {},
      begun() {},
      back() {},
      lost: () => void log.push("lost"),
      forgotten: (thread) => (log.push(`forgotten ${thread}`), block.forgetThread(thread)),
      threadEnded: (thread) => (log.push(`gone ${thread}`), block.freeThread(thread)),
      notBegun: (_worker, why, nextTryMs) => void log.push(`${why}; next in ${nextTryMs}`),
    },
  });
  await slot.ready;
  slot.link!.abandon("late");
  while (!log.includes("gone 1")) await Bun.sleep(1);
  await slot.stop();
  expect(log.slice(0, 3)).toEqual(["forgotten 0", "lost", "forgotten 1"]);
  expect(log[3]).toContain("MEMORY_PAGES");
  expect(log[3]).toEndWith("; next in 1000");
  expect(block.claimThread()).toBe(1);
  expect(slot.burning).toBe(1);
});

test("threads that can not be ended are not joined by ever more of them", async () => {
  jest.useFakeTimers();
  try {
    const { slot, made, log } = place();
    await pass(0);
    for (let lost = 0; lost < BURNING_MAX; lost++) {
      die(made.at(-1)!, false);
      await pass(30_000);
    }
    expect(made).toHaveLength(BURNING_MAX);
    expect(log.at(-1)).toMatch(
      /^3 threads of it are in endless loops and can not be ended; restart the server; next in/,
    );
    made[0]!.dispatchEvent(new Event("close"));
    await pass(30_000);
    expect(made).toHaveLength(BURNING_MAX + 1);
    expect(log.at(-1)).toBe("back");
    void slot.stop();
    await pass(1_000);
  } finally {
    jest.useRealTimers();
  }
});
