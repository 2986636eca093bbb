// What each fault does to zones and sessions, as docs/PROTOCOL.md says.

import { describe, expect, test } from "bun:test";
import { OP_NUDGE, OP_PLACE, OP_SPAWN, OP_SPIN, OP_TRAP, SPAWN_PHANTOM } from "../../../assembly/abi.ts";
import { FaultBench } from "../../helpers/control-faults.ts";
import { fromRoot, inOwnProcess } from "../../helpers/own-process.ts";

describe("latency-spike", () => {
  test("makes each tick of the target zone at least that much longer, and only there", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "latency-spike", params: { delay_ms: 30 }, target_zone_id: 2 });
    const timed = (id: number): number => {
      const start = performance.now();
      bench.zone(id).step();
      return performance.now() - start;
    };
    expect(timed(2)).toBeGreaterThan(29);
    expect(bench.registry.status("latency-spike")).toMatchObject({ targets: [2], eligible: 1, affected: 1 });
    timed(1);
    expect(bench.registry.status("latency-spike")).toMatchObject({ eligible: 1, affected: 1 });
  });
});

describe("session-crash", () => {
  test("closes one socket, once, and stays listed with what it did", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "session-crash" });
    bench.tick(10);
    expect(bench.sessions.filter(({ connected }) => !connected)).toHaveLength(1);
    expect(bench.registry.status("session-crash")).toMatchObject({ active: true, eligible: 1, affected: 1 });
  });

  test("strikes another one when it is activated again", () => {
    const bench = new FaultBench();
    for (let times = 0; times < 6; times++) {
      bench.registry.activate({ fault_id: "session-crash" });
      bench.tick(2);
    }
    expect(bench.sessions.every(({ crashes }) => crashes === 1)).toBe(true);
  });

  test("waits for somebody to be connected in its zones", () => {
    const bench = new FaultBench();
    for (const session of bench.sessions) session.connected = session.zoneId === 1;
    bench.registry.activate({ fault_id: "session-crash", target_zone_id: 2 });
    bench.tick(3);
    expect(bench.registry.status("session-crash").eligible).toBe(0);
    for (const session of bench.sessions) session.connected = true;
    bench.tick();
    expect(bench.sessions.filter(({ crashes }) => crashes > 0).map(({ zoneId }) => zoneId)).toEqual([2]);
  });

  test("different seeds choose different players", () => {
    const victims = new Set<number>();
    for (let seed = 1; seed <= 40; seed++) {
      const bench = new FaultBench({ seed });
      bench.registry.activate({ fault_id: "session-crash" });
      bench.tick();
      victims.add(bench.sessions.findIndex(({ crashes }) => crashes > 0));
    }
    expect([...victims].toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("event-queue-flood", () => {
  test("pushes so many movements an entity and tick, near where it stands", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "event-queue-flood", params: { multiplier: 3 }, target_zone_id: 1 });
    bench.tick();
    const { pushed, entities } = bench.zone(1);
    expect(pushed).toHaveLength(15);
    for (const { op, a = 0, x = 0, y = 0 } of pushed) {
      expect(op).toBe(OP_NUDGE);
      expect(entities.has(a)).toBe(true);
      expect(Math.abs(x)).toBeLessThan(10);
      expect(Math.abs(y)).toBeLessThan(10);
    }
    expect(bench.registry.status("event-queue-flood")).toMatchObject({ eligible: 15, affected: 15 });
  });

  test("stops where the batch is full, and counts what it could not push", () => {
    const bench = new FaultBench();
    bench.zone(1).room = 8;
    bench.registry.activate({ fault_id: "event-queue-flood", params: { multiplier: 1_000 }, target_zone_id: 1 });
    bench.tick(2);
    expect(bench.zone(1).pushed).toHaveLength(8);
    expect(bench.registry.status("event-queue-flood")).toMatchObject({ eligible: 10_000, affected: 16 });
  });
});

describe("memory-pressure", () => {
  test("takes its memory in steps, and counts megabytes", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "memory-pressure", params: { megabytes: 20 } });
    expect(bench.registry.status("memory-pressure")).toMatchObject({ targets: [], affected: 0 });
    bench.tick();
    expect(bench.registry.status("memory-pressure").affected).toBe(8);
    bench.tick(4);
    expect(bench.registry.status("memory-pressure")).toMatchObject({ eligible: 20, affected: 20 });
  });

  test("held memory is there, and gone without waiting for a garbage collection", async () => {
    const seen = await inOwnProcess<Record<"taken" | "grew" | "left", number>>(`
      import { HeldMemory } from ${fromRoot("server/protocol/faults/held-memory.ts")};
      const held = new HeldMemory();
      const before = process.memoryUsage.rss();
      for (let at = 0; at < 64; at++) held.take(2 ** 20);
      const [taken, grew] = [held.bytes, process.memoryUsage.rss() - before];
      held.release();
      console.log(JSON.stringify({ taken, grew, left: held.bytes }));
    `);
    expect(seen).toMatchObject({ taken: 64 * 2 ** 20, left: 0 });
    expect(seen.grew).toBeGreaterThan(56 * 2 ** 20);
  });
});

describe("cascading-zone-failure", () => {
  test("poisons every batch of the source and floods the target", () => {
    const bench = new FaultBench({ zones: 3 });
    const params = { source_zone: 3, target_zone: 1, flood_multiplier: 2 };
    bench.registry.activate({ fault_id: "cascading-zone-failure", params });
    for (let tick = 0; tick < 3; tick++) {
      bench.tick();
      expect(bench.zone(3).pushed.map(({ op }) => op)).toEqual([OP_TRAP]);
      expect(bench.zone(1).pushed.map(({ op }) => op)).toEqual(Array.from({ length: 10 }, () => OP_NUDGE));
      expect(bench.zone(2).pushed).toEqual([]);
    }
    expect(bench.registry.status("cascading-zone-failure").targets).toEqual([1, 3]);
  });

  test("says which zones there are when one does not exist, or both are the same", () => {
    const bench = new FaultBench();
    const activate = (params: object) => bench.registry.activate({ fault_id: "cascading-zone-failure", params });
    expect(() => activate({ source_zone: 9 })).toThrow("source_zone 9 does not exist; choose another (1, 2 here).");
    expect(() => activate({ target_zone: 1 })).toThrow("two different zones");
  });
});

describe("slow-leak", () => {
  test("adds a pause every so many ticks", () => {
    const bench = new FaultBench({ zones: 1 });
    bench.registry.activate({ fault_id: "slow-leak", params: { increment_ms: 1, increment_every: 4 } });
    bench.tick(3);
    expect(bench.registry.status("slow-leak").affected).toBe(0);
    bench.tick(5);
    expect(bench.registry.status("slow-leak").affected).toBe(5);
  });
});

describe("split-brain", () => {
  test("the same ids live in two zones and move apart", () => {
    const bench = new FaultBench({ zones: 3 });
    bench.registry.activate({ fault_id: "split-brain", target_zone_id: 3 });
    expect(bench.registry.status("split-brain").targets).toEqual([1, 3]);
    bench.tick();
    expect(bench.zone(1).pushed).toMatchObject([
      { op: OP_SPAWN, a: 2_000_001, flags: SPAWN_PHANTOM },
      { op: OP_SPAWN, a: 2_000_002, flags: SPAWN_PHANTOM },
    ]);
    const travelled = (zone: number): { x: number; y: number } => {
      const from = { ...bench.zone(zone).entities.get(2_000_001)! };
      bench.tick(10);
      const to = bench.zone(zone).entities.get(2_000_001)!;
      return { x: to.x - from.x, y: to.y - from.y };
    };
    const [one, three] = [travelled(1), travelled(3)];
    expect(Math.hypot(one.x - three.x, one.y - three.y)).toBeGreaterThan(3);
    expect(bench.zone(1).pushed.map(({ op }) => op)).toEqual([OP_PLACE, OP_PLACE]);
    expect(bench.zone(2).entities.has(2_000_001)).toBe(false);
  });

  test("a zone that lost its phantoms, restored from before, gets them again", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "split-brain" });
    bench.tick(3);
    bench.zone(1).entities.delete(2_000_002);
    bench.tick();
    expect(bench.zone(1).entities.has(2_000_002)).toBe(true);
  });

  test("is not clean before the phantoms are gone, however long batches are full", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "split-brain", params: { phantom_count: 5 } });
    bench.tick(3);
    bench.zone(1).room = 2;
    bench.registry.deactivate("split-brain");
    bench.tick(3);
    expect(bench.registry.status("split-brain")).toMatchObject({ active: false, leaving: true });
    bench.tick(1);
    expect(bench.registry.status("split-brain").leaving).toBe(false);
    expect(bench.zone(1).entities.has(2_000_001)).toBe(false);
    expect(bench.emitter.messages("Fault cleaned up")).toHaveLength(1);
  });

  test("refuses a server with one zone, and says what to do", () => {
    const bench = new FaultBench({ zones: 1 });
    expect(() => bench.registry.activate({ fault_id: "split-brain" })).toThrow("at least two zones");
    expect(bench.registry.status("split-brain")).toMatchObject({ active: false, activations: 0 });
  });
});

describe("thundering-herd", () => {
  test("drops everybody at once, holds the door, and does not strike the wave that comes back", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "thundering-herd", params: { reconnect_delay_ticks: 30 } });
    bench.tick();
    expect(bench.sessions.map(({ crashes }) => crashes)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(bench.heldTicks).toBe(30);
    for (const session of bench.sessions) session.connected = true;
    bench.tick(40);
    expect(bench.sessions.map(({ crashes }) => crashes)).toEqual([1, 1, 1, 1, 1, 1]);
    bench.registry.deactivate("thundering-herd");
    expect(bench.heldTicks).toBe(0);
  });
});

describe.each([
  ["zone-trap", OP_TRAP],
  ["zone-runaway", OP_SPIN],
])("%s", (id, op) => {
  test("poisons the next batch, and then one every so many", () => {
    const bench = new FaultBench({ zones: 1 });
    bench.registry.activate({ fault_id: id, params: { every_ticks: 3 } });
    const poisoned = [];
    for (let tick = 0; tick < 7; tick++) {
      bench.tick();
      poisoned.push(bench.zone(1).pushed.map((command) => command.op));
    }
    expect(poisoned).toEqual([[op], [], [], [op], [], [], [op]]);
  });
});

describe("disk-slow and disk-full", () => {
  const well = { stallMs: 0, isFull: false };

  test("act on the journal's disk from the next server tick until they are removed, once", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "disk-slow", params: { delay_ms: 700 } });
    bench.tick(5);
    expect(bench.registry.status("disk-slow")).toMatchObject({ targets: [], eligible: 5, affected: 5 });
    bench.registry.deactivate("disk-slow");
    bench.tick(5);
    expect(bench.disk).toEqual([{ stallMs: 700, isFull: false }, well]);
  });

  test("add up, and each takes only its own away", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "disk-slow", params: { delay_ms: 700 } });
    bench.registry.activate({ fault_id: "disk-full" });
    bench.tick(2);
    expect(bench.disk.at(-1)).toEqual({ stallMs: 700, isFull: true });
    bench.registry.deactivate("disk-slow");
    expect(bench.disk.at(-1)).toEqual({ stallMs: 0, isFull: true });
    bench.registry.halt();
    expect(bench.disk.at(-1)).toEqual(well);
  });

  test("a new activation replaces the old one without a moment of health in between being kept", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "disk-slow", params: { delay_ms: 700 } });
    bench.tick();
    bench.registry.activate({ fault_id: "disk-slow", params: { delay_ms: 100 } });
    bench.tick();
    expect(bench.disk.at(-1)).toEqual({ stallMs: 100, isFull: false });
  });
});
