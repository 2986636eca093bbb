// What counts as late: on made-up threads, and what the system says of real ones.

import { expect, test } from "bun:test";
import { Lateness } from "../../../server/shared/lateness.ts";
import { ownThreadId, timesOf } from "../../../server/shared/thread-times.ts";
import type { ThreadTimes } from "../../../server/shared/thread-times.ts";

const LOOK_MS = 25;

/** So many looks at a thread: does it sleep, what does it get of each look, how many others wait for a processor. */
function late(looks: number, thread: { isAsleep: boolean; share: number; waiting: number } | null): number {
  let seenMs = 0;
  const times = (): ThreadTimes | null =>
    thread && {
      isAsleep: thread.isAsleep,
      ranMs: seenMs * thread.share,
      othersWaitedMs: seenMs * thread.waiting,
    };
  const lateness = new Lateness(times);
  for (let look = 0; look < looks; look++) {
    lateness.add(LOOK_MS);
    lateness.exceeds(1_000);
    seenMs += LOOK_MS;
  }
  lateness.exceeds(0);
  return Math.round(lateness.ms);
}

test("time in a loop counts, and time asleep; time in which there was no processor for it does not", () => {
  expect(late(41, null)).toBe(1_025);
  expect(late(41, { isAsleep: false, share: 1, waiting: 0 })).toBe(1_025);
  expect(late(41, { isAsleep: true, share: 0, waiting: 0.1 })).toBe(1_025);
  // The first look has nothing to compare with.
  expect(late(41, { isAsleep: false, share: 0.4, waiting: 5 })).toBe(425);
  expect(late(41, { isAsleep: false, share: 0, waiting: 5 })).toBe(25);
  expect(late(41, { isAsleep: true, share: 0, waiting: 5 })).toBe(25);
});

test("threads that wait for each other at each tick are no machine without processors", () => {
  let [seenMs, othersWaitedMs] = [0, 0];
  const lateness = new Lateness(() => ({ isAsleep: true, ranMs: 0, othersWaitedMs }));
  for (; !lateness.exceeds(1_000); seenMs += LOOK_MS) {
    // Eight threads begin a tick every 50 ms, and wait for 2.5 ms each.
    if (seenMs % 50 === 0) othersWaitedMs += 20;
    lateness.add(LOOK_MS);
  }
  expect(seenMs).toBe(1_025);
});

test("five limits are enough, whatever the reason", () => {
  const lateness = new Lateness(() => ({ isAsleep: false, ranMs: 0, othersWaitedMs: 0 }));
  for (let look = 0; look < 200; look++) {
    expect(lateness.exceeds(1_000)).toBe(false);
    lateness.add(LOOK_MS);
  }
  lateness.add(LOOK_MS);
  expect(lateness.exceeds(1_000)).toBe(true);
  lateness.reset();
  expect([lateness.ms, lateness.exceeds(1)]).toEqual([0, false]);
});

test.if(process.platform === "linux")("the system tells a thread that sleeps from one that runs", async () => {
  const source = `
    const { ownThreadId } = require(${JSON.stringify(Bun.resolveSync("../../../server/shared/thread-times.ts", import.meta.dir))});
    postMessage(ownThreadId());
    addEventListener("message", () => { for (;;); });`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "application/javascript" })));
  const id = await new Promise<number>((resolve) => {
    worker.addEventListener("message", (event: MessageEvent<number>) => resolve(event.data));
  });
  expect(id).not.toBe(ownThreadId());
  expect(timesOf(0)).toBeNull();
  while (timesOf(id)?.isAsleep !== true) await Bun.sleep(1);
  const before = timesOf(id)!;
  worker.postMessage("loop");
  while (timesOf(id)?.isAsleep !== false || timesOf(id)!.ranMs < before.ranMs + 20) await Bun.sleep(1);
  worker.terminate();
});
