// Runs a bench as a user does, and reads what it found.
//
//   const report = await reportOf("bench/isolation.ts", "--clients", "8")
//   expect(broken(report)).toEqual([])       // [] when all that rests on nothing but the code held

import { expect } from "bun:test";
import { join } from "node:path";
import type { Check } from "../../server/testing/checks.ts";

const ROOT = join(import.meta.dir, "../..");

export interface Report {
  checks: Check[];
  [figure: string]: unknown;
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, ...args], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

/** What the bench found, and that its exit code says the same. */
export async function reportOf(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await run(...args, "--format", "json");
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as Report;
  expect(code).toBe(report.checks.every(({ holds }) => holds) ? 0 : 1);
  return report;
}

/** Checks that did not hold, but for those that a busy machine or so short a run may break. */
export const broken = ({ checks }: Report): string[] =>
  checks.filter(({ holds, restsOn }) => !holds && restsOn === undefined).map(({ what, shown }) => `${what}: ${shown}`);
