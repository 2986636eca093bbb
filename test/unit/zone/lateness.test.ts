// What counts as late: on made-up threads, and what the system says of real ones.

import { expect, test } from "bun:test";
import { Lateness } from "../../../server/shared/lateness.ts";
import { ownThreadId, timesOf } from "../../../server/shared/thread-times.ts";
import type { ThreadTimes } from "../../../server/shared/thread-times.ts";

const LOOK_MS = 100;

/** So many looks at a thread: does it sleep, what does it get of each look, how many others wait for a processor. */
function late(looks: number, thread: { isAsleep: boolean; share: number; waiting: number } | null): number {
  const lateness = new Lateness();
  for (let look = 0; look < looks; look++) {
    const seenMs = look * LOOK_MS;
    const times = thread && {
      isAsleep: thread.isAsleep,
      ranMs: seenMs * thread.share,
      othersWaitedMs: seenMs * thread.waiting,
    };
    lateness.add(LOOK_MS, times satisfies ThreadTimes | null);
  }
  return Math.round(lateness.ms);
}

test("time in a loop counts, and time asleep; time in which there was no processor for it does not", () => {
  expect(late(11, null)).toBe(1_100);
  expect(late(11, { isAsleep: false, share: 1, waiting: 0 })).toBe(1_100);
  expect(late(11, { isAsleep: true, share: 0, waiting: 0.1 })).toBe(1_100);
  // The first look has nothing to compare with.
  expect(late(11, { isAsleep: false, share: 0.4, waiting: 5 })).toBe(500);
  expect(late(11, { isAsleep: false, share: 0, waiting: 5 })).toBe(100);
  expect(late(11, { isAsleep: true, share: 0, waiting: 5 })).toBe(100);
});

test("five limits are enough, whatever the reason", () => {
  const lateness = new Lateness();
  for (let look = 0; look < 50; look++) {
    expect(lateness.exceeds(1_000)).toBe(false);
    lateness.add(LOOK_MS, { isAsleep: false, ranMs: 0, othersWaitedMs: 0 });
  }
  lateness.add(LOOK_MS, null);
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
