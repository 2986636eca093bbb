// Dying, coming back, and what regenerates meanwhile.

import { describe, expect, test } from "bun:test";
import { ENTITY_DEAD, ENTITY_IN_COMBAT, REFUSED_INVALID_TARGET, REFUSED_ON_COOLDOWN } from "../../../assembly/abi.ts";
import { playerClass, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { JoinOptions, KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const PAID = spell({ id: 20, effect: "none", cost: 100, gcdS: 0 });
const CLASSES = [
  playerClass({ name: "Rogue", power: 100, powerType: "energy" }),
  playerClass({ name: "Warrior", power: 100, powerType: "rage" }),
];

async function open(options: JoinOptions = {}): Promise<KernelZone> {
  return (await openZone({ classes: CLASSES, spells: [PAID] })).join(1, { x: 300, ...options }).run();
}

/** Player 1 dies at x 300 by a creature's blow, and the creature goes. */
async function openDead(options: JoinOptions = {}): Promise<KernelZone> {
  const zone = await open(options);
  zone.spawn(WOLF, { x: 301 }).run().set(1, "HEALTH", 1).attack(1, WOLF).runUntil("killed");
  expect(zone.event("killed")).toMatchObject({ source: WOLF, target: 1 });
  return zone;
}

describe("a dead player", () => {
  test("is told so, has no target, and is on no threat table", async () => {
    const zone = await openDead();
    expect(zone.hasFlag(1, ENTITY_DEAD)).toBe(true);
    expect([zone.get(1, "HEALTH"), zone.get(1, "TARGET"), zone.get(1, "HATED"), zone.get(1, "ATTACKING")]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test("releases after 2 s to the spawn point, with half its health", async () => {
    const zone = await openDead();
    zone.run(38).release(1).run();
    expect(zone.event("refused").info).toBe(REFUSED_ON_COOLDOWN);
    zone.release(1).run();
    expect(zone.event("revived").source).toBe(1);
    expect(zone.position(1)).toEqual([0, 0, 0]);
    expect([zone.get(1, "HEALTH"), zone.hasFlag(1, ENTITY_DEAD)]).toEqual([250, false]);
  });

  test.each([
    ["a guest, after 10 s", true, 200],
    ["another, after 6 min", false, 7_200],
  ])("comes back by itself: %s", async (_, guest, ticks) => {
    const zone = await openDead({ guest });
    zone.run(ticks - 1);
    expect(zone.hasFlag(1, ENTITY_DEAD)).toBe(true);
    zone.run();
    expect(zone.event("revived").source).toBe(1);
    expect(zone.position(1)).toEqual([0, 0, 0]);
  });

  test("who is alive has nothing to release from", async () => {
    const zone = await open();
    zone.release(1).run();
    expect(zone.event("refused").info).toBe(REFUSED_INVALID_TARGET);
  });
});

describe("regeneration out of combat", () => {
  test("health: 4 % every 2 s", async () => {
    const zone = await open();
    zone.set(1, "HEALTH", 100).run(40);
    expect(zone.get(1, "HEALTH")).toBe(120);
    zone.run(40 * 25);
    expect(zone.get(1, "HEALTH")).toBe(500);
  });

  test("mana: 2.5 % every 2 s, none in the 5 s after some was spent", async () => {
    const zone = await open();
    zone.set(1, "POWER", 500).run(40);
    expect(zone.get(1, "POWER")).toBe(525);
    zone.cast(1, PAID.id).run();
    const spentAt = zone.tick;
    expect(zone.get(1, "POWER")).toBe(425);
    while (zone.get(1, "POWER") === 425) zone.run();
    expect(zone.tick - spentAt).toBeGreaterThanOrEqual(100);
    expect(zone.tick - spentAt).toBeLessThan(140);
  });

  test("energy: 20 every 2 s", async () => {
    const zone = await open({ class: "Rogue" });
    zone.set(1, "POWER", 10).run(40);
    expect(zone.get(1, "POWER")).toBe(30);
    expect(zone.run(400).get(1, "POWER")).toBe(100);
  });

  test("rage: 2.5 less every 2 s", async () => {
    const zone = await open({ class: "Warrior" });
    expect(zone.get(1, "POWER")).toBe(0);
    zone.set(1, "POWER", 50).run(400);
    expect(zone.get(1, "POWER")).toBe(25);
  });
});

test("in combat no health comes back and no rage is lost; blows give rage", async () => {
  const zone = await open({ class: "Warrior" });
  zone.spawn(WOLF, { x: 301 }).run().attack(1, WOLF).runUntil("damage");
  zone.run(20);
  expect(zone.hasFlag(1, ENTITY_IN_COMBAT)).toBe(true);
  const before = zone.get(1, "HEALTH");
  zone
    .set(1, "HEALTH", 100)
    .set(WOLF, "SWING_NEXT", zone.tick + 1_000)
    .set(1, "POWER", 50);
  zone.set(1, "SWING_NEXT", zone.tick + 1_000).run(80);
  expect([zone.get(1, "HEALTH"), zone.get(1, "POWER")]).toEqual([100, 50]);
  expect(before).toBeLessThanOrEqual(500);
});

test.each([
  // damage dealt 20 at level 10: 7.5 * 20 / 37.4; taken 10: 2.5 * 10 / 37.4
  ["dealt", [5_000, 9_999], 4],
] as const)("a blow of a level 10 %s gives rage by the classic conversion", async (_, lands, gained) => {
  const zone = await open({ class: "Warrior" });
  zone.spawn(WOLF, { x: 301 }).run();
  zone
    .set(WOLF, "SWING_NEXT", zone.tick + 1_000)
    .rig([lands[0], lands[1]])
    .attack(1, WOLF)
    .run();
  expect(zone.event("damage").b).toBe(20);
  expect(zone.get(1, "POWER")).toBe(gained);
});

test("an idle creature heals 10 % every 5 s", async () => {
  const zone = await open();
  zone.spawn(WOLF).run().set(WOLF, "HEALTH", 100).run(100);
  expect(zone.get(WOLF, "HEALTH")).toBe(200);
});
