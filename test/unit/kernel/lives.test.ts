// Dying, coming back, and what regenerates meanwhile.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { creature, playerClass, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { JoinOptions, KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const PAID = spell({ id: 20, effect: "none", cost: 100, gcdS: 0 });
const NUKE = spell({ id: 21, amount: [40, 40], gcdS: 0 });
const GROWING = [playerClass({ name: "Growing", healthGain: 20, powerGain: 10, damageGain: 2 })];
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
    expect(zone.hasFlag(1, abi.ENTITY_DEAD)).toBe(true);
    expect([zone.get(1, "HEALTH"), zone.get(1, "TARGET"), zone.get(1, "HATED"), zone.get(1, "ATTACKING")]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test("releases after 2 s to the spawn point, with half its health", async () => {
    const zone = await openDead();
    zone.run(38).release(1).run();
    expect(zone.event("refused").info).toBe(abi.REFUSED_ON_COOLDOWN);
    zone.release(1).run();
    expect(zone.event("revived").source).toBe(1);
    expect(zone.position(1)).toEqual([0, 0, 0]);
    expect([zone.get(1, "HEALTH"), zone.hasFlag(1, abi.ENTITY_DEAD)]).toEqual([250, false]);
  });

  test.each([
    ["a guest, after 10 s", true, 200],
    ["another, after 6 min", false, 7_200],
  ])("comes back by itself: %s", async (_, guest, ticks) => {
    const zone = await openDead({ guest });
    zone.run(ticks - 1);
    expect(zone.hasFlag(1, abi.ENTITY_DEAD)).toBe(true);
    zone.run();
    expect(zone.event("revived").source).toBe(1);
    expect(zone.position(1)).toEqual([0, 0, 0]);
  });

  test("who is alive has nothing to release from", async () => {
    const zone = await open();
    zone.release(1).run();
    expect(zone.event("refused").info).toBe(abi.REFUSED_INVALID_TARGET);
  });
});

const reclaim = (zone: KernelZone): KernelZone => zone.command(abi.OP_RECLAIM, { session: 1 }).run();

describe("a ghost", () => {
  test("stands at the spawn point, walks, and does nothing else", async () => {
    const zone = await openDead();
    zone.run(40).release(1, abi.RELEASE_AS_GHOST).run();
    expect([zone.hasFlag(1, abi.ENTITY_DEAD), zone.hasFlag(1, abi.ENTITY_GHOST), zone.get(1, "HEALTH")]).toEqual([
      true,
      true,
      0,
    ]);
    expect(zone.position(1)).toEqual([0, 0, 0]);
    zone.run(10).move(1, 3).run();
    expect(zone.position(1)[0]).toBe(3);
    zone.cast(1, PAID.id).attack(1, WOLF).release(1, abi.RELEASE_AS_GHOST).run();
    expect(
      zone.events
        .filter(({ kind }) => kind === "refused")
        .map(({ info }) => info)
        .toSorted((a, b) => a - b),
    ).toEqual([abi.REFUSED_DEAD, abi.REFUSED_DEAD, abi.REFUSED_INVALID_TARGET]);
  });

  test("reclaims its body within 39 yd of it, 30 s after the death, and lives there with half its health", async () => {
    const zone = await openDead();
    const diedAt = zone.tick;
    zone.run(40).release(1, abi.RELEASE_AS_GHOST).run();
    zone.place(1, 260.9).run(diedAt + 598 - zone.tick);
    expect(reclaim(zone).event("refused").info).toBe(abi.REFUSED_ON_COOLDOWN);
    expect(reclaim(zone).event("refused").info).toBe(abi.REFUSED_OUT_OF_RANGE);
    zone.place(1, 261.1).run();
    expect(reclaim(zone).event("revived").source).toBe(1);
    expect(zone.position(1)).toEqual([300, 0, 0]);
    expect([zone.get(1, "HEALTH"), zone.hasFlag(1, abi.ENTITY_DEAD | abi.ENTITY_GHOST)]).toEqual([250, false]);
  });

  test("waits 60 s after a second death in a row, 120 s after a third and more, 30 s again after five minutes alive", async () => {
    const zone = await open();
    zone.spawn(WOLF, { x: 301 }).run();
    const waits: number[] = [];
    for (const pause of [0, 0, 0, 0, 6_001]) {
      zone.run(pause).place(WOLF, 301).run().set(1, "HEALTH", 1).attack(1, WOLF).runUntil("killed", 400);
      const diedAt = zone.tick;
      zone.run(40).release(1, abi.RELEASE_AS_GHOST).run();
      zone.place(1, 300).run();
      while (!reclaim(zone).has("revived")) zone.run(19);
      waits.push(Math.round((zone.tick - diedAt) / 20));
    }
    expect(waits).toEqual([30, 60, 120, 120, 30]);
  });

  test("who is none has nothing to reclaim; one that waits too long is put back among the living", async () => {
    const zone = await openDead();
    expect(reclaim(zone).event("refused").info).toBe(abi.REFUSED_INVALID_TARGET);
    zone
      .run(40)
      .release(1, abi.RELEASE_AS_GHOST)
      .run(7_200 - 42);
    expect(zone.hasFlag(1, abi.ENTITY_GHOST)).toBe(true);
    expect(zone.run().event("revived").source).toBe(1);
  });
});

/** Those players kill a creature of that kind, all with a part in it. */
async function killed(kind: string, killers: number[]): Promise<KernelZone> {
  const zone = await openZone({
    spells: [NUKE],
    creatures: [creature({ name: "Elite", elite: true })],
    classes: GROWING,
  });
  zone.spawn(WOLF, { kind });
  for (const id of killers) zone.join(id, { x: 10, class: "Growing" });
  zone.run().set(WOLF, "HEALTH", 41);
  for (const id of killers) zone.land(id, NUKE.id, WOLF);
  expect(zone.event("killed").target).toBe(WOLF);
  return zone;
}

describe("experience", () => {
  test("of a kill goes to those who fought, in equal parts; of an elite there is twice as much", async () => {
    const one = await killed("Wolf", [1, 2]);
    expect(
      one.events.filter(({ kind }) => kind === "experience").map(({ source, a, b, c }) => [source, a, b, c]),
    ).toEqual([
      [1, 47, 47, 7_600],
      [2, 47, 47, 7_600],
    ]);
    const elite = await killed("Elite", [1, 2]);
    expect(elite.get(1, "PLAYER_EXPERIENCE")).toBe(95);
  });

  test("enough of it is a level: more health, power and damage, and all of both", async () => {
    const zone = await openZone({ spells: [NUKE], classes: GROWING });
    zone.join(1, { x: 10, class: "Growing" }).spawn(WOLF).run();
    zone
      .set(1, "PLAYER_EXPERIENCE", 7_600 - 95)
      .set(1, "HEALTH", 77)
      .set(1, "POWER", 5)
      .set(WOLF, "HEALTH", 10);
    zone.land(1, NUKE.id, WOLF);
    expect(zone.event("level")).toMatchObject({ source: 1, a: 11 });
    expect([zone.get(1, "LEVEL"), zone.get(1, "PLAYER_EXPERIENCE")]).toEqual([11, 0]);
    expect(["HEALTH", "MAX_HEALTH", "POWER", "MAX_POWER", "DAMAGE_MIN"].map((column) => zone.get(1, column))).toEqual([
      520, 520, 1_010, 1_010, 22,
    ]);
    expect(zone.frames.get(1)?.self).toMatchObject({ maxHealth: 520, maxPower: 1_010 });
  });

  test.each([
    [10, 500, 1_000, 20],
    [15, 600, 1_050, 30],
    [1, 320, 910, 2],
    [60, 1_500, 1_500, 120],
  ])("a player who comes with level %p has the sheet of it", async (level, health, power, damage) => {
    const zone = (await openZone({ classes: GROWING })).join(1, { class: "Growing", level }).run();
    expect([zone.get(1, "MAX_HEALTH"), zone.get(1, "MAX_POWER"), zone.get(1, "DAMAGE_MIN")]).toEqual([
      health,
      power,
      damage,
    ]);
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
  expect(zone.hasFlag(1, abi.ENTITY_IN_COMBAT)).toBe(true);
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
