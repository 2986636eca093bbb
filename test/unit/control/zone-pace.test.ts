// When work beside the zones rests: when it makes them slower, and not when something else does.

import { expect, test } from "bun:test";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";
import { RISE_MS_MIN, ZonePace } from "../../../server/main/control/zone-pace.ts";

const STEP_MS = 500;
const TICK_MS = 10;

/** Zones whose ticks take a time; what they took in the last ten seconds. */
function zones() {
  const bench = { ms: 100_000, tickMs: 2, ticks: [] as { atMs: number; ms: number }[] };
  const play = (ms: number): void => {
    for (let done = 0; done < ms; done += TICK_MS)
      bench.ticks.push({ atMs: (bench.ms += TICK_MS), ms: bench.tickMs * (done % 100 === 0 ? 1.05 : 1) });
  };
  play(10_000);
  const durationsMs = (sinceMs: number): number[] =>
    bench.ticks.filter(({ atMs }) => atMs >= Math.max(sinceMs, bench.ms - 10_000)).map(({ ms }) => ms);
  const pace = new ZonePace({ durationsMs, now: () => bench.ms, ratioMax: 1.1 });
  /** What it says in the course of that time. */
  const run = (ms: number): string[] => {
    const said: string[] = [];
    for (let done = 0; done < ms; done += STEP_MS) {
      play(STEP_MS);
      said.push(pace.look());
    }
    return said;
  };
  return { bench, run };
}

test("it goes on while zones are as fast as before, or slower by less than anybody notices", () => {
  const { bench, run } = zones();
  bench.tickMs = 2 + RISE_MS_MIN * 0.9;
  expect(new Set(run(60_000))).toEqual(new Set(["go on"]));
});

test("it rests when they are slower each time it goes on and not in pauses, and longer each time", () => {
  const { bench, run } = zones();
  const rests: number[] = [];
  let [said] = run(STEP_MS);
  let rested = 0;
  for (let steps = 0; steps < 400 && rests.length < 4; steps++) {
    bench.tickMs = said === "go on" ? 8 : 2;
    const [next] = run(STEP_MS);
    if (next === "rest") rested += STEP_MS;
    else if (said === "rest") {
      rests.push(rested);
      rested = 0;
    }
    said = next;
  }
  expect(rests).toEqual([5_000, 10_000, 20_000, 40_000]);
});

test("zones that are slower for another reason cause one pause, and no rest", () => {
  const { bench, run } = zones();
  bench.tickMs = 9;
  const said = run(120_000);
  expect(said.filter((word) => word === "pause")).toHaveLength(2_000 / STEP_MS);
  expect(said).not.toContain("rest");
});

test("a machine on which others come and go causes no rest", () => {
  const { bench, run } = zones();
  const random = seededRandom(5);
  const said: string[] = [];
  for (let second = 0; second < 1_200; second++) {
    if (second % 3 === 0) bench.tickMs = random() < 0.3 ? 9 : 2;
    said.push(...run(1_000));
  }
  const rested = said.filter((word) => word === "rest").length / said.length;
  expect(rested).toBeLessThan(0.02);
});

test("zones of which nothing is known yet are compared with what they do first", () => {
  const { bench, run } = zones();
  const pace = new ZonePace({ durationsMs: () => [], now: () => bench.ms, ratioMax: 1.1 });
  run(10_000);
  expect(pace.look()).toBe("go on");
});
