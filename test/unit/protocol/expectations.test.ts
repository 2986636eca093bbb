// Expectations: how a person writes them, what is wrong with a file, and what they make of two modules' behaviour.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BehaviourTerm } from "../../../server/protocol/behaviour.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { holdExpectations } from "../../../server/protocol/expectation-verdict.ts";
import {
  deciding,
  expectationsFileOf,
  matches,
  parseExpectations,
  readExpectations,
} from "../../../server/protocol/expectations.ts";
import { changeInWords, isAsExpected, parseChange } from "../../../server/protocol/expected-change.ts";
import { tempFolder } from "../../../server/testing/temp-folder.ts";

const FIRST = { zone: 1, tick: 812, entity: 12, who: "Bot 12", command: "cast Frostbolt" };

/** A term that differs unless both sums are the same. */
function term(what: string, incumbent: number, candidate: number, parts: Partial<BehaviourTerm> = {}): BehaviourTerm {
  const differs = incumbent !== candidate;
  const ticks = differs ? 9 : 0;
  return { what, incumbent, candidate, n: 40, ticks, own: ticks, follows: [], first: differs ? FIRST : null, ...parts };
}

function expectations(...tables: [what: string, change: string, more?: string][]) {
  const text = tables.map(
    ([what, change, more = ""]) => `[[expect]]\nwhat = "${what}"\nchange = "${change}"\n${more}\n`,
  );
  return parseExpectations("hotfix.expect.toml", text.join(""));
}

function problem(text: string): string {
  try {
    parseExpectations("hotfix.expect.toml", text);
  } catch (error) {
    if (error instanceof WowsimError && error.code === "expectations_invalid") return error.message;
    throw error;
  }
  return "";
}

describe("a change", () => {
  test.each([
    ["+10..15 %", 0.1, 0.15],
    ["+10..+15%", 0.1, 0.15],
    ["-15..-10 %", -0.15, -0.1],
    ["-2.5..+2.5 %", -0.025, 0.025],
    ["-5 %", -0.06, -0.04],
    ["-5 ±0.5 %", -0.055, -0.045],
    ["−5 +-2 %", -0.07, -0.03],
    ["+300 %", 2.99, 3.01],
  ])("%s is a share", (text, from, to) => {
    const change = parseChange(text);
    expect(change).toMatchObject({ kind: "share", from: expect.closeTo(from, 9), to: expect.closeTo(to, 9) });
  });

  test.each(["appears", "disappears", "any", "equal"])("%s is a word", (word) => {
    expect(parseChange(` ${word} `)).toEqual({ kind: word as "any" });
  });

  test.each([
    ["10 %", "has no sign"],
    ["+10", "has no unit"],
    ["-10..15 %", "can be read in two ways"],
    ["+15..10 %", "goes from more to less"],
    ["-100 ±0 %", 'write "disappears"'],
    ["dissappears", 'Did you mean "disappears"?'],
    ["twice", 'is no change: write "+10..15 %"'],
    ["", "is no change"],
    ["+1e9 %", "is no change"],
    ["+NaN %", "is no change"],
  ])("%p is none", (text, why) => {
    expect(parseChange(text)).toContain(why);
  });

  test("what it says of itself says the same when it is read again", () => {
    const share = fc.integer({ min: -999, max: 20_000 });
    let reached = 0;
    fc.assert(
      fc.property(share, share, (one, other) => {
        const [from, to] = [Math.min(one, other) / 10, Math.max(one, other) / 10];
        const change = parseChange(`${from < 0 ? "" : "+"}${from}..${to < 0 ? "" : "+"}${to} %`);
        if (typeof change === "string") throw new Error(change);
        reached++;
        const again = parseChange(changeInWords(change));
        expect(again).toMatchObject({ from: expect.closeTo(from / 100, 9), to: expect.closeTo(to / 100, 9) });
      }),
    );
    expect(reached).toBeGreaterThan(90);
  });

  test("a share that is exactly at its limit holds, whatever the sums", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 99 }), (sum, points) => {
        const sums = { incumbent: sum * 100, candidate: sum * (100 + points), isEqual: false };
        expect(isAsExpected({ kind: "share", from: points / 100, to: points / 100 }, sums)).toBe(true);
        expect(isAsExpected({ kind: "share", from: points / 100 + 1e-6, to: 9 }, sums)).toBe(false);
      }),
    );
  });

  test("nothing holds for sums that are no numbers", () => {
    for (const change of ["any", "equal", "appears", "disappears", "+1..2 %", "-5..+5 %"].map(parseChange)) {
      if (typeof change === "string") throw new Error(change);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, null as unknown as number]) {
        expect(isAsExpected(change, { incumbent: 1, candidate: bad, isEqual: false })).toBe(false);
        expect(isAsExpected(change, { incumbent: bad, candidate: bad, isEqual: true })).toBe(false);
      }
    }
  });
});

describe("a file", () => {
  test("is read with its defaults", () => {
    const [one, other] = parseExpectations(
      "f.toml",
      '[[expect]]\nwhat = "damage.spell.fireball"\nchange = "+10..15 %"\nat_least = 30\nwhy = "weak"\n[[expect]]\nwhat = "aura.*"\nchange = "any"\n',
    );
    expect(one).toMatchObject({ table: 1, what: "damage.spell.fireball", atLeast: 30, why: "weak" });
    expect(other).toMatchObject({ table: 2, what: "aura.*", change: { kind: "any" }, atLeast: 1, why: null });
  });

  test.each([
    ["", 'hotfix.expect.toml: [[expect]] with what = "damage.spell.fireball" change = "+10..15 %": is missing'],
    ["[[expect]\n", "line 1"],
    ["expect = 3", "expect"],
    ["[[expects]]\n", 'there is no field "expects" here; there are expect. Did you mean "expect"?'],
    ['[[expect]]\nwhat = "a.b"\n', "table 1: change: is missing"],
    ['[[expect]]\nchange = "any"\n', "table 1: what: is missing"],
    ['[[expect]]\nwhat = "a.b"\nchange = 10\n', "table 1: change: is no text: write"],
    ['[[expect]]\nwhat = "Damage!"\nchange = "any"\n', "table 1: what: is no term"],
    ['[[expect]]\nwhat = "a.b*"\nchange = "any"\n', "table 1: what: is no term"],
    ['[[expect]]\nwhat = "a.b"\nchange = "+10"\n', 'table 1: change: "+10" has no unit'],
    ['[[expect]]\nwhat = "a"\nchange = "any"\nat_least = -1\n', "table 1: at_least: is less than 0"],
    ['[[expect]]\nwhat = "a"\nchnage = "any"\n', 'there are what, change, at_least, why. Did you mean "change"?'],
    ['[[expect]]\nwhat = "a"\nchange = "any"\n[[expect]]\nwhat = "a"\nchange = "equal"\n', "table 2: a is there twice"],
  ])("that is wrong is named: %j", (text, why) => {
    expect(problem(text)).toContain(why);
  });

  test("names twenty problems and counts the others", () => {
    const lines = problem('[[expect]]\nwhat = "a"\n'.repeat(30)).split("\n");
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe("and 10 more");
  });

  test("lies beside its source", async () => {
    expect(expectationsFileOf("/tmp/mine/hotfix.wasm")).toBe("/tmp/mine/hotfix.expect.toml");
    expect(expectationsFileOf("candidates/balance")).toBe("candidates/balance/expect.toml");
    const folder = tempFolder("wowsim-expect-");
    try {
      expect(await readExpectations(expectationsFileOf(folder.path))).toBeNull();
      await Bun.write(expectationsFileOf(folder.path), '[[expect]]\nwhat = "a"\nchange = "any"\n');
      expect(await readExpectations(expectationsFileOf(folder.path))).toHaveLength(1);
      await Bun.write(expectationsFileOf(folder.path), `# ${"x".repeat(300_000)}`);
      expect(readExpectations(expectationsFileOf(folder.path))).rejects.toThrow("more than 262144 bytes");
    } finally {
      folder.remove();
    }
  });

  test("of any text is a list, or a problem with the file's name", () => {
    const whole = '[[expect]]\nwhat = "a.b"\nchange = "any"\n';
    const parts = ["[[expect]]\n", 'what = "a.b"\n', 'change = "any"\n', "at_least = 2\n", "[x]\n", '"', "\n"];
    const token = fc.constantFrom(whole, ...parts);
    const seen = { list: 0, problem: 0 };
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
        const why = problem(tokens.join(""));
        seen[why === "" ? "list" : "problem"]++;
        if (why !== "") expect(why).toStartWith("hotfix.expect.toml: ");
      }),
      { numRuns: 500 },
    );
    expect(seen.list).toBeGreaterThan(3);
    expect(seen.problem).toBeGreaterThan(100);
  });
});

describe("a term", () => {
  test.each([
    ["damage.spell.*", "damage.spell.fireball", true],
    ["damage.*", "damage.spell.fireball", true],
    ["*", "damage.spell.fireball", true],
    ["damage.*.fireball", "damage.spell.fireball", true],
    ["damage.spell.*", "damage.spell", false],
    ["damage.spell", "damage.spell.fireball", false],
    ["damage.*.fireball", "damage.spell.rank.fireball", false],
    ["damage.spell.fire", "damage.spell.fireball", false],
  ])("%s and %s: %p", (pattern, what, holds) => {
    expect(matches(pattern, what)).toBe(holds);
  });

  test("is decided by the table that names it most exactly, of two the later", () => {
    const all = expectations(
      ["damage.spell.fireball", "any"],
      ["damage.*", "equal"],
      ["damage.spell.*", "any"],
      ["damage.*.frostbolt", "appears"],
    );
    const table = (what: string) => deciding(all, term(what, 1, 2))?.table ?? null;
    expect(table("damage.spell.fireball")).toBe(1);
    expect(table("damage.spell.frostbolt")).toBe(4);
    expect(table("damage.spell.smite")).toBe(3);
    expect(table("damage.swing")).toBe(2);
    expect(table("healing")).toBeNull();
  });
});

describe("the verdict", () => {
  const fireball = expectations(["damage.spell.fireball", "+10..15 %"]);
  const text = (list: ReturnType<typeof expectations>, ...terms: BehaviourTerm[]) =>
    holdExpectations(list, terms).lines.map((line) => line.text);

  test("holds when what is expected happens, and nothing else", () => {
    const terms = [
      term("damage.spell.fireball", 41_200, 46_144, { n: 4_120, ticks: 900 }),
      term("damage.spell.frostbolt", 300, 300),
    ];
    const verdict = holdExpectations(fireball, terms);
    expect(verdict).toMatchObject({ holds: true, equal: 1 });
    expect(verdict.lines.map((line) => line.text)).toEqual([
      "damage.spell.fireball: 41,200 → 46,144 (+12 %), expected +10..15 % (n 4,120, 900 ticks)",
    ]);
  });

  test("fails for what was not expected, and says it first, with its place", () => {
    const terms = [
      term("damage.spell.fireball", 100, 112),
      term("damage.spell.frostbolt", 300, 310, { ticks: 3, n: 12 }),
    ];
    const { holds, lines } = holdExpectations(fireball, terms);
    expect(holds).toBe(false);
    expect(lines[0]?.text).toBe(
      "damage.spell.frostbolt: 300 → 310 (+3.3 %), not expected (n 12, 3 ticks; first in zone 1 at tick 812, Bot 12, cast Frostbolt)",
    );
    expect(lines[1]?.holds).toBe(true);
  });

  test("fails for what was expected and did not happen, each way", () => {
    expect(text(fireball, term("damage.spell.fireball", 100, 100))[0]).toContain("(equal), expected +10..15 %");
    expect(text(fireball, term("damage.spell.fireball", 100, 120))[0]).toContain("(+20 %), expected +10..15 %");
    expect(text(fireball, term("damage.spell.fireball", 0, 120))[0]).toContain("(appears), expected +10..15 %");
    expect(text(fireball, term("damage.spell.firebal", 5, 5))[0]).toBe(
      'damage.spell.fireball: expected +10..15 %, and it did not happen: nothing of that name happened. Did you mean "damage.spell.firebal"?',
    );
    expect(text(expectations(["damage.*", "any"]), term("damage.swing", 5, 5))[0]).toContain(
      "1 terms of that name, and none of them changed",
    );
    const covered = expectations(["damage.*", "any"], ["damage.swing", "any"]);
    expect(text(covered, term("damage.swing", 5, 6))[0]).toContain("other tables name all of its terms more exactly");
  });

  test("may as well not happen with at_least = 0, and is still held against its change when it does", () => {
    const may = expectations(["damage.spell.*", "+10..15 %", "at_least = 0"]);
    expect(holdExpectations(may, [])).toMatchObject({ holds: true, lines: [] });
    expect(holdExpectations(may, [term("damage.spell.fireball", 100, 112)]).holds).toBe(true);
    expect(holdExpectations(may, [term("damage.spell.fireball", 100, 130)]).holds).toBe(false);
  });

  test("needs as many as it was told", () => {
    const often = expectations(["damage.swing", "any", "at_least = 50"]);
    expect(text(often, term("damage.swing", 5, 6, { n: 49 }))[0]).toContain("and at least 50 times");
    expect(holdExpectations(often, [term("damage.swing", 5, 6, { n: 50 })]).holds).toBe(true);
  });

  test("of a short stretch what is expected need not have happened, and is held against the change from 30 times on", () => {
    const buff = expectations(["damage.spell.fireball", "+10..15 %"]);
    const hits = (n: number, candidate: number): BehaviourTerm[] => [
      term("damage.spell.fireball", 100, candidate, { n }),
    ];
    const holds = (terms: BehaviourTerm[]): boolean => holdExpectations(buff, terms, true).holds;
    expect([holds([]), holds(hits(29, 150)), holds(hits(30, 150)), holds(hits(30, 112))]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(holdExpectations(buff, []).holds).toBe(false);
    expect(holds([...hits(3, 110), term("damage.swing", 5, 6)])).toBe(false);
    const follower = term("health.lost.creatures", 5, 6, { own: 0, follows: ["damage.spell.fireball"] });
    expect(holds([...hits(3, 110), follower])).toBe(true);
  });

  test("of equal sums in unequal ticks is a difference", () => {
    const shifted = term("damage.swing", 5, 5, { ticks: 2, first: FIRST });
    expect(text([], shifted)[0]).toContain("5 → 5 (equal sums), not expected");
    expect(holdExpectations(expectations(["damage.swing", "any"]), [shifted]).holds).toBe(true);
    expect(holdExpectations(expectations(["damage.swing", "equal"]), [shifted]).holds).toBe(false);
  });

  test("of a wide share concerns every term that happens often enough, and exceptions are possible", () => {
    const wide = expectations(["damage.spell.*", "+10..15 %", "at_least = 10"]);
    const [up, same, rare] = [
      term("damage.spell.a", 100, 112),
      term("damage.spell.b", 9, 9),
      term("damage.spell.c", 1, 1, { n: 2 }),
    ];
    expect(holdExpectations(wide, [up, rare]).holds).toBe(true);
    expect(text(wide, up, same)[0]).toContain("damage.spell.b: 9 → 9 (equal), expected +10..15 %");
    const excepted = expectations(["damage.spell.*", "+10..15 %"], ["damage.spell.b", "equal"]);
    expect(holdExpectations(excepted, [up, same]).holds).toBe(true);
    expect(holdExpectations(expectations(["damage.*", "equal"]), [same]).holds).toBe(true);
  });

  test("lets pass what only follows from what was expected", () => {
    const cause = term("damage.spell.fireball", 100, 112);
    const follows = [cause.what];
    const consequence = term("health.lost.creatures", 500, 512, { own: 0, follows });
    const verdict = holdExpectations(fireball, [consequence, cause]);
    expect(verdict.holds).toBe(true);
    expect(verdict.lines.find(({ what }) => what === consequence.what)?.text).toBe(
      "health.lost.creatures: 500 → 512 (+2.4 %), follows from damage.spell.fireball (n 40, 9 ticks)",
    );
    const more = [
      holdExpectations(fireball, [{ ...consequence, own: 1 }, cause]),
      holdExpectations(fireball, [{ ...consequence, follows: [cause.what, "damage.swing"] }, cause]),
      holdExpectations(fireball, [{ ...consequence, follows: [] }, cause]),
      holdExpectations([], [consequence, cause]),
      holdExpectations(fireball, [consequence, term(cause.what, 100, 130)]),
    ];
    expect(more.map(({ holds }) => holds)).toEqual([false, false, false, false, false]);
    expect(holdExpectations([], [consequence, cause]).lines.map(({ what }) => what)).toEqual([
      cause.what,
      consequence.what,
    ]);
  });

  test("of what was not measured is no", () => {
    for (const bad of [Number.NaN, null as unknown as number]) {
      const terms = [term("damage.swing", 5, bad, { ticks: 0, first: null })];
      expect(text([], ...terms)[0]).toContain("not measured");
      for (const change of ["any", "equal", "-5..+5 %"])
        expect(holdExpectations(expectations(["damage.swing", change]), terms).holds).toBe(false);
    }
  });

  test("never holds with a difference that nobody expected, nor without one that somebody did", () => {
    const names = ["a.x", "a.y", "a.z.q", "b.x", "b"];
    const arbitraryTerm = fc
      .tuple(fc.constantFrom(...names), fc.constantFrom(0, 100), fc.constantFrom(0, 100, 100, 130))
      .map(([what, one, other]) => term(what, one, other));
    const arbitraryTable = fc.tuple(
      fc.constantFrom(...names, "a.*", "*", "a.z.*", "*.x"),
      fc.constantFrom("any", "any", "equal", "appears", "disappears", "+20..40 %", "-60..+60 %"),
    );
    const seen = { holds: 0, unexpected: 0, missing: 0, outside: 0 };
    fc.assert(
      fc.property(
        fc.uniqueArray(arbitraryTerm, { selector: ({ what }) => what, maxLength: 4 }),
        fc.uniqueArray(arbitraryTable, { selector: ([what]) => what, maxLength: 3 }),
        (terms, tables) => {
          const list = tables.length === 0 ? [] : expectations(...tables);
          const { holds, lines, equal } = holdExpectations(list, terms);
          const differing = terms.filter(({ first }) => first !== null);
          for (const each of differing) {
            const decider = deciding(list, each);
            const line = lines.find(({ what }) => what === each.what);
            expect(line).toBeDefined();
            const sums = { ...each, isEqual: false };
            const right = decider !== null && isAsExpected(decider.change, sums);
            expect(line?.holds).toBe(right);
            if (!right) expect(holds).toBe(false);
            if (decider === null) seen.unexpected++;
            else if (!right) seen.outside++;
          }
          for (const each of list) {
            const own = terms.filter((other) => deciding(list, other) === each);
            if (own.some((other) => other.first !== null)) continue;
            const mayBeEqual = isAsExpected(each.change, { incumbent: 1, candidate: 1, isEqual: true });
            if (own.length > 0 && mayBeEqual) continue;
            expect(holds).toBe(false);
            seen.missing++;
          }
          expect(equal).toBeLessThanOrEqual(terms.length - differing.length);
          if (holds && differing.length > 0) seen.holds++;
        },
      ),
      { numRuns: 2_000 },
    );
    expect(Math.min(seen.holds, seen.unexpected, seen.missing, seen.outside)).toBeGreaterThan(20);
  });
});
