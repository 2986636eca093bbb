// The dead pull nobody: what a player left behind, an aura that burns or one that heals, goes on when they die, and takes effect;
// but threat goes from the living to the living only.

import { describe, expect, test } from "bun:test";
import { ENTITY_DEAD, ENTITY_IN_COMBAT } from "../../../assembly/abi.ts";
import { aura, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const free = { gcdS: 0, rangeYd: 60 };
const PLAGUE = spell({
  ...free,
  id: 20,
  effect: "harm",
  aura: aura({ kind: "damage", durationS: 60, periodS: 1, amount: [20, 20] }),
});
const RENEW = spell({
  ...free,
  id: 21,
  effect: "help",
  aura: aura({ kind: "heal", durationS: 60, periodS: 1, amount: [40, 40] }),
});
const PINCH = spell({ ...free, id: 22, amount: [1, 1] });
const SMASH = spell({ ...free, id: 23, amount: [500, 500], threat: 90 });

/** Player 1, far from the wolf, has left `left` on `target`; player 2 fights it at its side. Then player 1 dies. */
async function leave(left: number, target: number): Promise<KernelZone> {
  const zone = await openZone({ spells: [PLAGUE, RENEW, PINCH, SMASH] });
  zone.spawn(WOLF).join(1, { x: -30 }).join(2, { x: 2 }).join(3, { x: 40, y: 40 }).run();
  zone.land(2, PINCH.id, WOLF);
  zone.land(1, left, target);
  zone.set(1, "HEALTH", 1).place(1, -2).set(WOLF, "TARGET", 1).set(WOLF, "SWING_NEXT", 0);
  for (let tries = 0; tries < 40 && !zone.hasFlag(1, ENTITY_DEAD); tries++) {
    zone.set(1, "HEALTH", 1).set(2, "HEALTH", 500).set(WOLF, "SWING_NEXT", 0).set(WOLF, "TARGET", 1).run();
  }
  expect(zone.hasFlag(1, ENTITY_DEAD)).toBe(true);
  return zone;
}

describe("a dead player's damage over time", () => {
  test("goes on, and turns nobody to the corpse: who fights the creature is the one it hits", async () => {
    const zone = await leave(PLAGUE.id, WOLF);
    let burnt = 0;
    let hits = 0;
    for (let tick = 0; tick < 300; tick++) {
      zone.set(2, "HEALTH", 500).set(WOLF, "HEALTH", 1_000).run();
      expect(zone.get(WOLF, "TARGET")).toBe(2);
      expect([...zone.threat(WOLF).keys()]).toEqual([2]);
      for (const { kind, source, target } of zone.events) {
        if (kind === "damage" && source === 1 && target === WOLF) burnt++;
        if (source === WOLF && target === 2 && (kind === "damage" || kind === "avoided")) hits++;
      }
    }
    expect(burnt).toBe(15);
    expect(hits).toBeGreaterThanOrEqual(7);
    expect(zone.get(1, "HATED")).toBe(0);
    expect(zone.hasFlag(1, ENTITY_IN_COMBAT)).toBe(false);
  });

  test("does not keep a creature out at its leash", async () => {
    const zone = await leave(PLAGUE.id, WOLF);
    const refreshed = zone.get(WOLF, "CREATURE_LEASH_TICK");
    zone.place(2, 30, 30).run(40);
    expect(zone.get(WOLF, "CREATURE_LEASH_TICK")).toBe(refreshed);
  });

  test("kills, and then the dead is told to be the killer and gains nothing", async () => {
    const zone = await leave(PLAGUE.id, WOLF);
    zone.set(WOLF, "HEALTH", 5).runUntil("killed");
    expect(zone.event("killed")).toMatchObject({ source: 1, target: WOLF });
    expect(zone.events.filter(({ kind, source }) => kind === "experience" && source === 1)).toEqual([]);
  });

  test("counts again once the player lives", async () => {
    const zone = await leave(PLAGUE.id, WOLF);
    zone.run(40).release(1).run();
    expect(zone.hasFlag(1, ENTITY_DEAD)).toBe(false);
    zone.set(2, "HEALTH", 500).set(WOLF, "HEALTH", 1_000).run(25);
    expect(zone.threat(WOLF).get(1)).toBeGreaterThan(0);
  });
});

describe("a dead player's healing over time", () => {
  test("heals on, without threat", async () => {
    const zone = await leave(RENEW.id, 2);
    let healed = 0;
    for (let tick = 0; tick < 60; tick++) {
      zone.set(2, "HEALTH", 300).run();
      healed += zone.events.filter(
        ({ kind, source, target }) => kind === "healed" && source === 1 && target === 2,
      ).length;
      expect(zone.threat(WOLF).has(1)).toBe(false);
    }
    expect(healed).toBe(3);
  });
});

describe("a dead creature", () => {
  test("hates nobody, even when the blow that killed it was to anger it", async () => {
    const zone = await openZone({ spells: [PLAGUE, RENEW, PINCH, SMASH] });
    zone.spawn(WOLF).join(1, { x: 2 }).run();
    zone.set(WOLF, "HEALTH", 10).land(1, SMASH.id, WOLF);
    expect(zone.hasFlag(WOLF, ENTITY_DEAD)).toBe(true);
    expect(zone.threat(WOLF).size).toBe(0);
    expect(zone.hasFlag(1, ENTITY_IN_COMBAT)).toBe(false);
  });
});
