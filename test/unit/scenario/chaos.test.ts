// Chaos Toolkit experiments: their tolerances, their variables, what is accepted and what is refused. The examples of the
// tolerances are those of the specification and of the library that it comes with.

import { describe, expect, test } from "bun:test";
import { WowsimError } from "../../../server/errors.ts";
import { checkExperiment, isExperiment } from "../../../tools/scenario/chaos/experiment.ts";
import { parseJsonPath } from "../../../tools/scenario/chaos/json-path.ts";
import { loadVariables, substitute } from "../../../tools/scenario/chaos/substitute.ts";
import { isWithin } from "../../../tools/scenario/chaos/tolerance.ts";
import type { Tolerance } from "../../../tools/scenario/chaos/tolerance.ts";

const answer = {
  status: 200,
  headers: {},
  body: {
    zones: [
      { id: 1, state: "ACTIVE" },
      { id: 2, state: "DOWN" },
    ],
  },
};
const output = { status: 0, stdout: "ok: 12 players\n", stderr: "" };

describe("tolerances", () => {
  test.each<[string, Tolerance, unknown, boolean]>([
    ["a number, exactly", 8, 8, true],
    ["a number, not another", 8, 9, false],
    ["a number, of an answer its status", 200, answer, true],
    ["a number, of a process its exit code", 0, output, true],
    ["a number, of a failed process", 0, { ...output, status: 2 }, false],
    ["a text", "OK", "OK", true],
    ["a text, not another", "OK", "ok", false],
    ["a boolean", true, true, true],
    ["a boolean, not what is merely truthy", true, 1, false],
    ["a pair of numbers, between them", [4, 9], 9, true],
    ["a pair of numbers, beyond them", [4, 9], 9.5, false],
    ["a pair, of an answer one of the two", [200, 204], answer, true],
    ["a pair, of an answer nothing between", [200, 204], { ...answer, status: 202 }, false],
    ["a list, one of it", [4, 9, 78], 78, true],
    ["a list, none of it", [4, 9, 78], 5, false],
    ["a list of texts", ["healthy", "degraded"], "degraded", true],
    ["a range", { type: "range", range: [4.6, 8.9] }, 4.6, true],
    ["a range, beyond it", { type: "range", range: [4.6, 8.9] }, 9, false],
    [
      "a range, of a number told as text",
      { type: "range", range: [4, 8], target: "stdout" },
      { stdout: "6.5\n" },
      true,
    ],
    ["a range, of what is no number", { type: "range", range: [4, 8] }, "many", false],
    ["a range, of nothing", { type: "range", range: [-1, 1] }, null, false],
    ["a pattern", { type: "regex", pattern: "[0-9]{3}" }, "abc123", true],
    ["a pattern, not matched", { type: "regex", pattern: "^[0-9]{3}$" }, "abc123", false],
    ["a pattern, of a part", { type: "regex", pattern: "^ok: \\d+", target: "stdout" }, output, true],
    ["a path that leads somewhere", { type: "jsonpath", path: "$.zones[*].id", target: "body" }, answer, true],
    ["a path that leads nowhere", { type: "jsonpath", path: "$.players", target: "body" }, answer, false],
    ["a path, so many", { type: "jsonpath", path: "$.zones[*]", count: 2, target: "body" }, answer, true],
    ["a path, not so many", { type: "jsonpath", path: "$.zones[*]", count: 3, target: "body" }, answer, false],
    ["a path, one value", { type: "jsonpath", path: "zones[0].state", expect: "ACTIVE", target: "body" }, answer, true],
    [
      "a path, all values in order",
      { type: "jsonpath", path: "zones[*].state", expect: ["ACTIVE", "DOWN"], target: "body" },
      answer,
      true,
    ],
    [
      "a path, other values",
      { type: "jsonpath", path: "zones[*].state", expect: ["ACTIVE"], target: "body" },
      answer,
      false,
    ],
    ["a path, into a text of JSON", { type: "jsonpath", path: "foo[*].baz", expect: 4 }, '{"foo":[{"baz":4}]}', true],
    ["a path, into a text that is none", { type: "jsonpath", path: "foo" }, "foo", false],
  ])("%s", (_what, tolerance, value, holds) => {
    expect(isWithin(tolerance, value)).toBe(holds);
  });
});

describe("JSON paths", () => {
  const document = { a: { b: [{ c: 1 }, { c: 2, "x y": 3 }] }, c: 0 };
  test.each([
    ["$", [document]],
    ["a.b[1].c", [2]],
    ["$.a.b[-1].c", [2]],
    ["$['a']['b'][*]['c']", [1, 2]],
    ['$.a.b[1]["x y"]', [3]],
    ["$..c", [0, 1, 2]],
    ["$.a.*", [document.a.b]],
    ["$.a.b[7]", []],
    ["$.toString", []],
  ])("%s", (path, found) => {
    expect(parseJsonPath(path)(document).toSorted()).toEqual(found.toSorted());
  });

  test.each(["", "$.zones[?(@.id==1)]", "$.a[0:2]", "a..", "a b"])("%p is refused with what is understood", (path) => {
    expect(() => parseJsonPath(path)).toThrow(/empty|understood|ends in/);
  });
});

describe("variables", () => {
  const variables = loadVariables(
    {
      configuration: {
        delay: 150,
        url: "http://x",
        who: { type: "env", key: "WHO", default: "me" },
        both: "configured",
      },
      secrets: { game: { token: { type: "env", key: "TOKEN" }, both: "secret" } },
    },
    { TOKEN: "hush" },
  );

  test("become what they stand for; a text that is nothing else becomes the value itself", () => {
    const given = { delay_ms: "${delay}", url: "${url}/${who}?t=${token}", list: ["${both}", "${wowsim_host}"] };
    expect(substitute(given, variables)).toEqual({
      delay_ms: 150,
      url: "http://x/me?t=hush",
      list: ["configured", "${wowsim_host}"] as string[],
    } as unknown as typeof given);
  });

  test.each([
    [{ type: "env", key: "NOWHERE" }, "secrets.game.token: the environment has no NOWHERE, and there is no default."],
    [{ type: "vault", path: "x" }, 'secrets.game.token: values of type "vault" are not fetched here'],
  ])("that can not be known are an error", (token, words) => {
    expect(() => loadVariables({ configuration: {}, secrets: { game: { token } } }, {})).toThrow(words);
  });
});

const probe = (extra: object = {}) => ({
  type: "probe",
  name: "answers",
  tolerance: 200,
  provider: { type: "http", url: "http://${wowsim_host}:${wowsim_http_port}/healthz" },
  ...extra,
});

const experimentOf = (extra: object = {}) => ({
  version: "1.0.0",
  title: "T",
  description: "D",
  "steady-state-hypothesis": { title: "S", probes: [probe()] },
  method: [{ ref: "answers" }],
  ...extra,
});

function problems(experiment: object): string {
  try {
    checkExperiment("my.json", experiment as Record<string, unknown>, {});
  } catch (error) {
    if (error instanceof WowsimError) return error.message;
    throw error;
  }
  return "";
}

const activating = (fault: string) => ({
  type: "action",
  name: "a",
  provider: { type: "wowsim", step: { activate: { fault } } },
});

describe("an experiment", () => {
  test("is told from a scenario", () => {
    expect(isExperiment(experimentOf())).toBe(true);
    expect(isExperiment({ title: "T", steps: [] })).toBe(false);
    expect(isExperiment(null)).toBe(false);
  });

  test("may refer to its activities by name, and carry what is not run here, which is noted", () => {
    const experiment = checkExperiment("my.json", experimentOf({ controls: [{ name: "tracing" }], runtime: {} }), {});
    expect(experiment.method[0]).toMatchObject({ name: "answers", type: "probe" });
    expect(experiment.notes).toEqual([
      "controls are not run here",
      "runtime settings are not heeded here; rollbacks always run",
    ]);
  });

  test("keeps its secrets out of what the journal repeats", () => {
    const provider = { type: "http", url: "http://x", headers: { authorization: "${token}" } };
    const experiment = checkExperiment(
      "my.json",
      experimentOf({ secrets: { api: { token: { type: "env", key: "TOKEN" } } }, method: [probe({ provider })] }),
      { TOKEN: "hush" },
    );
    expect(experiment.method[0]?.provider).toMatchObject({ headers: { authorization: "hush" } });
    expect(JSON.stringify([experiment.source, experiment.method[0]?.source])).not.toContain("hush");
  });

  test("checks our own provider as a scenario's step is", () => {
    expect(problems(experimentOf({ method: [activating("latency-spike")] }))).toBe("");
    expect(problems(experimentOf({ method: [activating("latency-spkie")] }))).toContain(
      'my.json: activity 1 "a": provider.step.activate.fault: "latency-spkie" is none of',
    );
  });

  test.each([
    ["no method", { method: undefined }, "my.json: method: is missing"],
    ["no description", { description: undefined }, "my.json: description: is missing"],
    ["an unknown reference", { method: [{ ref: "answer" }] }, 'there is no activity "answer". Did you mean "answers"?'],
    [
      "python",
      { method: [probe({ provider: { type: "python", module: "os.path", func: "exists" } })] },
      'my.json: activity 1 "answers": provider.type: python is not run here; use "process"',
    ],
    [
      "an unknown provider",
      { method: [probe({ provider: { type: "grpc" } })] },
      'activity 1 "answers": provider.type: type must be http, process or wowsim',
    ],
    [
      "a steady state without a tolerance",
      { "steady-state-hypothesis": { title: "S", probes: [probe({ tolerance: undefined })] } },
      'steady state probe 1 "answers": tolerance: is missing; a probe of the steady state is held to one',
    ],
    [
      "a tolerance of no known type",
      { "steady-state-hypothesis": { title: "S", probes: [probe({ tolerance: { type: "fuzzy" } })] } },
      'steady state probe 1 "answers": tolerance: must be a value, a list of values, or an object of type range',
    ],
    [
      "a pattern that is none",
      { "steady-state-hypothesis": { title: "S", probes: [probe({ tolerance: { type: "regex", pattern: "(" } })] } },
      'steady state probe 1 "answers": tolerance.pattern: is no regular expression that is understood here',
    ],
    [
      "a provider of ours that does nothing",
      { method: [probe({ provider: { type: "wowsim" } })] },
      'activity 1 "answers": provider: say either step',
    ],
    [
      "an endless pause",
      { rollbacks: [probe({ name: "undo", pauses: { after: 1e9 } })] },
      'rollback 1 "undo": pauses.after: Too big',
    ],
  ])("with %s is refused", (_what, extra, words) => {
    expect(problems(experimentOf(extra))).toContain(words);
  });
});
