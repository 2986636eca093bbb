// Channels, pushback and the queue window: what happens to a cast between its start and its end, and just before it.

import { describe, expect, test } from "bun:test";
import { INTERRUPT_BY_MOVEMENT, REFUSED_CASTING, REFUSED_MOVED, REFUSED_NO_POWER } from "../../../assembly/abi.ts";
import { aura, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const BOLT = spell({ id: 20, castS: 2 });
const MISSILES = spell({ id: 21, channelS: 3, channelPeriodS: 1, cost: 100, cooldownS: 10, amount: [20, 20] });
const BLAST = spell({ id: 22, cooldownS: 3 });
const FROST = spell({ id: 23, school: "frost" });
const SHIELD = spell({
  id: 24,
  effect: "help",
  gcdS: 0,
  aura: aura({ kind: "absorb", durationS: 30, amount: [500, 500] }),
});
const BLEED = spell({
  id: 25,
  effect: "harm",
  gcdS: 0,
  aura: aura({ kind: "damage", durationS: 9, periodS: 3, amount: [1, 1] }),
});
const RAIN = spell({ id: 26, areaYd: 8, amount: [10, 10], gcdS: 0 });
const NOVA = spell({ id: 27, rangeYd: 0, areaYd: 8, amount: [10, 10], gcdS: 0 });
const SPELLS = [BOLT, MISSILES, BLAST, FROST, SHIELD, BLEED, RAIN, NOVA];

async function open(): Promise<KernelZone> {
  const zone = await openZone({ spells: SPELLS });
  zone.join(1, { x: 3 }).spawn(WOLF).run();
  return zone;
}

/** Lets the creature's next blow fall in the next tick, and land. */
function blow(zone: KernelZone): void {
  zone
    .set(WOLF, "SWING_NEXT", zone.tick + 1)
    .rig([6_500, 9_999])
    .run();
  expect(zone.events.some(({ kind, target }) => kind === "damage" && target === 1)).toBe(true);
  zone.set(WOLF, "SWING_NEXT", zone.tick + 1_000);
}

/** The creature fights player 1, and waits. */
async function openFight(): Promise<KernelZone> {
  const zone = await open();
  zone.attack(1, WOLF).run();
  zone.set(WOLF, "SWING_NEXT", zone.tick + 1_000).set(1, "ATTACKING", 0);
  return zone;
}

describe("pushback", () => {
  test("delays a cast by 1.0 s, then by 0.2 s less each time, never beyond the full cast time", async () => {
    const zone = await openFight();
    zone.cast(1, BOLT.id, WOLF).run(39);
    const delays: number[] = [];
    for (let hits = 0; hits < 6; hits++) {
      // Just before it ends, so that the full cast time is no bound.
      zone.run(Math.max(0, zone.get(1, "CAST_END") - zone.tick - 2));
      const end = zone.get(1, "CAST_END");
      blow(zone);
      delays.push(zone.get(1, "CAST_END") - end);
    }
    expect(delays).toEqual([20, 16, 12, 8, 4, 4]);
  });

  test("right after the start delays by no more than what is gone of the cast", async () => {
    const zone = await openFight();
    zone.cast(1, BOLT.id, WOLF).run(6);
    blow(zone);
    expect(zone.get(1, "CAST_END") - zone.tick).toBe(40);
  });

  test("does not come of a hit that is fully absorbed, nor of damage over time", async () => {
    const zone = await openFight();
    zone.cast(1, SHIELD.id, 1).run();
    zone.cast(1, BOLT.id, WOLF).run(20);
    const end = zone.get(1, "CAST_END");
    blow(zone);
    expect(zone.get(1, "CAST_END")).toBe(end);
    const bled = await openFight();
    bled.land(1, BLEED.id, WOLF);
    bled
      .set(WOLF, "CAST_SPELL", BOLT.id)
      .set(WOLF, "CAST_TICKS", 200)
      .set(WOLF, "CAST_END", bled.tick + 190);
    const wolfEnd = bled.get(WOLF, "CAST_END");
    bled.run(60);
    expect(bled.get(WOLF, "CAST_END")).toBe(wolfEnd);
  });

  test("takes the same off a channel", async () => {
    const zone = await openFight();
    zone.cast(1, MISSILES.id, WOLF).run(5);
    const end = zone.get(1, "CAST_END");
    blow(zone);
    expect(end - zone.get(1, "CAST_END")).toBe(20);
    blow(zone);
    expect(end - zone.get(1, "CAST_END")).toBe(36);
  });
});

describe("a channel", () => {
  test("is paid and cools down from its start, takes effect every period, and completes at its end", async () => {
    const zone = await open();
    zone.place(1, 10).run();
    zone.cast(1, MISSILES.id, WOLF).run();
    const start = zone.tick;
    expect(zone.event("cast_started")).toMatchObject({ a: MISSILES.id, b: 60 });
    expect(zone.get(1, "POWER")).toBe(900);
    const hits: number[] = [];
    while (!zone.has("cast_completed")) {
      zone.set(WOLF, "SWING_NEXT", 1_000_000).rig([5_000, 9_999], [5_000, 9_999]).run();
      if (zone.events.some(({ e, kind }) => kind === "damage" && e === MISSILES.id)) hits.push(zone.tick - start);
    }
    expect(hits).toEqual([20, 40, 60]);
    expect(zone.tick - start).toBe(60);
    expect(zone.get(1, "CAST_END")).toBe(0);
  });

  test("is ended by movement, and its global cooldown with it is not", async () => {
    const zone = await open();
    zone.cast(1, MISSILES.id, WOLF).run();
    const gcdEnd = zone.get(1, "GCD_END");
    zone.run(4).move(1, 3.3).run();
    expect(zone.event("cast_interrupted")).toMatchObject({ info: INTERRUPT_BY_MOVEMENT, a: MISSILES.id });
    expect([zone.get(1, "CAST_END"), zone.get(1, "GCD_END")]).toEqual([0, gcdEnd]);
  });
});

describe("the queue window of 0.4 s", () => {
  test("starts a cast asked for at the end of a cast in the tick in which that ends", async () => {
    const zone = await open();
    zone.place(1, 10).run();
    zone.cast(1, BOLT.id, WOLF).run(33);
    const end = zone.get(1, "CAST_END");
    expect(end - zone.tick).toBe(8);
    zone.run(0).cast(1, FROST.id, WOLF).run();
    expect(zone.events).toEqual([]);
    zone.run(end - zone.tick);
    expect(zone.events.filter(({ kind }) => kind === "cast_completed").map(({ a }) => a)).toEqual([BOLT.id, FROST.id]);
  });

  test("and at the end of the global cooldown and of the spell's own", async () => {
    const zone = await open();
    zone.cast(1, FROST.id, WOLF).run(23);
    zone.cast(1, BLAST.id, WOLF).run(7);
    expect(zone.has("cast_completed")).toBe(false);
    expect(zone.run().event("cast_completed").a).toBe(BLAST.id);
    const ready = zone.tick + 60;
    zone.run(ready - zone.tick - 8);
    zone.cast(1, BLAST.id, WOLF).run(7);
    expect(zone.has("cast_completed")).toBe(false);
    expect(zone.run().event("cast_completed").a).toBe(BLAST.id);
    expect(zone.tick).toBe(ready);
  });

  test("takes the newest of several, and tells the other", async () => {
    const zone = await open();
    zone.cast(1, FROST.id, WOLF).run(24);
    zone.cast(1, BOLT.id, WOLF).run();
    zone.cast(1, BLAST.id, WOLF).run();
    expect(zone.event("refused")).toMatchObject({ info: REFUSED_CASTING, c: BOLT.id });
    expect(zone.runUntil("cast_completed", 10).event("cast_completed").a).toBe(BLAST.id);
  });

  test("checks again when it is time: who moves then, or can not pay, is refused", async () => {
    const zone = await open();
    zone.cast(1, FROST.id, WOLF).run(24);
    zone.cast(1, BOLT.id, WOLF).run(6);
    zone.move(1, 3.2).run();
    expect(zone.event("refused").info).toBe(REFUSED_MOVED);
    const poor = await open();
    poor.cast(1, FROST.id, WOLF).run(24);
    poor.cast(1, MISSILES.id, WOLF).run(6);
    poor.set(1, "POWER", 0).run();
    expect(poor.event("refused").info).toBe(REFUSED_NO_POWER);
  });
});

describe("an area spell", () => {
  test.each([
    ["around its target", RAIN.id, WOLF, [WOLF, WOLF + 1]],
    ["around its caster, when it has no range", NOVA.id, 0, [WOLF, WOLF + 2]],
  ])("strikes every enemy %s", async (_, spellId, target, struck) => {
    const zone = await openZone({ spells: SPELLS });
    zone
      .join(1, { x: 6 })
      .join(2, { x: 1 })
      .spawn(WOLF)
      .spawn(WOLF + 1, { x: -7.5 })
      .spawn(WOLF + 2, { x: 13.5 });
    zone
      .spawn(WOLF + 3, { x: 40 })
      .spawn(WOLF + 4, { x: 2, phantom: true })
      .run();
    for (let id = WOLF; id <= WOLF + 3; id++) zone.set(id, "SWING_NEXT", 1_000_000);
    zone
      .rig(...Array.from({ length: 4 }, (): [number, number] => [5_000, 9_999]))
      .cast(1, spellId, target)
      .run();
    const hit = zone.events.filter(({ kind }) => kind === "damage").map(({ target: id }) => id);
    expect(hit.toSorted((a, b) => a - b)).toEqual(struck);
  });
});
