import { expect, test } from "bun:test";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { LineAppender } from "../../../server/recorder/line-appender.ts";
import { RotatingFile } from "../../../server/store/rotating-file.ts";
import { eventually, tempFolder } from "../../helpers/telemetry.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp(path: string, options: { backlogBytesMax?: number; chunkBytes?: number } = {}): LineAppender {
  const file = new RotatingFile({ path, bytesMax: 1 << 20, filesMax: 2, now: () => performance.now() });
  const { backlogBytesMax = 1 << 20, chunkBytes = 1024 } = options;
  return new LineAppender(file, { backlogBytesMax, chunkBytes, retryMsMin: 1, retryMsMax: 4 });
}

test("lines reach the file in order, also when they come while a write runs", async () => {
  using folder = tempFolder();
  const appender = setUp(folder.file("telemetry.jsonl"));
  let expected = "";
  for (let index = 0; index < 500; index++) {
    const line = bytes(`..line ${index}..`);
    expect(appender.append(line, 2, line.length - 4)).toBe(true);
    expected += `line ${index}\n`;
    if (index % 7 === 0) appender.write();
    if (index % 50 === 0) await Bun.sleep(1);
  }
  expect(await appender.end(5000)).toBe(true);
  expect(readFileSync(folder.file("telemetry.jsonl"), "utf8")).toBe(expected);
  expect(appender.linesWritten).toBe(500);
  expect(appender.linesWaiting).toBe(0);
});

test("on a full disk the backlog fills to its bound, and past it lines are refused", async () => {
  const appender = setUp("/dev/full", { backlogBytesMax: 4096 });
  const line = bytes("x".repeat(127));
  let taken = 0;
  for (let index = 0; index < 100; index++) if (appender.append(line, 0, line.length)) taken++;
  expect(taken).toBe(4096 / 128);
  expect(appender.backlogBytes).toBe(4096);
  appender.write();
  await eventually(() => appender.failures >= 3);
  expect(appender.failure?.error).toContain("ENOSPC");
  expect(appender.failure?.attempts).toBeGreaterThanOrEqual(3);
  expect(await appender.end(20)).toBe(false);
  expect(appender.linesWritten).toBe(0);
  expect(appender.linesWaiting).toBe(taken);
});

test("what waited is written, once and in order, as soon as the disk takes it again", async () => {
  using folder = tempFolder();
  const path = folder.file("telemetry.jsonl");
  symlinkSync("/dev/full", path);
  const appender = setUp(path);
  let expected = "";
  const say = (text: string): void => {
    appender.append(bytes(text), 0, text.length);
    expected += `${text}\n`;
    appender.write();
  };
  for (let index = 0; index < 100; index++) say(`line ${index}, while the disk is full`);
  await eventually(() => appender.failures >= 2);
  rmSync(path);
  await eventually(() => appender.linesWaiting === 0);
  expect(appender.failure).toBeNull();
  say("one more");
  expect(await appender.end(5000)).toBe(true);
  expect(readFileSync(path, "utf8")).toBe(expected);
});

test("a line longer than one write is refused, and one after the end too", async () => {
  using folder = tempFolder();
  const appender = setUp(folder.file("telemetry.jsonl"), { chunkBytes: 64, backlogBytesMax: 640 });
  expect(appender.append(new Uint8Array(64), 0, 64)).toBe(false);
  expect(appender.append(bytes("x".repeat(63)), 0, 63)).toBe(true);
  expect(await appender.end(5000)).toBe(true);
  expect(appender.append(bytes("late"), 0, 4)).toBe(false);
});
