import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  clean,
  fit,
  fitText,
  line,
  overlay,
  slice,
  span,
  textOf,
  widthOf,
  wrap,
} from "../../../tools/dashboard/text.ts";

test("nothing that comes from outside can speak to the terminal, or take more than its cell", () => {
  expect(clean("Bot 1")).toBe("Bot 1");
  expect(clean("\u001b[2J\u0007\u009b1m")).toBe("?[2J??1m");
  expect(clean("Élise Ωmega Ёж")).toBe("Élise Ωmega Ёж");
  expect(clean("漢字 😀 e\u0301 a\u202eb\u200bc")).toBe("?? ? e? a?b?c");
  expect(clean("a\u0380b")).toBe("a?b");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(clean(text)).not.toMatch(/[\p{C}]/u);
      expect(Bun.stringWidth(clean(text))).toBe(clean(text).length);
    }),
  );
});

const lines = fc.array(fc.tuple(fc.string({ maxLength: 8 }), fc.constantFrom("plain", "bad", "dim")), { maxLength: 6 });
const made = lines.map((parts) => parts.map(([text, style]) => span(clean(text), style as "plain")));

test("a line is cut or filled to exactly the width", () => {
  fc.assert(
    fc.property(made, fc.integer({ min: 0, max: 60 }), (of, width) => {
      expect(widthOf(fit(of, width))).toBe(width);
    }),
  );
  expect(textOf(fit(line("zone 1"), 4))).toBe("zon…");
  expect(textOf(fit(line("zone 1"), 8))).toBe("zone 1  ");
  expect(fitText("12345", 3, "right")).toBe("12…");
  expect(fitText("1", 3, "right")).toBe("  1");
});

test("a slice is what stands there, and an overlay replaces nothing else", () => {
  fc.assert(
    fc.property(made, fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), (of, from, length) => {
      expect(textOf(slice(of, from, from + length))).toBe(textOf(of).slice(from, from + length));
    }),
  );
  const under = [span("abc", "plain"), span("def", "bad")];
  const over = overlay(under, 2, [span("XY", "dim")]);
  expect(textOf(over)).toBe("abXYef");
  expect(over.at(-1)).toEqual(span("ef", "bad"));
});

test("words are wrapped, and a word that is too wide goes on in the next line", () => {
  expect(wrap("roll the zone back", 9)).toEqual(["roll the", "zone back"]);
  expect(wrap("incomprehensible", 6)).toEqual(["incomp", "rehens", "ible"]);
  expect(wrap("", 6)).toEqual([]);
});
