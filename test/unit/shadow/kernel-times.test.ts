// Kernel time of two modules in one thread: what the order of the two does, and what happens in between, does not count.

import { expect, test } from "bun:test";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";
import { KernelTimes } from "../../../server/shadow/kernel-times.ts";

/** Ticks of 40 us with noise; whoever runs second is a fifth faster, and one tick in twenty is interrupted. */
function timesOf(ratio: number, ticks: number): KernelTimes {
  const times = new KernelTimes();
  const random = seededRandom(3);
  for (let tick = 0; tick < ticks; tick++) {
    const isIncumbentFirst = tick % 2 === 0;
    const tickMs = 0.03 + random() * 0.02;
    const one = (isFirst: boolean, share: number): number =>
      tickMs * share * (isFirst ? 1 : 0.8) * (0.97 + random() * 0.06) + (random() < 0.05 ? 4 : 0);
    times.add(isIncumbentFirst, one(isIncumbentFirst, 1), one(!isIncumbentFirst, ratio));
  }
  return times;
}

test("the ratio is that of the code", () => {
  for (const ratio of [0.9, 1, 1.05, 1.5]) expect(timesOf(ratio, 1_000).ratio! / ratio).toBeCloseTo(1, 2);
});

test("the first ticks do not count, and of few there is no ratio", () => {
  expect([timesOf(1, 299).ratio, timesOf(1, 300).ratio]).toEqual([null, expect.any(Number) as number]);
  const times = new KernelTimes();
  for (let tick = 0; tick < 400; tick++) times.add(true, 0.04, 0.04);
  expect(times.ratio).toBeNull();
  for (let tick = 0; tick < 400; tick++) times.add(false, 0, 0.04);
  expect(times.ratio).toBeNull();
});

test("blocks have their medians and their slowest tick, and the newest are kept", () => {
  const { blocks } = timesOf(1.2, 200 + 20 * 250);
  expect([blocks.length, blocks[0]!.n, blocks.at(-1)!.n]).toEqual([200, 50, 249]);
  for (const block of blocks) expect(Math.abs(block.log_ratio - Math.log(1.2))).toBeLessThan(0.08);
  const [{ incumbent_us, candidate_us }] = blocks as [(typeof blocks)[0]];
  expect(incumbent_us).toBeGreaterThan(25);
  expect(candidate_us).toBeLessThan(70);
  expect(Math.max(...blocks.map((block) => block.incumbent_max_us))).toBeGreaterThan(4_000);
});
