// Whoever sees only the end of a test run finds there what failed, and why: read from what bun writes of tests that fail in
// each way there is, some of them side by side.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failedTests, failureReport, unhandledErrors } from "../failed-tests.ts";

const SUMS = `
import { beforeAll, describe, expect, test } from "bun:test";
describe("<sums>", () => {
  test("come out", () => {});
  test("do not come out", () => expect([2 + 2]).toEqual(["<5> & 'more'"]));
});
test("never ends", () => new Promise(() => {}), 50);
test("throws", () => { throw new TypeError("no such sum"); });
describe("hooks", () => {
  beforeAll(() => { throw new Error("not ready"); });
  test("are needed", () => {});
});`;

let folder: string;
let code: number;
let xml: string;
let stderr: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wowsim-failing-"));
  await Bun.write(join(folder, "sums.test.ts"), SUMS);
  await Bun.write(join(folder, "broken.test.ts"), `throw new Error("does not load");`);
  const flags = ["--parallel=2", "--reporter=junit", "--reporter-outfile=report.xml"];
  const command = [process.execPath, "test", ...flags];
  const child = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  stderr = await new Response(child.stderr).text();
  code = await child.exited;
  xml = readFileSync(join(folder, "report.xml"), "utf8");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("each test that failed is named, with its error", () => {
  expect(code).not.toBe(0);
  const failed = new Map(failedTests(xml).map(({ name, said }) => [name.replace(/ \([\d.]+ s\)$/, ""), said]));
  expect([...failed.keys()]).toEqual([
    "sums.test.ts:5 do not come out",
    "sums.test.ts:7 never ends",
    "sums.test.ts:8 throws",
    "sums.test.ts (unnamed)",
  ]);
  const [error, ...difference] = failed.get("sums.test.ts:5 do not come out")!;
  expect(error).toBe("AssertionError: expect(received).toEqual(expected)");
  expect(difference).toContain(`-   "<5> & 'more'",`);
  expect(difference).toContain("+   4,");
  expect(failed.get("sums.test.ts:7 never ends")).toEqual(["TimeoutError: test timed out"]);
  expect(failed.get("sums.test.ts:8 throws")?.[0]).toBe("TypeError: no such sum");
  expect(failed.get("sums.test.ts (unnamed)")?.[0]).toBe("Error: not ready");
});

test("so is the error of a file that does not load", () => {
  const [error, ...others] = unhandledErrors(stderr);
  expect(others).toEqual([]);
  expect(error?.said).toContain("error: does not load");
});

test("nothing failed, nothing is said", () => {
  const passed = `<testcase name="adds" classname="" time="0.1" file="a.test.ts" line="2" assertions="1" />`;
  expect(failureReport([...failedTests(passed), ...unhandledErrors(" 12 pass\n 0 fail\n")], 60)).toEqual([]);
});

test("however many failed, the report is no longer than it may be, and has something of each", () => {
  const said = Array.from({ length: 90 }, (_, line) => `line ${line}`);
  const report = (count: number): string[] =>
    failureReport(
      Array.from({ length: count }, (_, index) => ({ name: `test ${index}`, said })),
      60,
    );
  expect(report(1)).toHaveLength(60);
  expect(report(3)).toHaveLength(60);
  expect(report(40).filter((line) => line.startsWith("FAILED"))).toHaveLength(40);
  expect(report(40)[1]).toBe("  line 0");
});
