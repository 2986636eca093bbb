// Commands: who comes, who goes, and what no record of the command area can do.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { openZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;

describe("who comes", () => {
  test("a player has its class's sheet, its level, and the place it was given", async () => {
    const zone = (await openZone()).join(7, { x: 3, y: 4, z: 5, level: 12 }).run();
    expect(zone.position(7)).toEqual([3, 4, 5]);
    expect([zone.get(7, "HEALTH"), zone.get(7, "POWER"), zone.get(7, "LEVEL")]).toEqual([500, 1_000, 12]);
    expect(zone.hasFlag(7, abi.ENTITY_PLAYER)).toBe(true);
    expect([zone.counter("PLAYERS"), zone.counter("WATCHERS")]).toEqual([1, 1]);
  });

  test.each([
    [0, 1],
    [255, 60],
  ])("of level %p is of level %p", async (asked, level) => {
    expect((await openZone()).join(7, { level: asked }).run().get(7, "LEVEL")).toBe(level);
  });

  test.each([
    ["without an id", { session: 0 }],
    ["of no class", { session: 9, e: 16 }],
    ["nowhere", { session: 9, x: Number.NaN }],
    ["who is here already", { session: 7 }],
  ])("a player %s is refused", async (_, parts) => {
    const zone = (await openZone()).join(7).run();
    zone.command(abi.OP_JOIN, { x: 0, ...parts }).run();
    expect(zone.refused(abi.REFUSED_BAD_COMMAND)).toBe(1);
    expect(zone.rows().size).toBe(1);
  });

  test.each([
    ["without an id", { a: 0 }],
    ["of no kind", { a: 9, e: 128 }],
    ["nowhere", { a: 9, x: Number.POSITIVE_INFINITY }],
    ["who is here already", { a: WOLF }],
  ])("a creature %s is refused", async (_, parts) => {
    const zone = (await openZone()).spawn(WOLF).run();
    zone.command(abi.OP_SPAWN, { x: 0, ...parts }).run();
    expect(zone.refused(abi.REFUSED_BAD_COMMAND)).toBe(1);
    expect(zone.rows().size).toBe(1);
  });

  test("one more than there are rows is refused, until somebody leaves", async () => {
    const zone = await openZone();
    const most = zone.kernel.layout.value("PLAYERS_MAX");
    for (let id = 1; id <= most + 1; id++) zone.join(id, { watches: false });
    zone.run();
    expect(zone.refused(abi.REFUSED_ZONE_FULL)).toBe(1);
    expect(zone.rows().size).toBe(most);
    zone
      .leave(40)
      .join(most + 1, { watches: false })
      .run();
    expect([zone.row(40), zone.row(most + 1)]).toEqual([-1, 39]);
  });
});

describe("who goes", () => {
  test("leaves nothing in its row for the next one", async () => {
    const zone = (await openZone()).spawn(WOLF).join(7, { x: 3 }).run().attack(7, WOLF).run(50);
    const row = zone.row(7);
    zone.leave(7).join(8, { x: 500 }).run();
    expect(zone.row(8)).toBe(row);
    expect([zone.get(8, "TARGET"), zone.get(8, "ATTACKING"), zone.get(8, "HATED"), zone.get(8, "HEALTH")]).toEqual([
      0, 0, 0, 500,
    ]);
  });

  test("a stranger's command is refused and nobody's", async () => {
    const zone = (await openZone()).join(7).run();
    zone.move(99, 1).attack(WOLF, 7).command(abi.OP_DESPAWN, { a: 55 }).command(abi.OP_PLACE, { a: 56 }).run();
    expect(zone.refused(abi.REFUSED_NO_SUCH_ENTITY)).toBe(4);
    expect(zone.frames.has(7)).toBe(false);
  });

  test("an opcode that there is not is refused", async () => {
    const zone = (await openZone()).join(7).run();
    zone.command(63, { session: 7 }).command(0, { session: 7 }).command(71, { a: 7 }).command(65_535, { a: 7 }).run();
    expect(zone.refused(abi.REFUSED_BAD_COMMAND)).toBe(4);
  });
});

describe("an attack", () => {
  test.each([
    ["an unknown entity", 999, abi.REFUSED_NO_SUCH_ENTITY],
    ["a player", 8, abi.REFUSED_INVALID_TARGET],
    ["nobody", 0, abi.REFUSED_NO_SUCH_ENTITY],
  ])("on %s is refused", async (_, target, reason) => {
    const zone = (await openZone()).join(7).join(8).run();
    zone.attack(7, target).run();
    expect(zone.event("refused")).toMatchObject({ info: reason, a: abi.OP_ATTACK });
    expect(zone.get(7, "ATTACKING")).toBe(0);
  });

  test("from afar is told so once, and strikes when the target is near", async () => {
    const zone = (await openZone()).join(7, { x: 20 }).spawn(WOLF).run();
    zone.attack(7, WOLF).run();
    expect(zone.event("refused").info).toBe(abi.REFUSED_OUT_OF_RANGE);
    expect(zone.run(10).counter("ATTACKS")).toBe(0);
    zone.set(WOLF, "SWING_NEXT", 100_000).place(7, 4).run();
    expect(zone.counter("ATTACKS")).toBe(1);
  });

  test("swings every 2.0 s until it is stopped", async () => {
    const zone = (await openZone()).join(7, { x: 3 }).spawn(WOLF).run();
    zone.set(WOLF, "SWING_NEXT", 100_000).attack(7, WOLF);
    const swings: number[] = [];
    for (let tick = 0; tick < 90; tick++) if (zone.run().counter("ATTACKS") > 0) swings.push(zone.tick);
    expect(swings).toEqual([2, 42, 82]);
    zone.command(abi.OP_STOP_ATTACK, { session: 7 }).run(60);
    expect(zone.counter("ATTACKS")).toBe(0);
  });

  test.each([
    [0, 20],
    [7, 7],
    [50, 20],
  ])("bound by its client to %p hits for %p", async (bound, damage) => {
    const zone = (await openZone()).join(7, { x: 3 }).spawn(WOLF).run();
    zone.set(WOLF, "SWING_NEXT", 100_000).rig([5_000, 9_999]).attack(7, WOLF, bound, abi.DAMAGE_MAGICAL).run();
    expect(zone.event("damage")).toMatchObject({ info: abi.DAMAGE_MAGICAL, a: damage, b: damage });
  });
});
