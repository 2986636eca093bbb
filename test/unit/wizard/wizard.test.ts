// The wizard's engine, with steps of the test's own; and that the wizard's own flow is described well.

import { describe, expect, test } from "bun:test";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { parseParams } from "../../../server/protocol/faults/params.ts";
import { checkScenario } from "../../../tools/scenario/read-file.ts";
import { verdictLines } from "../../../tools/wizard/breaking.ts";
import { FEELINGS } from "../../../tools/wizard/feelings.ts";
import { FLOW } from "../../../tools/wizard/flow.ts";
import { scenarioText } from "../../../tools/wizard/mending.ts";
import { newState } from "../../../tools/wizard/state.ts";
import { runWizard } from "../../../tools/wizard/wizard.ts";
import type { WizardStep } from "../../../tools/wizard/wizard.ts";
import { BACK, CANCEL, ScriptedAsker } from "../../helpers/wizard-script.ts";

interface Log {
  log: string[];
  isShort: boolean;
}

/** A step that takes any word but "bad", which can not be carried out, and "", which is wrong. */
const step = (id: string, isLeftOut?: (log: Log) => boolean): WizardStep<Log> => ({
  id,
  title: `Title of ${id}`,
  ...(isLeftOut === undefined ? {} : { isLeftOut }),
  intro: () => [`about ${id}`],
  question: () => ({
    kind: "text",
    message: id,
    initial: "",
    check: (value) => (value === "" ? "Say something." : null),
  }),
  act: ({ log }, answer) => {
    if (answer === "bad") return Promise.reject(new WowsimError("test", "That is bad."));
    log.push(`${id} ${answer}`);
    return Promise.resolve([`${id} is done`]);
  },
  command: () => `wowsim ${id}`,
  undo: ({ log }) => {
    log.push(`undo ${id}`);
    return Promise.resolve();
  },
});

async function playing(answers: [string, string][], steps = [step("one"), step("two"), step("three")]) {
  const state: Log = { log: [], isShort: true };
  const asker = new ScriptedAsker(steps, answers);
  const end = await runWizard(steps, state, asker, new AbortController().signal);
  return { ...asker, end, log: state.log };
}

test("every step is told, asked, carried out, and shows its command", async () => {
  const { end, log, said, commands } = await playing([
    ["one", "a"],
    ["two", "b"],
    ["three", "c"],
  ]);
  expect({ end, log }).toEqual({ end: "finished", log: ["one a", "two b", "three c"] });
  expect(said).toEqual(["about one", "one is done", "about two", "two is done", "about three", "three is done"]);
  expect(commands).toEqual(["wowsim one", "wowsim two", "wowsim three"]);
});

test("a wrong answer, and one that can not be carried out, is asked again with the reason", async () => {
  const { end, wrongs, log } = await playing([
    ["one", ""],
    ["one", "bad"],
    ["one", "a"],
    ["two", "b"],
    ["three", "c"],
  ]);
  expect(wrongs).toEqual(["Say something.", "That is bad."]);
  expect({ end, log }).toEqual({ end: "finished", log: ["one a", "two b", "three c"] });
});

test("back undoes the step before and asks it again, as often as one likes, and not beyond the first", async () => {
  const { end, wrongs, log } = await playing([
    ["one", "a"],
    ["two", "b"],
    ["three", BACK],
    ["two", BACK],
    ["one", BACK],
    ["one", "x"],
    ["two", "y"],
    ["three", "z"],
  ]);
  expect(end).toBe("finished");
  expect(wrongs).toEqual(["This is the first step; there is nothing to go back to."]);
  expect(log).toEqual(["one a", "two b", "undo two", "undo one", "one x", "two y", "three z"]);
});

test("a step that is left out is neither asked nor gone back to", async () => {
  const steps = [step("one"), step("two", ({ isShort }) => isShort), step("three")];
  const { log, asked } = await playing(
    [
      ["one", "a"],
      ["three", BACK],
      ["one", "b"],
      ["three", "c"],
    ],
    steps,
  );
  expect(asked).toEqual(["one", "three", "one", "three"]);
  expect(log).toEqual(["one a", "undo one", "one b", "three c"]);
});

test("Ctrl-C at a question, and while something is carried out, cancels", async () => {
  expect((await playing([["one", CANCEL]])).end).toBe("cancelled");
  const stop = new AbortController();
  const long: WizardStep<Log> = {
    ...step("long"),
    act: (_state, _answer, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        stop.abort(new Error("Ctrl-C"));
      }),
  };
  const asker = new ScriptedAsker([long], [["long", "go"]]);
  expect(await runWizard([long], { log: [], isShort: true }, asker, stop.signal)).toBe("cancelled");
});

test("what is broken in a step itself is not taken for a wrong answer", async () => {
  const broken: WizardStep<Log> = { ...step("one"), act: () => Promise.reject(new TypeError("oops")) };
  await expect(playing([["one", "a"]], [broken])).rejects.toThrow("oops");
});

describe("the flow", () => {
  test("has every step once, by a name and a title of its own", () => {
    expect(new Set(FLOW.map(({ id }) => id)).size).toBe(FLOW.length);
    expect(new Set(FLOW.map(({ title }) => title)).size).toBe(FLOW.length);
  });

  test("offers every fault, to be broken and to be guessed", () => {
    const ids = FAULTS.map(({ id }) => id).toSorted();
    expect(FEELINGS.map(({ fault }) => fault).toSorted()).toEqual(ids);
    const question = FLOW.find(({ id }) => id === "guess")?.question(newState({ random: () => 0, folder: "." }));
    const values = question?.kind === "select" ? question.choices.map(({ value }) => value) : [];
    expect(values.toSorted()).toEqual(ids);
  });

  test("takes no fault that ended meanwhile for a wrong diagnosis", () => {
    const state = newState({ random: () => 0, folder: "." });
    Object.assign(state, { fault: "slow-leak", guess: "slow-leak", diagnosis: "none" });
    expect(verdictLines(state).at(-1)).toBe("The diagnosis: no cause found.");
    state.lost.add("slow-leak");
    expect(verdictLines(state).at(-1)).toBe(
      "The diagnosis came too late: slow-leak had already ended (its time was up, or somebody ended it). Go back to break it again.",
    );
    state.diagnosis = "slow-leak";
    expect(verdictLines(state).at(-1)).toBe("The diagnosis: slow-leak, right.");
  });

  test.each(FEELINGS.map((feeling) => [feeling.fault, feeling] as const))(
    "offers %s as it can be had",
    (fault, feeling) => {
      const definition = FAULTS.find(({ id }) => id === fault)!;
      const strength = feeling.strength === null ? {} : { [feeling.strength]: feeling.suggested };
      expect(parseParams(definition, { ...feeling.params, ...strength })).toMatchObject(strength);
    },
  );

  test.each(FEELINGS.map(({ fault }) => fault))("saves a scenario of %s that can be run", (fault) => {
    const state = newState({ random: () => 0, folder: "." });
    Object.assign(state, { fault, players: 12 });
    state.saved.set("break", [{ name: "break", activate: { fault, zone: 1, params: {} } }]);
    state.saved.set("tell", [{ name: "telemetry names the cause", wait: { diagnosis: fault, confidence: 0.5 } }]);
    state.saved.set("bad", [{ name: "A bad hotfix", deploy: { source: "regression", expect: "rolled_back" } }]);
    const scenario = checkScenario("my.toml", Bun.TOML.parse(scenarioText(state)));
    expect(scenario.steps.map(({ action }) => action.kind)).toEqual(["activate", "wait", "deploy"]);
    expect(scenario.players).toMatchObject({ count: 12 });
  });
});
