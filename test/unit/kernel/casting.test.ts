// Casts: global cooldown, cast time, cost, cooldown, range, interruption and what it locks. 1.5 s are 30 ticks.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { creature, spell } from "../../helpers/kernel-content.ts";
import { LANDS, openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const BOLT = spell({ id: 7, castS: 1.5, cost: 100 });
const BLAST = spell({ id: 8, cooldownS: 8, cost: 30 });
const WAND = spell({ id: 9, gcdS: 0 });
const HEAL = spell({ id: 10, effect: "heal", school: "holy", rangeYd: 40 });
const KICK = spell({ id: 11, effect: "interrupt", school: "physical", rangeYd: 5, gcdS: 0, lockoutS: 5 });
const FROST = spell({ id: 12, school: "frost" });
const CASTER = creature({ name: "Caster", spellId: 13 });
const SPARK = spell({ id: 13, school: "nature", castS: 2, amount: [8, 8] });
const SPELLS = [BOLT, BLAST, WAND, HEAL, KICK, FROST, SPARK];
const WOLF = 1_000_001;

async function open(): Promise<KernelZone> {
  return (await openZone({ spells: SPELLS, creatures: [CASTER] })).join(1).spawn(WOLF, { x: 10 }).run();
}

describe("a cast with a cast time", () => {
  test("starts with its global cooldown, completes to the tick, and is paid when it does", async () => {
    const zone = await open();
    zone.cast(1, BOLT.id, WOLF).run();
    expect(zone.event("cast_started")).toMatchObject({ source: 1, target: WOLF, a: BOLT.id, b: 30 });
    expect(zone.get(1, "GCD_END")).toBe(zone.tick + 30);
    expect(zone.get(1, "POWER")).toBe(1_000);
    expect(zone.run(29).has("cast_completed")).toBe(false);
    zone.rig(LANDS, LANDS).run();
    expect(zone.event("cast_completed")).toMatchObject({ source: 1, target: WOLF, a: BOLT.id, b: 30 });
    expect(zone.event("damage")).toMatchObject({ source: 1, target: WOLF, a: 40, b: 40, e: BOLT.id });
    expect(zone.get(1, "POWER")).toBe(900);
    expect(zone.get(WOLF, "HEALTH")).toBe(960);
  });

  test("is refused while another one runs", async () => {
    const zone = await open();
    zone.cast(1, BOLT.id, WOLF).run(5);
    zone.cast(1, WAND.id, WOLF).run();
    expect(zone.event("refused")).toMatchObject({ info: abi.REFUSED_CASTING, a: abi.OP_CAST, c: WAND.id });
  });

  test("cancelled by its caster clears the global cooldown: the next one starts at once", async () => {
    const zone = await open();
    zone.cast(1, BOLT.id, WOLF).run(5);
    zone.cancel(1).run();
    expect(zone.event("cast_interrupted").info).toBe(abi.INTERRUPT_BY_REQUEST);
    zone.cast(1, BLAST.id, WOLF).run();
    expect(zone.has("cast_completed")).toBe(true);
  });

  test("ends when its target is gone, and when the caster dies", async () => {
    const zone = await open();
    zone.cast(1, BOLT.id, WOLF).run(5);
    zone.place(WOLF, 36).run();
    expect(zone.event("cast_interrupted").info).toBe(abi.INTERRUPT_TARGET_LOST);
    zone.place(WOLF, 3).attack(1, WOLF).runUntil("aggro", 200).cast(1, BOLT.id, WOLF).run(2);
    zone
      .set(1, "HEALTH", 1)
      .set(WOLF, "SWING_NEXT", zone.tick + 1)
      .rig([5_000, 9_999])
      .run();
    expect(zone.event("cast_interrupted").info).toBe(abi.INTERRUPT_BY_DEATH);
  });
});

describe("the global cooldown", () => {
  test("is 30 ticks after an instant spell, and one spell asked for inside is told when it ends", async () => {
    const zone = await open();
    zone.cast(1, BLAST.id, WOLF).run();
    const end = zone.tick + 30;
    zone.run(9);
    zone.cast(1, FROST.id, WOLF).run();
    expect(zone.event("cast_blocked_gcd")).toMatchObject({ source: 1, a: FROST.id, b: end, c: zone.tick });
    expect(zone.counter("GCD_BLOCKED")).toBe(1);
    zone.run(end - zone.tick - 1);
    zone.cast(1, FROST.id, WOLF).run();
    expect(zone.event("cast_completed").a).toBe(FROST.id);
  });

  test("does not hold back a spell that is off it", async () => {
    const zone = await open();
    zone.cast(1, BLAST.id, WOLF).run();
    zone.cast(1, WAND.id, WOLF).run();
    expect(zone.event("cast_completed").a).toBe(WAND.id);
  });

  test("a second cast in one tick is blocked", async () => {
    const zone = await open();
    zone.cast(1, BLAST.id, WOLF).cast(1, FROST.id, WOLF).run();
    expect(zone.event("cast_completed").a).toBe(BLAST.id);
    expect(zone.event("cast_blocked_gcd").a).toBe(FROST.id);
  });
});

test("a spell's own cooldown: 8 s are 160 ticks", async () => {
  const zone = await open();
  zone.cast(1, BLAST.id, WOLF).run(151);
  zone.cast(1, BLAST.id, WOLF).run();
  expect(zone.event("refused").info).toBe(abi.REFUSED_ON_COOLDOWN);
  zone.run(8).cast(1, BLAST.id, WOLF).run();
  expect(zone.event("cast_completed").a).toBe(BLAST.id);
});

test("a spell that can not be paid is refused; power that went elsewhere meanwhile leaves it without effect, told", async () => {
  const zone = await open();
  zone.set(1, "POWER", 29).cast(1, BLAST.id, WOLF).run();
  expect(zone.event("refused").info).toBe(abi.REFUSED_NO_POWER);
  zone.set(1, "POWER", 100).cast(1, BOLT.id, WOLF).run(30);
  zone.set(1, "POWER", 99).run();
  expect(zone.has("cast_completed")).toBe(true);
  expect([zone.has("damage"), zone.get(1, "POWER")]).toEqual([false, 99]);
  expect(zone.event("refused")).toMatchObject({ source: 1, info: abi.REFUSED_NO_POWER, c: BOLT.id });
});

describe("whom a spell is aimed at", () => {
  test.each([
    ["an unknown entity", 999, abi.REFUSED_NO_SUCH_ENTITY],
    ["oneself", 1, abi.REFUSED_INVALID_TARGET],
    ["another player", 2, abi.REFUSED_INVALID_TARGET],
    ["one out of range", WOLF + 1, abi.REFUSED_OUT_OF_RANGE],
    ["a phantom", WOLF + 2, abi.REFUSED_INVALID_TARGET],
    ["a corpse", WOLF + 3, abi.REFUSED_TARGET_DEAD],
  ])("damage to %s is refused", async (_, target, reason) => {
    const zone = await open();
    zone
      .join(2)
      .spawn(WOLF + 1, { x: 30.1 })
      .spawn(WOLF + 2, { x: 2, phantom: true })
      .spawn(WOLF + 3, { x: 2 })
      .run();
    zone.set(WOLF + 3, "HEALTH", 1).land(1, WAND.id, WOLF + 3);
    zone.cast(1, BLAST.id, target).run();
    expect(zone.event("refused")).toMatchObject({ info: reason, source: 1, c: BLAST.id });
    expect(zone.refused(reason)).toBe(1);
  });

  test("damage without a target goes to the current one, else to the nearest enemy, else nowhere", async () => {
    const zone = await open();
    zone.spawn(WOLF + 1, { x: -5 }).run();
    zone.cast(1, WAND.id).run();
    expect(zone.event("cast_completed").target).toBe(WOLF + 1);
    zone.attack(1, WOLF).run();
    expect(zone.cast(1, WAND.id).run().event("cast_completed").target).toBe(WOLF);
    zone.place(1, 500).run();
    expect(zone.cast(1, WAND.id).run().event("cast_completed").target).toBe(0);
  });

  test("healing without a target goes to the caster; to an enemy it is refused", async () => {
    const zone = await open();
    zone.set(1, "HEALTH", 100).cast(1, HEAL.id).run();
    expect(zone.event("healed")).toMatchObject({ source: 1, target: 1, a: 40, b: 140 });
    zone.run(30).cast(1, HEAL.id, WOLF).run();
    expect(zone.event("refused").info).toBe(abi.REFUSED_INVALID_TARGET);
  });

  test("healing never goes past full health", async () => {
    const zone = await open();
    zone.set(1, "HEALTH", 490).cast(1, HEAL.id).run();
    expect(zone.event("healed")).toMatchObject({ a: 10, b: 500 });
  });
});

describe("an interrupt", () => {
  test("beats the completion it falls together with, and locks the school for its own duration", async () => {
    const zone = await open();
    zone
      .spawn(WOLF + 1, { kind: "Caster", x: 4 })
      .run()
      .attack(1, WOLF + 1)
      .runUntil("cast_started");
    const end = zone.get(WOLF + 1, "CAST_END");
    zone
      .run(end - zone.tick - 1)
      .cast(1, KICK.id, WOLF + 1)
      .run();
    expect(zone.event("cast_interrupted")).toMatchObject({
      info: abi.INTERRUPT_BY_SPELL,
      source: WOLF + 1,
      a: SPARK.id,
    });
    expect(zone.events.filter(({ kind, e }) => kind === "damage" && e === SPARK.id)).toEqual([]);
    const interruptedAt = zone.tick;
    zone.run(99);
    expect(zone.events.some(({ kind, source }) => kind === "cast_started" && source === WOLF + 1)).toBe(false);
    zone.runUntil("cast_started");
    expect(zone.tick - interruptedAt).toBeGreaterThanOrEqual(100);
  });

  test("locks the victim's school and no other", async () => {
    const zone = await open();
    const locked =
      zone.kernel.layout.value("ENTITY_LOCKED") + zone.row(1) * zone.kernel.layout.value("ENTITY_LOCKED_STRIDE");
    const fire = 2;
    zone.view.setUint32(locked + fire * 4, zone.tick + 100, true);
    zone.set(1, "LOCKED_UNTIL", zone.tick + 100);
    zone.cast(1, BLAST.id, WOLF).run();
    expect(zone.event("refused").info).toBe(abi.REFUSED_LOCKED_OUT);
    zone.cast(1, FROST.id, WOLF).run();
    expect(zone.event("cast_completed").a).toBe(FROST.id);
    zone.run(98).cast(1, BLAST.id, WOLF).run();
    expect(zone.event("cast_completed").a).toBe(BLAST.id);
  });
});

describe("a spell nobody knows", () => {
  test("takes the cast time its caster claims, at most 10 s, and has no effect", async () => {
    const zone = await open();
    zone.cast(1, 4_000, 0, 100_000).run();
    expect(zone.event("cast_started").b).toBe(200);
    expect(zone.run(199).has("cast_completed")).toBe(false);
    zone.run();
    expect(zone.event("cast_completed").a).toBe(4_000);
  });

  test("whose id is past the book is taken too", async () => {
    const zone = await open();
    zone.cast(1, 0xffff_ffff, 0, 0).run();
    expect(zone.event("cast_completed").a).toBe(0xffff_ffff);
  });
});

test("the dead cast nothing", async () => {
  const zone = await open();
  zone.place(1, 10).run();
  zone.set(1, "HEALTH", 1).attack(1, WOLF).runUntil("killed");
  zone.cast(1, WAND.id, WOLF).run();
  expect(zone.event("refused").info).toBe(abi.REFUSED_DEAD);
});
