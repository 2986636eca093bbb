// One way to name a server, with the real commands: a server on ports that nobody would guess is found in its own folder by
// itself, from anywhere by its control port; and every command that is printed works when it is pasted into another folder.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../helpers/command.ts";
import type { Finished } from "../helpers/command.ts";
import { FREE_PORTS, ServeProcess, TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(120_000);

/** The server keeps its data in `home/.wowsim`; `elsewhere` knows nothing of it. */
const folder = new TempFolder();
const home = join(folder.path, "home");
const elsewhere = join(folder.path, "elsewhere");
const bin = join(folder.path, "bin");
let server: ServeProcess;

beforeAll(async () => {
  for (const path of [home, elsewhere, bin]) mkdirSync(path);
  symlinkSync(join(ROOT, "tools/wowsim.sh"), join(bin, "wowsim"));
  server = await ServeProcess.ready("--data-dir", join(home, ".wowsim"), ...FREE_PORTS);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs a line of shell as somebody would who has wowsim on the PATH. */
async function typed(line: string, cwd: string, env: Record<string, string> = {}): Promise<Finished> {
  const child = Bun.spawn(["bash", "-c", line], {
    cwd,
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, WOWSIM_SERVER: "", NO_COLOR: "1", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** The commands that a text tells somebody to type, those that only read or end things. */
function hintsIn(text: string): string[] {
  return [
    ...text.matchAll(/\bwowsim (?:inject-fault|health|diagnose|deploy|doctor)\b[^\n.;,)]*(?:\.\d+\.\d+\.\d+:\d+)?/g),
  ].map(([hint]) => hint.trim());
}

test("in the server's folder every command finds it by itself; elsewhere it has to be named", async () => {
  const list = "wowsim inject-fault list --format json";
  expect(await typed(list, home)).toMatchObject({ code: 0, stderr: "" });
  const name = `127.0.0.1:${server.ports.control}`;
  expect(await typed(`${list} --server ${name}`, elsewhere)).toMatchObject({ code: 0, stderr: "" });
  expect(await typed(list, elsewhere, { WOWSIM_SERVER: name })).toMatchObject({ code: 0, stderr: "" });
  expect(await typed(list, elsewhere, { WOWSIM_SERVER: "127.0.0.1:1" })).toMatchObject({ code: 3 });
  expect(await typed(list, elsewhere, { WOWSIM_SERVER: "http://x" })).toMatchObject({ code: 64 });
});

test("the others of its ports are told by the control port", async () => {
  const named = { WOWSIM_SERVER: `127.0.0.1:${server.ports.control}` };
  const [players, health] = await Promise.all([
    typed("wowsim spawn-clients --count 2 --duration 3s", elsewhere, named),
    typed("wowsim health --for 2s --format json", elsewhere, named),
  ]);
  expect(players).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(health.stdout)).toMatchObject({ zones: [{ id: 1 }, { id: 2 }] });
});

test("every command that is printed works when it is pasted elsewhere", async () => {
  const said: string[] = [];
  const say = async (line: string): Promise<void> => {
    const { stdout, stderr } = await typed(line, home);
    said.push(stdout, stderr);
  };
  await say("wowsim inject-fault activate latency-spike");
  await say("wowsim diagnose --watch-for 3s");
  await say("wowsim diagnose --file .wowsim/telemetry.jsonl");
  const toEnd = hintsIn(said.join("\n"));
  expect(toEnd.length).toBeGreaterThanOrEqual(3);
  for (const hint of new Set(toEnd)) {
    expect(hint).toContain(`--server 127.0.0.1:${server.ports.control}`);
    expect(await typed(hint, elsewhere)).toMatchObject({ code: 0, stderr: "" });
  }
  const { stdout } = await typed("wowsim inject-fault list --format json", home);
  expect((JSON.parse(stdout) as { faults: { active: boolean }[] }).faults.some(({ active }) => active)).toBe(false);
  const halted = await typed("wowsim inject-fault halt", home);
  const [resume = ""] = hintsIn(halted.stdout);
  // What the server says in words of the wire is told in commands.
  const refused = await typed("wowsim inject-fault activate slow-leak --format json", home);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  const { error } = JSON.parse(refused.stderr) as { error: { code: string; message: string } };
  expect(error.code).toBe("halted");
  expect(hintsIn(error.message)).toEqual([resume]);
  expect(await typed(resume, elsewhere)).toMatchObject({ code: 0, stdout: "Faults can be activated again.\n" });
  const rollback = await typed("wowsim deploy rollback", home);
  expect(rollback).toMatchObject({ code: 1, stdout: "" });
  const [status = ""] = hintsIn(rollback.stderr);
  expect(status).toBe(`wowsim deploy status --server 127.0.0.1:${server.ports.control}`);
  expect(await typed(status, elsewhere)).toMatchObject({ code: 0, stderr: "" });
});

test("who has a port is found out by the command that the refusal prints", async () => {
  const taken = await typed(
    `wowsim serve --scratch --control-port 0 --http-port 0 --telemetry-port 0 --port ${server.ports.game}`,
    elsewhere,
  );
  expect(taken).toMatchObject({ code: 1, stdout: "" });
  const [doctor = ""] = hintsIn(taken.stderr);
  expect((await typed(doctor, elsewhere)).stdout).toContain(`pid ${server.ports.pid}`);
});

test("what tells where it is goes with the server", async () => {
  const file = join(home, ".wowsim/server.json");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ ports: { control: server.ports.control } });
  await server.stop();
  expect(existsSync(file)).toBe(false);
  expect(await typed("wowsim inject-fault list", home)).toMatchObject({ code: 3 });
});
