// What a person wrote and got wrong is told by its line, in every format, whatever stands before and behind it.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseText } from "../../../server/protocol/text-data.ts";
import type { TextFormat } from "../../../server/protocol/text-data.ts";

function complaintOf(format: TextFormat, text: string): string {
  try {
    parseText(format, text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("the line of", () => {
  test.each<[TextFormat, string, number]>([
    ["toml", "a = \n", 1],
    ["toml", "title = 1\n\n\nfoo bar\n", 4],
    ["toml", "a = 1\r\nb =\r\nc = 2\r\n", 2],
    ["toml", "a = 1\nb = 2\na = 3\n", 3],
    ["toml", "[a]\nx = 1\n[a]\ny = 2", 3],
    ["toml", 'a = [\n1,\n2,\n]\nb = "\\q"\nc = [\n1\n]\n', 5],
    ["toml", "a = [\n1,\n2\nb = 3\n", 4],
    ["toml", "a = 1\nb = [1,\n2\n", 3],
    ["yaml", "a: 1\nb: [1,\n", 2],
    ["yaml", "a:\n  - 1\n  - 2\nb: c: d\ne: 1\n", 4],
    ["yaml", "a: 1\n\tb: 1\n", 2],
    ["yaml", "a: 1\nb: *x\nc: 2\n", 2],
    ["json", '{\n"a": 1\n"b": 2}', 3],
    ["json", '{\n"a": 1,\n}', 3],
    ["json", '{"a":\n[1, 2\n', 2],
    ["json", '{"a": 1}\n\nx', 3],
    ["json", "{\n  'a': 1\n}", 2],
    ["json", '{"a":\n01}', 2],
    ["json", '{"a": "x\n"}', 1],
    ["toml", 'a = "x\nb = "y"\n', 1],
    ["toml", "a = 'x\nb = 'y'\n", 1],
    ["toml", 'a = 1\nb = """x\nc = 1\n\nd = 2\n', 2],
    ["toml", 'a = 1\nb = ["x, "y"]\nc = 2\n', 2],
    ["yaml", 'a: 1\nb: "x\nc: 2\nd: 3\n', 2],
    ["yaml", 'a: 1\nb: "x\nc: "y"\nd: 3\n', 2],
    ["yaml", "a: 1\nb: 'x\nc: 'y'\nd: 3\n", 2],
    ["json", '{"a": 1,\n"b": "x,\n"c": 2}', 2],
    ["json", "", 1],
    ["json", "{\n]", 2],
    ["json", '{"a":1,\n2:3}', 2],
    ["json", '[1,\n"a":2]', 2],
  ])("%s %j is %d", (format, text, line) => {
    expect(complaintOf(format, text)).toStartWith(`line ${line}: `);
  });

  test.each<[TextFormat, string, number]>([
    ["yaml", "a: 1\nb: 2\na: 3\n", 3],
    ["yaml", "steps:\n  - name: x\n    sleep: 1\n    name: y\n", 4],
    ["yaml", "a: {b: 1, c: {d: 1}, b: 2}\n", 1],
    ["yaml", "a:\n  'b': 1\n  b: {}\n", 3],
    ["json", '{"a": 1,\n"b": {"a": 1,\n"a": 2}}', 3],
    ["json", '{"a": 1,\n"\\u0061": 2}', 2],
  ])("a key that is there twice: %s %j is %d", (format, text, line) => {
    expect(complaintOf(format, text)).toMatch(
      new RegExp(`^line ${line}: "[a-z]+" is there twice, first in line \\d+: `),
    );
  });

  test.each<[TextFormat, string]>([
    ["yaml", "- a: 1\n- a: 2\n- a:\n    a: 3\nb: 1\n".replace("b: 1\n", "")],
    ["yaml", "story: |\n  a: 1\n  a: 2\nnext: 'a: 1, a: 2'\n"],
    ["yaml", "x: {a: 1}\ny: {a: 1}\n# a: 1\n# a: 2\n"],
    ["yaml", "x:\n  - a: 1\n    b: 2\n  -\n    a: 1\n    b: 2\n"],
    ["json", '{"a": {"b": 1}, "c": [{"b": 1}, {"b": ":"}], "b": "a\\":"}'],
  ])("the same key in several places is not that: %s %j", (format, text) => {
    expect(complaintOf(format, text)).toBe("");
  });

  test("aliases that repeat each other cost no more than what is written", () => {
    const lines = Array.from({ length: 12 }, (_, at) => `a${at}: &a${at} {x: *a${at - 1}, y: *a${at - 1}}`);
    expect(complaintOf("yaml", ["a: &a-1 {z: 1}", ...lines].join("\n"))).toBe("");
    expect(complaintOf("yaml", ["a: &a-1 {z: 1}", ...lines, "a: 2"].join("\n"))).toStartWith(
      'line 14: "a" is there twice',
    );
  });

  test("a nest that is too deep for anybody is told as well", () => {
    expect(complaintOf("json", `[\n${"[".repeat(200_000)}`)).toStartWith("line 2: ");
  });
});

test("the complaint quotes the line, and no more of it than fits", () => {
  expect(complaintOf("toml", `a = 1\n  b ! ${"x".repeat(500)}\n`)).toMatch(/^line 2: .+: b ! x{56}$/);
});

const name = fc.stringMatching(/^[a-z]{1,6}$/);
const value = fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[ -!#-&(-[\]-~]{0,8}$/));
const entries = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, minLength: 1, maxLength: 12 });

/** A line an entry, in each format; the last two have something around it, which is a line of its own. */
const WRITTEN: Record<TextFormat, (pairs: [string, unknown][]) => { lines: string[]; before: number }> = {
  toml: (pairs) => ({ lines: pairs.map(([key, it]) => `${key} = ${JSON.stringify(it)}`), before: 0 }),
  yaml: (pairs) => ({ lines: ["all:", ...pairs.map(([key, it]) => `  ${key}: ${JSON.stringify(it)}`)], before: 1 }),
  json: (pairs) => ({
    lines: [
      "{",
      ...pairs.map(([key, it], at) => `  "${key}": ${JSON.stringify(it)}${at === pairs.length - 1 ? "" : ","}`),
      "}",
    ],
    before: 1,
  }),
};
const WRONG: Record<TextFormat, readonly string[]> = {
  toml: ["= 1", "a b", "x = 'y", "]"],
  yaml: ['  a: "b" c', "  ]", "  zz: *nobody"],
  json: ["oops", "'a': 1,", '"a" 1,', '"a": ,'],
};

test.each(["toml", "yaml", "json"] as const)("%s: a line that is wrong is found among any that are right", (format) => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(entries, fc.nat(), fc.constantFrom(...WRONG[format]), (pairs, at, wrong) => {
      const { lines, before } = WRITTEN[format](pairs);
      expect(complaintOf(format, lines.join("\n"))).toBe("");
      const place = before + (at % pairs.length);
      const broken = lines.toSpliced(place, 0, wrong).join("\n");
      seen.set(wrong, (seen.get(wrong) ?? 0) + 1);
      expect(complaintOf(format, broken)).toStartWith(`line ${place + 1}: `);
    }),
    { numRuns: 200 },
  );
  expect(Math.min(...WRONG[format].map((wrong) => seen.get(wrong) ?? 0))).toBeGreaterThan(10);
});

test("a long file costs a few readings more, not one a line", () => {
  const lines = Array.from({ length: 2_000 }, (_, at) => `[t${at % 40}.k${at}]`);
  lines[1_234] = "what is this";
  expect(complaintOf("toml", lines.join("\n"))).toStartWith("line 1235: ");
});
