// Hits on one target in one tick: what one of them leaves decides what the next can take.

import { expect, test } from "bun:test";
import { loadContent } from "../../../server/protocol/content/load.ts";
import { mergeTerms } from "../../../server/validate/merge.ts";
import { TermBook } from "../../../server/validate/term-book.ts";
import { TickSums } from "../../../server/validate/tick-sums.ts";
import { Vocabulary } from "../../../server/validate/vocabulary.ts";

const content = loadContent();
const vocabulary = new Vocabulary(content);
const spell = (name: string): number =>
  vocabulary.of("damage.spell", content.spells.find((each) => each.name === name)!.id);
const [FIREBALL, REND, SWING] = [spell("Fireball"), spell("Rend"), vocabulary.of("damage", 0)];
const [WOLF, BOAR] = [1_000_001, 1_000_002];

type Hits = [term: number, points: number, target: number][];

/** Terms that differ, with the ticks in which they do so by themselves, and what they follow from. */
function whyIn(...ticks: [incumbent: Hits, candidate: Hits][]): Record<string, [own: number, follows: string[]]> {
  const book = new TermBook(vocabulary);
  for (const sides of ticks) {
    const [incumbent, candidate] = sides.map((hits) => {
      const sums = new TickSums();
      sums.begin(true);
      for (const [term, points, target] of hits) sums.add(term, points, target, 0);
      return sums;
    });
    book.differs(incumbent!, candidate!, (entity) => ({ zone: 1, tick: 1, entity, who: null, command: null }));
  }
  const differing = mergeTerms([book.rows()]).filter(({ ticks: each }) => each > 0);
  return Object.fromEntries(differing.map(({ what, own, follows }) => [what, [own, follows]]));
}

const FIREBALL_ALONE: [Hits, Hits] = [[[FIREBALL, 100, BOAR]], [[FIREBALL, 112, BOAR]]];

test("a hit that finds less health left follows from the one that took it", () => {
  const capped: [Hits, Hits] = [
    [
      [FIREBALL, 100, WOLF],
      [REND, 30, WOLF],
      [SWING, 20, WOLF],
    ],
    [
      [FIREBALL, 112, WOLF],
      [REND, 30, WOLF],
      [SWING, 8, WOLF],
    ],
  ];
  const rest: [Hits, Hits] = [
    [
      [FIREBALL, 100, WOLF],
      [REND, 30, WOLF],
    ],
    [
      [FIREBALL, 112, WOLF],
      [REND, 18, WOLF],
    ],
  ];
  expect(whyIn(FIREBALL_ALONE, FIREBALL_ALONE, capped, rest)).toEqual({
    "damage.spell.fireball": [2, []],
    "damage.spell.rend": [0, ["damage.spell.fireball"]],
    "damage.swing": [0, ["damage.spell.fireball"]],
  });
});

test("a hit on a target that no other hit differs on differs by itself", () => {
  const both: [Hits, Hits] = [
    [
      [FIREBALL, 100, WOLF],
      [REND, 30, BOAR],
    ],
    [
      [FIREBALL, 112, WOLF],
      [REND, 18, BOAR],
    ],
  ];
  expect(whyIn(both)).toMatchObject({ "damage.spell.fireball": [1, []], "damage.spell.rend": [1, []] });
  const more: [Hits, Hits] = [
    [
      [FIREBALL, 100, WOLF],
      [REND, 30, WOLF],
      [REND, 30, BOAR],
    ],
    [
      [FIREBALL, 112, WOLF],
      [REND, 18, WOLF],
      [REND, 18, BOAR],
    ],
  ];
  // Rend differs on both, so Fireball may follow from it, and not the other way round.
  expect(whyIn(more)["damage.spell.rend"]).toEqual([1, []]);
});

test("of two that never differ alone one is the cause", () => {
  const together: [Hits, Hits] = [
    [
      [FIREBALL, 100, WOLF],
      [REND, 30, WOLF],
    ],
    [
      [FIREBALL, 112, WOLF],
      [REND, 18, WOLF],
    ],
  ];
  const { "damage.spell.fireball": fireball, "damage.spell.rend": rend } = whyIn(together, together);
  expect([fireball![0] + rend![0], fireball![1].length + rend![1].length]).toEqual([2, 1]);
});

test("a hit that kills sooner spares rolls: the draws follow from it, and only where that target died", () => {
  const [DRAWS, DEATHS] = [vocabulary.named("draws"), vocabulary.of("deaths", 1)];
  const killed = (dead: number): [Hits, Hits] => [
    [
      [FIREBALL, 100, WOLF],
      [SWING, 20, WOLF],
      [DRAWS, 7, 0],
      [DEATHS, 1, dead],
    ],
    [
      [FIREBALL, 112, WOLF],
      [DRAWS, 6, 0],
      [DEATHS, 1, dead],
    ],
  ];
  expect(whyIn(FIREBALL_ALONE, FIREBALL_ALONE, killed(WOLF))["draws"]).toEqual([0, ["damage.spell.fireball"]]);
  expect(whyIn(FIREBALL_ALONE, FIREBALL_ALONE, killed(BOAR))["draws"]).toEqual([1, []]);
});
