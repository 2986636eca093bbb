// What a client that cheats gains: nothing. Each try is one a real client's messages can make; it is refused with a reason,
// or walked instead of jumped, and counted.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { playerClass, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const NUKE = spell({ id: 20, amount: [100, 100], cooldownS: 8, gcdS: 0, cost: 600 });
const SECRET = spell({ id: 21, amount: [5_000, 5_000], common: false });
const OWN = spell({ id: 22, effect: "none", common: false, gcdS: 0 });
const HEAL = spell({ id: 23, effect: "heal", amount: [100, 100], gcdS: 0 });
const SPELLS = [NUKE, SECRET, OWN, HEAL];
const CLASSES = [playerClass({ name: "Adept", spells: [OWN.id] })];

async function open(): Promise<KernelZone> {
  const zone = await openZone({ spells: SPELLS, classes: CLASSES });
  return zone.join(1, { class: "Adept", x: 10 }).join(2).spawn(WOLF).run(5);
}

describe("by moving", () => {
  test("a teleport every tick is a run at 7 yd/s, with a fifth to spare at most", async () => {
    const zone = await open();
    for (let tick = 0; tick < 200; tick++) {
      zone.move(1, 5_000).run();
      expect(zone.counter("CORRECTED")).toBe(1);
    }
    expect(zone.position(1)[0]).toBeLessThanOrEqual(10 + 205 * 0.42);
  });

  test("many moves in one tick are worth one", async () => {
    const zone = await open();
    zone.run(20).move(1, 500).move(1, 500).move(1, 500).run();
    expect(zone.position(1)[0]).toBeCloseTo(18.4, 3);
  });

  test("standing still saves up one second, not more", async () => {
    const zone = await open();
    zone.run(2_000).move(1, 500).run();
    expect(zone.position(1)[0]).toBeCloseTo(18.4, 3);
  });
});

describe("by casting", () => {
  test.each([
    ["out of range", (zone: KernelZone) => zone.place(1, 31).run().cast(1, NUKE.id, WOLF), abi.REFUSED_OUT_OF_RANGE],
    [
      "on cooldown",
      (zone: KernelZone) => zone.cast(1, NUKE.id, WOLF).run(100).cast(1, NUKE.id, WOLF),
      abi.REFUSED_ON_COOLDOWN,
    ],
    ["without the power", (zone: KernelZone) => zone.set(1, "POWER", 599).cast(1, NUKE.id, WOLF), abi.REFUSED_NO_POWER],
    ["at another player", (zone: KernelZone) => zone.cast(1, NUKE.id, 2), abi.REFUSED_INVALID_TARGET],
    ["what is not in its book", (zone: KernelZone) => zone.cast(1, SECRET.id, WOLF), abi.REFUSED_UNKNOWN_SPELL],
  ])("%s", async (_, cheat, reason) => {
    const zone = await open();
    cheat(zone).run();
    const refusal = zone.events.find(({ kind, a }) => kind === "refused" && a === abi.OP_CAST);
    expect([refusal?.info, zone.refused(reason)]).toEqual([reason, 1]);
    expect(zone.events.some(({ kind, source }) => kind === "damage" && source === 1)).toBe(false);
  });

  test("what is in its book it may cast, and another class may not", async () => {
    const zone = await open();
    zone.cast(1, OWN.id).cast(2, OWN.id).run();
    expect(zone.events.map(({ kind, source }) => [kind, source])).toEqual([
      ["cast_started", 1],
      ["cast_completed", 1],
      ["refused", 2],
    ]);
  });

  test("a cast time of its own choice counts for nothing", async () => {
    const zone = await openZone({ spells: [spell({ id: 20, castS: 2 })] });
    zone.join(1, { x: 10 }).spawn(WOLF).run().cast(1, 20, WOLF, 0).run();
    expect(zone.event("cast_started").b).toBe(40);
  });

  test("dead: no spell, no blow, no step, no healing of oneself", async () => {
    const zone = await open();
    zone.place(1, 3).run().set(1, "HEALTH", 1).attack(1, WOLF).runUntil("killed");
    const before = zone.position(1);
    zone.cast(1, HEAL.id, 1).attack(1, WOLF).move(1, 0).run();
    const refused = zone.events.filter(({ kind }) => kind === "refused");
    expect(refused.map(({ info }) => info)).toEqual([abi.REFUSED_DEAD, abi.REFUSED_DEAD, abi.REFUSED_DEAD]);
    expect([zone.get(1, "HEALTH"), zone.position(1)]).toEqual([0, before]);
  });
});

describe("by striking", () => {
  test("from afar, faster, harder", async () => {
    const zone = await open();
    zone.run(5).attack(1, WOLF, 1_000_000).run(100);
    expect(zone.get(WOLF, "HEALTH")).toBe(1_000);
    zone.place(1, 3).run().set(WOLF, "SWING_NEXT", 1_000_000);
    let swings = 0;
    const damage: number[] = [];
    for (let tick = 0; tick < 119; tick++) {
      zone.attack(1, WOLF, 1_000_000).run();
      swings += zone.counter("ATTACKS");
      damage.push(...zone.events.filter(({ kind }) => kind === "damage").map(({ a }) => a));
    }
    expect(swings).toBeLessThanOrEqual(3);
    expect(Math.max(0, ...damage)).toBeLessThanOrEqual(40);
  });
});

describe("by repeating itself", () => {
  test("an action with a number that was there is refused and does nothing", async () => {
    const zone = await open();
    zone.command(abi.OP_CAST, { session: 1, seq: 50, b: OWN.id }).run();
    expect(zone.event("cast_completed").a).toBe(OWN.id);
    for (const [op, seq] of [
      [abi.OP_CAST, 50],
      [abi.OP_CAST, 49],
      [abi.OP_MOVE, 50],
      [abi.OP_ATTACK, 1],
      [abi.OP_STOP_ATTACK, 50],
    ] as const) {
      zone.command(op, { session: 1, seq, b: op === abi.OP_CAST ? OWN.id : 0 }).run();
      expect(zone.events.map(({ kind, info, b }) => [kind, info, b])).toEqual([["refused", abi.REFUSED_REPLAYED, seq]]);
    }
    expect(zone.get(1, "PLAYER_ACK")).toBe(50);
    zone.command(abi.OP_CAST, { session: 1, seq: 51, b: OWN.id }).run();
    expect(zone.has("cast_completed")).toBe(true);
  });
});
