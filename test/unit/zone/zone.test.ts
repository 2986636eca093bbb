// A zone is a value: what its five verbs do to it, with the real kernel.

import { Breadcrumb, crumbInWords } from "../../../server/shared/breadcrumb.ts";
import { describe, expect, test } from "bun:test";
import { OP_MOVE, OP_SPIN, OP_TRAP, TYPE_F32 } from "../../../assembly/abi.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { layoutFrom } from "../../../assembly/toolchain/load.ts";
import { commandBytes, readCommands } from "../../helpers/zone-commands.ts";
import {
  newZone,
  plantedKernel,
  playedZone,
  stateOf,
  TEST_FUEL,
  testKernel,
  trapOf,
  walk,
} from "../../helpers/zone.ts";

const kernel = await testKernel();
const bad = await plantedKernel();
const nothing = commandBytes([]);

describe("step", () => {
  test("runs a tick over the batch, and journals batch and hash", async () => {
    const zone = await playedZone(3);
    const before = zone.hash;
    zone.step(commandBytes([{ op: OP_MOVE, session: 2, seq: 9, x: 4 }]));
    expect(zone.tick).toBe(6);
    expect(zone.hash).not.toBe(before);
    expect(zone.segment.hash(5)).toBe(zone.hash);
    expect(readCommands(zone.segment.batch(5))).toMatchObject([{ op: OP_MOVE, session: 2, x: 4 }]);
    expect(zone.entities.positionOf(2)?.x).toBeGreaterThan(0);
    expect(Array.from(zone.entities.entityIds())).toContain(1_000_001);
  });

  test("a trap says which command of whom it was", async () => {
    const zone = await playedZone(1);
    const batch = commandBytes([
      { op: OP_MOVE, session: 1, seq: 5 },
      { op: OP_TRAP, session: 7 },
    ]);
    const trap = trapOf(zone, batch);
    expect(trap).toMatchObject({ code: "kernel_trap", message: expect.stringContaining("kernel trap: ") });
    expect(trap.note).toMatchObject({ phase: "commands", commandIndex: 1, op: OP_TRAP, session: 7 });
    expect(zone.tick).toBe(3);
  });

  test("a loop without end stops when the fuel is used up, at the same point each time", async () => {
    const [one, two] = [await playedZone(4), await playedZone(4)];
    for (const zone of [one, two]) {
      const trap = trapOf(zone, commandBytes([{ op: OP_SPIN }]));
      expect(trap).toMatchObject({ code: "fuel_exhausted", message: "fuel exhausted", note: { op: OP_SPIN } });
      expect(zone.fuelUsed).toBe(TEST_FUEL + 1n);
    }
    expect(Buffer.compare(stateOf(one), stateOf(two))).toBe(0);
  });

  test("a tick that takes too long of a processor stops with fuel left; one that waits for a processor does not", async () => {
    let ms = 0;
    const clock = { now: () => (ms += 2), timeLimitMs: 100 };
    const crumb = new Breadcrumb(Breadcrumb.allocate());
    const slow = await playedZone(4, { ...clock, cpuMs: () => ms, crumb });
    const trap = trapOf(slow, commandBytes([{ op: OP_SPIN, a: 12 }]));
    expect(trap).toMatchObject({
      code: "out_of_time",
      message: expect.stringMatching(/^out of time: /),
      note: { op: OP_SPIN },
    });
    expect(slow.fuelUsed).toBeLessThan(TEST_FUEL / 2n);
    // Whoever looks in the middle of such a run is told what it is at.
    expect(crumb.read().note).toEqual({ phase: "commands", op: OP_SPIN, session: 0, entity: 12, spell: 0 });
    expect(crumbInWords(crumb.read())).toBe("in the kernel (commands, op 97, entity 12)");
    const starved = await playedZone(4, { ...clock, cpuMs: () => 0 });
    expect(trapOf(starved, commandBytes([{ op: OP_SPIN }])).code).toBe("fuel_exhausted");
  });

  test("a loop that needs no call is over before its fuel is, by the same reason", async () => {
    const zone = await playedZone(9, { kernel: bad, plant: { does: "reads", fromTick: 12 } });
    expect(trapOf(zone, walk(9))).toMatchObject({ code: "fuel_exhausted", message: "fuel exhausted" });
  });

  test("a trap outside of any command names none", async () => {
    const zone = await playedZone(9, { kernel: bad, plant: { does: "traps", fromTick: 12 } });
    expect(trapOf(zone, walk(9)).note).toMatchObject({ phase: "regeneration", commandIndex: null, op: null });
  });
});

describe("snapshot", () => {
  test("a new one is due when the replay since the last would take long, or reach far back", async () => {
    let ms = 0;
    const zone = await newZone({ now: () => (ms += 2) }); // every tick seems to take 2 ms
    for (let tick = 0; tick < 20; tick++) zone.step(nothing);
    expect([zone.previousSegment.tick, zone.segment.tick]).toEqual([8, 16]);
    const slow = await newZone({ now: () => 0 });
    for (let tick = 0; tick < 400; tick++) slow.step(nothing);
    expect([slow.previousSegment.tick, slow.segment.tick]).toEqual([0, 200]);
  });

  test("nothing behind the state lasts beyond a new one: no module keeps memory of its own", async () => {
    const zone = await newZone({ now: () => 0 });
    const last = zone.at.frames + zone.kernel.layout.value("FRAME_BYTES_MAX") - 64;
    const scratch = zone.kernel.layout.value("SCRATCH_END") - 4;
    for (const at of [last, scratch]) zone.view.setUint32(at, 4_711, true);
    const kept = (): number[] => [last, scratch].map((at) => zone.view.getUint32(at, true));
    for (let tick = 0; tick < 200; tick++) zone.step(nothing);
    expect(kept()[0]).toBe(4_711);
    zone.step(nothing);
    expect(kept()).toEqual([0, 0]);
    zone.view.setUint32(last, 4_711, true);
    zone.restore(zone.segment);
    expect(kept()).toEqual([0, 0]);
  });

  test("a new one is due when the journal has no room for the batch", async () => {
    const zone = await newZone({ now: () => 0 });
    const full = commandBytes(Array.from({ length: zone.at.commandsMax }, (_, seq) => ({ op: OP_MOVE, seq })));
    for (let tick = 0; tick < 4; tick++) zone.step(full);
    expect(zone.segment.tick).toBe(3);
  });
});

describe("restore and replay", () => {
  test("bring a zone back to every tick since the snapshot, bit for bit", async () => {
    const zone = await playedZone(0);
    const states: Uint8Array[] = [];
    for (let tick = 0; tick < 30; tick++) {
      zone.step(walk(tick));
      states.push(stateOf(zone));
    }
    for (const ticks of [1, 17, 30]) {
      zone.restore(zone.segment);
      expect(zone.tick).toBe(zone.segment.tick);
      expect(zone.replay(zone.segment, ticks + 2)).toBe(ticks + 2);
      expect(zone.tick).toBe(ticks + 2);
      expect(Buffer.compare(stateOf(zone), states[ticks - 1]!)).toBe(0);
    }
  });

  test("a replay that comes to another state says so", async () => {
    const zone = await playedZone(10);
    zone.snapshot();
    zone.step(walk(30));
    zone.segment.state[zone.at.entityX - zone.at.stateBase] = 1;
    zone.restore(zone.segment);
    expect(() => zone.replay(zone.segment)).toThrow("gave another state");
  });

  test("nothing of a crash is left, wherever in memory it wrote", async () => {
    const plant = { does: "scribbles", fromTick: 9 } as const;
    const zone = await playedZone(6, { kernel: bad, plant });
    const twin = await playedZone(6, { plant });
    trapOf(zone, nothing);
    expect(zone.view.getUint32(zone.at.entityId, true)).toBe(0xaaaa_aaaa);
    zone.restore(zone.segment);
    zone.replay(zone.segment, zone.segment.ticks - 1);
    expect(Buffer.compare(stateOf(zone), stateOf(twin))).toBe(0);
  });
});

describe("swap", () => {
  test("gives the memory to another module: the zone goes on where it was", async () => {
    const [zone, twin] = [await playedZone(5), await playedZone(5)];
    const other: Kernel = { ...kernel, hash: "0123456789abcdef", label: "other" };
    zone.swap(other);
    expect(zone.kernel).toBe(other);
    expect(zone.segment).toMatchObject({ tick: 7, ticks: 0, kernel: other });
    for (const each of [zone, twin]) each.step(walk(9));
    expect(zone.hash).toBe(twin.hash);
  });

  test("refuses a module that means something else by a column, and stays as it was", async () => {
    const zone = await playedZone(2);
    const before = stateOf(zone);
    const values = new Map(kernel.layout.constants).set("TYPE_ENTITY_HEALTH", TYPE_F32);
    const strange = { ...kernel, layout: layoutFrom(values) };
    expect(() => zone.swap(strange)).toThrow(
      "zone 1: ENTITY_HEALTH is u32 here, f32 in the module. Nothing was changed.",
    );
    expect(zone.kernel).toBe(kernel);
    expect(Buffer.compare(stateOf(zone), before)).toBe(0);
    zone.step(nothing);
  });
});
