// Patterns as Python has them: each case was put to Python's own re.search; where there is a Python, it is asked again.

import { describe, expect, test } from "bun:test";
import { pythonPattern } from "../../../tools/scenario/chaos/python-pattern.ts";

const CASES: [pattern: string, text: string, found: boolean][] = [
  ["^ok$", "ok\n", true],
  ["^ok$", "ok\n\n", false],
  ["^ok$", "ok\nno", false],
  ["(?m)^ok$", "no\nok\nno", true],
  ["(?m)^ok$", "no\rok", false],
  ["ok\\Z", "ok\n", false],
  ["ok\\Z", "no ok", true],
  ["\\Aok", "ok", true],
  ["\\Aok", "no\nok", false],
  ["(?i)HEALTHY", "healthy", true],
  ["HEALTHY", "healthy", false],
  ["(?is)a.b", "A\nB", true],
  ["a.b", "a\nb", false],
  ["a.b", "a\rb", true],
  ["(?P<n>\\d+) \\d+ (?P=n)", "12 3 12", true],
  ["(?P<n>\\d+) (?P=n)$", "12 13", false],
  ["zone\\-1", "zone-1", true],
  ['\\"ok\\"', '"ok"', true],
  ["\\'\\ \\#\\@\\:\\!\\%\\&\\,\\;\\=\\~\\`", "' #@:!%&,;=~`", true],
  ['[\\-\\"\\]a]+$', '-"]a', true],
  ["[]x]+$", "]x", true],
  ["[^]x]", "]x", false],
  ["[$^.]", "$", true],
  ["a{,2}b$", "aab", true],
  ["^a{,2}b$", "aaab", false],
  ["a{2}", "aa", true],
  ['{"a": \\d}', '{"a": 1}', true],
  ["a{b}", "a{b}", true],
  ["a(?#comment)b", "ab", true],
  ["\\$\\{x\\}", "${x}", true],
  ["\\U0001F417", "🐗", true],
  ["(?:a|b)+?c", "abc", true],
  ["(?<=a)b(?!c)", "abd", true],
  ["\\\\d", "\\d", true],
  ["", "", true],
];

describe("re.search", () => {
  test.each(CASES)("%p in %p: %p", (pattern, text, found) => {
    expect(pythonPattern(pattern).test(text)).toBe(found);
  });

  const python = Bun.which("python3");
  test.if(python !== null)("the cases are what Python says", () => {
    const program =
      "import json,re,sys; print(json.dumps([re.search(p,t) is not None for p,t,_ in json.load(sys.stdin)]))";
    const { stdout } = Bun.spawnSync([python ?? "", "-W", "ignore", "-c", program], {
      stdin: Buffer.from(JSON.stringify(CASES)),
    });
    expect(JSON.parse(stdout.toString())).toEqual(CASES.map(([, , found]) => found));
  });
});

test.each([
  ["(?x)a b", "verbose"],
  ["a++", "possessive"],
  ["(?>a)", "atomic"],
  ["(a)(?(1)b|c)", "conditional"],
  ["a(?i)b", "flags that are not at the pattern's begin"],
  ["(?L)a", "locale"],
  ["(", ""],
  ["[a", ""],
  ["a**", ""],
])("%p is refused, and said why", (pattern, words) => {
  expect(() => pythonPattern(pattern)).toThrow(SyntaxError);
  expect(() => pythonPattern(pattern)).toThrow(words);
});
