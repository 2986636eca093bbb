// The wizard's flow from its first step to its last and back again, answered from a script: with a real server that breaks, is
// diagnosed, mended, and given a bad and a good hotfix.

import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { parseScenario, readText } from "../../tools/scenario/read-file.ts";
import { FLOW } from "../../tools/wizard/flow.ts";
import { endDrill } from "../../tools/wizard/opening.ts";
import { newState } from "../../tools/wizard/state.ts";
import { runWizard } from "../../tools/wizard/wizard.ts";
import { TempFolder } from "../helpers/serve-process.ts";
import { BACK, ScriptedAsker } from "../helpers/wizard-script.ts";

setDefaultTimeout(180_000);

test("every step, wrong answers, ways back, and the scenario that is saved", async () => {
  using folder = new TempFolder();
  const state = newState({ random: () => 0, folder: folder.path });
  const asker = new ScriptedAsker(FLOW, [
    ["server", "elsewhere"],
    ["where", "8080"],
    ["where", "127.0.0.1:2"],
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
    ["good", "go"],
    ["summary", "go"],
    ["save", "spike"],
    ["save", "spike.toml"],
  ]);
  const end = await runWizard(FLOW, state, asker, new AbortController().signal);
  const left = await endDrill(state);
  expect(end).toBe("finished");
  expect(asker.wrongs).toEqual([
    expect.stringContaining("Give HOST or HOST:PORT, where PORT is the control port, such as 127.0.0.1:8080"),
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
  expect(said).toMatch(/zone 1 +tick p50 15\d ms of 50, slowest .*, was \d\.\d/);
  expect(said).toContain("latency-spike  ");
  expect(said).toContain("Your guess: slow-leak, wrong.");
  expect(said).toContain("The diagnosis: latency-spike, right.");
  expect(said).toContain("regression was rolled back.");
  expect(said).toContain("hotfix was promoted.");
  expect(said).toMatch(
    /deployed +regression: rolled back, 0 sessions lost\ndeployed +hotfix: promoted, 0 sessions lost/,
  );
  expect(said).toMatch(/diagnosed +latency-spike, \d+\.\d s after it broke/);
  const commands = asker.commands.join("\n");
  for (const command of [
    /^wowsim serve --port \d+ --control-port \d+ --http-port \d+ --telemetry-port \d+ --seed \d+ --scratch$/m,
    /^wowsim spawn-clients --count 40 --rate 3 --duration 10m --server 127\.0\.0\.1:\d+$/m,
    /^wowsim inject-fault activate latency-spike --delay-ms 150 --zone 1 --hold --server 127\.0\.0\.1:\d+$/m,
    /^wowsim diagnose --server 127\.0\.0\.1:\d+$/m,
    /^wowsim inject-fault deactivate latency-spike --server 127\.0\.0\.1:\d+$/m,
    /^wowsim deploy regression /m,
    /^wowsim deploy hotfix /m,
    /^wowsim scenario run .*spike\.toml$/m,
  ])
    expect(commands).toMatch(command);
  expect(left.at(-1)).toMatch(/^the server stopped in order/);
  const file = join(folder.path, "spike.toml");
  const { steps } = parseScenario(file, await readText(file));
  expect(steps.map(({ action }) => action.kind)).toEqual([
    "activate",
    "wait",
    "deactivate",
    "wait",
    "deploy",
    "deploy",
  ]);
});

test("back from every step, from the last to the first, undoes all of it", async () => {
  using folder = new TempFolder();
  const state = newState({ random: () => 0, folder: folder.path });
  const answers: [step: string, answer: string][] = [
    ["server", "own"],
    ["players", "5"],
    ["healthy", "go"],
    ["fault", "latency-spike"],
    ["strength", "150"],
    ["zone", "1"],
    ["watch", "go"],
    ["guess", "latency-spike"],
    ["tell", "go"],
    ["mend", "go"],
    ["bad", "skip"],
    ["good", "skip"],
    ["summary", "go"],
  ];
  const ways = answers.map(([step]): [string, string] => [step, BACK]).toReversed();
  const asker = new ScriptedAsker(FLOW, [...answers, ["save", BACK], ...ways]);
  const end = await runWizard(FLOW, state, asker, new AbortController().signal);
  const left = await endDrill(state);
  expect(end).toBe("cancelled");
  expect(asker.wrongs).toEqual(["This is the first step; there is nothing to go back to."]);
  expect(asker.said.join("\n")).toContain("Your guess: latency-spike, right.");
  // Whoever is back at the first step has no server any more that could be ended.
  expect(left).toEqual([]);
});
