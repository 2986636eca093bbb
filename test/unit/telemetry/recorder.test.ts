import { expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { LineAppender } from "../../../server/recorder/line-appender.ts";
import { RotatingFile } from "../../../server/store/rotating-file.ts";
import { TelemetryCounters } from "../../../server/shared/telemetry-counters.ts";
import { RingEmitter } from "../../../server/shared/emitter.ts";
import { Recorder } from "../../../server/recorder/recorder.ts";
import { Ring } from "../../../server/shared/ring.ts";
import {
  drainLines,
  eventually,
  fileLines,
  sumOf,
  tempFolder,
  TestClock,
  withMessage,
} from "../../helpers/telemetry.ts";

function setUp(path: string, options: { backlogBytesMax?: number; feedBytes?: number; producers?: number } = {}) {
  const clock = new TestClock();
  const rings = Array.from({ length: options.producers ?? 1 }, () => Ring.allocate(1 << 20));
  const feed = Ring.allocate(options.feedBytes ?? 1 << 20);
  const counters = new TelemetryCounters(TelemetryCounters.allocate());
  const file = new RotatingFile({ path, bytesMax: 1 << 20, filesMax: 2, now: () => performance.now() });
  const { backlogBytesMax = 1 << 20 } = options;
  const appender = new LineAppender(file, { backlogBytesMax, chunkBytes: 1024, retryMsMin: 1, retryMsMax: 2 });
  const recorder = new Recorder({
    rings: rings.map((buffer) => new Ring(buffer)),
    appender,
    feed: new Ring(feed),
    counters,
    now: clock.now,
  });
  const emitters = rings.map((buffer) => new RingEmitter(new Ring(buffer), { now: clock.now, source: "test" }));
  return { clock, recorder, appender, counters, emitters, emitter: emitters[0]!, feed: new Ring(feed) };
}

test("lines of all threads come into the file, each thread's in its order", async () => {
  using folder = tempFolder();
  const path = folder.file("telemetry.jsonl");
  const { recorder, emitters, counters } = setUp(path, { producers: 3 });
  for (let index = 0; index < 300; index++) {
    emitters[index % 3]!.emit("event", `thread ${index % 3}`, "Said", { index });
    if (index % 10 === 0) recorder.poll();
  }
  await recorder.stop(5000);
  const lines = fileLines(path);
  expect(lines).toHaveLength(300);
  for (const thread of [0, 1, 2]) {
    const said = lines.filter(({ component }) => component === `thread ${thread}`).map(({ data }) => data["index"]);
    expect(said).toEqual(Array.from({ length: 100 }, (_, index) => index * 3 + thread));
  }
  expect(counters.get("linesWritten")).toBe(300);
  expect(counters.get("linesLost")).toBe(0);
});

test("lines of type error are counted, from whichever thread, and no others", async () => {
  using folder = tempFolder();
  const { recorder, emitters, counters } = setUp(folder.file("telemetry.jsonl"), { producers: 2 });
  for (const emitter of emitters) {
    emitter.emit("error", "zone", "Zone tick exception", { error: "trap" });
    for (const type of ["event", "health", "metric"] as const) emitter.emit(type, "error", "error", { type: "error" });
  }
  await recorder.stop(5000);
  expect(counters.get("errorLines")).toBe(2);
});

test("nothing is relayed while nobody watches, and everything while somebody does", async () => {
  using folder = tempFolder();
  const { recorder, emitter, counters, feed } = setUp(folder.file("telemetry.jsonl"));
  emitter.emit("event", "a", "unseen", {});
  recorder.poll();
  expect(feed.isEmpty).toBe(true);
  counters.set("subscribers", 1);
  emitter.emit("event", "a", "seen", {});
  recorder.poll();
  expect(drainLines(feed).map(({ message }) => message)).toEqual(["seen"]);
  counters.set("subscribers", 0);
  emitter.emit("event", "a", "unseen", {});
  await recorder.stop(5000);
  expect(feed.isEmpty).toBe(true);
});

test("a full disk is told to watchers, is no error storm, and every line is written or counted as lost", async () => {
  using folder = tempFolder();
  const path = folder.file("telemetry.jsonl");
  symlinkSync("/dev/full", path);
  const { recorder, emitter, counters, feed, appender, clock } = setUp(path, { backlogBytesMax: 8192 });
  counters.set("subscribers", 1);
  const emitted = 400;
  for (let index = 0; index < emitted; index++) {
    emitter.emit("event", "a", "Said", { index });
    clock.pass(50);
    recorder.poll();
    if (index === 0) await eventually(() => appender.failures > 0);
  }
  const failing = withMessage(drainLines(feed), "Telemetry file not written");
  expect(failing).toHaveLength(2);
  expect(failing[0]).toMatchObject({ type: "error", component: "telemetry" });
  expect(failing[0]?.data["error"]).toContain("ENOSPC");
  expect(counters.get("fileFailing")).toBe(1);
  expect(counters.get("linesLost")).toBeGreaterThan(0);

  rmSync(path);
  await eventually(() => appender.linesWaiting === 0);
  clock.pass(1000);
  recorder.poll();
  await recorder.stop(5000);
  const lines = fileLines(path);
  expect(withMessage(lines, "Telemetry file written again")).toHaveLength(1);
  const lost = sumOf(withMessage(lines, "Lines lost"), "count");
  expect(lost).toBe(counters.get("linesLost"));
  // The recorder's own lines take part: some of them may be among the lost ones.
  const own = lines.filter(({ component }) => component === "telemetry").length;
  expect(withMessage(lines, "Said").length + lost).toBeWithin(emitted, emitted + 4);
  expect(counters.get("linesWritten")).toBe(withMessage(lines, "Said").length + own);
  expect(counters.get("fileFailing")).toBe(0);
});

test("a write that hangs is told after seconds, long before the backlog is full, and when it is over", async () => {
  using folder = tempFolder();
  const path = folder.file("pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  const { recorder, emitter, counters, feed, appender, clock } = setUp(path);
  counters.set("subscribers", 1);
  // A pipe takes 64 KiB, and then nothing until somebody reads.
  for (let index = 0; index < 1_000; index++) emitter.emit("event", "a", "Said", { index, text: "x".repeat(100) });
  recorder.poll();
  await eventually(() => appender.linesWritten > 100 && appender.attempt !== null);
  const passes = (ms: number, polls: number): void => {
    for (let poll = 0; poll < polls; poll++) {
      clock.pass(ms / polls);
      recorder.poll();
    }
  };
  drainLines(feed);
  passes(2_500, 100);
  expect(withMessage(drainLines(feed), "Telemetry file not written")).toEqual([]);
  let written = appender.linesWritten;
  await eventually(() => {
    const isStill = written === appender.linesWritten;
    written = appender.linesWritten;
    return isStill;
  });
  passes(4_000, 100);
  const [told] = withMessage(drainLines(feed), "Telemetry file not written");
  expect(told?.data["error"]).toMatch(/^a write has not ended for \d s$/);
  expect([counters.get("fileFailing"), counters.get("linesLost")]).toEqual([1, 0]);
  const reader = Bun.spawn(["cat", path], { stdout: "ignore" });
  await eventually(() => appender.linesWaiting === 0 && appender.attempt === null);
  recorder.poll();
  expect(withMessage(drainLines(feed), "Telemetry file written again")).toHaveLength(1);
  expect(counters.get("fileFailing")).toBe(0);
  await recorder.stop(5_000);
  reader.kill();
  await reader.exited;
});

test("a feed that is too slow loses lines of the feed only, and is told how many", async () => {
  using folder = tempFolder();
  const path = folder.file("telemetry.jsonl");
  const { recorder, emitter, counters, feed, clock } = setUp(path, { feedBytes: 2048 });
  counters.set("subscribers", 1);
  for (let index = 0; index < 100; index++) emitter.emit("event", "a", "Said", { index });
  recorder.poll();
  const seen = drainLines(feed).length;
  expect(seen).toBeLessThan(100);
  clock.pass(1000);
  recorder.poll();
  expect(drainLines(feed)[0]?.data).toMatchObject({ where: "feed", count: 100 - seen });
  expect(counters.get("linesUnrelayed")).toBe(100 - seen);
  await recorder.stop(5000);
  expect(fileLines(path)).toHaveLength(100);
});

test("what a dead disk did not take by the end is counted as lost", async () => {
  const { recorder, emitter, counters } = setUp("/dev/full");
  for (let index = 0; index < 10; index++) emitter.emit("event", "a", "Said", { index });
  await recorder.stop(20);
  expect(counters.get("linesLost")).toBe(10);
  expect(counters.get("linesWritten")).toBe(0);
  expect(counters.get("fileErrors")).toBeGreaterThan(0);
});
