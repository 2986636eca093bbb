// Seeds, typing errors, and the clock that faults live by.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { didYouMean, nearest } from "../../../server/protocol/did-you-mean.ts";
import { startNominalTicks } from "../../../server/main/faults/nominal-ticks.ts";
import { seededRandom, seedOf } from "../../../server/protocol/seeded-random.ts";

describe("seeded randomness", () => {
  test("is the same everywhere for the same seed", () => {
    const random = seededRandom(1);
    expect([random(), random(), random()]).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  });

  test("is uniform: ten bins of 10,000 numbers, chi-square with 9 degrees of freedom below its 99.9 % point", () => {
    for (const seed of [0, 1, 12_345, 0xffff_ffff]) {
      const random = seededRandom(seed);
      const bins = Array.from({ length: 10 }, () => 0);
      for (let drawn = 0; drawn < 10_000; drawn++) bins[Math.floor(random() * 10)]! += 1;
      expect(bins.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)).toBeLessThan(27.88);
    }
  });

  test("every part of a seed matters", () => {
    const seeds = [
      seedOf(1, "a", 1),
      seedOf(2, "a", 1),
      seedOf(1, "b", 1),
      seedOf(1, "a", 2),
      seedOf(11, "a"),
      seedOf(1, "1a"),
    ];
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});

describe("did you mean", () => {
  const known = ["activate", "deactivate", "deactivate_all", "latency-spike"];
  test.each([
    ["activte", "activate"],
    ["dectivate", "deactivate"],
    ["latency_spike", "latency-spike"],
    ["LATENCY-SPIKE", "latency-spike"],
    ["laetncy-spike", "latency-spike"],
    ["xyz", null],
    ["", null],
  ])("%p → %p", (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  test("asks only when it has an idea", () => {
    expect(didYouMean("lst", ["list"])).toBe(' Did you mean "list"?');
    expect(didYouMean("quit", ["list"])).toBe("");
  });

  test("any text is taken", () => {
    fc.assert(fc.property(fc.string({ maxLength: 100 }), (word) => typeof didYouMean(word, known) === "string"));
  });
});

test("nominal ticks are numbered by the time gone by, each at most once, and end when stopped", async () => {
  const seen: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const start = performance.now();
  const ticks = startNominalTicks((tick) => {
    seen.push(tick);
    if (seen.length === 2) Bun.sleepSync(120); // the thread is late: ticks are left out, not caught up
    if (seen.length === 4) resolve();
  });
  await promise;
  ticks.stop();
  const last = seen.at(-1)!;
  expect(last).toBeLessThanOrEqual(Math.floor((performance.now() - start) / 50));
  expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
  expect(last).toBeGreaterThan(4);
  await Bun.sleep(60);
  expect(seen).toHaveLength(4);
});
