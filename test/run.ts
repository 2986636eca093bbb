// Runs everything that must hold, in the order in which it is cheapest to fail, and ends with one line that counts it:
//
//   bun test/run.ts               all of it: what `npm test` calls
//   bun test/run.ts check         types, format, lint and the kernel's build checks only
//   bun test/run.ts unit e2e      the checks, then only these test folders
//
//   128 passed, 0 failed

import { existsSync } from "node:fs";

/** A test that starts real processes gets room to do so, on a busy machine too; none takes anywhere near as long. */
const TEST_TIMEOUT_MS = 60_000;
/** Files of e2e that run at the same time: they mostly wait for real processes. */
const E2E_FILES_AT_ONCE = 3;
const FOLDERS = ["unit", "property", "e2e"] as const;

interface Step {
  name: string;
  command: string[];
}

const bun = process.execPath;
const checks: Step[] = [
  { name: "types", command: [bun, "check", "--no-script", "-p", "tsconfig.json"] },
  { name: "types of the kernel", command: [bun, "check", "--no-script", "-p", "assembly/tsconfig.json"] },
  { name: "format", command: [bun, "fmt", "--check"] },
  { name: "lint", command: [bun, "node_modules/oxlint/bin/oxlint", "--deny-warnings"] },
  { name: "kernel build and its checks", command: [bun, "server/kernel/build.ts"] },
];

let passed = 0;
let failed = 0;

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

async function runCheck(step: Step): Promise<void> {
  const { code } = await run(step.command);
  if (code === 0) passed++;
  else failed++;
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${step.name}`);
}

/** Runs one test folder; what bun counted is added up, and a folder that ran nothing counts as failed. */
async function runFolder(folder: string): Promise<void> {
  if (!existsSync(`${import.meta.dir}/${folder}`))
    throw new Error(`There is no test/${folder}; choose from ${FOLDERS.join(", ")}.`);
  console.log(`\ntest/${folder}`);
  const flags = [`--timeout=${TEST_TIMEOUT_MS}`, ...(folder === "e2e" ? [`--parallel=${E2E_FILES_AT_ONCE}`] : [])];
  const { code, stderr } = await run([bun, "test", ...flags, `./test/${folder}`]);
  const count = (word: string): number => Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(stderr)?.[1] ?? 0);
  passed += count("pass");
  failed += count("fail");
  if (code !== 0 && count("fail") === 0) failed++;
  if (code === 0 && count("pass") === 0) {
    console.log(`FAILED test/${folder} ran no test`);
    failed++;
  }
}

const wanted = process.argv.slice(2);
for (const step of checks) await runCheck(step);
if (!wanted.includes("check")) for (const folder of wanted.length > 0 ? wanted : FOLDERS) await runFolder(folder);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
