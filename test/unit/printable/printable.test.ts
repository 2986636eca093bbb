// What somebody else wrote is shown as text, whatever it was meant to do to a terminal.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { isPrintable, printable, printableJson, printableLines } from "../../../server/protocol/printable.ts";

const HOSTILE: [what: string, text: string][] = [
  ["a control sequence", "\x1b[2J"],
  ["a C1 control sequence", "\x9b2J"],
  ["a title", "\x1b]0;pwned\x07"],
  ["a carriage return", "ok\rDOWN"],
  ["delete", "a\x7f"],
  ["a bidirectional override", "a\u202eb"],
  ["a bidirectional isolate", "\u2066a"],
  ["a zero-width space", "a\u200bb"],
  ["a joiner of what needs none", "a\u200db"],
  ["a joiner without a neighbour", "می\u200c"],
  ["a joiner of an emoji and a letter", "👩\u200da"],
  ["a soft hyphen", "a\u00adb"],
  ["a byte order mark", "\ufeffa"],
  ["a lone surrogate", "a\ud800"],
  ["a line separator", "a\u2028b"],
  ["what no byte sequence means", "a\ufffdb"],
  ["a private character", "\ue000"],
  ["a tag character", "a\u{e0041}"],
];

test.each(HOSTILE)("%s is not printable, and is shown as a question mark", (_, text) => {
  expect(isPrintable(text)).toBe(false);
  expect(isPrintable(printable(text))).toBe(true);
  expect(printable(text)).toContain("?");
});

test.each([
  "Hogger",
  "Ünal",
  "漢字",
  "Дима",
  "שלום",
  "🐗",
  "👩🏽\u200d🚀",
  "🏳\ufe0f\u200d🌈",
  "می\u200cخواهم",
  "क्\u200dष",
  "a b",
  "'\"<>&\\",
])("%s is printable", (text) => {
  expect(isPrintable(text)).toBe(true);
  expect(printable(text)).toBe(text);
});

test("lines and indents stay where lines are meant", () => {
  expect(printableLines("a\n\tb\x1b[31m\r\n")).toBe("a\n\tb?[31m?\n");
});

test("of any JSON, as it was parsed, no text and no field name is left that is not printable; the rest is as it was", () => {
  let touched = 0;
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 9 }),
    fc.constantFrom(...HOSTILE.map(([, text]) => text)),
  );
  const values = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, texts, fc.integer(), fc.constant(null), tie("list"), tie("record")),
    list: fc.array(tie("value"), { maxLength: 3 }),
    record: fc.dictionary(texts, tie("value"), { maxKeys: 3 }),
  }));
  fc.assert(
    fc.property(values.value, texts, (value, text) => {
      const json = JSON.stringify({ value, [text]: text });
      const parsed = JSON.parse(json) as unknown;
      const shown = JSON.stringify(printableJson(parsed, json));
      expect(isPrintable(JSON.stringify(JSON.parse(shown)))).toBe(true);
      expect(shown).not.toMatch(/\\u/);
      if (isPrintable(json) && !/\\[bfnrtu]/.test(json)) expect(shown).toBe(json);
      else touched++;
    }),
    { numRuns: 60 },
  );
  expect(touched).toBeGreaterThan(20);
});
