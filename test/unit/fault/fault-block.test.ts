// The memory that main thread and zone workers share about faults, also between real threads.

import { expect, test } from "bun:test";
import { ACTIVATIONS_MAX, FAULT_THREADS_MAX, FaultBlock } from "../../../server/shared/fault-block.ts";

test("closing an activation wakes a pause in another thread, which reads no messages meanwhile", async () => {
  const block = new FaultBlock(FaultBlock.allocate());
  block.open(7);
  const worker = new Worker(new URL("../../helpers/control-pause-worker.ts", import.meta.url).href);
  const pausedMs = new Promise<unknown>((resolve) => {
    worker.addEventListener("message", (event: MessageEvent) => resolve(event.data));
  });
  const params = { delay_ms: 3_600_000 };
  const activate = {
    type: "fault_activate",
    activation: 7,
    faultId: "latency-spike",
    params,
    zones: [1],
    seed: 1,
    probability: 1,
  };
  worker.postMessage({ block: block.buffer, activate });
  while (block.total(7, "eligible") === 0) await Bun.sleep(1);
  block.close(7);
  await pausedMs;
  expect(block.total(7, "affected")).toBe(1);
  worker.terminate();
});

test("counters are exact over threads, and past what 32 bits hold", () => {
  const buffer = FaultBlock.allocate();
  const main = new FaultBlock(buffer);
  const worker = new FaultBlock(buffer);
  const thread = worker.claimThread();
  main.open(3);
  main.count(3, 0, "eligible", 2 ** 31);
  main.count(3, 0, "eligible", 2 ** 31);
  worker.count(3, thread, "eligible", 5);
  worker.count(3, thread, "affected", 4);
  expect([main.total(3, "eligible"), main.total(3, "affected")]).toEqual([2 ** 32 + 5, 4]);
});

test("an activation begins with counters at zero, and is retired when every worker has said so", () => {
  const block = new FaultBlock(FaultBlock.allocate());
  const threads = [block.claimThread(), block.claimThread()];
  block.open(5);
  block.count(5, threads[1]!, "affected", 9);
  block.close(5);
  expect(block.isOpen(5)).toBe(false);
  block.retire(5, threads[0]!);
  expect(block.isRetired(5)).toBe(false);
  block.retire(5, threads[1]!);
  expect(block.isRetired(5)).toBe(true);
  const next = 5 + ACTIVATIONS_MAX;
  block.open(next);
  expect([block.isOpen(next), block.isOpen(5), block.isRetired(next), block.total(next, "affected")]).toEqual([
    true,
    false,
    false,
    0,
  ]);
  block.close(5); // too late: not its slot any more
  expect(block.isOpen(next)).toBe(true);
});

test("one worker too many is told so", () => {
  const block = new FaultBlock(FaultBlock.allocate());
  for (let thread = 1; thread < FAULT_THREADS_MAX; thread++) expect(block.claimThread()).toBe(thread);
  expect(() => block.claimThread()).toThrow("start fewer");
});

test("a thread that is gone is not waited for, whatever its number; the others are", () => {
  const block = new FaultBlock(FaultBlock.allocate());
  const threads = Array.from({ length: FAULT_THREADS_MAX - 1 }, () => block.claimThread());
  block.open(9);
  block.close(9);
  const [gone, alive] = [threads.filter((thread) => thread % 31 === 1), threads.filter((thread) => thread % 31 !== 1)];
  for (const thread of alive) block.retire(9, thread);
  expect(block.isRetired(9)).toBe(false);
  for (const thread of gone.slice(1)) block.forgetThread(thread);
  expect(block.isRetired(9)).toBe(false);
  block.forgetThread(gone[0]!);
  expect(block.isRetired(9)).toBe(true);
});

test("the number of a thread that has ended is the next worker's, who is waited for again", () => {
  const block = new FaultBlock(FaultBlock.allocate());
  const threads = Array.from({ length: FAULT_THREADS_MAX - 1 }, () => block.claimThread());
  block.open(9);
  block.close(9);
  for (const thread of [33, 7]) {
    block.forgetThread(thread);
    block.freeThread(thread);
  }
  for (const thread of threads) if (thread !== 33 && thread !== 7) block.retire(9, thread);
  expect(block.isRetired(9)).toBe(true);
  expect([block.claimThread(), block.claimThread()]).toEqual([7, 33]);
  expect(block.isRetired(9)).toBe(false);
  for (const thread of [7, 33]) block.retire(9, thread);
  expect(block.isRetired(9)).toBe(true);
  expect(() => block.claimThread()).toThrow("start fewer");
});
