// The wizard from its first step to its last in a terminal of 80 columns and 24 lines, with a real server that breaks, is
// diagnosed, mended, and given a bad and a good hotfix; and what becomes of everything when it is left in the middle.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { childrenOf, isRunning } from "../../server/testing/processes.ts";
import { ROOT, startOnTerminal, until, wowsim } from "../helpers/command.ts";
import { expectCurrentPicture } from "../helpers/current-picture.ts";
import { TempFolder } from "../helpers/serve-process.ts";
import { Tmux } from "../helpers/tmux.ts";

setDefaultTimeout(180_000);

const WOWSIM = join(ROOT, "server/wowsim.ts");

/** A terminal in that folder, in which wowsim was typed. */
async function typed(folder: string, args: string): Promise<Tmux> {
  const tmux = await Tmux.start({ width: 80, height: 24 });
  tmux.type(`cd ${folder}; clear; ${process.execPath} ${WOWSIM} ${args}; echo "exit code $?"\n`);
  return tmux;
}

test("in a terminal of 80 by 24, by keys, with a way back, to the end", async () => {
  using folder = new TempFolder();
  await using tmux = await typed(folder.path, "");
  /** Waits for the question and answers it. */
  const answer = async (question: string, ...keys: string[]): Promise<void> => {
    await tmux.shows(new RegExp(`◆ +${question}`));
    tmux.keys(...keys);
  };
  /** Some answers take the wizard longer than a look at the screen is patient. */
  const takesLong = (question: string): Promise<unknown> =>
    until(() => new RegExp(`◆ +${question}`).test(tmux.screen), question);
  /** A hotfix is built, tried and watched for. */
  const takesTheJudge = (text: string): Promise<unknown> =>
    tmux.until((screen) => screen.includes(text), `shows ${text}`, 90_000);
  await answer("Which server do you want to break", "Enter");
  await answer("How many players shall come in", "C-u", "0", "Enter");
  await tmux.shows("Give a whole number from 1 to 500");
  tmux.keys("BSpace", "1", "2", "Enter");
  await answer("Let them play for 4 seconds", "Down", "Enter");
  await answer("How many players shall come in", "Enter");
  await answer("Let them play for 4 seconds", "Enter");
  await tmux.shows(/◆ +What do they complain about/);
  expectCurrentPicture("wizard", tmux.colored);
  await answer("What do they complain about", "Enter");
  await answer("delay_ms: milliseconds added", "Enter");
  await answer("Where shall it strike", "Enter");
  await answer("Watch it for 6 seconds", "Enter");
  await answer("What is your guess", "Enter");
  await answer("Ask it", "Enter");
  await takesLong("End the fault");
  await answer("End the fault", "Enter");
  await takesLong("Deploy it");
  await answer("Deploy it", "Enter");
  await takesTheJudge("A good hotfix");
  expect(tmux.everything).toContain("regression was rolled back.");
  await answer("Deploy it", "Enter");
  await takesTheJudge("Save it as a scenario");
  await answer("Save it as a scenario", "Enter");
  await answer("The file's name", "Enter");
  await tmux.shows("exit code 0");
  const { everything } = tmux;
  expect(everything).toContain("my-scenario.toml");
  expect(everything).toMatch(/the same without the wizard:\s+│ +\$ wowsim inject-fault deactivate latency-spike/);
  expect(everything).toContain("the server stopped in order");
  expect(everything).toContain("Your guess: latency-spike, right.");
  expect(everything).toContain("hotfix was promoted.");
  expect(everything).toMatch(/\$ wowsim deploy hotfix/);
  expect(existsSync(join(folder.path, "my-scenario.toml"))).toBe(true);
});

test.each([
  ["at a question", []],
  ["while something is under way", ["Let them play"]],
  [
    "while a fault is at work",
    ["Let them play", "What do they complain about", "delay_ms", "Where shall it strike", "Watch it for"],
  ],
])("Ctrl-C %s ends everything that was started", async (_when, questions) => {
  using folder = new TempFolder();
  await using tmux = await typed(folder.path, "wizard");
  await tmux.shows(/◆ +Which server/);
  await tmux.press("Enter", /◆ +How many players/);
  await tmux.press(["C-u", "5", "Enter"], /◆ +Let them play/);
  for (const question of questions) {
    await tmux.shows(new RegExp(`◆ +${question}`));
    tmux.keys("Enter");
  }
  if (questions.length > 0) await tmux.showsNot("◆");
  await tmux.press("C-c", "exit code 130");
  expect(tmux.everything).toContain("the server stopped in order");
  expect((await tmux.state()).hasCursor).toBe(true);
});

test.each(["SIGHUP", "SIGTERM"] as const)(
  "%s at a question, as when the terminal is closed, ends everything too",
  async (signal) => {
    await using run = startOnTerminal(["wizard"]);
    await run.draws(/Which server/);
    run.type("\r");
    await run.draws(/How many players/);
    const children = childrenOf(run.child.pid);
    expect(children).toHaveLength(1);
    run.child.kill(signal);
    expect(await run.child.exited).toBe(130);
    expect(children.filter((pid) => isRunning(pid))).toEqual([]);
  },
);

test("a terminal that is gone takes all of it along", async () => {
  await using run = startOnTerminal(["wizard"]);
  await run.draws(/Which server/);
  run.type("\r");
  await run.draws(/How many players/);
  const family = [run.child.pid, ...childrenOf(run.child.pid)];
  expect(family).toHaveLength(2);
  run.child.terminal?.close();
  await until(() => !family.some((pid) => isRunning(pid)), "wizard and server are gone");
});

test("without a terminal, wowsim alone prints its help, and the wizard says what to do instead", async () => {
  const alone = await wowsim();
  expect(alone.code).toBe(0);
  expect(alone.stdout).toStartWith("Usage: wowsim");
  const wizard = await wowsim("wizard");
  expect(wizard).toMatchObject({ code: 64, stdout: "" });
  expect(wizard.stderr).toContain("needs a terminal");
});
