// The wizard from its first step to its last: once answered from a script, and once in a terminal of 80 columns and 24 lines,
// each with a real server that breaks, is diagnosed and mended; and what becomes of everything when it is left in the middle.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseScenario, readText } from "../../tools/scenario/read-file.ts";
import { FLOW } from "../../tools/wizard/flow.ts";
import { endDrill } from "../../tools/wizard/opening.ts";
import { newState } from "../../tools/wizard/state.ts";
import { runWizard } from "../../tools/wizard/wizard.ts";
import { childrenOf, isRunning } from "../../bench/lib/processes.ts";
import { ROOT, startOnTerminal, until, wowsim } from "../helpers/command.ts";
import { expectCurrentPicture } from "../helpers/current-picture.ts";
import { Tmux } from "../helpers/tmux.ts";
import { BACK, ScriptedAsker } from "../helpers/wizard-script.ts";

setDefaultTimeout(180_000);

const WOWSIM = join(ROOT, "tools/wowsim.ts");

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "wowsim-test-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

test("every step, wrong answers, ways back, and the scenario that is saved", async () => {
  using folder = new Folder();
  const state = newState({ random: () => 0, folder: folder.path });
  const asker = new ScriptedAsker(FLOW, [
    ["server", "elsewhere"],
    ["where", "8080"],
    ["where", "1,2,3,4"],
    ["where", BACK],
    ["server", "own"],
    ["players", "many"],
    ["players", "0"],
    ["players", "40"],
    ["healthy", "go"],
    ["fault", "toothache"],
    ["fault", "slow-leak"],
    ["strength", BACK],
    ["fault", "latency-spike"],
    ["strength", "9000"],
    ["strength", "150"],
    ["zone", "7"],
    ["zone", "1"],
    ["watch", "go"],
    ["guess", "slow-leak"],
    ["tell", "go"],
    ["mend", "go"],
    ["bad", "go"],
    ["good", "skip"],
    ["summary", "go"],
    ["save", "spike"],
    ["save", "spike.toml"],
  ]);
  const end = await runWizard(FLOW, state, asker, new AbortController().signal);
  const left = await endDrill(state);
  expect(end).toBe("finished");
  expect(asker.wrongs).toEqual([
    "Give four port numbers, such as 8080,8081,8082,9090.",
    expect.stringContaining("No server answers on 127.0.0.1:2."),
    "Give a whole number from 1 to 500.",
    "Give a whole number from 1 to 500.",
    expect.stringContaining("Choose one of latency-spike, slow-leak"),
    "Give a whole number from 1 to 5000.",
    "Choose one of 1, 2, 0.",
    "Give a name that ends in .toml.",
  ]);
  const said = asker.said.join("\n");
  expect(said).toContain("40 players are in the world.");
  expect(said).toMatch(/zone 1 +tick p50 15\d ms of 50, slowest .*, was 0\.\d/);
  expect(said).toContain("latency-spike  ");
  expect(said).toContain("You said slow-leak: wrong.");
  expect(said).toContain("The diagnosis said latency-spike: right.");
  expect(said).toContain("regression was rolled back.");
  expect(said).toMatch(/diagnosed +latency-spike, \d+\.\d s after it broke/);
  const commands = asker.commands.join("\n");
  for (const command of [
    /^wowsim serve$/m,
    /^wowsim spawn-clients --count 40 --rate 3 --duration 10m --port \d+$/m,
    /^wowsim inject-fault activate latency-spike --delay-ms 150 --zone 1 --hold --control-port \d+$/m,
    /^wowsim diagnose --telemetry-port \d+$/m,
    /^wowsim inject-fault deactivate latency-spike --control-port \d+$/m,
    /^wowsim build-kernel --variant regression .* && wowsim deploy regression\.wasm /m,
    /^wowsim scenario run .*spike\.toml$/m,
  ])
    expect(commands).toMatch(command);
  expect(left.at(-1)).toMatch(/^the server stopped in order/);
  const file = join(folder.path, "spike.toml");
  const { steps } = parseScenario(file, await readText(file));
  expect(steps.map(({ action }) => action.kind)).toEqual(["activate", "wait", "deactivate", "wait", "deploy"]);
});

/** A terminal in that folder, in which wowsim was typed. */
async function typed(folder: string, args: string): Promise<Tmux> {
  const tmux = await Tmux.start({ width: 80, height: 24 });
  tmux.type(`cd ${folder}; clear; ${process.execPath} ${WOWSIM} ${args}; echo "exit code $?"\n`);
  return tmux;
}

test("in a terminal of 80 by 24, by keys, with a way back, to the end", async () => {
  using folder = new Folder();
  await using tmux = await typed(folder.path, "");
  /** Waits for the question and answers it. */
  const answer = async (question: string, ...keys: string[]): Promise<void> => {
    await tmux.shows(new RegExp(`◆ +${question}`));
    tmux.keys(...keys);
  };
  /** Some answers take the wizard longer than a look at the screen is patient. */
  const takesLong = (question: string): Promise<unknown> =>
    until(() => new RegExp(`◆ +${question}`).test(tmux.screen), question);
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
  await answer("Deploy it", "Down", "Enter");
  await tmux.shows("A good hotfix");
  await answer("Deploy it", "Down", "Enter");
  await answer("Save it as a scenario", "Enter");
  await answer("The file's name", "Enter");
  await tmux.shows("exit code 0");
  const { everything } = tmux;
  expect(everything).toContain("my-scenario.toml");
  expect(everything).toMatch(/the same without the wizard:\s+│ +\$ wowsim inject-fault deactivate latency-spike/);
  expect(everything).toContain("the server stopped in order");
  expect(everything).toContain("You said latency-spike: right.");
  expect(existsSync(join(folder.path, "my-scenario.toml"))).toBe(true);
});

test.each(["at a question", "while something is under way"])(
  "Ctrl-C %s ends everything that was started",
  async (when) => {
    using folder = new Folder();
    await using tmux = await typed(folder.path, "wizard");
    await tmux.shows(/◆ +Which server/);
    tmux.keys("Enter");
    await tmux.shows(/◆ +How many players/);
    tmux.keys("C-u", "5", "Enter");
    await tmux.shows(/◆ +Let them play/);
    if (when !== "at a question") {
      tmux.keys("Enter");
      await tmux.shows("they play");
    }
    tmux.keys("C-c");
    await tmux.shows("exit code 130");
    expect(tmux.everything).toContain("the server stopped in order");
    expect((await tmux.state()).hasCursor).toBe(true);
  },
);

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
  expect(wizard).toMatchObject({ code: 2, stdout: "" });
  expect(wizard.stderr).toContain("needs a terminal");
});
