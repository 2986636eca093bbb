// Swings: two hands, parry haste, shields, who stands behind whom, and the special bands' damage.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { creature, playerClass } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { JoinOptions, KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const CLASSES = [
  playerClass({ name: "Guard", block: 6 }),
  playerClass({ name: "Duellist", swingS: 2, offHand: { damage: [9, 9], swingS: 1.5 } }),
];
const CREATURES = [creature({ name: "Ogre", level: 13, damage: [20, 20] }), creature({ name: "Clad", armor: 1_250 })];

/** A player and a creature side by side, which fight and wait. */
async function open(options: JoinOptions & { kind?: string } = {}): Promise<KernelZone> {
  const zone = await openZone({ classes: CLASSES, creatures: CREATURES });
  const { kind = "Wolf", ...rest } = options;
  zone
    .join(1, { x: 3, ...rest })
    .spawn(WOLF, { kind })
    .run();
  zone.set(WOLF, "SWING_NEXT", 1_000_000).attack(1, WOLF).run();
  return zone.set(1, "SWING_NEXT", 1_000_000).set(1, "PLAYER_OFF_NEXT", 1_000_000);
}

/** The one of the two swings in the next tick, with such a roll. */
function swing(zone: KernelZone, who: number, from: number, to: number): KernelZone {
  zone
    .set(who, "SWING_NEXT", zone.tick + 1)
    .rig([from, to])
    .run();
  return zone;
}

describe("how a player's swing lands on a creature of its level", () => {
  test.each([
    [0, 499, abi.AVOIDED_MISS],
    [500, 999, abi.AVOIDED_DODGE],
    [1_000, 1_499, abi.AVOIDED_PARRY],
  ])("%p to %p: avoided, %p", async (from, to, how) => {
    const zone = swing(await open(), 1, from, to);
    expect(zone.event("avoided")).toMatchObject({ info: how, source: 1, target: WOLF, a: 0 });
    expect(zone.has("damage")).toBe(false);
  });

  test("critical: twice the damage; glancing: some less", async () => {
    const zone = swing(await open(), 1, 2_500, 2_999);
    expect(zone.event("damage")).toMatchObject({ info: abi.DAMAGE_CRITICAL, a: 40, b: 40 });
    swing(zone, 1, 1_500, 2_499);
    const glancing = zone.event("damage");
    expect(glancing.info).toBe(abi.DAMAGE_GLANCING);
    expect([18, 19]).toContain(glancing.b);
  });

  test("critical through armour: 1,250 at level 10 takes half", async () => {
    const zone = swing(await open({ kind: "Clad" }), 1, 2_500, 2_999);
    expect(zone.event("damage")).toMatchObject({ a: 40, b: 20, c: 20 });
  });
});

test("a creature of +3 levels crushes: half as much again", async () => {
  const zone = swing(await open({ kind: "Ogre" }), WOLF, 2_000, 3_499);
  expect(zone.event("damage")).toMatchObject({ info: abi.DAMAGE_CRUSHING, a: 30, b: 30 });
});

test("a shield takes its part of a blocked blow; without one there is no block", async () => {
  const zone = swing(await open({ class: "Guard" }), WOLF, 1_500, 1_999);
  expect(zone.event("damage")).toMatchObject({ info: abi.DAMAGE_BLOCKED, a: 10, b: 4, c: 6 });
  const bare = swing(await open(), WOLF, 1_500, 1_999);
  expect(bare.event("damage").info).toBe(abi.DAMAGE_CRITICAL);
});

describe("a parry brings the parrier's next swing nearer", () => {
  test.each([
    // of 40 ticks: left before, left after (this tick included)
    [40, 24],
    [25, 9],
    [24, 8],
    [9, 8],
    [8, 8],
    [3, 3],
  ])("with %p ticks left: %p", async (left, after) => {
    const zone = await open();
    zone
      .set(WOLF, "SWING_NEXT", zone.tick + 1 + left)
      .set(1, "SWING_NEXT", zone.tick + 1)
      .rig([1_000, 1_499])
      .run();
    expect(zone.event("avoided").info).toBe(abi.AVOIDED_PARRY);
    expect(zone.get(WOLF, "SWING_NEXT") - zone.tick).toBe(after);
  });
});

describe("two weapons", () => {
  test("have a rhythm each, and are 0.2 s apart at least", async () => {
    const zone = await open({ class: "Duellist" });
    zone.set(1, "SWING_NEXT", zone.tick + 1).set(1, "PLAYER_OFF_NEXT", zone.tick + 1);
    const start = zone.tick + 1;
    const swings: number[] = [];
    for (let tick = 0; tick < 130; tick++) if (zone.run().counter("ATTACKS") > 0) swings.push(zone.tick - start);
    // Main hand every 40 ticks, off hand every 30, which begins 4 after the main hand.
    for (let at = 1; at < swings.length; at++) expect(swings[at]! - swings[at - 1]!).toBeGreaterThanOrEqual(4);
    expect(swings.slice(0, 4)).toEqual([0, 4, 34, 40]);
  });

  test("miss more often, and the off hand hits for its own damage", async () => {
    const zone = await open({ class: "Duellist" });
    swing(zone, 1, 1_000, 2_399);
    expect(zone.event("avoided").info).toBe(abi.AVOIDED_MISS);
    zone
      .set(1, "PLAYER_OFF_NEXT", zone.tick + 1)
      .set(1, "SWING_NEXT", 1_000_000)
      .rig([6_000, 9_999])
      .run();
    expect(zone.event("damage").a).toBe(9);
  });
});

describe("facing", () => {
  test("who runs away from its target does not strike it, and is told twice a second", async () => {
    const zone = await open();
    zone.set(1, "SWING_NEXT", zone.tick + 1);
    const told: number[] = [];
    for (let step = 1; step <= 4; step++) {
      zone.move(1, 3 + step * 0.3).run();
      if (zone.has("refused")) told.push(zone.event("refused").info);
      expect(zone.counter("ATTACKS")).toBe(0);
    }
    expect(told).toEqual([abi.REFUSED_NOT_FACING]);
    let attacks = 0;
    for (let tick = 0; tick < 12; tick++) attacks += zone.run().counter("ATTACKS");
    expect(attacks).toBe(1);
  });

  test("sideways and towards it, it does", async () => {
    const zone = await open();
    zone
      .set(1, "SWING_NEXT", zone.tick + 2)
      .move(1, 3, 0.3)
      .run();
    zone.move(1, 2.8, 0.6).run();
    expect(zone.counter("ATTACKS")).toBe(1);
  });

  test("nothing is parried from behind: a creature faces whom it fights", async () => {
    const zone = await open();
    for (let hits = 0; hits < 4; hits++) swing(zone, 1, 6_000, 9_999);
    zone.set(1, "SWING_NEXT", 1_000_000).join(2, { x: -3 }).run().attack(2, WOLF).run();
    zone
      .set(2, "SWING_NEXT", zone.tick + 1)
      .rig([1_000, 1_499])
      .run();
    expect(zone.get(WOLF, "TARGET")).toBe(1);
    expect(zone.event("damage").source).toBe(2);
  });
});
