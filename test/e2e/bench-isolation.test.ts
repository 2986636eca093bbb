// The benches for isolation, overload and fault cycles run, in small: each starts what it measures, ends by itself, and prints
// what it says it prints.

import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

interface Report {
  checks: { what: string; holds: boolean; shown: string }[];
  [figure: string]: unknown;
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, ...args], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

/** What the bench found, and that its exit code says the same. */
async function reportOf(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await run(...args, "--format", "json");
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as Report;
  expect(code).toBe(report.checks.every(({ holds }) => holds) ? 0 : 1);
  return report;
}

/** Checks that did not hold, but for those that time on a busy machine may break. */
const broken = ({ checks }: Report, timed: RegExp): string[] =>
  checks.filter(({ what, holds }) => !holds && !timed.test(what)).map(({ what, shown }) => `${what}: ${shown}`);

test("two zones that fall every second lose nothing and nobody", async () => {
  const report = await reportOf("bench/isolation.ts", "--clients", "8", "--seconds", "3", "--twin-ticks", "100");
  expect(report.checks).toHaveLength(8);
  expect(broken(report, /tick p99|took less than|kept its tick rate/)).toEqual([]);
}, 120_000);

test("kernels that write garbage, one after the other in each zone, leave a server that answers and zones that run", async () => {
  const report = await reportOf("bench/garbage-kernels.ts", "--kernels", "40", "--zones", "3", "--players", "6");
  expect(report.checks).toHaveLength(4);
  expect(broken(report, /No thread was stuck|control channel answered within/)).toEqual([]);
  const { errors } = report as unknown as { errors: Record<string, number> };
  expect(Object.keys(errors).filter((what) => what.startsWith("invalid output")).length).toBeGreaterThan(2);
}, 300_000);

test("fuel buys about the same time wherever it is burnt", async () => {
  const report = await reportOf("bench/fuel-rate.ts", "--fuel", "500000");
  expect(report["rows"]).toHaveLength(14);
  expect(broken(report, /lasts at most/)).toEqual([]);
}, 120_000);

test("a zone with twice its load climbs, answers everybody, and comes back; no other zone climbs", async () => {
  // A higher tick rate makes a shorter climb.
  const small = ["--crowd", "12", "--others", "3", "--seconds", "2", "--tick-rate", "100"];
  const report = await reportOf("bench/overload.ts", ...small);
  expect(report.checks).toHaveLength(8);
  // How well the load was met, and times, prove nothing on a busy machine.
  expect(broken(report, /twice the work|tick p99|round trip|Ticks go by|Casts take/)).toEqual([]);
}, 180_000);

test("workers that die and hang are followed by others, and nobody loses the connection", async () => {
  const report = await reportOf("bench/workers.ts", "--clients", "8", "--rounds", "1");
  expect(report.checks).toHaveLength(8);
  expect(broken(report, /Within|ticks stay short/)).toEqual([]);
}, 120_000);

test("faults that come and go leave nothing behind", async () => {
  const small = ["--cycles", "40", "--clients", "8", "--settle-seconds", "2", "--window-seconds", "2"];
  const report = await reportOf("bench/fault-cycles.ts", ...small);
  expect(report.checks).toHaveLength(12);
  // So few cycles do not try every fault long enough, and say nothing about times and memory.
  expect(broken(report, /ticks as before|memory does not grow|went as asked/)).toEqual([]);
  expect(report["tally"]).toMatchObject({ cycles: 40, wrong: [] });
}, 240_000);
