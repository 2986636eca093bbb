// Loot: who gets what of a killed creature, and what becomes of it when they leave.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { creature, spell } from "../../helpers/kernel-content.ts";
import { endow, heldBy, itemsBroken, ledger, stackOf } from "../../helpers/kernel-items.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const RICH = 1_000_001;
const NUKE = spell({ id: 21, amount: [2_000, 2_000], gcdS: 0 });
const POKE = spell({ id: 22, amount: [1, 1], gcdS: 0 });
const ITEMS = Array.from({ length: 9 }, (_, index) => ({ id: index + 1, name: `Item ${index + 1}`, stack: 10 }));
const CREATURES = [
  creature({
    name: "Rich",
    gold: [31, 31],
    drops: [
      { item: 3, chancePercent: 100, countMax: 1 },
      { item: 4, chancePercent: 0.01, countMax: 1 },
    ],
  }),
];

async function open(players = 1): Promise<KernelZone> {
  const zone = (await openZone({ items: ITEMS, creatures: CREATURES, spells: [NUKE, POKE] })).spawn(RICH, {
    kind: "Rich",
    x: 9,
  });
  for (let id = 1; id <= players; id++) zone.join(id, { x: id });
  return zone.run();
}

const loot = (zone: KernelZone) => zone.events.filter(({ kind }) => kind === "loot");

describe("a killed creature", () => {
  test("gives its gold and items to its killer, who is told", async () => {
    const zone = (await open()).land(1, NUKE.id, RICH);
    expect(loot(zone)).toMatchObject([
      { source: 1, target: RICH, info: abi.LOOT_TAKEN, a: 31, b: 31 },
      { source: 1, target: RICH, info: abi.LOOT_TAKEN, a: stackOf(3, 1), b: 1 },
    ]);
    expect(heldBy(zone, 1)).toEqual({ 0: 31, 3: 1 });
    expect(zone.frames.get(1)?.stacks).toEqual([31, stackOf(3, 1)]);
    expect(itemsBroken(zone)).toEqual([]);
  });

  test("splits its gold among those on its threat table, and an item goes to one of them", async () => {
    const zone = (await open(4)).land(1, POKE.id, RICH).land(2, POKE.id, RICH).land(3, NUKE.id, RICH);
    expect([1, 2, 3, 4].map((id) => heldBy(zone, id)[0] ?? 0)).toEqual([10, 10, 10, 0]);
    expect([1, 2, 3].map((id) => heldBy(zone, id)[3] ?? 0).reduce((sum, count) => sum + count)).toBe(1);
    expect(ledger(zone, "LEDGER_CREATED")[0]).toBe(30);
    expect(zone.frames.get(4)?.events.filter(({ kind }) => kind === abi.EVENT_LOOT)).toEqual([]);
  });

  test("creates nothing for which there is no room", async () => {
    const zone = await open();
    endow(zone, 1, { 0: 970, 1: 1, 2: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1 });
    zone.land(1, NUKE.id, RICH);
    expect(loot(zone).map(({ info }) => info)).toEqual([abi.LOOT_NO_ROOM, abi.LOOT_NO_ROOM]);
    expect(heldBy(zone, 1)).toEqual({ 0: 970, 1: 1, 2: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1 });
    expect(itemsBroken(zone)).toEqual([]);
  });

  test("gives an item as often as its chance says", async () => {
    const drops = [{ item: 1, chancePercent: 25, countMax: 3 }];
    const zone = await openZone({
      items: [{ id: 1, name: "Tusk", stack: 10_000 }],
      spells: [NUKE],
      creatures: [creature({ name: "Boar", drops })],
    });
    zone.join(1).run();
    let [kills, dropped, pieces] = [0, 0, 0];
    for (; kills < 1_000; kills++) {
      zone
        .spawn(RICH + kills, { kind: "Boar", x: 5 })
        .run()
        .cast(1, NUKE.id, RICH + kills)
        .run();
      for (const event of loot(zone)) {
        dropped++;
        pieces += event.a & abi.STACK_COUNT_MASK;
      }
      zone.command(abi.OP_DESPAWN, { a: RICH + kills });
    }
    // 1,000 kills less the few that a miss or resistance let live: five standard deviations around a quarter, and around two pieces.
    expect(dropped).toBeGreaterThan(180);
    expect(dropped).toBeLessThan(320);
    expect(pieces / dropped).toBeCloseTo(2, 0);
    expect(itemsBroken(zone)).toEqual([]);
  });
});

describe("what a player holds", () => {
  test("is gone with it, and counted, when it leaves for good", async () => {
    const zone = (await open()).land(1, NUKE.id, RICH).leave(1).run();
    expect(ledger(zone, "LEDGER_DESTROYED")[0]).toBe(31);
    expect(ledger(zone, "LEDGER_DESTROYED")[3]).toBe(1);
    zone.join(2).run();
    expect(heldBy(zone, 2)).toEqual({});
    expect(itemsBroken(zone)).toEqual([]);
  });

  test("is not lost by death", async () => {
    const zone = await open();
    endow(zone, 1, { 0: 40 });
    zone.set(1, "HEALTH", 1).land(1, POKE.id, RICH).runUntil("killed");
    expect(heldBy(zone, 1)).toEqual({ 0: 40 });
  });

  test("is told again, in full, to a client that comes back", async () => {
    const zone = await open();
    expect(zone.frames.get(1)?.stacks).toBeUndefined();
    zone.land(1, NUKE.id, RICH).command(abi.OP_UNWATCH, { session: 1 }).run();
    zone.command(abi.OP_WATCH, { session: 1 }).run();
    expect(zone.frames.get(1)).toMatchObject({ reset: true, stacks: [31, stackOf(3, 1)] });
  });
});
