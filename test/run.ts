// Runs everything that must hold, in the order in which it is cheapest to fail, and ends with one line that counts it, before
// that with what failed and why:
//
//   bun test/run.ts               all of it: what `npm test` calls
//   bun test/run.ts check         types, format, lint and the kernel's build checks only
//   bun test/run.ts unit          the checks and the quick tests, a minute: each of one part, alone
//   bun test/run.ts unit e2e      the checks, then only these test folders
//   bun test/run.ts long          the end-to-end tests that take minutes each; they run when they are named
//
//   FAILED test/unit/store/data-dir.test.ts:21 is made once (0.003 s)
//     AssertionError: expect(received).toBe(expected)
//     ...
//   127 passed, 1 failed

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failedTests, failureReport, unhandledErrors } from "./failed-tests.ts";
import type { Failure } from "./failed-tests.ts";

/** A test that starts real processes gets room to do so, on a busy machine too; none takes anywhere near as long. */
const TEST_TIMEOUT_MS = 120_000;
/**
 * Folders that run together, and how. Files of unit (one part, alone), integration (several parts in one process) and property compute:
 * one process a core, each of which keeps what it has loaded and compiled from one file to the next. Files of e2e mostly wait for processes
 * that they started. In those of timed a server is judged by its times while it plays, so fewer of them run at once.
 */
const PHASES = [
  { folders: ["unit", "integration", "property"], flags: ["--parallel=2", "--no-isolate"] },
  { folders: ["e2e"], flags: ["--parallel=3"] },
  { folders: ["timed"], flags: ["--parallel=2"] },
  { folders: ["long"], flags: ["--parallel=1"] },
];
/** Not part of `npm test`, which has to end in a quarter of an hour. */
const ON_REQUEST: ReadonlySet<string> = new Set(["long"]);
const FOLDERS = PHASES.flatMap(({ folders }) => folders);
/** How long each file took once, so that the longest begins first; made anew by --update-timings. */
const TIMINGS = "test/timings.json";
/** Of what failed, said again at the end: who keeps only the end of the output must find it there. */
const REPORT_LINES_MAX = 55;

interface Step {
  name: string;
  command: string[];
}

const bun = process.execPath;
const checks: Step[] = [
  { name: "types", command: [bun, "check", "--no-script", "-p", "tsconfig.json"] },
  { name: "types of the kernel", command: [bun, "check", "--no-script", "-p", "assembly/tsconfig.json"] },
  { name: "format", command: [bun, "fmt", "--check"] },
  { name: "layers", command: [bun, "test/layers.ts"] },
  { name: "lint", command: [bun, "node_modules/oxlint/bin/oxlint", "--deny-warnings"] },
  { name: "kernel build and its checks", command: [bun, "assembly/toolchain/build.ts"] },
];

let passed = 0;
let failed = 0;
const failures: Failure[] = [];

/** Runs a command with its output passed on; returns exit code and what it said on stderr. */
async function run(command: string[]): Promise<{ code: number; stderr: string }> {
  const child = Bun.spawn(command, {
    cwd: `${import.meta.dir}/..`,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  let stderr = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk);
    stderr += decoder.decode(chunk, { stream: true });
  }
  return { code: await child.exited, stderr };
}

/** Something failed that is not a test. */
function fail(failure: Failure): void {
  failed++;
  failures.push(failure);
}

async function runCheck(step: Step): Promise<void> {
  const { code, stderr } = await run(step.command);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${step.name}`);
  if (code === 0) passed++;
  else
    fail({
      name: step.name,
      said: [`${step.command.join(" ")} ended with code ${code}`, ...stderr.trim().split("\n")],
    });
}

/** Runs `bun test`; its JUnit file is "" when it did not get so far. */
async function runTests(...args: string[]): Promise<{ code: number; stderr: string; junit: string }> {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-junit-"));
  const file = join(folder, "junit.xml");
  try {
    const ended = await run([bun, "test", "--reporter=junit", `--reporter-outfile=${file}`, ...args]);
    return { ...ended, junit: existsSync(file) ? readFileSync(file, "utf8") : "" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs test folders together; what bun counted is added up, and a folder that ran nothing counts as failed. */
async function runFolders(folders: string[], flags: string[]): Promise<void> {
  const paths = folders.map((folder) => `test/${folder}`);
  console.log(`\n${paths.join(", ")}`);
  const { code, stderr, junit } = await runTests(
    `--timeout=${TEST_TIMEOUT_MS}`,
    `--timings=${TIMINGS}`,
    ...flags,
    ...paths.map((path) => `./${path}`),
  );
  const count = (word: string): number => Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(stderr)?.[1] ?? 0);
  passed += count("pass");
  failed += count("fail");
  failures.push(...failedTests(junit), ...unhandledErrors(stderr));
  if (code !== 0 && count("fail") === 0) fail({ name: paths.join(", "), said: [`bun test ended with code ${code}`] });
  for (const path of paths) if (!junit.includes(`file="${path}/`)) fail({ name: path, said: ["ran no test"] });
}

const wanted = process.argv.slice(2);
const isCheckOnly = wanted.includes("check");
for (const folder of isCheckOnly ? [] : wanted) {
  if (!FOLDERS.includes(folder))
    throw new Error(`There is no test/${folder}; choose from ${FOLDERS.join(", ")}, or check.`);
}
await Promise.all(checks.map(runCheck));
for (const { folders, flags } of isCheckOnly ? [] : PHASES) {
  const chosen = folders.filter((folder) => (wanted.length === 0 ? !ON_REQUEST.has(folder) : wanted.includes(folder)));
  if (chosen.length > 0) await runFolders(chosen, flags);
}
for (const line of failureReport(failures, REPORT_LINES_MAX)) console.log(line);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
