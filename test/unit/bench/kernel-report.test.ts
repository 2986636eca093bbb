import { expect, test } from "bun:test";
import { join } from "node:path";
import { compareLines, growthOf, judge, resultLines } from "../../../server/testing/kernel-report.ts";
import type { KernelReport } from "../../../server/testing/kernel-report.ts";
import { readRun, saveRun } from "../../../server/testing/saved-run.ts";
import type { Result } from "../../../server/testing/tick-bench.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

/** A setting's result with these times of a tick, in microseconds. */
function result(entities: number, metered: number, native: number | null, zones = 1): Result {
  const figure = (runner: "metered" | "unmetered" | "native", tickUs: number): Result["figures"][number] => {
    return {
      runner,
      tickUs,
      nsPerEntityTick: (tickUs * 1_000) / entities,
      tickUsP50: tickUs,
      tickUsP99: tickUs,
      noisePercent: 3,
    };
  };
  const figures = [figure("metered", metered), figure("unmetered", metered / 1.05)];
  if (native !== null) figures.push(figure("native", native));
  return { entities, zones, hash: "00", figures };
}

function report(byEntities: Result[], byZones: Result[] = []): KernelReport {
  return {
    at: "2026-01-01T00:00:00.000Z",
    machine: "2 × test",
    bun: "1",
    hyperfine: "hyperfine 1",
    effort: { entityTicks: 1_000, runs: 2 },
    by_entities: byEntities,
    growth_exponent: growthOf(byEntities),
    by_zones: byZones,
    note: "",
  };
}

test("cost that grows too fast, and code too far from native, are said to be so", () => {
  const linear = report([result(500, 50, 45), result(5_000, 500, 450)]);
  expect(linear.growth_exponent).toBeCloseTo(1, 6);
  expect(judge(linear).map(({ holds }) => holds)).toEqual([true, true]);
  const square = report([result(500, 50, 45), result(5_000, 5_000, 3_000)]);
  expect(square.growth_exponent).toBeCloseTo(2, 6);
  expect(judge(square)).toMatchObject([
    { holds: false, shown: "to the power of 2.000, from 500 to 5000" },
    { holds: false, shown: "1.67× at worst, at 5000 entities in 1 zone" },
  ]);
});

test("what is lost in noise, or was not measured, counts as nothing", () => {
  const noise = report([result(500, -3, 45), result(5_000, 500, 450)]);
  expect(noise.growth_exponent).toBeNull();
  expect(judge(noise)).toMatchObject([{ what: "More ticks take longer", holds: false }, { holds: true }]);
  const noNative = report([result(500, 50, null), result(5_000, 500, null)]);
  expect(judge(noNative).map(({ what }) => what)).toEqual(["Cost grows with entities to the power of 1.2 at most"]);
  expect(resultLines(noNative.by_entities).at(-1)).toMatch(/-\s+-$/);
  expect(compareLines(noise, noise)).toHaveLength(3);
});

test("a saved run is read back, and compared setting by setting", async () => {
  using folder = new TempFolder();
  const path = join(folder.path, "before.json");
  const before = report([result(500, 50, 50), result(900, 1, 1)], [result(2_000, 200, 200, 2)]);
  await saveRun(path, before);
  expect(await readRun(path)).toEqual(before);
  const now = { ...report([result(500, 60, 50)], [result(2_000, 100, 100, 2)]), machine: "4 × other" };
  const [, , one, two, machine] = compareLines(await readRun(path), now);
  expect(one?.trim().split(/\s{2,}/)).toEqual([
    "1",
    "500",
    "100.0",
    "120.0",
    "1.20×",
    "1.00×",
    "±4.2 %",
    "1.00×",
    "1.20×",
  ]);
  expect(two?.trim().split(/\s{2,}/)).toEqual([
    "2",
    "2000",
    "100.0",
    "50.0",
    "0.50×",
    "0.50×",
    "±4.2 %",
    "1.00×",
    "1.00×",
  ]);
  expect(machine).toBe("Then it was another machine: 2 × test.");
});

test("what is no saved run is refused in a sentence that says how to make one", async () => {
  using folder = new TempFolder();
  const path = join(folder.path, "x.json");
  expect(readRun(path)).rejects.toThrow(/x\.json is no saved run: ENOENT.*Make one with bun run bench --save FILE\.$/);
  await Bun.write(path, '{"at":"now"}');
  expect(readRun(path)).rejects.toThrow(/no saved run: machine: Invalid input/);
});
