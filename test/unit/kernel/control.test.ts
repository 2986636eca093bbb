// Stun, silence, root, slow: what they keep one from, and how the same kind in a row works less on players.

import { describe, expect, test } from "bun:test";
import {
  AVOIDED_IMMUNE,
  INTERRUPT_BY_SPELL,
  REFUSED_ROOTED,
  REFUSED_SILENCED,
  REFUSED_STUNNED,
} from "../../../assembly/abi.ts";
import { aura, creature, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const BASH = 1_000_002;
const control = (id: number, kind: "stun" | "silence" | "root" | "slow", amount = 0) =>
  spell({
    id,
    effect: "harm",
    school: "physical",
    gcdS: 0,
    rangeYd: 100,
    aura: aura({ kind, durationS: 4, amount: [amount, amount] }),
  });
const STUN = control(20, "stun");
const SILENCE = control(21, "silence");
const ROOT = control(22, "root");
const SLOW = control(23, "slow", 50);
const BOLT = spell({ id: 24, castS: 2, rangeYd: 100 });
const WEAPON = spell({ id: 25, school: "physical", gcdS: 0, rangeYd: 100 });
const SPELLS = [STUN, SILENCE, ROOT, SLOW, BOLT, WEAPON];
const CREATURES = [STUN, SILENCE, ROOT, SLOW].map((own) => creature({ name: `Casts ${own.id}`, spellId: own.id }));

/** A creature that fights player 1 and casts `spellId` at it whenever told to. */
async function open(spellId = STUN.id): Promise<KernelZone> {
  const zone = await openZone({ spells: SPELLS, creatures: CREATURES });
  zone
    .join(1, { x: 50 })
    .spawn(WOLF)
    .spawn(BASH, { kind: `Casts ${spellId}`, x: 52 })
    .run();
  zone.land(1, WEAPON.id, BASH);
  return quiet(zone);
}

function quiet(zone: KernelZone): KernelZone {
  return zone.set(BASH, "SWING_NEXT", 1_000_000).set(BASH, "CREATURE_TIMER", 1_000_000);
}

/** The creature casts its spell at player 1 in the next tick. */
function strike(zone: KernelZone): KernelZone {
  zone.set(BASH, "CREATURE_TIMER", 0);
  // The timer draws from the generator before the spell rolls.
  for (let tries = 0; ; tries++) {
    if (tries > 50) throw new Error("It misses for ever.");
    zone.run();
    if (zone.has("aura_applied") || zone.events.some(({ info, kind }) => kind === "avoided" && info === AVOIDED_IMMUNE))
      break;
    zone.set(BASH, "CREATURE_TIMER", 0);
  }
  return quiet(zone);
}

describe("the stunned", () => {
  test("neither move nor cast, and are told", async () => {
    const zone = strike(await open());
    const before = zone.position(1);
    zone.move(1, 51).cast(1, WEAPON.id, WOLF).run();
    expect(zone.events.filter(({ kind }) => kind === "refused").map(({ info }) => info)).toEqual([
      REFUSED_STUNNED,
      REFUSED_STUNNED,
    ]);
    expect(zone.position(1)).toEqual(before);
    expect(zone.event("corrected").x).toBe(50);
  });

  test("lose their cast, and do not swing", async () => {
    const zone = await open();
    zone.attack(1, BASH).cast(1, BOLT.id, WOLF).run(3);
    strike(zone);
    expect(zone.event("cast_interrupted")).toMatchObject({ source: 1, info: INTERRUPT_BY_SPELL });
    const end = zone.auras(1)[0]!.end;
    let attacks = 0;
    while (zone.tick < end - 1) attacks += zone.run().counter("ATTACKS");
    expect(attacks).toBe(0);
  });

  test("creatures stand still and do nothing", async () => {
    const zone = await open();
    zone.land(1, STUN.id, WOLF);
    expect(zone.position(WOLF)).toEqual([0, 0, 0]);
    zone.run(79);
    expect(zone.position(WOLF)).toEqual([0, 0, 0]);
    zone.run(2);
    expect(zone.position(WOLF)[0]).toBeGreaterThan(0);
  });
});

test("the silenced cast no magic, lose what they cast of it, and use their weapons", async () => {
  const zone = await open(SILENCE.id);
  zone.cast(1, BOLT.id, WOLF).run(3);
  strike(zone);
  expect(zone.event("cast_interrupted").info).toBe(INTERRUPT_BY_SPELL);
  zone.cast(1, BOLT.id, WOLF).run();
  expect(zone.event("refused").info).toBe(REFUSED_SILENCED);
  zone.cast(1, WEAPON.id, WOLF).run();
  expect(zone.event("cast_completed").a).toBe(WEAPON.id);
});

test("the rooted stay where they are, and may cast", async () => {
  const zone = strike(await open(ROOT.id));
  zone.move(1, 51).run();
  expect(zone.event("refused").info).toBe(REFUSED_ROOTED);
  expect(zone.position(1)[0]).toBe(50);
  zone.cast(1, BOLT.id, WOLF).run();
  expect(zone.has("cast_started")).toBe(true);
});

test("the slowed make so much less way", async () => {
  const zone = strike(await open(SLOW.id));
  zone.run(20).move(1, 100).run();
  expect(zone.position(1)[0]).toBeCloseTo(50 + 20 * 0.175 * 1.2, 3);
  expect(zone.run().position(1)[0]).toBeCloseTo(50 + 20 * 0.175 * 1.2 + 0.175, 3);
});

describe("diminishing returns", () => {
  test("in a row it lasts 100, 50, 25 % and then not at all, until 15 s after the last one", async () => {
    const zone = await open();
    const lasted: number[] = [];
    for (let strikes = 0; strikes < 3; strikes++) {
      strike(zone);
      lasted.push(zone.auras(1)[0]!.end - zone.tick);
      zone.run(lasted.at(-1)! + 1);
    }
    expect(lasted).toEqual([80, 40, 20]);
    strike(zone);
    expect(zone.event("avoided")).toMatchObject({ info: AVOIDED_IMMUNE, source: BASH, target: 1 });
    zone.run(301);
    strike(zone);
    expect(zone.auras(1)[0]!.end - zone.tick).toBe(80);
  });

  test("creatures feel every one in full", async () => {
    const zone = await open();
    for (let strikes = 0; strikes < 5; strikes++) {
      zone.land(1, STUN.id, WOLF);
      expect(zone.auras(WOLF)[0]!.end - zone.tick).toBe(80);
    }
  });
});
