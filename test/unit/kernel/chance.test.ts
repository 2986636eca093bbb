// Formulas and tables of chance: the kernel's own functions (kernel-probe.ts) against numbers worked out by hand, and the
// tables rolled 40,000 times under fixed seeds against what they promise.

import { describe, expect, test } from "bun:test";
import { CHI_SQUARE_999, chiSquare, openProbe } from "../../helpers/kernel-probe.ts";

const probe = await openProbe();
const ROLLS = 40_000;
const SEEDS = [1, 7, 2_026];

describe("armour: A / (A + 85 L + 400), at most 75 %, at least 1 damage", () => {
  test.each([
    [0, 10, 0],
    [1_000, 10, 1_000 / 2_250],
    [100, 1, 100 / 585],
    [3_750, 10, 0.75],
    [1_000_000, 1, 0.75],
    [5_500, 60, 0.5],
  ])("armour %p against an attacker of level %p takes %p", (armor, level, share) => {
    expect(probe.call("armorShare", armor, level)).toBeCloseTo(share, 6);
  });

  test.each([
    [100, 1_000, 10, 56],
    [100, 3_750, 10, 25],
    [1, 1_000_000, 1, 1],
    [2, 1_000_000, 1, 1],
    [0, 0, 1, 0],
  ])("%p damage through armour %p (level %p) leaves %p", (amount, armor, level, left) => {
    expect(probe.call("throughArmor", amount, armor, level)).toBe(left);
  });
});

describe("resistance: on average 75 R / max(5 L, 100) %, at most 75 %", () => {
  test.each([
    [0, 60, 0],
    [50, 10, 0.375],
    [100, 60, 0.25],
    [300, 60, 0.75],
    [1_000, 1, 0.75],
  ])("resistance %p against a caster of level %p resists %p", (resistance, level, share) => {
    expect(probe.call("resistShare", resistance, level)).toBeCloseTo(share, 6);
  });

  test.each(SEEDS)("comes in quarter steps around the average (seed %p)", (seed) => {
    probe.call("seedRandom", seed, 1);
    // 37.5 % on average: half the time a quarter, half the time two.
    const counts = probe.tally(ROLLS, "throughResistance", 100, 50, 10);
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([50, 75]);
    expect(chiSquare([counts.get(50) ?? 0, counts.get(75) ?? 0], [0.5, 0.5])).toBeLessThan(CHI_SQUARE_999[1]!);
  });
});

test.each([
  [0, 400],
  [-1, 300],
  [-60, 100],
  [1, 500],
  [2, 600],
  [3, 1_700],
  [4, 2_800],
  [40, 9_900],
])("a spell at a target of %p levels more misses %p of 10,000", (levels, misses) => {
  expect(probe.call("spellMiss", levels)).toBe(misses);
});

// Bits of assembly/combat/attack-table.ts.
const DUAL = 1;
const FRONT = 2;
const SHIELD = 4;
const BY_PLAYER = 8;
const BY_CREATURE = 16;
const HELPLESS = 32;
/** In the order of the bands; the kernel's numbers for them. */
const BANDS = ["miss", "dodge", "parry", "block", "glancing", "critical", "crushing", "hit"] as const;
const NUMBERS = { miss: 0, dodge: 1, critical: 2, hit: 3, parry: 4, block: 5, glancing: 6, crushing: 7 };
const SHEET = 500;

/** Width of each band, by asking for every roll there is. */
function widths(advantage: number, circumstances: number): number[] {
  const counts = new Map<number, number>();
  let before = -1;
  let isOrdered = true;
  for (let roll = 0; roll < 10_000; roll++) {
    const band = probe.call("swingBand", roll, advantage, circumstances, SHEET);
    counts.set(band, (counts.get(band) ?? 0) + 1);
    const place = BANDS.findIndex((name) => NUMBERS[name] === band);
    isOrdered &&= place >= before;
    before = place;
  }
  expect(isOrdered).toBe(true);
  return BANDS.map((name) => counts.get(NUMBERS[name]) ?? 0);
}

const TABLE: [string, number, number, number[]][] = [
  // miss, dodge, parry, block, glancing, critical, crushing, hit
  [
    "a player at a creature of its level, from the front",
    0,
    BY_PLAYER | FRONT,
    [500, 500, 500, 0, 1_000, 500, 0, 7_000],
  ],
  ["from behind: no parry", 0, BY_PLAYER, [500, 500, 0, 0, 1_000, 500, 0, 7_500]],
  ["with two weapons", 0, BY_PLAYER | DUAL | FRONT, [2_400, 500, 500, 0, 1_000, 500, 0, 5_100]],
  ["at +3 levels", 3, BY_PLAYER | FRONT, [800, 650, 1_400, 0, 4_000, 200, 0, 2_950]],
  ["at +10 levels as at +3", 10, BY_PLAYER | FRONT, [800, 650, 1_400, 0, 4_000, 200, 0, 2_950]],
  ["at the stunned", 0, BY_PLAYER | FRONT | HELPLESS, [500, 0, 0, 0, 1_000, 500, 0, 8_000]],
  ["a creature at a player with a shield", 0, BY_CREATURE | FRONT | SHIELD, [500, 500, 500, 500, 0, 500, 0, 7_500]],
  ["a shield helps not from behind", 0, BY_CREATURE | SHIELD, [500, 500, 0, 0, 0, 500, 0, 8_500]],
  ["a creature of +2 levels", -2, BY_CREATURE | FRONT, [500, 500, 500, 0, 0, 500, 0, 8_000]],
  ["a creature of +3 levels crushes", -3, BY_CREATURE | FRONT, [500, 500, 500, 0, 0, 500, 1_500, 6_500]],
];

describe("the attack table: one roll, band after band", () => {
  test.each(TABLE)("%s", (_, advantage, circumstances, expected) => {
    expect(widths(advantage, circumstances)).toEqual(expected);
  });

  test.each(SEEDS.flatMap((seed) => TABLE.map(([name, ...rest]) => [seed, name, ...rest] as const)))(
    "rolled, seed %p: %s",
    (seed, _, advantage, circumstances, expected) => {
      probe.call("seedRandom", seed, 1);
      const counts = probe.tally(ROLLS, "rollSwing", advantage, circumstances, SHEET);
      const used = BANDS.map((name, at) => ({ count: counts.get(NUMBERS[name]) ?? 0, share: expected[at]! / 10_000 }));
      const possible = used.filter(({ share }) => share > 0);
      expect(used.filter(({ share, count }) => share === 0 && count > 0)).toEqual([]);
      const statistic = chiSquare(
        possible.map(({ count }) => count),
        possible.map(({ share }) => share),
      );
      expect(statistic).toBeLessThan(CHI_SQUARE_999[possible.length - 1]!);
    },
  );

  test.each([
    [0, 91, 99],
    [1, 91, 99],
    [2, 80, 90],
    [3, 55, 75],
    [9, 55, 75],
  ])("a glancing blow at +%p levels does %p to %p %%", (advantage, least, most) => {
    expect([probe.call("glancingLeast", advantage), probe.call("glancingMost", advantage)]).toEqual([least, most]);
  });
});

describe("how spells land", () => {
  test.each(
    SEEDS.flatMap((seed) => [
      [seed, 0, 500, [0.04, 0.96 * 0.05, 0.96 * 0.95]] as const,
      [seed, 3, 800, [0.17, 0.83 * 0.08, 0.83 * 0.92]] as const,
    ]),
  )("seed %p, +%p levels, %p of 10,000 critical", (seed, advantage, critical, shares) => {
    probe.call("seedRandom", seed, 1);
    const counts = probe.tally(ROLLS, "rollSpell", advantage, critical);
    const bins = [NUMBERS.miss, NUMBERS.critical, NUMBERS.hit].map((band) => counts.get(band) ?? 0);
    expect(chiSquare(bins, shares)).toBeLessThan(CHI_SQUARE_999[2]!);
  });

  test("creatures' spells are never critical", () => {
    expect(probe.tally(ROLLS, "rollSpell", 0, 0).has(NUMBERS.critical)).toBe(false);
  });

  test.each(SEEDS)("a binary spell is resisted whole as often as others are on average (seed %p)", (seed) => {
    probe.call("seedRandom", seed, 1);
    const counts = probe.tally(ROLLS, "resistsWholly", 40, 10);
    expect(chiSquare([counts.get(1) ?? 0, counts.get(0) ?? 0], [0.3, 0.7])).toBeLessThan(CHI_SQUARE_999[1]!);
  });
});

describe("experience", () => {
  test.each([
    // player, creature, points: 5 L + 45; 5 % more a level above, up to 4; less below, none when grey
    [10, 10, 95],
    [10, 11, 99],
    [10, 14, 114],
    [10, 40, 114],
    [10, 9, 81],
    [10, 4, 13],
    [10, 3, 0],
    [60, 60, 345],
    [5, 1, 14],
  ])("a player of level %p and a creature of %p: %p points", (player, creature, points) => {
    expect(probe.call("killWorth", player, creature)).toBe(points);
  });

  test.each([
    [1, 400],
    [10, 7_600],
    [28, 41_440],
    [29, 233 * 190],
    [31, 254 * 200],
    [59, 617 * 340],
  ])("from level %p to the next it takes %p points", (level, points) => {
    expect(probe.call("levelCost", level)).toBe(points);
  });
});

describe("the generator", () => {
  test("gives the same numbers for a seed everywhere", () => {
    probe.call("seedRandom", 1, 1);
    const drawn = [0, 1, 2].map(() => probe.call("randomU32") >>> 0);
    probe.call("seedRandom", 1, 1);
    expect([0, 1, 2].map(() => probe.call("randomU32") >>> 0)).toEqual(drawn);
    probe.call("seedRandom", 1, 2);
    expect(probe.call("randomU32") >>> 0).not.toBe(drawn[0]!);
  });

  test.each(SEEDS)("is uniform below a bound (seed %p)", (seed) => {
    probe.call("seedRandom", seed, 1);
    const counts = probe.tally(ROLLS, "randomBelow", 10);
    const bins = Array.from({ length: 10 }, (_, at) => counts.get(at) ?? 0);
    expect(
      chiSquare(
        bins,
        Array.from({ length: 10 }, () => 0.1),
      ),
    ).toBeLessThan(CHI_SQUARE_999[9]!);
  });

  test("keeps to both ends of a range, and draws nothing for a range of one number", () => {
    const counts = probe.tally(1_000, "randomBetween", 3, 5);
    expect([...counts.keys()].toSorted()).toEqual([3, 4, 5]);
    probe.call("seedRandom", 1, 1);
    const next = probe.call("randomU32");
    probe.call("seedRandom", 1, 1);
    expect(probe.call("randomBetween", 4, 4)).toBe(4);
    expect(probe.call("randomU32")).toBe(next);
  });
});
