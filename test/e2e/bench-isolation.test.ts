// The benches for isolation, lost workers, fault cycles and swaps run, in small: each starts what it measures, ends by itself, and prints
// what it says it prints.

import { expect, test } from "bun:test";
import { broken, reportOf } from "../helpers/bench-report.ts";

test("two zones that fall every second lose nothing and nobody", async () => {
  const report = await reportOf("bench/isolation.ts", "--clients", "8", "--seconds", "3", "--twin-ticks", "100");
  expect(report.checks).toHaveLength(8);
  expect(broken(report)).toEqual([]);
}, 120_000);

test("kernels that write garbage, one after the other in each zone, leave a server that answers and zones that run", async () => {
  const report = await reportOf("bench/garbage-kernels.ts", "--kernels", "40", "--zones", "3", "--players", "6");
  expect(report.checks).toHaveLength(5);
  expect(broken(report)).toEqual([]);
  const { errors } = report as unknown as { errors: Record<string, number> };
  expect(Object.keys(errors).filter((what) => what.startsWith("invalid output")).length).toBeGreaterThan(2);
}, 300_000);

test("fuel buys about the same time wherever it is burnt", async () => {
  const report = await reportOf("bench/fuel-rate.ts", "--fuel", "500000");
  expect(report["rows"]).toHaveLength(14);
  expect(broken(report)).toEqual([]);
}, 120_000);

test("workers that die and hang are followed by others, and nobody loses the connection", async () => {
  const report = await reportOf("bench/workers.ts", "--clients", "8", "--ends", "4");
  expect(report.checks).toHaveLength(10);
  expect(broken(report)).toEqual([]);
}, 120_000);

test("faults that come and go leave nothing behind", async () => {
  const small = ["--cycles", "40", "--clients", "8", "--settle-seconds", "8", "--window-seconds", "2"];
  const report = await reportOf("bench/fault-cycles.ts", ...small);
  expect(report.checks).toHaveLength(13);
  expect(broken(report)).toEqual([]);
  expect(report["tally"]).toMatchObject({ cycles: 40, wrong: [] });
}, 240_000);

test("modules come and go in zones full of players, also with another layout, and nobody notices", async () => {
  const report = await reportOf("bench/swaps.ts", "--swaps", "20", "--clients", "10");
  expect(report.checks).toHaveLength(8);
  expect(broken(report)).toEqual([]);
  const rows = report["rows"] as { times: number; pauseMsMax: number | null }[];
  for (const { times, pauseMsMax } of rows) expect([times > 0, pauseMsMax === null]).toEqual([true, false]);
}, 120_000);
