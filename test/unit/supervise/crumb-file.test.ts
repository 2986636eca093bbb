// What a process wrote into the file of breadcrumbs is there after it was killed in the middle of it.

import { expect, test } from "bun:test";
import { existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Breadcrumb, doingOf } from "../../../server/shared/breadcrumb.ts";
import {
  clearCrumbFile,
  createCrumbFile,
  mapCounters,
  mapCrumbs,
  readCrumbFile,
  writeCounters,
} from "../../../server/shared/crumb-file.ts";
import { busyFirst, replayCommands } from "../../../server/protocol/crash-report.ts";
import { Tail } from "../../../server/supervise/tail.ts";
import { fromRoot } from "../../helpers/own-process.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const COUNTERS = { tick: 7, sessions: 3, workers_died: 1, workers_hung: 2, burning_threads: 0 };

test("the breadcrumbs of a killed process say what each worker did", async () => {
  using folder = new TempFolder();
  const path = join(folder.path, "breadcrumbs");
  createCrumbFile(path);
  const script = `
    import { Breadcrumb } from ${fromRoot("server/shared/breadcrumb.ts")};
    import { mapCounters, mapCrumbs, writeCounters } from ${fromRoot("server/shared/crumb-file.ts")};
    const [first, second] = [0, 3].map((worker) => new Breadcrumb(Breadcrumb.allocate(), mapCrumbs(${JSON.stringify(path)}, worker)));
    first.beginsTick(1, 812, 0);
    first.waits(0);
    second.beginsTick(4, 811, 0);
    second.runsKernel(811);
    writeCounters(mapCounters(${JSON.stringify(path)}), ${JSON.stringify(COUNTERS)});
    process.kill(process.pid, "SIGKILL");`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "inherit", stderr: "inherit" });
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  const left = readCrumbFile(path);
  expect(left?.counters).toEqual(COUNTERS);
  const doing = busyFirst(left!.crumbs.map(({ worker, ...crumb }) => doingOf(worker, crumb)));
  expect(doing).toEqual([
    { worker: 4, zone_id: 4, tick: 811, stage: "kernel", doing: "in tick 811 of zone 4, in the kernel" },
    { worker: 1, zone_id: 1, tick: 812, stage: "waiting", doing: "after tick 812 of zone 1, waiting for its deadline" },
  ]);
  expect(replayCommands(doing, "/a dir/it's")).toEqual([
    String.raw`wowsim replay --data-dir '/a dir/it'\''s' --zone 4 --to 811`,
  ]);
  expect(replayCommands(doing.slice(1), "/d")).toEqual(["wowsim replay --data-dir /d --zone 1 --to 812"]);
  clearCrumbFile(path);
  expect(readCrumbFile(path)).toEqual({
    counters: { ...COUNTERS, tick: 0, sessions: 0, workers_died: 0, workers_hung: 0 },
    crumbs: [],
  });
});

test("garbage and missing files give nothing, or harmless words", () => {
  using folder = new TempFolder();
  const path = join(folder.path, "breadcrumbs");
  expect([mapCrumbs(path, 0), mapCounters(path), readCrumbFile(path)]).toEqual([null, null, null]);
  createCrumbFile(path);
  expect(() => createCrumbFile(path)).toThrow("EEXIST");
  writeFileSync(path, new Uint8Array(65 * 64).fill(0xff));
  for (const { worker, ...crumb } of readCrumbFile(path)?.crumbs ?? [])
    expect(doingOf(worker, crumb).stage).toBe("starting");
  truncateSync(path, 100);
  expect([mapCrumbs(path, 0), readCrumbFile(path)]).toEqual([null, null]);
});

test("a file that is removed while it is mapped still takes words", () => {
  using folder = new TempFolder();
  const path = join(folder.path, "breadcrumbs");
  createCrumbFile(path);
  const crumb = new Breadcrumb(Breadcrumb.allocate(), mapCrumbs(path, 0));
  const counters = mapCounters(path)!;
  rmSync(path);
  crumb.beginsTick(1, 5, 0);
  writeCounters(counters, COUNTERS);
  expect(crumb.read()).toMatchObject({ zoneId: 1, tick: 5 });
  expect(existsSync(path)).toBe(false);
});

test("the end of stderr is bounded, by bytes and by lines", () => {
  const tail = new Tail();
  for (let index = 0; index < 5_000; index++) tail.add(Buffer.from(`line ${index}\n`));
  expect(tail.lines()).toEqual(Array.from({ length: 100 }, (_, index) => `line ${4_900 + index}`));
  tail.add(Buffer.alloc(1 << 20, "x"));
  tail.add(Buffer.from("\nend\x1b[31m red\x1b[0m"));
  expect(tail.lines().map((line) => line.length)).toEqual([16_384 - "\nend\x1b[31m red\x1b[0m".length, 7]);
});
