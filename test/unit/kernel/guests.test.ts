// Guests are clients of the earlier simulator: they never read, know spells 100 to 103 as instant and free, step all the time,
// and are served so that most of what they cast completes.

import { describe, expect, test } from "bun:test";
import { REFUSED_ON_COOLDOWN } from "../../../assembly/abi.ts";
import { spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";
import { playOldClients } from "../../helpers/old-clients.ts";

const WOLF = 1_000_001;
const AT_WILL = spell({ id: 20, castS: 1, cooldownS: 8, cost: 400, guestsAtWill: true });
const LONG = spell({ id: 21, castS: 2, cost: 5 });
const COOLING = spell({ id: 22, cooldownS: 8, gcdS: 0 });

/** A guest, 1, and a player who said hello, 2, near a wolf. */
async function open(): Promise<KernelZone> {
  const zone = await openZone({ spells: [AT_WILL, LONG, COOLING] });
  return zone.spawn(WOLF, { x: 20 }).join(1, { guest: true }).join(2, {}).run();
}

describe("a spell that guests cast at will", () => {
  test("is instant, free and without a cooldown for them, but with the global one", async () => {
    const zone = await open();
    for (let times = 0; times < 4; times++) {
      zone.cast(1, AT_WILL.id).run();
      expect(zone.event("cast_completed")).toMatchObject({ source: 1, a: AT_WILL.id, b: 0 });
      zone.cast(1, AT_WILL.id).run();
      expect(zone.event("cast_blocked_gcd")).toMatchObject({ source: 1, a: AT_WILL.id });
      zone.run(29);
    }
    expect(zone.get(1, "POWER")).toBe(1_000);
    expect(zone.get(1, "PLAYER_COOLDOWN_COUNT")).toBe(0);
  });

  test("is what its row says for everybody else", async () => {
    const zone = await open();
    zone.cast(2, AT_WILL.id).run();
    expect(zone.has("cast_completed")).toBe(false);
    zone.run(20);
    expect(zone.get(2, "POWER")).toBe(600);
    zone.run(20).cast(2, AT_WILL.id).run();
    expect(zone.refused(REFUSED_ON_COOLDOWN)).toBe(1);
  });

  test("leaves other spells' cooldowns to guests as they are", async () => {
    const zone = await open();
    zone.cast(1, COOLING.id).run();
    zone.cast(1, COOLING.id).run();
    expect(zone.refused(REFUSED_ON_COOLDOWN)).toBe(1);
  });
});

describe("a step of its own", () => {
  test.each([
    [1, 19, true],
    [1, 20, false],
    [1, 39, false],
    [2, 20, true],
    [2, 39, true],
  ])("of player %p %p ticks into a cast of 40 interrupts: %p", async (player, after, interrupts) => {
    const zone = await open();
    zone.cast(player, LONG.id).run(after);
    zone.move(player, 1).run();
    expect(zone.has("cast_interrupted")).toBe(interrupts);
    if (!interrupts) expect(zone.runUntil("cast_completed").tick).toBe(2 + 40);
  });

  test.each([
    [1, 0],
    [2, 20],
  ])("a hit pushes back the cast of player %p by %p ticks", async (player, ticks) => {
    const zone = await open();
    zone.place(WOLF, 2).run();
    zone.land(player, COOLING.id, WOLF);
    zone.cast(player, LONG.id).run(25);
    const end = zone.get(player, "CAST_END");
    zone.set(WOLF, "SWING_NEXT", 0).rig([5_000, 9_999]).run();
    expect(zone.event("damage")).toMatchObject({ source: WOLF, target: player });
    expect(zone.get(player, "CAST_END")).toBe(end + ticks);
  });

  test("what comes too early is blocked, not kept for later: no such client knows of a queue", async () => {
    const zone = await open();
    zone.cast(1, AT_WILL.id).cast(2, COOLING.id).run(25);
    zone.cast(1, AT_WILL.id).run();
    expect(zone.event("cast_blocked_gcd").source).toBe(1);
    zone.run(10);
    expect(zone.get(1, "PLAYER_REQUEST")).toBe(0);
  });
});

describe("five clients of the earlier simulator", () => {
  test.each([1, 2, 3])("complete more than 70 % of their casts in two minutes, seed %p", async (seed) => {
    const { started, completed, interrupted, blocked, share } = await playOldClients({
      seed,
      clients: 5,
      ticks: 2_400,
    });
    expect(started).toBeGreaterThan(120);
    expect(share).toBeGreaterThan(0.7);
    expect(completed + interrupted).toBeGreaterThanOrEqual(started - 5);
    expect(blocked).toBeGreaterThan(0);
  });
});
