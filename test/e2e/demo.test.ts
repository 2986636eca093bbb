// wowsim demo for real: once to its end, and ended early in every way that a person or a machine has. Whatever happens,
// no process of it runs on and nothing of it is left in the folder for temporary files.

import { expect, setDefaultTimeout, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, startWowsim, until } from "../helpers/command.ts";
import { tempFolder } from "../helpers/telemetry.ts";
import { Tmux } from "../helpers/tmux.ts";

setDefaultTimeout(180_000);

/** A place for one run: its own folder for temporary files, and a mark that all its processes inherit. */
function place() {
  const folder = tempFolder();
  const mark = randomUUID();
  const env = { TMPDIR: folder.path, WOWSIM_TEST_RUN: mark };
  return { folder, env, mark, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

type Place = ReturnType<typeof place>;

/** Command lines of the run's processes that still run. */
function processes({ mark }: Place): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, "latin1").includes(`WOWSIM_TEST_RUN=${mark}`);
        return isOurs ? [readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")] : [];
      } catch {
        // It ended while we looked, or is not ours to look at.
        return [];
      }
    })
    .filter((command) => command.includes("wowsim") || command.includes("build.ts"));
}

/** Resolves when none runs any more; a compiler that has begun comes to its end first. */
async function allEnd(run: Place): Promise<void> {
  while (processes(run).length > 0) await Bun.sleep(50);
}

function leavesNothing(run: Place): void {
  expect({ processes: processes(run), files: readdirSync(run.folder.path) }).toEqual({ processes: [], files: [] });
}

/** Resolves when the run's server records that its players cast: the baseline is under way. */
async function isPlaying({ folder }: Place): Promise<void> {
  await until(() => {
    const [data] = readdirSync(folder.path).filter((name) => name.startsWith("wowsim-"));
    if (data === undefined) return false;
    try {
      return readFileSync(join(folder.path, data, "telemetry.jsonl"), "utf8").includes('"Cast completed"');
    } catch {
      // The server has not opened its file yet.
      return false;
    }
  }, "its players cast");
}

test("all six phases hold what they claim, in plain text, and nothing is left behind", async () => {
  using run = place();
  await using demo = startWowsim(["demo", "--auto"], run.env);
  const code = await demo.child.exited;
  await demo.drained;
  expect(demo.stderr).toBe("");
  expect(demo.stdout).not.toContain("[FALSE]");
  expect(code).toBe(0);
  const phases = [...demo.stdout.matchAll(/^\[(\d)\/6\] (\w+): /gm)].map(([, number, title]) => `${number} ${title}`);
  expect(phases).toEqual(["1 Baseline", "2 Break", "3 Diagnose", "4 Fix", "5 Pipeline", "6 Summary"]);
  const claims = [...demo.stdout.matchAll(/^ +\[true\] +(.*)$/gm)].map(([, text]) => text ?? "");
  expect(demo.stdout).toMatch(new RegExp(`^PASSED: ${claims.length} of ${claims.length} claims true, in \\d+ s$`, "m"));
  for (const wanted of [
    /^5 of 5 players are in the world/,
    /^health, from telemetry: healthy/,
    /^a tick takes ×4\.\d its budget/,
    /^latency-spike, \d+ % sure, in zones 1 and 2/,
    /^within budget again/,
    /^the regression was caught/,
    /^the good hotfix runs in zones 1 and 2/,
    /^players dropped: 0; 205 of 205/,
  ]) {
    expect(claims).toContainEqual(expect.stringMatching(wanted));
  }
  // No colour, no cursor moves: fit for a log.
  expect(demo.stdout).not.toContain("\x1b");
  leavesNothing(run);
});

test("Ctrl-C in the middle: the result so far as JSON, exit code 130, and nothing is left", async () => {
  using run = place();
  await using demo = startWowsim(["demo", "--auto", "--format", "json"], run.env);
  await isPlaying(run);
  demo.child.kill("SIGINT");
  expect(await demo.child.exited).toBe(130);
  await demo.drained;
  expect(JSON.parse(demo.stdout)).toMatchObject({
    ok: false,
    ended: expect.stringContaining("interrupted"),
    claims: [],
  });
  expect(demo.stderr).toBe("");
  leavesNothing(run);
});

test("SIGTERM while the server only starts leaves nothing either", async () => {
  using run = place();
  await using demo = startWowsim(["demo", "--auto"], run.env);
  await until(() => processes(run).some((command) => command.includes("serve")), "its server starts");
  demo.child.kill("SIGTERM");
  expect(await demo.child.exited).toBe(130);
  await demo.drained;
  expect(demo.stdout).toContain("interrupted");
  leavesNothing(run);
});

test("twice Ctrl-C does not wait, and leaves nothing all the same", async () => {
  using run = place();
  await using demo = startWowsim(["demo", "--auto"], run.env);
  await isPlaying(run);
  demo.child.kill("SIGINT");
  demo.child.kill("SIGINT");
  expect(await demo.child.exited).toBe(130);
  await allEnd(run);
  leavesNothing(run);
});

test("killed without a word, its server ends by itself and takes its folder along", async () => {
  using run = place();
  await using demo = startWowsim(["demo", "--auto"], run.env);
  await isPlaying(run);
  demo.child.kill("SIGKILL");
  await demo.child.exited;
  await allEnd(run);
  leavesNothing(run);
});

/** Resolves with the screen when the first phase, which takes its time, is over. */
async function asks(tmux: Tmux): Promise<string> {
  while (!tmux.screen.includes("Go on to: Break?")) await Bun.sleep(100);
  return tmux.screen;
}

const COMMAND = `${process.execPath} ${join(ROOT, "tools/wowsim.ts")} demo`;

test("on a terminal of 80 by 24 it narrates, asks before it goes on, and Ctrl-C puts everything away", async () => {
  using run = place();
  await using tmux = await Tmux.start({ width: 80, height: 24, env: run.env });
  const before = await tmux.state();
  tmux.type(`${COMMAND}; echo code $?\n`);
  await tmux.shows("1/6 Baseline: what does a healthy server look like?");
  await tmux.shows(/[◒◐◓◑] {2}they fight, the server is watched \[\d+s\]/);
  // What a person types meanwhile ends nothing, and does not show.
  tmux.keys("Escape", "x", "Enter", "y");
  const asked = await asks(tmux);
  expect(asked).not.toMatch(/they fight|\^\[|^[xy]$/m);
  expect(asked).toMatch(/^◆ {2}5 of 5 players are in the world$/m);
  expect(asked).toMatch(/^│ {2}round trip {6}p50 /m);
  tmux.keys("Enter");
  await tmux.shows("2/6 Break");
  await tmux.shows(/the players play on, the server is watched \[\d+s\]/);
  tmux.keys("C-c");
  const ended = await tmux.shows(/^code 130$/m);
  expect(ended).toMatch(/^└ {2}interrupted; everything was put away \(5 of 5 claims true, in \d+ s\)$/m);
  expect(await tmux.state()).toEqual(before);
  leavesNothing(run);
});

test("who says so stops between two phases, with exit code 1 and nothing left", async () => {
  using run = place();
  await using tmux = await Tmux.start({ width: 80, height: 24, env: { ...run.env, NO_COLOR: "1" } });
  const before = await tmux.state();
  tmux.type(`${COMMAND}; echo code $?\n`);
  await asks(tmux);
  tmux.keys("Right", "Enter");
  const ended = await tmux.shows(/^code 1$/m);
  expect(ended).toContain("stopped here, as you said");
  expect(tmux.colored).not.toContain("\x1b[3");
  expect(await tmux.state()).toEqual(before);
  leavesNothing(run);
});

test("a terminal that is closed while the demo asks takes it along", async () => {
  using run = place();
  const tmux = await Tmux.start({ width: 80, height: 24, env: run.env });
  try {
    tmux.type(`${COMMAND}\n`);
    await asks(tmux);
  } finally {
    await tmux[Symbol.asyncDispose]();
  }
  await allEnd(run);
  leavesNothing(run);
});
