import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { parseCondition } from "../../../server/replay/expression.ts";
import type { Scene } from "../../../server/replay/expression.ts";

/** Player 12 with 40 of 100 health at x = -3, and creature 1000001, dead; nobody else. */
const scene: Scene = {
  number(kind, id, field) {
    const values: Record<string, number> = { health: id === 12 ? 40 : 0, max_health: 100, x: -3, target: 1_000_001 };
    const isThere = (id === 12 && kind !== "creature") || (id === 1_000_001 && kind !== "player");
    return isThere ? (values[field] ?? 0) : Number.NaN;
  },
  flag(kind, id, field) {
    if (id === 12) return kind !== "creature" && (field === "alive" || field === "here");
    return id === 1_000_001 && kind !== "player" && (field === "dead" || field === "here");
  },
  zone: (field) => ({ tick: 700, players: 2, creatures: 9 })[field],
};

const holds = (text: string): boolean => parseCondition(text)(scene);

describe("a condition", () => {
  test.each([
    ["player(12).health <= 40", true],
    ["player(12).health < 40", false],
    ["player(12).health / player(12).max_health == 0.4", true],
    ["player(12).alive", true],
    ["not player(12).alive", false],
    ["!player(12).alive || creature(1000001).dead", true],
    ["not player(12).health <= 0", true],
    ["entity(player(12).target).dead and tick >= 700", true],
    ["players + creatures == 11 && -player(12).x == 3", true],
    ["2 + 3 * 4 == 14 and (2 + 3) * 4 == 20 and 7 % 4 == 3 and 9 - 3 - 2 == 4", true],
    ["false_alarm == 1 or true", null],
    ["tick == 1 or tick == 2 and tick == 700", false],
    ["(tick == 700 or tick == 2) and players == 2", true],
  ])("%s", (text, expected) => {
    if (expected === null) expect(() => holds(text)).toThrow("nothing has the name false_alarm");
    else expect(holds(text)).toBe(expected);
  });

  test("nothing is true of an entity that is not there, except that it is not", () => {
    for (const sign of ["<", "<=", "==", "!=", ">=", ">"]) expect(holds(`player(13).health ${sign} 5`)).toBe(false);
    expect(holds("creature(12).alive")).toBe(false);
    expect(holds("creature(12).here")).toBe(false);
    expect(holds("not player(13).here")).toBe(true);
  });
});

describe("a wrong condition is refused with its place", () => {
  test.each([
    ["", "character 1: a value is missing"],
    ["player(12).health", "character 1: a condition is true or false, and this is a number; compare it"],
    ["player(12).healt <= 0", 'character 12: no entity has the field healt. Did you mean "health"?'],
    ["player(12) <= 0", 'character 12: "." is missing before "<="'],
    ["player(12.health <= 0)", 'character 10: ")" is missing before "."'],
    ["player 12", 'character 8: "(" is missing before "12"'],
    ["tick = 5", "character 6: compare with =="],
    ["tick == 5 5", 'character 11: "5" is not expected here'],
    ["tick < 5 < 6", 'character 10: "<" is not expected here'],
    ["not tick", "character 5: not turns a condition around, and this is a number"],
    ["player(12).alive == 1", "character 1: == compares numbers, and this is true or false"],
    ["1 and tick == 5", "character 1: and joins conditions"],
    ["tick == 5 or", "character 13: a value is missing"],
    ["process.exit(1) == 1", "character 1: nothing has the name process"],
    ["player(12).constructor == 1", "character 12: no entity has the field constructor"],
    ["tick == 'a'", "character 9: that begins no number, name or sign"],
    [`${"(".repeat(60)}tick == 1${")".repeat(60)}`, "nested more than 50 deep"],
    [`${"not ".repeat(60)}player(12).alive`, "nested more than 50 deep"],
    [`tick == ${"1".repeat(2_000)}`, "at most 1000 characters"],
  ])("%s", (text, expected) => {
    expect(() => parseCondition(text)).toThrow(expected);
    expect(() => parseCondition(text)).toThrow(WowsimError);
  });

  test("any text is either a condition or a usage error", () => {
    const word = fc.constantFrom(
      "player(12).health",
      "tick",
      "and",
      "or",
      "not",
      "(",
      ")",
      "<=",
      "==",
      "+",
      "-",
      "5",
      ".",
      "x",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(typeof parseCondition(given)(scene)).toBe("boolean");
        } catch (error) {
          expect(error).toBeInstanceOf(WowsimError);
          expect((error as WowsimError).code).toBe("usage");
        }
      }),
      { numRuns: 500 },
    );
  });
});
