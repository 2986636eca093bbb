// The contract every fault keeps, run over all of them.

import { describe, expect, test } from "bun:test";
import type { FaultRequest } from "../../../server/protocol/faults/status.ts";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { describeParams, parseParams } from "../../../server/protocol/faults/params.ts";
import { FaultBench } from "../../helpers/control-faults.ts";

/** Parameters with which a fault acts at once and costs a test no time. */
const QUICK: Record<string, Record<string, number>> = {
  "latency-spike": { delay_ms: 1 },
  "memory-pressure": { megabytes: 2 },
  "slow-leak": { increment_ms: 1, increment_every: 1 },
};

/** All that a fault does in four ticks. */
function whatHappens(request: FaultRequest) {
  const bench = new FaultBench({ seed: 7 });
  bench.registry.activate(request);
  const pushed = [];
  for (let tick = 0; tick < 4; tick++) {
    bench.tick();
    pushed.push(bench.zones.map((zone) => zone.pushed));
  }
  return {
    pushed,
    crashes: bench.sessions.map(({ crashes }) => crashes),
    status: bench.registry.status(request.fault_id),
  };
}

test("the server has the eight faults of the protocol, and four drills of its own", () => {
  expect(FAULTS.map(({ id }) => id)).toEqual([
    "latency-spike",
    "session-crash",
    "event-queue-flood",
    "memory-pressure",
    "cascading-zone-failure",
    "slow-leak",
    "split-brain",
    "thundering-herd",
    "zone-trap",
    "zone-runaway",
    "disk-slow",
    "disk-full",
  ]);
});

test("defaults are those of the protocol", () => {
  const defaults = Object.fromEntries(FAULTS.map((fault) => [fault.id, parseParams(fault, {})]));
  expect(defaults).toEqual({
    "latency-spike": { delay_ms: 200 },
    "session-crash": {},
    "event-queue-flood": { multiplier: 10 },
    "memory-pressure": { megabytes: 64 },
    "cascading-zone-failure": { source_zone: 1, target_zone: 2, flood_multiplier: 10 },
    "slow-leak": { increment_ms: 1, increment_every: 100 },
    "split-brain": { phantom_count: 2, phantom_base_id: 2_000_001 },
    "thundering-herd": { reconnect_delay_ticks: 20 },
    "zone-trap": { every_ticks: 20 },
    "zone-runaway": { every_ticks: 20 },
    "disk-slow": { delay_ms: 2_000 },
    "disk-full": {},
  });
});

describe.each(FAULTS.map((fault) => [fault.id, fault] as const))("%s", (id, fault) => {
  const request = { fault_id: id, params: QUICK[id] ?? {}, duration_ticks: 5 };

  test("says what it is in one line", () => {
    expect(fault.title).toMatch(/^[a-z].{10,90}$/);
    expect(fault.title).not.toEndWith(".");
  });

  test("describes every parameter, with bounds that hold and a default within", () => {
    for (const param of describeParams(fault)) {
      expect(param.description.length).toBeGreaterThan(5);
      expect(param.default).toBeWithin(param.min, param.max + 1);
      for (const good of [param.min, param.max])
        expect(parseParams(fault, { [param.name]: good })).toHaveProperty(param.name, good);
      for (const bad of [param.min - 1, param.max + 1, param.min + 0.5, "1", null, Number.NaN, [1], {}]) {
        expect(() => parseParams(fault, { [param.name]: bad })).toThrow(`${param.min} to ${param.max}`);
      }
    }
  });

  test("refuses an unknown parameter and names the known ones", () => {
    const names = describeParams(fault).map(({ name }) => name);
    expect(() => parseParams(fault, { dealy: 1 })).toThrow(names[0] ?? "It has none.");
  });

  test("acts on what it counts as eligible, and never on more", () => {
    const bench = new FaultBench();
    bench.registry.activate(request);
    bench.tick(3);
    const { eligible, affected, active } = bench.registry.status(id);
    expect(active).toBe(true);
    expect(affected).toBeGreaterThan(0);
    expect(affected).toBeLessThanOrEqual(eligible);
  });

  test("ends by itself after its time, and leaves nothing behind", () => {
    const bench = new FaultBench();
    const before = bench.residue();
    bench.registry.activate(request);
    bench.tick(5);
    expect(bench.registry.status(id)).toMatchObject({ active: false, ticks_elapsed: 5, ticks_left: 0 });
    bench.tick(2);
    expect(bench.residue()).toEqual(before);
    expect(bench.emitter.messages("Fault deactivated")).toMatchObject([{ data: { fault_id: id, reason: "expired" } }]);
  });

  test("says in its audit what it did, in the units of what it does", () => {
    const bench = new FaultBench();
    bench.registry.activate(request);
    bench.tick(3);
    const { eligible, affected } = bench.registry.status(id);
    bench.registry.deactivate(id);
    bench.tick(2);
    const [ended] = bench.emitter.messages("Fault deactivated");
    const [cleaned] = bench.emitter.messages("Fault cleaned up");
    expect(ended?.data).toMatchObject({ eligible, affected });
    expect(fault.effects?.length).toBeGreaterThan(0);
    for (const line of [ended, cleaned]) {
      const deeds = (fault.effects ?? []).map((effect) => line?.data[effect]);
      for (const amount of deeds) expect(amount).toBeNumber();
      expect(deeds.reduce((sum: number, amount) => sum + Number(amount), 0)).toBeGreaterThan(0);
    }
    for (const effect of fault.effects ?? []) {
      const [before, after] = [ended?.data[effect], cleaned?.data[effect]].map(Number) as [number, number];
      expect(after).toBeGreaterThanOrEqual(before);
    }
    const crashed = bench.sessions.filter(({ crashes }) => crashes > 0).map((session) => session.id);
    const named = bench.emitter.messages("Fault struck").flatMap(({ data }) => data["session_ids"]);
    expect(named).toEqual(crashed);
    if (crashed.length > 0)
      expect(ended?.data).toMatchObject({ sessions_closed: crashed.length, session_ids: crashed });
  });

  test("does nothing after its removal", () => {
    const bench = new FaultBench();
    bench.registry.activate(request);
    bench.tick(2);
    bench.registry.deactivate(id);
    bench.tick(2);
    const { eligible, affected } = bench.registry.status(id);
    for (const session of bench.sessions) session.connected = true;
    bench.tick(5);
    expect(bench.registry.status(id)).toMatchObject({ eligible, affected });
    expect(bench.zones.map((zone) => zone.pushed)).toEqual([[], []]);
    expect(bench.sessions.every(({ connected }) => connected)).toBe(true);
  });

  test("activated again while active it starts anew, and one removal ends it", () => {
    const bench = new FaultBench();
    const before = bench.residue();
    bench.registry.activate(request);
    bench.tick(2);
    bench.registry.activate({ ...request, duration_ticks: 100 });
    expect(bench.registry.status(id)).toMatchObject({
      active: true,
      activations: 2,
      ticks_elapsed: 0,
      ticks_left: 100,
    });
    for (const session of bench.sessions) session.connected = true;
    bench.tick(5);
    expect(bench.registry.status(id).affected).toBeGreaterThan(0);
    expect(bench.registry.deactivate(id)).toBe(true);
    expect(bench.registry.deactivate(id)).toBe(false);
    bench.tick(2);
    expect(bench.residue()).toEqual(before);
  });

  test("probability 0 counts chances and takes none", () => {
    const bench = new FaultBench();
    bench.registry.activate({ ...request, probability: 0 });
    bench.tick(3);
    const { eligible, affected } = bench.registry.status(id);
    expect(eligible).toBeGreaterThan(0);
    expect(affected).toBe(0);
    expect(bench.sessions.every(({ crashes }) => crashes === 0)).toBe(true);
    expect(bench.zones.map((zone) => zone.pushed)).toEqual([[], []]);
  });

  test("makes the same choices under the same seed", () => {
    const request60 = { ...request, probability: 0.6 };
    expect(whatHappens(request60)).toEqual(whatHappens(request60));
  });

  test("the kill switch ends it, also in a zone that is down, and its traces go when the zone is back", () => {
    const bench = new FaultBench();
    const before = bench.residue();
    bench.registry.activate(request);
    bench.tick(2);
    bench.zone(1).isDown = true;
    bench.registry.halt();
    expect(bench.registry.status(id).active).toBe(false);
    bench.tick(10);
    bench.zone(1).isDown = false;
    bench.tick(2);
    expect(bench.residue()).toEqual(before);
    expect(() => bench.registry.activate(request)).toThrow("resume");
    bench.registry.resume();
    expect(bench.registry.activate(request).active).toBe(true);
  });
});
