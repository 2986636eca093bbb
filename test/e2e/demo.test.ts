// wowsim demo for real, ended early in every way that a person or a machine has. Whatever happens, no process of it runs on
// and nothing of it is left in the folder for temporary files. To its end it is run by readme.test.ts, from a clean clone.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, startWowsim, until } from "../helpers/command.ts";
import { allEnd, leavesNothing, place, processes } from "../helpers/run-place.ts";
import type { Place } from "../helpers/run-place.ts";
import { Tmux } from "../helpers/tmux.ts";

setDefaultTimeout(180_000);

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
  await until(() => processes(run).some((command) => command.includes(" serve ")), "its server starts");
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

const COMMAND = `${process.execPath} ${join(ROOT, "server/wowsim.ts")} demo`;

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
  await tmux.press("Enter", "2/6 Break");
  await tmux.shows(/the players play on, the server is watched \[\d+s\]/);
  const ended = await tmux.press("C-c", /^code 130$/m);
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
  const ended = await tmux.press(["Right", "Enter"], /^code 1$/m);
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
