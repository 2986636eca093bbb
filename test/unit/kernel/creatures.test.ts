// Creatures: whom they notice, how they chase, when they give up, how they come back.

import { describe, expect, test } from "bun:test";
import { ENTITY_DEAD, ENTITY_EVADING, ENTITY_IN_COMBAT } from "../../../assembly/abi.ts";
import { creature, spell } from "../../helpers/kernel-content.ts";
import { LANDS, openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const BEAST = 1_000_001;
const NUKE = spell({ id: 20, amount: [5_000, 5_000], gcdS: 0, rangeYd: 60 });
const PEBBLE = spell({ id: 21, amount: [1, 1], gcdS: 0, rangeYd: 60 });
const SPELLS = [NUKE, PEBBLE];
const CREATURES = [
  creature({ name: "Alert", aggroRadiusYd: 0 }),
  creature({ name: "Elder", aggroRadiusYd: 0, level: 30 }),
  creature({ name: "Watchful", aggroRadiusYd: 30 }),
  creature({ name: "Caster", spellId: 22 }),
  creature({ name: "Roamer", roamRadiusYd: 10 }),
  creature({ name: "Gnoll", family: "gnoll" }),
  creature({ name: "Gnoll Mystic", family: "gnoll" }),
  creature({ name: "Coward", flees: true }),
];
const IDLE = 0;
const GONE = 4;

async function open(kind: string): Promise<KernelZone> {
  return (await openZone({ spells: SPELLS, creatures: CREATURES })).spawn(BEAST, { kind }).run();
}

describe("a creature turns on a player within its aggro radius", () => {
  test.each([
    // its level 10 (Alert), 30 (Elder); 18 yd less the player's levels above it, 5 to 45
    ["Alert", 10, 17.9, 18.1],
    ["Alert", 12, 15.9, 16.1],
    ["Alert", 60, 4.9, 5.1],
    ["Elder", 25, 22.9, 23.1],
    ["Elder", 5, 42.9, 43.1],
    ["Elder", 1, 42.9, 43.1], // the difference counts to -25 at most
    ["Watchful", 60, 29.9, 30.1],
  ])("%s, a player of level %p: at %p yd, not at %p", async (kind, level, near, far) => {
    const zone = await open(kind);
    zone.join(1, { level, x: far }).run(110);
    expect(zone.get(BEAST, "TARGET")).toBe(0);
    zone.place(1, near).run(9);
    expect(zone.get(BEAST, "TARGET")).toBe(1);
    expect([zone.hasFlag(BEAST, ENTITY_IN_COMBAT), zone.hasFlag(1, ENTITY_IN_COMBAT)]).toEqual([true, true]);
  });

  test("not for 5 s after it appeared, unless attacked", async () => {
    const zone = await open("Alert");
    zone.join(1, { x: 10 }).run(98);
    expect(zone.get(BEAST, "TARGET")).toBe(0);
    zone.run(12);
    expect(zone.get(BEAST, "TARGET")).toBe(1);
    const other = await open("Alert");
    other.join(1, { x: 10 }).run().land(1, PEBBLE.id, BEAST);
    expect(other.event("aggro")).toMatchObject({ source: BEAST, target: 1 });
  });

  test("never when it is a phantom, and never the dead", async () => {
    const zone = await openZone({ spells: SPELLS, creatures: CREATURES });
    zone.spawn(BEAST, { kind: "Alert", phantom: true }).join(1, { x: 3 }).run(130);
    expect(zone.get(BEAST, "TARGET")).toBe(0);
  });
});

describe("a fight", () => {
  test("a creature runs up to its target and stops in reach of it", async () => {
    const zone = await open("Alert");
    zone.join(1, { x: 40 }).run().land(1, PEBBLE.id, BEAST);
    expect(zone.position(BEAST)[0]).toBeCloseTo(0.35, 4);
    zone.run(150);
    expect(zone.position(BEAST)[0]).toBeGreaterThan(34.9);
    expect(zone.position(BEAST)[0]).toBeLessThanOrEqual(38);
    expect(zone.get(1, "HEALTH")).toBeLessThan(500);
  });

  test("30 yd from where it last refreshed and 15 s without a hit, and it runs home, immune, and heals", async () => {
    const zone = await open("Alert");
    zone.join(1, { x: 40 }).run().land(1, PEBBLE.id, BEAST);
    const hitAt = zone.tick;
    for (let x = 40; !zone.has("evaded"); x += 0.35) {
      zone.place(1, x).run();
      if (zone.tick > hitAt + 400) throw new Error("It chases for ever.");
    }
    expect(zone.tick - hitAt).toBe(300);
    expect(zone.hasFlag(BEAST, ENTITY_EVADING)).toBe(true);
    expect([zone.hasFlag(1, ENTITY_IN_COMBAT), zone.threat(BEAST).size]).toEqual([false, 0]);
    zone.place(1, 10).land(1, NUKE.id, BEAST);
    expect(zone.get(BEAST, "HEALTH")).toBe(999);
    zone.place(1, 500).run(400);
    expect(zone.position(BEAST)).toEqual([0, 0, 0]);
    expect(zone.hasFlag(BEAST, ENTITY_EVADING)).toBe(false);
    expect([zone.get(BEAST, "HEALTH"), zone.get(BEAST, "CREATURE_STATE")]).toEqual([1_000, IDLE]);
  });

  test("with hits on the way it goes on for as long as there are any", async () => {
    const zone = await open("Alert");
    zone.join(1, { x: 40 }).run();
    for (let x = 40; x < 250; x += 0.35) {
      if (zone.tick % 100 === 1) zone.rig(LANDS, LANDS).cast(1, PEBBLE.id, BEAST);
      zone.place(1, x).run();
      expect(zone.has("evaded")).toBe(false);
    }
  });

  test("with nobody left ends: it evades", async () => {
    const zone = await open("Alert");
    zone.join(1, { x: 10 }).run().land(1, PEBBLE.id, BEAST);
    zone.leave(1).run();
    expect(zone.event("evaded").source).toBe(BEAST);
  });
});

describe("a creature's own", () => {
  test("come to help from within 5 yd, 1.5 s after it turned on somebody; others do not", async () => {
    const zone = await openZone({ spells: SPELLS, creatures: CREATURES });
    zone.spawn(BEAST, { kind: "Gnoll" }).spawn(BEAST + 1, { kind: "Gnoll Mystic", x: -4.9 });
    zone
      .spawn(BEAST + 2, { kind: "Gnoll", y: -5.6 })
      .spawn(BEAST + 3, { kind: "Wolf", y: 2 })
      .join(1, { x: 4 })
      .run();
    zone.land(1, PEBBLE.id, BEAST);
    const turnedAt = zone.tick;
    const helped: [number, number][] = [];
    for (let tick = 0; tick < 60; tick++) {
      zone.run();
      for (const { kind, source } of zone.events) if (kind === "aggro") helped.push([source, zone.tick - turnedAt]);
    }
    expect(helped).toEqual([[BEAST + 1, 30]]);
  });

  test("flight: once, at a fifth of its health, for 10 s, where its kind does", async () => {
    const zone = await openZone({ spells: SPELLS, creatures: CREATURES });
    zone.spawn(BEAST, { kind: "Coward" }).join(1, { x: 3 }).run();
    zone.attack(1, BEAST).run().set(1, "SWING_NEXT", 100_000).set(1, "ATTACKING", 0);
    zone.set(BEAST, "HEALTH", 200).run();
    const fledAt = zone.tick;
    const distances: number[] = [];
    let blows = 0;
    while (zone.get(BEAST, "ATTACKING") === 0) {
      distances.push(3 - zone.position(BEAST)[0]);
      zone.run();
      blows += zone.events.filter(({ kind, target }) => kind === "damage" && target === 1).length;
    }
    expect(zone.tick - fledAt).toBe(200);
    expect(distances).toEqual(distances.toSorted((a, b) => a - b));
    expect([distances.at(-1)! > 60, blows]).toEqual([true, 0]);
    zone.place(1, zone.position(BEAST)[0] + 2).run(40);
    expect(zone.get(BEAST, "ATTACKING")).toBe(1);
  });
});

describe("a killed creature", () => {
  test("is a corpse, then gone, then back at its spawn point in full health, when its content says so", async () => {
    const zone = await open("Alert");
    zone.join(1, { x: 10 }).run().place(BEAST, 12).run();
    zone.land(1, NUKE.id, BEAST);
    const diedAt = zone.tick;
    expect(zone.event("killed")).toMatchObject({ source: 1, target: BEAST });
    expect([zone.hasFlag(BEAST, ENTITY_DEAD), zone.get(BEAST, "HEALTH")]).toEqual([true, 0]);
    zone.place(1, 50).run(199);
    expect(zone.get(BEAST, "CREATURE_STATE")).not.toBe(GONE);
    expect(zone.run().get(BEAST, "CREATURE_STATE")).toBe(GONE);
    expect(zone.run(199).hasFlag(BEAST, ENTITY_DEAD)).toBe(true);
    zone.run();
    expect(zone.tick - diedAt).toBe(400);
    expect(zone.event("revived").source).toBe(BEAST);
    expect([zone.hasFlag(BEAST, ENTITY_DEAD), zone.get(BEAST, "HEALTH")]).toEqual([false, 1_000]);
    expect(zone.position(BEAST)).toEqual([0, 0, 0]);
  });
});

test("an idle creature strolls within its radius while a player is near, and only then", async () => {
  const zone = await open("Roamer");
  expect(zone.run(300).position(BEAST)).toEqual([0, 0, 0]);
  zone.join(1, { x: 40 }).run(2_000);
  const [x, y] = zone.position(BEAST);
  expect(Math.hypot(x, y)).toBeGreaterThan(0);
  expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(10);
});

test("a creature without anybody on its table is not fighting, whatever is on others'", async () => {
  const zone = await open("Alert");
  zone
    .spawn(BEAST + 1, { kind: "Alert", x: 300 })
    .join(1, { x: 10 })
    .run()
    .rig(LANDS, LANDS)
    .cast(1, PEBBLE.id, BEAST)
    .run(2);
  expect(zone.counter("FIGHTING")).toBe(1);
  expect(zone.counter("CREATURES")).toBe(2);
});
