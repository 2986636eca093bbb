// Threat: who a creature turns to. A point a point of damage, half a point a point of healing; 110 % pulls in melee range,
// 130 % from afar.

import { describe, expect, test } from "bun:test";
import { ENTITY_IN_COMBAT } from "../../../assembly/abi.ts";
import { playerClass, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const hits = [10, 100, 108, 109, 111, 129, 131].map((amount, index) =>
  spell({ id: 20 + index, amount: [amount, amount], gcdS: 0, rangeYd: 40 }),
);
const HEAL = spell({ id: 40, effect: "heal", amount: [60, 60], gcdS: 0, rangeYd: 40 });
const SPELLS = [...hits, HEAL];

/** Player 1 beside the creature, player 2 at `x` on its other side. */
async function open(x: number): Promise<KernelZone> {
  const zone = await openZone({ spells: SPELLS });
  return zone.spawn(WOLF).join(1, { x: -2 }).join(2, { x }).run();
}

function hit(zone: KernelZone, player: number, amount: number): void {
  const { id } = hits.find((candidate) => candidate.amount[0] === amount) ?? { id: 0 };
  zone.land(player, id, WOLF);
  expect(zone.events.find(({ kind, source }) => kind === "damage" && source === player)?.b).toBe(amount);
}

describe("whom a creature fights", () => {
  test.each([
    // where the second stands, its damage after 100 of the first, who is fought
    [2, 109, 1],
    [2, 111, 2],
    [20, 111, 1],
    [20, 129, 1],
    [20, 131, 2],
  ])("another at %p yd with %p against 100: player %p", async (x, amount, expected) => {
    const zone = await open(x);
    hit(zone, 1, 100);
    expect(zone.get(WOLF, "TARGET")).toBe(1);
    hit(zone, 2, amount);
    expect(zone.run().get(WOLF, "TARGET")).toBe(expected);
  });

  test("the next on the table when its target dies or leaves", async () => {
    const zone = await open(2);
    hit(zone, 1, 100);
    hit(zone, 2, 10);
    zone.leave(1).run();
    expect(zone.get(WOLF, "TARGET")).toBe(2);
    expect([...zone.threat(WOLF).keys()]).toEqual([2]);
  });
});

describe("how much", () => {
  test("a point of damage is a point", async () => {
    const zone = await open(2);
    hit(zone, 1, 100);
    hit(zone, 1, 10);
    expect(zone.threat(WOLF)).toEqual(new Map([[1, 110]]));
  });

  test("half a point of effective healing, split among those who fight the healed", async () => {
    const zone = await open(2);
    zone.spawn(WOLF + 1, { x: -1 }).run();
    hit(zone, 1, 100);
    zone.land(1, 21, WOLF + 1);
    zone.set(1, "HEALTH", 460).cast(2, HEAL.id, 1).run();
    expect(zone.event("healed").a).toBe(40);
    expect(zone.threat(WOLF).get(2)).toBe(10);
    expect(zone.threat(WOLF + 1).get(2)).toBe(10);
  });

  test("a heal that heals nothing, or one nobody fights, makes none", async () => {
    const zone = await open(2);
    zone.cast(2, HEAL.id, 2).run();
    expect(zone.threat(WOLF).size).toBe(0);
    hit(zone, 1, 100);
    zone.set(1, "HEALTH", 500).cast(2, HEAL.id, 1).run();
    expect(zone.threat(WOLF).has(2)).toBe(false);
  });
});

describe("factors", () => {
  const [SMASH, TAUNT, SURGE, GUARD] = [
    spell({ id: 50, amount: [100, 100], threat: 30, gcdS: 0 }),
    spell({ id: 51, effect: "taunt", school: "physical", gcdS: 0 }),
    spell({ id: 52, effect: "power", amount: [40, 40], gcdS: 0 }),
    spell({ id: 53, effect: "stance", threat: 1.3, gcdS: 0, rangeYd: 0 }),
  ];
  const CLASSES = [playerClass({ name: "Rogue", threatFactor: 0.71 })];
  const openWith = async (playerClassName: string): Promise<KernelZone> => {
    const zone = await openZone({ spells: [...SPELLS, SMASH!, TAUNT!, SURGE!, GUARD!], classes: CLASSES });
    return zone.spawn(WOLF).join(1, { x: -2, class: playerClassName }).join(2, { x: 2 }).run();
  };

  test("a class's own", async () => {
    const zone = await openWith("Rogue");
    hit(zone, 1, 100);
    expect(zone.threat(WOLF).get(1)).toBeCloseTo(71, 3);
  });

  test("a stance: on damage, on what a spell adds, on healing", async () => {
    const zone = await openWith("Hero");
    zone.cast(1, GUARD!.id).run();
    zone.land(1, SMASH!.id, WOLF);
    expect(zone.threat(WOLF).get(1)).toBeCloseTo(169, 3);
    zone.set(1, "HEALTH", 440).cast(1, HEAL.id, 1).run();
    expect(zone.event("healed").a).toBe(60);
    expect(zone.threat(WOLF).get(1)).toBeCloseTo(169 + 39, 3);
  });

  test("half a point a point of power gained", async () => {
    const zone = await openWith("Hero");
    hit(zone, 1, 100);
    zone.set(1, "POWER", 980).cast(1, SURGE!.id).run();
    expect(zone.get(1, "POWER")).toBe(1_000);
    expect(zone.threat(WOLF).get(1)).toBe(110);
  });

  test("a taunt raises to the highest there is and turns the creature at once", async () => {
    const zone = await openWith("Hero");
    hit(zone, 1, 131);
    hit(zone, 2, 10);
    expect(zone.get(WOLF, "TARGET")).toBe(1);
    zone.cast(2, TAUNT!.id, WOLF).run();
    expect(zone.threat(WOLF)).toEqual(
      new Map([
        [1, 131],
        [2, 131],
      ]),
    );
    expect(zone.run(5).get(WOLF, "TARGET")).toBe(2);
  });
});

test("whoever is on a table is in combat, until off the last one", async () => {
  const zone = await open(2);
  hit(zone, 1, 10);
  expect([zone.hasFlag(1, ENTITY_IN_COMBAT), zone.hasFlag(2, ENTITY_IN_COMBAT)]).toEqual([true, false]);
  zone.set(WOLF, "HEALTH", 1);
  hit(zone, 1, 10);
  expect(zone.has("killed")).toBe(true);
  expect([zone.get(1, "HATED"), zone.threat(WOLF).size]).toEqual([0, 0]);
});

test("a full table keeps those hated most", async () => {
  const zone = await openZone({ spells: SPELLS });
  zone.spawn(WOLF);
  for (let id = 1; id <= 26; id++) zone.join(id, { x: 2 });
  zone.run();
  for (let id = 1; id <= 24; id++) hit(zone, id, 10);
  zone.land(25, 20, WOLF);
  expect(zone.threat(WOLF).has(25)).toBe(false);
  hit(zone, 26, 100);
  expect(zone.threat(WOLF).size).toBe(24);
  expect(zone.threat(WOLF).get(26)).toBe(100);
});
