// Auras: damage and healing over time, absorption, stacking and refreshing, and how they end.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { aura, creature, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const CURSE = spell({
  id: 20,
  effect: "harm",
  school: "shadow",
  gcdS: 0,
  aura: aura({ kind: "damage", durationS: 12, periodS: 3, amount: [15, 15] }),
});
const VENOM = spell({
  id: 21,
  effect: "harm",
  school: "nature",
  gcdS: 0,
  aura: aura({ kind: "damage", durationS: 6, periodS: 2, amount: [4, 4], stacks: 3 }),
});
const RENEW = spell({
  id: 22,
  effect: "help",
  school: "holy",
  gcdS: 0,
  rangeYd: 40,
  aura: aura({ kind: "heal", durationS: 9, periodS: 3, amount: [10, 10] }),
});
const SHIELD = spell({
  id: 23,
  effect: "help",
  school: "holy",
  gcdS: 0,
  rangeYd: 40,
  aura: aura({ kind: "absorb", durationS: 30, amount: [25, 25] }),
});
const BURN = spell({
  id: 24,
  gcdS: 0,
  amount: [30, 30],
  aura: aura({ kind: "damage", durationS: 4, periodS: 2, amount: [5, 5] }),
});
const CHILL = spell({
  id: 25,
  gcdS: 0,
  school: "frost",
  amount: [10, 10],
  aura: aura({ kind: "slow", durationS: 5, amount: [40, 40] }),
});
const HIT = spell({ id: 26, gcdS: 0, amount: [10, 10] });
const SPELLS = [CURSE, VENOM, RENEW, SHIELD, BURN, CHILL, HIT];
const WARDED = creature({ name: "Warded", resistance: 40 });

/** Player 1 at 10 yd of a creature that does nothing by itself for long. */
async function open(kind = "Wolf"): Promise<KernelZone> {
  const zone = await openZone({ spells: SPELLS, creatures: [WARDED] });
  return zone.join(1, { x: 10 }).join(2, { x: 11 }).spawn(WOLF, { kind }).run();
}

function curse(zone: KernelZone, spellId: number, caster = 1, target = WOLF): void {
  zone.land(caster, spellId, target);
}

describe("damage over time", () => {
  test("comes every period, the last time when it ends, and is its caster's", async () => {
    const zone = await open();
    curse(zone, CURSE.id);
    expect(zone.event("aura_applied")).toMatchObject({
      source: 1,
      target: WOLF,
      a: CURSE.id,
      b: zone.tick + 240,
      c: 1,
      d: 15,
    });
    zone.set(WOLF, "ATTACKING", 0);
    const cast = zone.tick;
    const ticks: number[] = [];
    for (let tick = 0; tick < 260; tick++) {
      zone.set(WOLF, "SWING_NEXT", 100_000).run();
      for (const { kind, source, a, b, e, info } of zone.events) {
        if (kind !== "damage") continue;
        expect({ source, a, b, e, info }).toEqual({
          source: 1,
          a: 15,
          b: 15,
          e: CURSE.id,
          info: abi.DAMAGE_PERIODIC | abi.DAMAGE_MAGICAL,
        });
        ticks.push(zone.tick - cast);
      }
      if (zone.tick === cast + 240)
        expect(zone.event("aura_ended")).toMatchObject({ source: 1, target: WOLF, info: abi.AURA_ENDED_IN_TIME });
    }
    expect(ticks).toEqual([60, 120, 180, 240]);
    expect([zone.get(WOLF, "HEALTH"), zone.threat(WOLF).get(1)]).toEqual([940, 60]);
    expect(zone.auras(WOLF)).toEqual([]);
  });

  test("may follow on a blow", async () => {
    const zone = await open();
    curse(zone, BURN.id);
    expect(zone.event("damage").b).toBe(30);
    expect(zone.auras(WOLF)).toEqual([{ spell: BURN.id, stacks: 1, end: zone.tick + 80, caster: 1 }]);
  });

  test("kills, and the killer is who cast it", async () => {
    const zone = await open();
    curse(zone, CURSE.id);
    zone.set(WOLF, "HEALTH", 15).runUntil("killed", 61);
    expect(zone.event("killed")).toMatchObject({ source: 1, target: WOLF });
    expect(zone.event("aura_ended").info).toBe(abi.AURA_ENDED_BY_DEATH);
  });
});

describe("applied again", () => {
  test("by the same caster it is refreshed and does not stack", async () => {
    const zone = await open();
    curse(zone, CURSE.id);
    zone.run(100);
    curse(zone, CURSE.id);
    expect(zone.auras(WOLF)).toEqual([{ spell: CURSE.id, stacks: 1, end: zone.tick + 240, caster: 1 }]);
  });

  test("it stacks as far as its spell says, and every stack counts", async () => {
    const zone = await open();
    for (const stacks of [1, 2, 3, 3]) {
      curse(zone, VENOM.id);
      expect(zone.event("aura_applied").c).toBe(stacks);
    }
    expect(zone.auras(WOLF)).toHaveLength(1);
    zone.run(40);
    expect(zone.events.find(({ e }) => e === VENOM.id)?.b).toBe(12);
  });

  test("another caster's stands beside it", async () => {
    const zone = await open();
    curse(zone, CURSE.id, 1);
    curse(zone, CURSE.id, 2);
    expect(zone.auras(WOLF).map(({ caster }) => caster)).toEqual([1, 2]);
  });

  test("a ninth pushes out the one that would end first", async () => {
    const zone = await open();
    curse(zone, VENOM.id, 1);
    for (let caster = 3; caster <= 9; caster++) zone.join(caster, { x: 10 });
    zone.run();
    for (let caster = 3; caster <= 9; caster++) curse(zone, CURSE.id, caster);
    expect(zone.auras(WOLF)).toHaveLength(8);
    curse(zone, CURSE.id, 1);
    expect(zone.events.find(({ kind }) => kind === "aura_ended")).toMatchObject({
      a: VENOM.id,
      info: abi.AURA_ENDED_REMOVED,
    });
    expect(zone.auras(WOLF)).toHaveLength(8);
  });
});

test("healing over time heals what is missing, every period", async () => {
  const zone = await open();
  zone.set(1, "HEALTH", 480);
  zone.cast(2, RENEW.id, 1).run();
  const healed: number[] = [];
  for (let tick = 0; tick < 180; tick++) {
    zone.run();
    for (const { kind, a, source, target } of zone.events) {
      if (kind !== "healed") continue;
      expect([source, target]).toEqual([2, 1]);
      healed.push(a);
    }
  }
  expect(healed).toHaveLength(3);
  expect(healed.at(-1)).toBe(0);
  expect(zone.get(1, "HEALTH")).toBe(500);
});

describe("absorption", () => {
  test("takes damage before health does, tells how much, and ends when it is used up", async () => {
    const zone = await open();
    zone.cast(2, SHIELD.id, 1).run();
    zone.set(WOLF, "SWING_NEXT", 100_000).attack(1, WOLF).place(1, 2).run();
    const seen: [number, number, number][] = [];
    while (seen.length < 3) {
      zone
        .set(1, "SWING_NEXT", 100_000)
        .set(WOLF, "SWING_NEXT", zone.tick + 1)
        .rig([6_500, 9_999])
        .run();
      const { a, b, f } = zone.events.find(({ kind, target }) => kind === "damage" && target === 1)!;
      seen.push([a, b, f]);
    }
    // 10 a blow: 10 and 10 absorbed, then the last 5.
    expect(seen).toEqual([
      [10, 0, 10],
      [10, 0, 10],
      [10, 5, 5],
    ]);
    expect(zone.get(1, "HEALTH")).toBe(495);
    zone.run();
    expect(zone.event("aura_ended")).toMatchObject({ source: 2, target: 1, info: abi.AURA_ENDED_USED_UP });
  });

  test("the older of two is used up first", async () => {
    const zone = await open();
    zone.cast(1, SHIELD.id, 1).run();
    zone.cast(2, SHIELD.id, 1).run();
    zone.set(WOLF, "SWING_NEXT", 100_000).place(1, 2).attack(1, WOLF).run();
    for (let blow = 0; blow < 3; blow++) {
      zone
        .set(1, "SWING_NEXT", 100_000)
        .set(WOLF, "SWING_NEXT", zone.tick + 1)
        .rig([6_500, 9_999])
        .run();
    }
    zone.run();
    expect(zone.auras(1).map(({ caster }) => caster)).toEqual([2]);
  });
});

describe("it ends", () => {
  test("with the death of who has it", async () => {
    const zone = await open();
    curse(zone, CURSE.id);
    zone.set(WOLF, "HEALTH", 5);
    curse(zone, HIT.id);
    expect(zone.auras(WOLF)).toEqual([]);
    expect(zone.run(200).events).toEqual([]);
  });

  test("with the evasion of a creature", async () => {
    const zone = await open();
    curse(zone, CURSE.id);
    zone.leave(1).leave(2).run();
    expect(zone.has("evaded")).toBe(true);
    expect(zone.auras(WOLF)).toEqual([]);
  });

  test("when its caster leaves the zone", async () => {
    const zone = await open();
    curse(zone, HIT.id, 2);
    curse(zone, CURSE.id, 1);
    zone.leave(1).run();
    expect(zone.event("aura_ended")).toMatchObject({ source: 0, target: WOLF, info: abi.AURA_ENDED_REMOVED });
  });
});

describe("resistance", () => {
  test("damage over time is resisted in quarters, each time anew", async () => {
    const zone = await open("Warded");
    curse(zone, CURSE.id);
    zone.set(WOLF, "SWING_NEXT", 100_000).run(59);
    // 75 * 40 / 100 = 30 %: a quarter, and one time in five two.
    zone.set(WOLF, "SWING_NEXT", 100_000).rig([2_000, 9_999]).run();
    expect(zone.events.find(({ e }) => e === CURSE.id)).toMatchObject({ a: 15, b: 12, c: 3 });
  });

  test("a spell that slows is resisted whole or not at all", async () => {
    const zone = await open("Warded");
    zone.rig([5_000, 9_999], [5_000, 9_999], [0, 2_999]).cast(1, CHILL.id, WOLF).run();
    expect(zone.event("avoided")).toMatchObject({ info: abi.AVOIDED_RESIST, source: 1, target: WOLF, a: CHILL.id });
    expect([zone.has("damage"), zone.auras(WOLF).length]).toEqual([false, 0]);
    zone.rig([5_000, 9_999], [5_000, 9_999], [3_000, 9_999]).cast(1, CHILL.id, WOLF).run();
    expect(zone.events.find(({ e }) => e === CHILL.id)?.b).toBe(10);
    expect(zone.get(WOLF, "SLOWED")).toBe(40);
  });
});
