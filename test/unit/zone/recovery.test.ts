// The recovery ladder, step by step, on real zones: each ends where a zone that never crashed is.

import { describe, expect, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN, OP_MOVE, OP_SPIN, OP_TRAP } from "../../../assembly/abi.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import {
  FULL_RERUNS_MAX,
  QUARANTINED_PER_TICK_MAX,
  recover,
  TIMEOUTS_MAX,
  UnrecoverableZone,
} from "../../../server/zone/recovery.ts";
import type { Recovery } from "../../../server/zone/recovery.ts";
import type { ZoneTrap } from "../../../server/zone/trap.ts";
import { RERUN_FUEL_FLOOR } from "../../../server/zone/rerun-fuel.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import type { Command } from "../../helpers/zone-commands.ts";
import { plantedKernel, playedZone, stateOf, TEST_FUEL, testKernel, trapOf, walk } from "../../helpers/zone.ts";

const kernel = await testKernel();
const bad = await plantedKernel();
const traps = { does: "traps", fromTick: 12 } as const;
const other: Kernel = { ...kernel, hash: "0123456789abcdef", label: "other" };
const now = (): number => performance.now();

const poison: Command = { op: OP_TRAP, session: 7, seq: 3 };
const runaway: Command = { op: OP_SPIN, session: 8, seq: 4 };
const poisoned = (count: number): Uint8Array => commandBytes(Array.from({ length: count }, () => poison));
const innocent = (seq: number): Command => ({ op: OP_MOVE, session: 1, seq, x: seq, y: 2 });

function recovered(zone: Zone, trap: ZoneTrap, fallback: Kernel | null = null, preferFallback = false): Recovery {
  return recover(zone, trap, { fallback, preferFallback, now });
}

/** Both go on alike, bit for bit. */
function expectSame(zone: Zone, twin: Zone): void {
  for (let turn = 0; turn < 5; turn++) {
    expect(Buffer.compare(stateOf(zone), stateOf(twin))).toBe(0);
    expect(zone.tick).toBe(twin.tick);
    for (const each of [zone, twin]) each.step(walk(turn));
  }
}

/** As when a stray write has hit the memory: every look into the map of entities goes round for ever. */
function damage(zone: Zone): void {
  const { layout } = zone.kernel;
  const map = layout.value("MAP_BASE");
  zone.bytes.fill(0xff, map, map + layout.value("MAP_SLOTS") * 8);
}

describe("replay", () => {
  test("mends a damaged memory, and does not blame the command that happened to be in hand", async () => {
    const [zone, twin] = [await playedZone(20), await playedZone(20)];
    damage(zone);
    const trap = trapOf(zone, walk(20));
    expect(trap.note).toMatchObject({ commandIndex: 0, op: OP_MOVE });
    expect(recovered(zone, trap)).toMatchObject({ step: "replay", quarantined: [], replayedTicks: 22 });
    twin.step(walk(20));
    expectSame(zone, twin);
  });

  test("takes the segment before when the snapshot itself is damaged", async () => {
    const [zone, twin] = [await playedZone(4), await playedZone(4)];
    zone.snapshot();
    for (const each of [zone, twin]) each.step(walk(4));
    zone.segment.state.fill(0xee);
    const trap = trapOf(zone, commandBytes([poison]));
    expect(recovered(zone, trap)).toMatchObject({ step: "quarantine", replayedTicks: 7 });
    twin.step(commandBytes([]));
    expectSame(zone, twin);
    expect(zone.previousSegment.tick).toBe(zone.segment.tick);
  });
});

describe("quarantine", () => {
  test.each([
    ["a poison command", [innocent(1), poison, innocent(2)], [poison]],
    ["a runaway command", [runaway, innocent(1)], [runaway]],
    [
      "several of both",
      [poison, innocent(1), runaway, runaway, innocent(2), poison],
      [poison, runaway, runaway, poison],
    ],
  ])("%s is named, taken out, and all else happens", async (_what, commands, culprits) => {
    const [zone, twin] = [await playedZone(20), await playedZone(20)];
    const recovery = recovered(zone, trapOf(zone, commandBytes(commands)));
    expect(recovery).toMatchObject({ step: "quarantine", replayedTicks: 22 });
    expect(recovery.quarantined).toEqual(culprits.map((command) => expect.objectContaining(command) as never));
    twin.step(commandBytes(commands.filter(({ op }) => op === OP_MOVE)));
    expectSame(zone, twin);
  });

  test("the journal is replayed once, however many commands are poison", async () => {
    let looks = 0;
    const zone = await playedZone(20, {
      now: () => {
        looks++; // at the clock: twice a run of the kernel
        return 0;
      },
    });
    const trap = trapOf(zone, poisoned(8));
    looks = 0;
    recovered(zone, trap);
    expect(looks / 2).toBe(22 + 1 + 8); // the journal, the tick as it was, the tick without each
  });

  test("a tick that is heavy all of a sudden is not taken for one that does not end", async () => {
    const crowd = Array.from({ length: 500 }, (_, index) => {
      return { op: OP_JOIN, session: 100 + index, flags: JOIN_WATCHES, x: index % 20, e: 10 << 8 };
    });
    for (const culprit of [poison, runaway]) {
      const [zone, twin] = [await playedZone(20), await playedZone(20)];
      twin.step(commandBytes(crowd));
      expect(twin.fuelUsed).toBeGreaterThan(TEST_FUEL / RERUN_FUEL_FLOOR);
      const recovery = recovered(zone, trapOf(zone, commandBytes([culprit, ...crowd])));
      expect(recovery).toMatchObject({ step: "quarantine", quarantined: [culprit] });
      expectSame(zone, twin);
    }
  });

  test("more poison in one tick than it takes out is too much", async () => {
    const most = await playedZone(1);
    const trap = trapOf(most, poisoned(QUARANTINED_PER_TICK_MAX));
    expect(recovered(most, trap).quarantined).toHaveLength(QUARANTINED_PER_TICK_MAX);
    const zone = await playedZone(1);
    const tooMuch = trapOf(zone, poisoned(QUARANTINED_PER_TICK_MAX + 1));
    expect(() => recovered(zone, tooMuch)).toThrow(UnrecoverableZone);
  });

  test("a zone can crash in every tick", async () => {
    const [zone, twin] = [await playedZone(1), await playedZone(1)];
    for (let turn = 0; turn < 30; turn++) {
      recovered(zone, trapOf(zone, commandBytes([innocent(turn), turn % 3 === 0 ? runaway : poison])));
      twin.step(commandBytes([innocent(turn)]));
    }
    expectSame(zone, twin);
  });
});

describe("rollback", () => {
  test("what a bad module did since the swap is undone, and the trapped tick done right", async () => {
    const plant = { does: "cheats", fromTick: 9 } as const;
    const [zone, twin] = [await playedZone(6, { plant }), await playedZone(6, { plant })];
    zone.swap(bad);
    for (let turn = 6; turn < 9; turn++) for (const each of [zone, twin]) each.step(walk(turn));
    expect(Buffer.compare(stateOf(zone), stateOf(twin))).not.toBe(0);
    const recovery = recovered(zone, trapOf(zone, walk(9)), kernel);
    twin.step(walk(9));
    expect(recovery).toMatchObject({ step: "rollback", quarantined: [], note: { commandIndex: null } });
    expect(zone.kernel).toBe(kernel);
    expectSame(zone, twin);
  });

  test("a poison command is not held against the module", async () => {
    const zone = await playedZone(6);
    zone.swap(other);
    expect(recovered(zone, trapOf(zone, commandBytes([poison])), kernel)).toMatchObject({ step: "quarantine" });
    expect(zone.kernel).toBe(other);
  });

  test("nor when the module is under suspicion, since the one before dies of it too", async () => {
    const [zone, twin] = [await playedZone(6), await playedZone(6)];
    zone.swap(other);
    expect(recovered(zone, trapOf(zone, commandBytes([poison])), kernel, true)).toMatchObject({ step: "quarantine" });
    expect(zone.kernel).toBe(other);
    twin.step(commandBytes([]));
    expectSame(zone, twin);
  });

  test("a module under suspicion goes first of all", async () => {
    const zone = await playedZone(6);
    zone.swap(other);
    damage(zone);
    const trap = trapOf(zone, walk(6));
    expect(recovered(zone, trap, kernel, true)).toMatchObject({ step: "rollback" });
    expect(zone.kernel).toBe(kernel);
  });

  test("what was quarantined in vain is given to the module before, and taken out there when it is poison too", async () => {
    const [zone, twin] = [await playedZone(9, { plant: traps }), await playedZone(9, { plant: traps })];
    zone.swap(bad);
    const recovery = recovered(zone, trapOf(zone, commandBytes([poison, innocent(9)])), kernel);
    expect(recovery).toMatchObject({ step: "rollback", quarantined: [poison] });
    twin.step(commandBytes([innocent(9)]));
    expectSame(zone, twin);
  });
});

describe("down", () => {
  test("nothing helps a zone that traps by itself; the module of before the swap stays in it, if there is one", async () => {
    const zone = await playedZone(9, { kernel: bad, plant: traps });
    expect(() => recovered(zone, trapOf(zone, walk(9)))).toThrow("no step of the recovery succeeded: kernel trap");
    expect([zone.completedTick, zone.kernel]).toEqual([11, bad]);
    zone.swap(other);
    expect(zone.kernel).toBe(other);
    const worse = await playedZone(9, { kernel: bad, plant: traps });
    worse.swap({ ...bad, hash: "0123456789abcdef" });
    expect(() => recovered(worse, trapOf(worse, walk(9)), bad)).toThrow(UnrecoverableZone);
    expect(worse.kernel).toBe(bad);
  });

  test("a tick that does not end is found out early the second time", async () => {
    const zone = await playedZone(9, { kernel: bad, plant: { does: "loops", fromTick: 12 } });
    const trap = trapOf(zone, walk(9));
    expect(zone.fuelUsed).toBe(TEST_FUEL + 1n);
    expect(() => recovered(zone, trap)).toThrow("fuel exhausted");
    expect(zone.fuelUsed).toBe(TEST_FUEL / RERUN_FUEL_FLOOR + 1n);
  });
});

describe("how long a recovery may take is bounded", () => {
  test("a tick full of loops burns all its fuel some times, not once for each of them", async () => {
    const zone = await playedZone(10);
    const trap = trapOf(zone, commandBytes(Array.from({ length: QUARANTINED_PER_TICK_MAX }, () => runaway)));
    const fuel = countFuel(zone);
    const recovery = recovered(zone, trap);
    expect(recovery.step).toBe("quarantine");
    expect(recovery.quarantined).toHaveLength(QUARANTINED_PER_TICK_MAX);
    expect(fuel.ticks()).toBeLessThan(FULL_RERUNS_MAX + 1.5);
  });

  test("a tick that takes all its time is run again some times, not once for each command that does so", async () => {
    let ms = 0;
    const timed = { now: () => (ms += 1), cpuMs: () => ms, timeLimitMs: 100 };
    const [zone, twin] = [await playedZone(20, timed), await playedZone(20)];
    const trap = trapOf(zone, commandBytes([runaway, innocent(1)]));
    expect(trap.code).toBe("out_of_time");
    expect(recovered(zone, trap)).toMatchObject({ step: "quarantine", quarantined: [runaway] });
    twin.step(commandBytes([innocent(1)]));
    expectSame(zone, twin);
    const many = trapOf(zone, commandBytes(Array.from({ length: TIMEOUTS_MAX + 2 }, () => runaway)));
    ms = 0;
    expect(() => recovered(zone, many)).toThrow("out of time");
    // A fifth of a tick's time for each run.
    expect(ms).toBeLessThan(timed.timeLimitMs);
  });

  test("a replay burns some ticks' fuel, not one tick's for each tick there is", async () => {
    const zone = await playedZone(60);
    const { segment } = zone;
    expect(segment.ticks).toBeGreaterThan(50);
    zone.restore(segment);
    // As a module that is quick at first, and burns nine tenths of its fuel when its ticks are run again.
    const fuel = countFuel(zone, (TEST_FUEL * 9n) / 10n);
    expect(() => zone.replay(segment, segment.ticks, false)).toThrow("fuel exhausted");
    expect(fuel.ticks()).toBeLessThan(6);
  });
});

/** Counts what the zone's ticks take, in ticks' fuel; or what it is made to believe that they take. */
function countFuel(zone: Zone, pretended?: bigint): { ticks(): number } {
  let [last, burnt] = [0n, 0n];
  Object.defineProperty(zone, "fuelUsed", {
    get: () => last,
    set: (used: bigint) => {
      last = pretended ?? used;
      burnt += last;
    },
  });
  return { ticks: () => Number(burnt) / Number(TEST_FUEL) };
}
