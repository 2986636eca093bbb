// Movement: what speed allows, what it does not, and what it does to a cast. 7 yd/s is 0.35 yd a tick, 0.42 with slack.

import { describe, expect, test } from "bun:test";
import {
  INTERRUPT_BY_MOVEMENT,
  OP_NUDGE,
  REFUSED_BAD_COMMAND,
  REFUSED_DEAD,
  REFUSED_MOVED,
} from "../../../assembly/abi.ts";
import { spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";

const SLOW = spell({ id: 7, castS: 1.5 });
const INSTANT = spell({ id: 8, effect: "none", gcdS: 0 });
const WOLF = 1_000_001;

describe("a position asked for", () => {
  test.each([
    // ticks since the last move, yards away, yards it gets to at once, corrected
    [1, 0.42, 0.42, 0],
    [1, 0.45, 0.42, 1],
    [10, 4.2, 4.2, 0],
    [10, 4.3, 4.2, 1],
    [20, 8.4, 8.4, 0],
    [100, 8.4, 8.4, 0], // standing still is made up for by one second at most
    [100, 9, 8.4, 1],
  ])("%p ticks after the last, %p yd away: %p yd at once, %p corrected", async (ticks, yards, reached, corrected) => {
    const zone = (await openZone()).join(1).run(ticks);
    zone.move(1, yards).run();
    expect(zone.position(1)[0]).toBeCloseTo(reached, 4);
    expect(zone.counter("CORRECTED")).toBe(corrected);
    expect(zone.counter("ENTITIES_MOVED")).toBe(1);
  });

  test("that is too far is walked towards at run speed, and the session is told where it stands", async () => {
    const zone = (await openZone()).join(1).run(10);
    zone.move(1, 10).run();
    expect(zone.event("corrected")).toMatchObject({ source: 1, x: expect.closeTo(4.2, 4) as number, y: 0 });
    expect(zone.run().position(1)[0]).toBeCloseTo(4.2 + 0.35, 4);
    zone.run(15);
    expect(zone.position(1)[0]).toBeCloseTo(9.8, 3);
    expect(zone.run(2).position(1)).toEqual([10, 0, 0]);
    expect(zone.run().counter("ENTITIES_MOVED")).toBe(0);
  });

  test("again and again too far away is told once a second, and counted every time", async () => {
    const zone = (await openZone()).join(1).run();
    let told = 0;
    for (let tick = 0; tick < 40; tick++) {
      zone.move(1, 500).run();
      expect(zone.counter("CORRECTED")).toBe(1);
      if (zone.has("corrected")) told++;
    }
    expect(told).toBe(2);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY]])("of %p is refused", async (x) => {
    const zone = (await openZone()).join(1, { x: 5 }).run();
    zone.move(1, x).run();
    expect(zone.event("refused")).toMatchObject({ info: REFUSED_BAD_COMMAND, source: 1 });
    expect(zone.position(1)).toEqual([5, 0, 0]);
  });

  test("beyond the world ends at its edge", async () => {
    const zone = (await openZone()).join(1).run();
    expect(zone.place(1, 1e9, -1e9).run().position(1)).toEqual([17_066, -17_066, 0]);
  });

  test("by the dead is refused", async () => {
    const zone = (await openZone()).join(1).spawn(WOLF).run();
    zone.set(1, "HEALTH", 1).attack(1, WOLF).runUntil("killed");
    zone.move(1, 3).run();
    expect(zone.event("refused").info).toBe(REFUSED_DEAD);
  });
});

describe("moving", () => {
  test("cancels the cast in progress in the same tick, and clears its global cooldown", async () => {
    const zone = (await openZone({ spells: [SLOW] })).join(1).spawn(WOLF, { x: 5 }).run();
    zone.cast(1, SLOW.id, WOLF).run(10);
    expect(zone.get(1, "CAST_END")).toBe(32);
    zone.move(1, 1).run();
    expect(zone.event("cast_interrupted")).toMatchObject({ info: INTERRUPT_BY_MOVEMENT, source: 1, a: SLOW.id, b: 30 });
    expect([zone.get(1, "CAST_END"), zone.get(1, "GCD_END")]).toEqual([0, 0]);
  });

  test("to where one stands cancels nothing", async () => {
    const zone = (await openZone({ spells: [SLOW] })).join(1).spawn(WOLF, { x: 5 }).run();
    zone.cast(1, SLOW.id, WOLF).run(10);
    zone.move(1, 0).run();
    expect(zone.has("cast_interrupted")).toBe(false);
    expect(zone.get(1, "CAST_END")).toBe(32);
  });

  test("and casting in one tick: a cast with a cast time is refused, an instant one is not", async () => {
    const zone = (await openZone({ spells: [SLOW, INSTANT] })).join(1).spawn(WOLF, { x: 5 }).run();
    zone.move(1, 0.3).cast(1, SLOW.id, WOLF).run();
    expect(zone.event("refused")).toMatchObject({ info: REFUSED_MOVED, c: SLOW.id });
    zone.move(1, 0.6).cast(1, INSTANT.id).run();
    expect(zone.event("cast_completed").a).toBe(INSTANT.id);
  });

  test("by a fault's nudge leaves the cast alone", async () => {
    const zone = (await openZone({ spells: [SLOW] })).join(1).spawn(WOLF, { x: 5 }).run();
    zone.cast(1, SLOW.id, WOLF).run(10);
    zone.command(OP_NUDGE, { a: 1, x: 0.3 }).run();
    expect(zone.position(1)[0]).toBeCloseTo(0.3, 5);
    expect(zone.get(1, "CAST_END")).toBe(32);
  });

  test("on a walk ends when a cast with a cast time is asked for", async () => {
    const zone = (await openZone({ spells: [SLOW] })).join(1).spawn(WOLF, { x: 5 }).run();
    zone.move(1, 8).run(2);
    zone.cast(1, SLOW.id, WOLF).run();
    const [x] = zone.position(1);
    expect(zone.run(5).position(1)[0]).toBe(x);
    expect(zone.get(1, "CAST_END")).toBe(34);
  });
});
