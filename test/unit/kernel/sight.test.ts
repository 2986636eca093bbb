// What a watcher is told: who is within 100 yd, at most 64 of them, and of those what changed. Frames are read with the
// gateway's reader.

import { describe, expect, test } from "bun:test";
import { EVENT_KILLED, EVENT_REFUSED, OP_DESPAWN, OP_UNWATCH, OP_WATCH } from "../../../assembly/abi.ts";
import { creature, spell } from "../../helpers/kernel-content.ts";
import { WatcherModel } from "../../helpers/kernel-frames.ts";
import { openZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const NUKE = spell({ id: 20, amount: [5_000, 5_000], gcdS: 0, rangeYd: 40 });

describe("a watcher's first frame", () => {
  test("forgets all, tells its own numbers and position, and who is in sight", async () => {
    const zone = await openZone();
    zone
      .spawn(WOLF, { x: 99.9, y: 0.5 })
      .spawn(WOLF + 1, { x: 101 })
      .join(1, { x: 0, z: 2 })
      .run();
    const frame = zone.frames.get(1)!;
    expect(frame).toMatchObject({ session: 1, tick: 1, reset: true });
    expect(frame.self).toMatchObject({
      health: 500,
      maxHealth: 500,
      power: 1_000,
      maxPower: 1_000,
      target: 0,
      castEnd: 0,
    });
    expect(frame.change).toEqual([
      { id: 1, x: 0, y: 0, z: 2 },
      { id: 1, auras: [] },
    ]);
    expect(frame.enter).toHaveLength(1);
    expect(frame.enter[0]).toMatchObject({
      id: WOLF,
      template: 0,
      y: 0.5,
      health: 1_000,
      level: 10,
      flags: 0,
      target: 0,
    });
  });

  test("tells 16 newcomers a tick until it knows all", async () => {
    const zone = await openZone();
    for (let n = 0; n < 40; n++) zone.spawn(WOLF + n, { x: n });
    zone.join(1).run();
    const model = new WatcherModel();
    const known: number[] = [];
    for (let tick = 0; tick < 4; tick++) {
      const frame = zone.frames.get(1);
      if (frame) expect(model.apply(frame)).toEqual([]);
      known.push(model.entities.size);
      zone.run();
    }
    expect(known).toEqual([16, 32, 40, 40]);
  });
});

describe("then it is told", () => {
  test("who enters and who leaves, within four ticks", async () => {
    const zone = await openZone();
    zone.spawn(WOLF, { x: 50 }).join(1).run(5);
    zone.place(WOLF, 150);
    const left: number[] = [];
    for (let tick = 0; tick < 4; tick++) left.push(...(zone.run().frames.get(1)?.leave ?? []));
    expect(left).toEqual([WOLF]);
    zone.place(WOLF, 90);
    const entered: number[] = [];
    for (let tick = 0; tick < 4; tick++) entered.push(...(zone.run().frames.get(1)?.enter ?? []).map(({ id }) => id));
    expect(entered).toEqual([WOLF]);
  });

  test("only what changed, in the tick in which it did, and nothing when nothing does", async () => {
    const zone = await openZone();
    zone.spawn(WOLF, { x: 50 }).join(1).run(5);
    expect(zone.frames.size).toBe(0);
    zone.place(WOLF, 51, 2, 1).run();
    expect(zone.frames.get(1)?.change).toEqual([{ id: WOLF, x: 51, y: 2, z: 1 }]);
    expect(zone.run().frames.size).toBe(0);
  });

  test("of a death: the change, and the event", async () => {
    const zone = await openZone({ spells: [NUKE] });
    zone.spawn(WOLF, { x: 20 }).join(1).join(2, { x: 3 }).run(5);
    zone.land(1, NUKE.id, WOLF);
    for (const session of [1, 2]) {
      const frame = zone.frames.get(session)!;
      expect(frame.change.find(({ id }) => id === WOLF)).toMatchObject({ health: 0 });
      expect(frame.events.filter(({ kind }) => kind === EVENT_KILLED)).toHaveLength(1);
    }
  });

  test("of a refusal only the session itself", async () => {
    const zone = await openZone({ spells: [NUKE] });
    zone.join(1).join(2, { x: 3 }).run(5);
    zone.cast(1, NUKE.id, 999).run();
    expect(zone.frames.get(1)?.events.map(({ kind }) => kind)).toEqual([EVENT_REFUSED]);
    expect(zone.frames.has(2)).toBe(false);
  });

  test("of one that leaves the zone in that very tick, whoever it is", async () => {
    const zone = await openZone();
    for (let id = 1; id <= 8; id++) zone.join(id, { x: id });
    zone
      .spawn(WOLF, { x: 9 })
      .spawn(WOLF + 1, { x: 10 })
      .run(5);
    zone
      .leave(8)
      .command(OP_DESPAWN, { a: WOLF + 1 })
      .run();
    for (let id = 1; id <= 7; id++) expect([id, zone.frames.get(id)?.leave]).toEqual([id, [8, WOLF + 1]]);
  });

  test("of an entity that leaves the zone at once, also when its id comes back in the same tick", async () => {
    const zone = await openZone({ creatures: [creature({ name: "Bear", health: 7 })] });
    zone.spawn(WOLF, { x: 50 }).join(1).run(5);
    zone.command(OP_DESPAWN, { a: WOLF }).spawn(WOLF, { kind: "Bear", x: 40 });
    const model = new WatcherModel();
    model.isReset = true;
    model.entities.set(WOLF, {
      id: WOLF,
      template: 0,
      x: 50,
      y: 0,
      z: 0,
      health: 1_000,
      maxHealth: 1_000,
      target: 0,
      level: 10,
      flags: 0,
    });
    for (let tick = 0; tick < 5; tick++) {
      const frame = zone.run().frames.get(1);
      if (frame) expect(model.apply(frame)).toEqual([]);
    }
    expect(model.entities.get(WOLF)).toMatchObject({ x: 40, health: 7 });
  });
});

test("of more than 64 in sight it is told the nearest 64, its target in any case", async () => {
  const zone = await openZone();
  for (let n = 0; n < 90; n++) zone.spawn(WOLF + n, { x: 1 + n });
  zone.join(1).run(6);
  zone.set(1, "TARGET", WOLF + 89);
  const model = new WatcherModel();
  zone.command(OP_WATCH, { session: 1 });
  for (let tick = 0; tick < 8; tick++) {
    const frame = zone.run().frames.get(1);
    if (frame) expect(model.apply(frame)).toEqual([]);
  }
  expect(model.entities.size).toBe(64);
  expect(model.entities.has(WOLF + 89)).toBe(true);
  for (let n = 0; n < 55; n++) expect(model.entities.has(WOLF + n)).toBe(true);
});

test("the frame carries the highest sequence number applied, also when there is nothing else to tell", async () => {
  const zone = await openZone();
  zone.join(1).run(5);
  zone.move(1, 0).run();
  const ack = zone.get(1, "PLAYER_ACK");
  expect(zone.frames.get(1)?.ack).toBe(ack);
  zone.cancel(1).run();
  expect(zone.frames.get(1)?.ack).toBe(ack + 1);
});

test("who has stopped watching gets nothing; who watches again is told everything anew", async () => {
  const zone = await openZone();
  zone.spawn(WOLF, { x: 5 }).join(1).run(5);
  zone.command(OP_UNWATCH, { session: 1 }).place(WOLF, 6).run();
  expect([zone.frames.size, zone.counter("WATCHERS")]).toEqual([0, 0]);
  zone.command(OP_WATCH, { session: 1 }).run();
  expect(zone.frames.get(1)).toMatchObject({ reset: true, enter: [{ id: WOLF, x: 6 }] });
});
