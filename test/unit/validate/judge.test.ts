import { describe, expect, test } from "bun:test";
import { parseExpectations } from "../../../server/protocol/expectations.ts";
import { judge } from "../../../server/validate/judge.ts";
import type { Evidence } from "../../../server/validate/judge.ts";
import { mergeTerms } from "../../../server/validate/merge.ts";
import type { Whole } from "../../../server/validate/merge.ts";
import type { TermRow } from "../../../server/validate/term-book.ts";

const FIRST = { zone: 1, tick: 812, entity: 12, who: "Ann 12", command: "cast Fireball" };
const NO_CHANCE = { ticks: 0, sum: 0, squares: 0 };

function row(what: string, incumbent: number, candidate: number, parts: Partial<TermRow> = {}): TermRow {
  const ticks = parts.ticks ?? (incumbent === candidate ? 0 : 9);
  return {
    what,
    incumbent,
    candidate,
    incumbentCount: incumbent,
    candidateCount: candidate,
    ticks,
    own: ticks,
    chance: NO_CHANCE,
    follows: {},
    first: ticks === 0 ? null : FIRST,
    ...parts,
  };
}

/** A recording that is enough, and a candidate that is equal, but for these. */
function evidence(rows: TermRow[], parts: Partial<Whole> = {}, more: Partial<Evidence> = {}): Evidence {
  const play = [row("damage.to.creatures", 900, 900), row("casts.completed.fireball", 90, 90)];
  const named = new Set(rows.map(({ what }) => what));
  const whole: Whole = {
    ticks: 38_400,
    equal: 38_000,
    drawTicks: 0,
    terms: mergeTerms([[...play.filter(({ what }) => !named.has(what)), ...rows]]),
    fuel: { incumbent: 1e6, candidate: 1e6, worst: null },
    traps: { count: 0, first: null },
    commands: new Map([[3, 5_000]]),
    levels: new Set([0]),
    players: 60,
    peopled: 38_400,
    added: [],
    dropped: [],
    ...parts,
  };
  return { whole, zones: [], expectations: [], limits: { fuelRatioMax: 1.03, zMax: 4.5 }, others: [], ...more };
}

const expecting = (what: string, change: string): Partial<Evidence> => ({
  expectations: parseExpectations("expect.toml", `[[expect]]\nwhat = "${what}"\nchange = "${change}"\n`),
});

const BUFF = row("damage.spell.fireball", 41_200, 46_144, { incumbentCount: 4_120, candidateCount: 4_120, ticks: 900 });
const FOLLOWS = row("health.lost.creatures", 80_000, 84_944, {
  ticks: 900,
  own: 0,
  follows: { "damage.spell.fireball": 900 },
});

/** A Fireball of so much with random commands, and +10 to 15 % expected. */
const spells = (candidate: number): Partial<Evidence> => ({
  ...expecting("damage.spell.fireball", "+10..15 %"),
  made: mergeTerms([[row("damage.spell.fireball", 1_000, candidate, { incumbentCount: 9, candidateCount: 9 })]]),
});

describe("the first line says what decided", () => {
  test("nothing differs", () => {
    const { verdict, class: kind, reason } = judge(evidence([]));
    expect([verdict, kind, reason]).toEqual(["pass", "identical", "everything equal in 38,400 ticks"]);
  });

  test("a difference that nobody expected", () => {
    const { verdict, class: kind, reason, checks } = judge(evidence([BUFF, FOLLOWS]));
    expect([verdict, kind]).toEqual(["fail", "changed"]);
    expect(reason).toBe(
      "Fireball damage +12 % (n 4,120) not expected; everything else equal, or following from it, in 38,400 ticks",
    );
    expect(checks[0]).toMatchObject({ name: "damage.spell.fireball", holds: false });
    expect(checks.map(({ name }) => name)).not.toContain("health.lost.creatures");
  });

  test("the same, expected", () => {
    const found = judge(evidence([BUFF, FOLLOWS], {}, expecting("damage.spell.fireball", "+10..15 %")));
    expect([found.verdict, found.class]).toEqual(["pass", "changed"]);
    expect(found.reason).toStartWith("Fireball damage +12 % (n 4,120) as expected; everything else equal");
  });

  test("a change that was expected and did not happen", () => {
    const found = judge(evidence([], {}, expecting("damage.spell.fireball", "+10..15 %")));
    expect(found.verdict).toBe("fail");
    expect(found.reason).toContain("damage.spell.fireball: expected +10..15 %, and it did not happen");
  });

  test("what nobody did in the recording may have happened by random commands, as expected or not", () => {
    const found = judge(evidence([], {}, spells(1_120)));
    expect(found.verdict).toBe("pass");
    expect(found.checks.find(({ name }) => name === "damage.spell.fireball")?.shown).toStartWith(
      "not recorded; with random commands 1,000 → 1,120 (+12 %), expected +10..15 %",
    );
    for (const candidate of [1_000, 1_300]) expect(judge(evidence([], {}, spells(candidate))).verdict).toBe("fail");
  });

  test("in no ticks nothing can have happened: that is no reason against the module", () => {
    for (const what of ["damage.spell.fireball", "*"]) {
      const { whole, ...rest } = evidence([], {}, expecting(what, "any"));
      const found = judge({ ...rest, whole: { ...whole, ticks: 0, equal: 0 } });
      expect([found.verdict, found.reason]).toEqual(["inconclusive", expect.stringContaining("after 0 of 0 ticks")]);
    }
  });

  test("more than was expected beside it", () => {
    const stray = row("health.untold.lost.players", 0, 12, { ticks: 12 });
    const found = judge(evidence([BUFF, stray], {}, expecting("damage.spell.fireball", "+10..15 %")));
    expect(found.verdict).toBe("fail");
    expect(found.reason).toStartWith(
      "health lost by players that no event tells of appears, 0 → 12 (n 12) not expected",
    );
  });
});

describe("no verdict but fail", () => {
  const first = {
    zone: 1,
    tick: 9,
    message: "unreachable",
    phase: "casts",
    command: "cast",
    session: 7,
    entity: 7,
    spell: 200,
  };
  test.each<[string, Evidence, string]>([
    ["a trap", evidence([], { traps: { count: 1, first } }), "trap"],
    ["a broken invariant", evidence([row("broken.health_above_maximum", 0, 3)]), "corrupt"],
    [
      "a broken invariant that is expected",
      evidence([row("broken.generator", 0, 3)], {}, expecting("broken.generator", "appears")),
      "corrupt",
    ],
    ["5 % more fuel", evidence([], { fuel: { incumbent: 1e6, candidate: 1.05e6, worst: null } }), "identical"],
    [
      "one slow tick",
      evidence([], {
        fuel: { incumbent: 1e9, candidate: 1.001e9, worst: { zone: 1, tick: 50, incumbent: 3e4, candidate: 1e6 } },
      }),
      "identical",
    ],
    [
      "one draw more each tick",
      evidence([row("draws", 100, 2_500, { ticks: 2_400, chance: { ticks: 2_400, sum: 2_400, squares: 2_400 } })]),
      "changed",
    ],
    [
      "other draws in a few ticks",
      evidence([row("draws", 100, 101, { ticks: 11, chance: { ticks: 11, sum: 1, squares: 11 } })]),
      "changed",
    ],
    [
      "a line of another part",
      evidence([], {}, { others: [{ name: "free runs", holds: false, shown: "z 21.3" }] }),
      "identical",
    ],
  ])("%s", (_, given, kind) => {
    const { verdict, class: found } = judge(given);
    expect([verdict, found]).toEqual(["fail", kind as typeof found]);
  });
});

describe("silence is no answer", () => {
  test.each<[string, Evidence]>([
    ["no tick", evidence([], { ticks: 0, equal: 0, fuel: { incumbent: 0, candidate: 0, worst: null } })],
    ["nobody there", evidence([], { peopled: 0 })],
    ["nobody acts", evidence([], { commands: new Map() })],
    ["nothing happens", evidence([row("damage.to.creatures", 0, 0), row("casts.completed.fireball", 0, 0)])],
    ["a part that can not tell", evidence([], {}, { others: [{ name: "time", holds: null, shown: "too busy" }] })],
  ])("%s", (_, given) => {
    expect(judge(given).verdict).toBe("inconclusive");
  });
});

const follows = (terms: string[]) => ({
  ticks: 12,
  own: 0,
  follows: Object.fromEntries(terms.map((what) => [what, 12])),
});

const circle = (buff: Partial<TermRow>) => [
  row("damage.spell.fireball", 41_200, 46_144, { ...follows(["draws", "deaths.creatures"]), ...buff }),
  row("deaths.creatures", 90, 102, follows(["draws", "damage.spell.fireball"])),
  row("draws", 9_000, 9_024, follows(["deaths.creatures", "damage.spell.fireball"])),
];

describe("causes that go in a circle within a tick", () => {
  const buff = expecting("damage.spell.fireball", "+10..15 %");

  test("follow from the one that differs by itself in other ticks", () => {
    const { verdict, terms } = judge(evidence(circle({ ticks: 900, own: 888 }), {}, buff));
    expect(verdict).toBe("pass");
    expect(terms.find(({ what }) => what === "draws")?.follows).toEqual(["damage.spell.fireball"]);
  });

  test("explain nothing when none of them does", () => {
    expect(judge(evidence(circle({}), {}, buff)).verdict).toBe("fail");
  });
});

describe("what needs no word", () => {
  test("a counter that nobody uses, a column that is new", () => {
    const counter = row("counters.unused_45", 0, 175);
    expect(judge(evidence([counter]))).toMatchObject({ verdict: "pass", class: "added" });
    expect(judge(evidence([], { added: ["PLAYER_KILLS"] }))).toMatchObject({ verdict: "pass", class: "added" });
  });

  test("draws in another order, when their number is now more and now less, and what they decide within chance", () => {
    const luck = { ticks: 400, sum: 12, squares: 900 };
    const rows = [
      row("draws", 9_000, 9_012, { ticks: 400, chance: luck }),
      row("damage.swing", 9_000, 9_050, {
        ticks: 380,
        own: 0,
        chance: { ticks: 380, sum: 50, squares: 90_000 },
        follows: { draws: 380 },
      }),
    ];
    expect(judge(evidence(rows))).toMatchObject({ verdict: "pass", class: "draw_order" });
    const biased = { ...rows[1]!, chance: { ticks: 380, sum: 5_000, squares: 90_000 } };
    expect(judge(evidence([rows[0]!, biased]))).toMatchObject({ verdict: "fail", class: "changed" });
  });
});
