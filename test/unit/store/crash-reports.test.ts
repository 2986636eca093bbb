// The folder of crash reports: what is kept, and the telemetry that a report takes with it.

import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CrashReport } from "../../../server/protocol/crash-report.ts";
import { keepCrashReport, telemetryTail } from "../../../server/store/crash-reports.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();

const report = (second: number, telemetry_file = "/nowhere.jsonl"): CrashReport => ({
  v: 1,
  at: at(second),
  ending: "crash",
  how: "ended by SIGKILL",
  reason: null,
  exit_code: null,
  signal: "SIGKILL",
  pid: 1,
  version: "0",
  uptime_s: 1,
  restarts: 0,
  doing: [],
  replay: [],
  counters: {},
  stderr: [],
  telemetry_file,
  telemetry: [],
});
const line = (second: number, type: string, message: string): string =>
  `${JSON.stringify({ v: 1, timestamp: at(second), type, component: "zone", message, data: {} })}\n`;

test("the newest 20 reports are kept, and what somebody else put there", async () => {
  using folder = new TempFolder();
  const crashes = join(folder.path, "crashes");
  mkdirSync(crashes);
  for (const other of ["notes.txt", "2026.json"]) writeFileSync(join(crashes, other), "mine");
  for (let second = 0; second < 25; second++) await keepCrashReport(folder.path, report(second));
  const names = readdirSync(crashes).filter((name) => name.startsWith("2026-"));
  expect(names.toSorted()).toEqual(
    Array.from({ length: 20 }, (_, index) => `${at(index + 5).replaceAll(":", "-")}.json`),
  );
  expect(readdirSync(crashes)).toHaveLength(22);
});

test("a report takes the last telemetry with it that is no metric, up to its time", async () => {
  using folder = new TempFolder();
  const file = join(folder.path, "telemetry.jsonl");
  const early = Array.from({ length: 20_000 }, (_, index) => line(0, "event", `early ${index}`));
  const late = Array.from({ length: 60 }, (_, index) => line(1, index % 2 === 0 ? "event" : "error", `late ${index}`));
  const odd = [
    '{"type":"event"}\n',
    "null\n",
    "[1]\n",
    "\u0000\n",
    line(2, "metric", "a tick"),
    line(9, "event", "the next server's"),
  ];
  writeFileSync(file, [...early, ...late, ...odd, line(2, "event", "half").slice(0, -10)].join(""));
  const path = await keepCrashReport(folder.path, report(5, file));
  const kept = JSON.parse(readFileSync(path, "utf8")) as CrashReport;
  expect(kept.telemetry.map(({ message }) => message)).toEqual(
    Array.from({ length: 50 }, (_, index) => `late ${index + 10}`),
  );
});

test("telemetry that can not be read leaves a report without it", async () => {
  using folder = new TempFolder();
  for (const file of ["-", "", folder.path, "/nowhere.jsonl", "/dev/zero"])
    expect(await telemetryTail(file, at(5))).toEqual([]);
});

test("a folder that can not be written is an error, and leaves no half a report", async () => {
  using folder = new TempFolder();
  writeFileSync(join(folder.path, "crashes"), "");
  await expect(keepCrashReport(folder.path, report(1))).rejects.toThrow("crashes");
});
