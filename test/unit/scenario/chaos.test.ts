// Chaos Toolkit experiments: their tolerances, their variables, what is accepted and what is refused. The examples of the
// tolerances are those of the specification and of the library that it comes with.

import { describe, expect, test } from "bun:test";
import { WowsimError } from "../../../server/protocol/errors.ts";
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
    ["a range, of a number as Python does not write it", { type: "range", range: [0, 99] }, "0x10", false],
    ["a range, of an empty text", { type: "range", range: [-1, 1] }, "", false],
    ["a range, of a number with an exponent", { type: "range", range: [0, 99] }, " 1.5e1\n", true],
    ["a pattern to the end of a line, as Python takes it", { type: "regex", pattern: "^ok$" }, "ok\n", true],
    ["a pattern that heeds no case", { type: "regex", pattern: "(?i)^OK" }, "ok", true],
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
    ["..c", [0, 1, 2]],
    ["a.b[?@.c > 1].c", [2]],
    ["$.a.b[0:1].c", [1]],
  ])("%s", (path, found) => {
    expect(parseJsonPath(path)(document).toSorted()).toEqual(found.toSorted());
  });

  test.each(["", "$.zones[?(@.id=1)]", "$.a[", "a..", "a b"])("%p is refused with what is wrong", (path) => {
    expect(() => parseJsonPath(path)).toThrow(/empty|expected|unclosed|bald/);
  });
});

const envOf = (env_var_type: string): object => ({ type: "env", key: env_var_type.toUpperCase(), env_var_type });

describe("variables", () => {
  const { variables } = loadVariables(
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

  test("of the environment are of the type that is named", () => {
    const { variables: loaded } = loadVariables(
      {
        configuration: Object.fromEntries(["int", "float", "bool", "json", "str"].map((type) => [type, envOf(type)])),
        secrets: {},
      },
      { INT: "12", FLOAT: "1.5", BOOL: "yes", JSON: '{"a":[1]}', STR: "12" },
    );
    expect(Object.fromEntries(loaded)).toEqual({ int: 12, float: 1.5, bool: true, json: { a: [1] }, str: "12" });
  });

  test("that are missing or wrong are all told at once, and no value with them", () => {
    const configuration = {
      a: { type: "env", key: "A" },
      b: { type: "env", key: "B", env_var_type: "int" },
      c: { type: "env", key: "C", env_var_type: "color" },
    };
    const given = { configuration, secrets: { s: { d: { type: "env", key: "D" } } } };
    expect(loadVariables(given, { B: "hush" }).problems).toEqual([
      "secrets.s.d: the environment has no D, and there is no default.",
      "configuration.a: the environment has no A, and there is no default.",
      "configuration.b: the value of B in the environment is not a whole number.",
      'configuration.c: env_var_type "color" is none of str, int, float, bool, json, bytes.',
    ]);
  });

  test.each([
    [{ type: "env", key: "NOWHERE" }, "secrets.game.token: the environment has no NOWHERE, and there is no default."],
    [{ type: "vault", path: "x" }, 'secrets.game.token: values of type "vault" are not supported'],
  ])("that can not be known are an error", (token, words) => {
    const loaded = loadVariables({ configuration: {}, secrets: { game: { token } } }, {});
    expect(loaded.problems).toEqual([expect.stringContaining(words) as string]);
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
    expect(experiment.notes).toEqual(["controls are ignored", "runtime settings are ignored; rollbacks always run"]);
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

  test("masks its secrets wherever one shows up, however it is written", () => {
    const secrets = {
      api: { token: { type: "env", key: "TOKEN" }, inline: "p/w d", spare: { type: "env", key: "X", default: "fall" } },
    };
    const { redact } = checkExperiment("my.json", experimentOf({ secrets }), { TOKEN: "hush" });
    const said = { stdout: "hush, p/w d", url: "http://x/?a=p%2Fw%20d&b=p%2Fw+d", basic: btoa("hush"), n: [1, "fall"] };
    expect(redact(said)).toEqual({
      stdout: "*****, *****",
      url: "http://x/?a=*****&b=*****",
      basic: "*****",
      n: [1, "*****"],
    });
  });

  test("names every program that it would run, those of judging probes too, and no secret", () => {
    const python = { type: "process", path: "python3", arguments: ["-c", "print(1)"] };
    const curl = { type: "process", path: "curl", arguments: "-H ${token} http://x" };
    const judged = probe({ name: "judged", tolerance: { type: "probe", name: "judge", provider: python } });
    const { programs } = checkExperiment(
      "my.json",
      experimentOf({
        secrets: { api: { token: "hush" } },
        "steady-state-hypothesis": { title: "S", probes: [judged, probe()] },
        rollbacks: [probe({ name: "curl", provider: curl }), probe({ name: "again", provider: curl })],
      }),
      {},
    );
    expect(programs).toEqual(["python3 -c print(1)", "curl -H ***** http://x"]);
  });

  test("that is wrong in several ways says all of them at once, each with the file", () => {
    const wrong = experimentOf({
      description: undefined,
      configuration: { delay: { type: "env", key: "DELAY", env_var_type: "int" } },
      method: [{ ref: "answer" }, probe({ name: "slow", pauses: { before: "${delay}" } }), activating("slow-lake")],
      rollbacks: [{ ref: "nobody" }],
    });
    expect(problems(wrong).split("\n")).toEqual([
      "my.json: configuration.delay: the environment has no DELAY, and there is no default.",
      'my.json: activity 1: ref: there is no activity "answer". Did you mean "answers"?',
      'my.json: rollback 1: ref: there is no activity "nobody".',
      "my.json: description: is missing",
      expect.stringMatching(
        /^my\.json: activity 3 "a": provider\.step\.activate\.fault: "slow-lake" is none of/,
      ) as string,
    ]);
  });

  test("checks our own provider as a scenario's step is", () => {
    expect(problems(experimentOf({ method: [activating("latency-spike")] }))).toBe("");
    expect(problems(experimentOf({ method: [activating("latency-spkie")] }))).toContain(
      'my.json: activity 1 "a": provider.step.activate.fault: "latency-spkie" is none of',
    );
  });

  test.each([
    ["no method", { method: undefined }, "my.json: method: is missing"],
    ["no activity at all", { method: [], "steady-state-hypothesis": undefined }, "my.json: it has no activity"],
    ["no description", { description: undefined }, "my.json: description: is missing"],
    ["an unknown reference", { method: [{ ref: "answer" }] }, 'there is no activity "answer". Did you mean "answers"?'],
    [
      "python",
      { method: [probe({ provider: { type: "python", module: "os.path", func: "exists" } })] },
      'my.json: activity 1 "answers": provider.type: python is not supported; use "process"',
    ],
    [
      "an unknown provider",
      { method: [probe({ provider: { type: "grpc" } })] },
      'activity 1 "answers": provider.type: type must be http, process or wowsim',
    ],
    [
      "a steady state without a tolerance",
      { "steady-state-hypothesis": { title: "S", probes: [probe({ tolerance: undefined })] } },
      'steady state probe 1 "answers": tolerance: is missing; a probe of the steady state needs one',
    ],
    [
      "a tolerance of no known type",
      { "steady-state-hypothesis": { title: "S", probes: [probe({ tolerance: { type: "fuzzy" } })] } },
      'steady state probe 1 "answers": tolerance: must be a value, a list of values, or an object of type range',
    ],
    [
      "a pattern that is none",
      { "steady-state-hypothesis": { title: "S", probes: [probe({ tolerance: { type: "regex", pattern: "(" } })] } },
      'steady state probe 1 "answers": tolerance.pattern: is not a regular expression that is supported here',
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
