// Scenario files as their authors write them: what is right is understood, what is wrong is named with file, step and field.

import { describe, expect, test } from "bun:test";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { LIBRARY } from "../../../tools/scenario/library.ts";
import { parseScenario } from "../../../tools/scenario/read-file.ts";
import { titleOf } from "../../../tools/scenario/steps.ts";

const HEAD = 'title = "T"\nstory = "S"\n';

const steps = (text: string) => parseScenario("my.toml", HEAD + text).steps;

function problems(text: string, file = "my.toml"): string {
  try {
    parseScenario(file, text);
  } catch (error) {
    if (error instanceof WowsimError) return error.message;
    throw error;
  }
  return "";
}

test.each([...LIBRARY])("%s, which comes with wowsim, can be run", (name, text) => {
  const scenario = parseScenario(`${name}.toml`, text);
  expect(scenario.steps.length).toBeGreaterThan(2);
  expect(scenario.rollback.length).toBeGreaterThan(0);
  expect(scenario.steady.length).toBeGreaterThan(0);
});

test("YAML says the same as TOML", () => {
  const yaml = `
title: T
story: S
steps:
  - name: spike
    activate: { fault: latency-spike, zone: 1, params: { delay_ms: 150 }, duration: 30s }
  - wait: { measure: tick_ms_p50, zone: 1, above: 100, over: 2s, within: 10 }
`;
  const toml = `${HEAD}
[[steps]]
name = "spike"
activate = { fault = "latency-spike", zone = 1, params = { delay_ms = 150 }, duration = "30s" }
[[steps]]
wait = { measure = "tick_ms_p50", zone = 1, above = 100, over = "2s", within = 10 }
`;
  expect(parseScenario("my.yaml", yaml)).toEqual(parseScenario("my.toml", toml));
});

test("times are texts with a unit or numbers of seconds", () => {
  const times = ["'500ms'", "'2m'", "1.5", "3"].map((time) => steps(`[[steps]]\nsleep = ${time}`)[0]?.action.with);
  expect(times).toEqual([500, 120_000, 1_500, 3_000]);
});

test("a step without a name is told by what it does", () => {
  const titles = steps(`
[[steps]]
spawn = { count = 5, zone = 2 }
[[steps]]
activate = { fault = "zone-trap", zone = 1 }
[[steps]]
assert = { measure = "tick_ms_p99", zone = 1, at_least = 10, below = 50 }
[[steps]]
wait = { diagnosis = "none" }
[[steps]]
deploy = { source = "regression", expect = "rolled_back" }
`).map(({ action }) => titleOf(action));
  expect(titles).toEqual([
    "5 players come into zone 2",
    "zone-trap strikes in zone 1",
    "tick_ms_p99 of zone 1 at least 10 and below 50 ms",
    "in time, nothing is diagnosed",
    "regression is canaried, and rolled back",
  ]);
});

describe("what is wrong is told", () => {
  test.each([
    ["no title", "[[steps]]\nsleep = 1", ["my.toml: title: is missing", "my.toml: story: is missing"]],
    ["no steps", HEAD, ["my.toml: steps: is missing"]],
    ["a stray field", `${HEAD}stepps = 1\n[[steps]]\nsleep = 1`, ['there is no field "stepps" here']],
    [
      "a step that does nothing",
      `${HEAD}[[steps]]\nname = "idle"`,
      ['my.toml: step 1 "idle": a step does one of spawn, despawn, activate', "none is given"],
    ],
    [
      "a step that does two things",
      `${HEAD}[[steps]]\nsleep = 1\ndespawn = true`,
      ["my.toml: step 1: ", "not despawn and sleep together"],
    ],
    [
      "a misspelt fault",
      `${HEAD}[[steps]]\nname = "break it"\nactivate = { fault = "latncy-spike" }`,
      ['my.toml: step 1 "break it": activate.fault: "latncy-spike" is none of', 'Did you mean "latency-spike"?'],
    ],
    [
      "a parameter out of its range",
      `${HEAD}[[steps]]\nactivate = { fault = "latency-spike", params = { delay_ms = 0 } }`,
      ["my.toml: step 1: activate.params: latency-spike: delay_ms must be a whole number from 1 to 5000, not 0."],
    ],
    [
      "a misspelt measure",
      `${HEAD}[[steps]]\nsleep = 1\n[[steps]]\nassert = { measure = "tick_ms_p05", above = 1 }`,
      ["my.toml: step 2: assert.measure:", 'Did you mean "tick_ms_p50"?'],
    ],
    [
      "a number that may be anything",
      `${HEAD}[[steps]]\nassert = { measure = "players" }`,
      ["step 1: assert: say what players must be: above, at_least, below, at_most, equals"],
    ],
    [
      "two subjects at once",
      `${HEAD}[[steps]]\nwait = { health = "healthy", diagnosis = "none" }`,
      ["step 1: wait: say one of measure, diagnosis, health, zone_state; not diagnosis and health together"],
    ],
    [
      "a bound on a word",
      `${HEAD}[[steps]]\nwait = { health = "healthy", above = 3 }`,
      ["step 1: wait.above: does not go with health"],
    ],
    [
      "a zone of what is the server's",
      `${HEAD}[[steps]]\nassert = { measure = "rss_mb", zone = 1, below = 1000 }`,
      ["step 1: assert.zone: rss_mb is the server's as a whole"],
    ],
    [
      "a look back to a step that comes later",
      `${HEAD}[[steps]]\nassert = { measure = "player_drops", since = "spike", equals = 0 }\n[[steps]]\nname = "spike"\nsleep = 1`,
      ['step 1: assert.since: there is no earlier step "spike"; known: start'],
    ],
    [
      "a round trip since another step",
      `${HEAD}[[steps]]\nassert = { measure = "round_trip_ms_p50", since = "start", below = 90 }`,
      ["step 1: assert.since: round_trip_ms_p50 is known from the beginning of the step only"],
    ],
    ["a module from nowhere", `${HEAD}[[steps]]\ndeploy = { zone = 1 }`, ["step 1: deploy: say source"]],
    [
      "a time without sense",
      `${HEAD}[[steps]]\nsleep = "soon"`,
      ["step 1: sleep: must be a time from 0s to 60m, such as 500ms, 5s or 2m"],
    ],
    [
      "a rollback that is wrong",
      `${HEAD}[[steps]]\nsleep = 1\n[[rollback]]\nname = "mend"\ndeactivate = "everything"`,
      ['my.toml: rollback step 1 "mend": deactivate: "everything" is none of all, latency-spike'],
    ],
  ])("%s", (_what, text, words) => {
    const told = problems(text);
    for (const word of words) expect(told).toContain(word);
  });

  test("all of it at once, a line each", () => {
    const told = problems(`${HEAD}[[steps]]\nsleep = "soon"\n[[steps]]\ndeactivate = "x"\n[[steady]]\nhealth = "fine"`);
    expect(told.split("\n").map((line) => line.split(":")[1]?.trim())).toEqual(["steady state 1", "step 1", "step 2"]);
  });

  test.each([
    ["my.toml", "title = ", "my.toml: line 1: Missing value"],
    ["my.yaml", "title: [", "my.yaml: line 1: Unexpected token"],
    ["my.json", "{", "my.json: line 1: Expected '}'"],
    ["my.txt", "title", "my.txt: the name has to end in .toml, .yaml or .json."],
  ])("a file that is none: %s", (file, text, words) => {
    expect(problems(text, file)).toContain(words);
  });
});
