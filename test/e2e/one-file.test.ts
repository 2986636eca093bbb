// The one-file build, tried where it is meant to work: in an empty folder, with no Bun and no node_modules anywhere near.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../../package.json";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { rolledBack } from "../helpers/deploy-record.ts";
import { commandTree } from "../helpers/program.ts";
import { ROOT } from "../helpers/command.ts";
import type { Finished } from "../helpers/command.ts";
import { Tmux } from "../helpers/tmux.ts";

setDefaultTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "wowsim-one-file-"));
const binary = join(folder, "bin/wowsim");
const empty = join(folder, "empty");
/** A shell's necessities, and nothing that was installed for this project. */
const env = { PATH: "/usr/bin:/bin", HOME: folder, TMPDIR: folder };

beforeAll(async () => {
  await Bun.$`mkdir ${empty}`;
  const build = Bun.spawn([process.execPath, "tools/build-binary.ts", "--out", binary], { cwd: ROOT, stderr: "pipe" });
  const complaint = await build.stderr.text();
  if ((await build.exited) !== 0) throw new Error(complaint);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(...args: string[]) {
  return Bun.spawn([binary, ...args], { cwd: empty, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
}

async function run(...args: string[]): Promise<Finished> {
  const child = start(...args);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

test("it knows its version and its subcommands", async () => {
  expect(await run("--version")).toEqual({ code: 0, stdout: `${packageFile.version}\n`, stderr: "" });
  const { stdout } = await run("--help");
  for (const { name } of commandTree().commands.map((command) => ({ name: command.name() }))) {
    expect(stdout).toContain(`\n  ${name}`);
  }
});

test("the doctor finds all that it needs inside", async () => {
  const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
  const { code, stdout } = await run("doctor", ...ports);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +kernel +inside this file$/m);
});

test("the dashboard draws, and leaves the terminal when it is quit", async () => {
  await using tmux = await Tmux.start({ width: 80, height: 24, env });
  // Ports where nobody answers: what is tried is that the dashboard is whole.
  const nowhere = ["--port", "--control-port", "--http-port", "--telemetry-port"].map((flag) => `${flag} 9`).join(" ");
  tmux.type(`cd ${empty}; ${binary} dashboard ${nowhere}\n`);
  await tmux.shows("waiting for telemetry");
  await tmux.press("h", "┌─ Help");
  tmux.keys("C-c");
  await tmux.showsNot("waiting for telemetry");
});

test("it serves, is played on, breaks, is watched and stops", async () => {
  const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
  const server = start("serve", ...ports, "--data-dir", join(folder, "data"), "--format", "json");
  try {
    const { value } = await server.stdout.getReader().read();
    const ready = JSON.parse(new TextDecoder().decode(value)) as Record<
      "game" | "control" | "http" | "telemetry",
      number
    >;
    const play = ["--count", "5", "--duration", "2", "--format", "json"];
    const players = await run("spawn-clients", "--port", `${ready.game}`, ...play);
    expect(players).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(players.stdout)).toMatchObject({ connects: 5, protocol_errors: 0 });
    const inject = (...args: string[]) => run("inject-fault", ...args, "--control-port", `${ready.control}`);
    expect((await inject("activate", "zone-trap", "--duration", "20t")).code).toBe(0);
    expect((await inject("halt")).code).toBe(0);
    const report = join(folder, "report.html");
    await recordOf(ready.control);
    const show = ["deploy", "show", "latest", "--control-port", `${ready.control}`, "--report", report];
    expect(await run(...show)).toMatchObject({ code: 0, stderr: `wowsim: the report is in ${report}\n` });
    // The chart library is in the file.
    expect(await Bun.file(report).text()).toContain("var uPlot=");
    const watch = ["--http-port", `${ready.http}`, "--telemetry-port", `${ready.telemetry}`];
    // Recovering from the trap has left its mark in the telemetry, so healthy or not, it has an opinion.
    expect([0, 1, 2]).toContain((await run("health", ...watch)).code);
  } finally {
    server.kill("SIGTERM");
  }
  expect(await server.exited).toBe(0);
});

/** A deploy with something to plot. */
async function recordOf(port: number): Promise<void> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port });
  const begin = { command: "deploy_begin", hash: "0123456789abcdef", label: "fix.wasm", dry_run: true };
  const { deploy } = await control.ask(begin);
  for (const told of rolledBack().stages) await control.ask({ ...told, command: "deploy_stage", deploy });
  await control.ask({ command: "deploy_end", deploy, outcome: "rolled_back", reason: "kernel time ×3" });
}

test("it compiles candidates, the same ones as from the source", async () => {
  const file = join(folder, "hotfix.wasm");
  const { code, stdout } = await run("build-kernel", "--candidate", "hotfix", "--out", file, "--format", "json");
  expect(code).toBe(0);
  const { hash } = JSON.parse(stdout) as { hash: string };
  expect(hash).toBe((await buildCandidate("hotfix")).hash);
});
