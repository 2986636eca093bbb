// Several telemetry files as one.

import { afterAll, expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readMerged } from "../../../tools/analysis/merged-lines.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const folder = new TempFolder();
afterAll(() => folder[Symbol.dispose]());

const START_MS = Date.parse("2026-01-01T12:00:00.000Z");
let files = 0;

function file(times: readonly number[], more = ""): string {
  const path = join(folder.path, `${++files}.jsonl`);
  const lines = times.map((ms, n) => {
    const timestamp = new Date(START_MS + ms).toISOString();
    return `${JSON.stringify({ v: 1, timestamp, type: "event", component: "zone", message: "m", data: { n, path } })}\n`;
  });
  writeFileSync(path, lines.join("") + more);
  return path;
}

async function read(
  paths: readonly string[],
): Promise<{ order: [ms: number, path: unknown, n: unknown][]; total: number }> {
  const order: [number, unknown, unknown][] = [];
  const { total } = await readMerged(paths, {
    onLine: ({ timestamp, data }) => order.push([Date.parse(timestamp) - START_MS, data["path"], data["n"]]),
  });
  return { order, total: total.lines };
}

test("lines come by their time, whatever file they are in; of equal times, that of the file that was named first", async () => {
  const [a, b] = [file([0, 50, 100]), file([50, 75])];
  expect((await read([b, a])).order).toEqual([
    [0, a, 0],
    [50, b, 0],
    [50, a, 1],
    [75, b, 1],
    [100, a, 2],
  ]);
});

test("no line is lost or doubled, and each file keeps its order, also over many parts of a file", async () => {
  const times = fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 5 }), async (all) => {
      const paths = all.map((one) => file(one.toSorted((x, y) => x - y)));
      const { order, total } = await read(paths);
      expect(order.map(([ms]) => ms)).toEqual(all.flat().toSorted((x, y) => x - y));
      expect(total).toBe(all.flat().length);
      for (const path of paths)
        expect(order.filter(([, of]) => of === path).map(([, , n]) => n)).toEqual([
          ...all[paths.indexOf(path)]!.keys(),
        ]);
    }),
    { numRuns: 30 },
  );
  const long = file(Array.from({ length: 20_000 }, (_, n) => n * 2));
  const short = file([1, 20_001, 39_999]);
  const { order } = await read([long, short]);
  expect(order).toHaveLength(20_003);
  expect(order.every(([ms], index) => index === 0 || ms >= order[index - 1]![0])).toBe(true);
});

test("an empty file and broken lines take nothing from the others", async () => {
  const paths = [file([]), file([1], "no telemetry\n"), file([0])];
  const { total, files: each } = await readMerged(paths, { onLine: () => {} });
  expect(total).toMatchObject({ lines: 2, broken: 1 });
  expect(each.map(({ read: { lines } }) => lines)).toEqual([0, 1, 1]);
});

test("a file that is given twice, or that can not be read, is refused", async () => {
  const path = file([0]);
  const link = join(folder.path, "link.jsonl");
  symlinkSync(path, link);
  expect(readMerged([path, link], { onLine: () => {} })).rejects.toThrow("is given twice");
  expect(readMerged([path, "/nowhere.jsonl"], { onLine: () => {} })).rejects.toMatchObject({ code: "file_unreadable" });
});
