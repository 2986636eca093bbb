// Starting, ending and counting faults, as the control channel sees it.

import { describe, expect, test } from "bun:test";
import { DURATION_TICKS_MAX } from "../../../server/protocol/faults/status.ts";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { ACTIVATIONS_MAX } from "../../../server/shared/fault-block.ts";
import { defineFault } from "../../../server/protocol/faults/fault.ts";
import type { MainFaultHooks, ZoneFaultHooks } from "../../../server/protocol/faults/fault.ts";
import { FaultBench } from "../../helpers/control-faults.ts";

/** A fault made of the given zone hooks. */
function faultOf(id: string, hooks: ZoneFaultHooks) {
  const params = {};
  return defineFault({ id, title: "for tests", family: "zone", mode: "tick_scoped", params, zone: () => hooks });
}

/** A fault made of the given main hooks. */
function mainFaultOf(id: string, hooks: MainFaultHooks) {
  const params = {};
  return defineFault({ id, title: "for tests", family: "connection", mode: "ambient", params, main: () => hooks });
}

describe("requests", () => {
  test("an unknown fault is refused with the known ones and what was probably meant", () => {
    const bench = new FaultBench();
    expect(() => bench.registry.activate({ fault_id: "latency_spkie" })).toThrow(
      'There is no fault "latency_spkie". Did you mean "latency-spike"? Known: latency-spike, session-crash',
    );
    expect(() => bench.registry.status("x".repeat(10_000))).toThrow(/^There is no fault "x{64}"\. Known/);
  });

  test("an unknown parameter is refused with the near miss and the ranges", () => {
    const bench = new FaultBench();
    expect(() => bench.registry.activate({ fault_id: "latency-spike", params: { dealy_ms: 5 } })).toThrow(
      'latency-spike: There is no parameter "dealy_ms". Did you mean "delay_ms"? It has delay_ms (1 to 5000, default 200',
    );
    expect(() => bench.registry.activate({ fault_id: "latency-spike", params: [] })).toThrow(
      '"params" must be an object',
    );
    let deep: unknown = {};
    for (let level = 0; level < 100_000; level++) deep = { deep };
    expect(() => bench.registry.activate({ fault_id: "latency-spike", params: { delay_ms: deep } })).toThrow(
      "not an object",
    );
  });

  test("an unknown zone is refused with the zones there are", () => {
    const bench = new FaultBench();
    const message = "There is no zone 3; choose from 1 (Zone 1), 2 (Zone 2), or 0 for all.";
    expect(() => bench.registry.activate({ fault_id: "zone-trap", target_zone_id: 3 })).toThrow(
      expect.objectContaining({ code: "no_such_zone", message }),
    );
  });

  test("a refused request leaves an active fault as it is", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "zone-trap", params: { every_ticks: 7 } });
    expect(() => bench.registry.activate({ fault_id: "zone-trap", params: { every_ticks: 0 } })).toThrow();
    expect(bench.registry.status("zone-trap")).toMatchObject({
      active: true,
      activations: 1,
      config: { every_ticks: 7 },
    });
  });
});

describe("leases", () => {
  const leased = { fault_id: "zone-trap", lease_ms: 1_000 };

  test("a fault that nobody renews ends by itself, in every zone, and says why", () => {
    const bench = new FaultBench();
    const before = bench.residue();
    expect(bench.registry.activate(leased).lease_ms_left).toBe(1_000);
    bench.tick(19);
    expect(bench.registry.status("zone-trap")).toMatchObject({ active: true, lease_ms_left: 50 });
    bench.tick(2);
    expect(bench.registry.status("zone-trap")).toMatchObject({ active: false, lease_ms_left: null });
    expect(bench.emitter.messages("Fault deactivated")[0]?.data).toMatchObject({ reason: "lease_ended" });
    bench.tick(1);
    expect(bench.residue()).toEqual(before);
  });

  test("one that is renewed goes on, to the end of its time to live and no longer", () => {
    const bench = new FaultBench();
    bench.registry.activate({ ...leased, duration_ticks: 100 });
    for (let tick = 0; tick < 90; tick += 10) {
      bench.tick(10);
      expect(bench.registry.renew("zone-trap", 1).lease_ms_left).toBe(1_000);
    }
    bench.tick(10);
    expect(bench.emitter.messages("Fault deactivated")[0]?.data).toMatchObject({ reason: "expired" });
  });

  test("after a pause of the server, a renewal that was under way is still in time", () => {
    const bench = new FaultBench();
    bench.registry.activate(leased);
    bench.nowMs += 60_000;
    bench.tick();
    bench.registry.renew("zone-trap", 1);
    bench.tick(19);
    expect(bench.registry.status("zone-trap").active).toBe(true);
  });

  test("a fault without a lease needs no renewal, and is told so", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "zone-trap" });
    bench.tick(1_000);
    expect(bench.registry.status("zone-trap")).toMatchObject({ active: true, lease_ms_left: null });
    expect(() => bench.registry.renew("zone-trap", 1)).toThrow('without "lease_ms"');
  });

  test("nobody renews what is not theirs any more: replaced, ended, or never there", () => {
    const bench = new FaultBench();
    expect(() => bench.registry.renew("zone-trap", 1)).toThrow("Activation 1 of zone-trap is over");
    bench.registry.activate(leased);
    bench.registry.activate(leased);
    expect(() => bench.registry.renew("zone-trap", 1)).toThrow("Activation 1 of zone-trap is over");
    bench.registry.deactivate("zone-trap");
    expect(() => bench.registry.renew("zone-trap", 2)).toThrow("Activation 2 of zone-trap is over");
    expect(() => bench.registry.renew("zone-trip", 2)).toThrow("Did you mean");
  });
});

describe("time to live", () => {
  test("is the longest when none is given", () => {
    const bench = new FaultBench();
    expect(bench.registry.activate({ fault_id: "zone-trap" }).ticks_left).toBe(DURATION_TICKS_MAX);
    expect(bench.registry.activate({ fault_id: "zone-trap", duration_ticks: 0 }).ticks_left).toBe(12_000);
  });

  test("runs out while every zone is down, and when server ticks were left out", () => {
    const bench = new FaultBench();
    for (const zone of bench.zones) zone.isDown = true;
    bench.registry.activate({ fault_id: "zone-trap", duration_ticks: 100 });
    bench.registry.advance(60);
    expect(bench.registry.status("zone-trap")).toMatchObject({ active: true, ticks_elapsed: 60, ticks_left: 40 });
    bench.registry.advance(5_000);
    expect(bench.registry.status("zone-trap")).toMatchObject({ active: false, ticks_elapsed: 100, ticks_left: 0 });
  });
});

describe("status", () => {
  test("of a fault never activated shows its defaults", () => {
    expect(new FaultBench().registry.status("latency-spike")).toEqual({
      id: "latency-spike",
      mode: "tick_scoped",
      active: false,
      activations: 0,
      ticks_elapsed: 0,
      config: { delay_ms: 200 },
      title: "adds real time to every tick of the target zones",
      family: "timing",
      targets: [],
      ticks_left: 0,
      lease_ms_left: null,
      eligible: 0,
      affected: 0,
      probability: 1,
      leaving: false,
    });
  });

  test("of one that is over shows what it did, also when its place in the shared memory is another's", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "zone-trap", params: { every_ticks: 1 } });
    bench.tick(5);
    bench.registry.deactivate("zone-trap");
    for (let times = 0; times < 2 * ACTIVATIONS_MAX; times++) {
      bench.tick();
      bench.registry.activate({ fault_id: "event-queue-flood" });
    }
    expect(bench.registry.status("zone-trap")).toMatchObject({ ticks_elapsed: 5, eligible: 10, affected: 10 });
  });

  test("list has every fault, in the order of the protocol", () => {
    expect(new FaultBench().registry.list().map(({ id }) => id)).toEqual(FAULTS.map(({ id }) => id));
  });
});

describe("telemetry", () => {
  test("tells activation and removal, with who ended it", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "zone-trap", target_zone_id: 2, duration_ticks: 50 });
    bench.tick();
    bench.registry.activate({ fault_id: "zone-trap", target_zone_id: 2, duration_ticks: 60 });
    bench.registry.halt();
    expect(bench.emitter.lines.map(({ component, message, data }) => [component, message, data["reason"]])).toEqual([
      ["fault", "Fault activated", undefined],
      ["fault", "Fault deactivated", "replaced"],
      ["fault", "Fault cleaned up", undefined],
      ["fault", "Fault activated", undefined],
      ["fault", "Fault deactivated", "halt"],
      ["fault", "Fault cleaned up", undefined],
      ["fault", "Fault injection halted", undefined],
    ]);
    expect(bench.emitter.lines[0]?.data).toMatchObject({
      fault_id: "zone-trap",
      target_zone_id: 2,
      duration_ticks: 50,
    });
  });
});

describe("kill switch", () => {
  test("ends all, names them, and blocks activation until resume", () => {
    const bench = new FaultBench();
    for (const id of ["zone-trap", "split-brain", "memory-pressure"]) bench.registry.activate({ fault_id: id });
    expect(bench.registry.halt()).toEqual(["memory-pressure", "split-brain", "zone-trap"]);
    expect(bench.registry.halt()).toEqual([]);
    expect(() => bench.registry.activate({ fault_id: "zone-trap" })).toThrow('Send {"command":"resume"}');
    bench.registry.resume();
    bench.registry.activate({ fault_id: "zone-trap" });
    expect(bench.registry.deactivateAll()).toEqual(["zone-trap"]);
  });

  test("a zone that has not yet read the message no longer gets commands", () => {
    const bench = new FaultBench();
    bench.registry.activate({ fault_id: "zone-trap", params: { every_ticks: 1 } });
    bench.tick();
    // Only the shared memory is told, as when the worker is in the middle of a long tick.
    bench.hosts[0]!.deactivate = () => undefined;
    bench.registry.halt();
    bench.tick();
    expect(bench.zone(1).pushed).toEqual([]);
    expect(bench.residue().halves).toBe(0);
  });
});

describe("a fault that fails", () => {
  test("in a zone ends there, is reported, and the zone goes on", () => {
    const definition = faultOf("broken", {
      commands() {
        throw new Error("its own mistake");
      },
    });
    const bench = new FaultBench({ definitions: [definition] });
    bench.registry.activate({ fault_id: "broken" });
    bench.tick(3);
    expect(bench.zone(1).tick).toBe(3);
    expect(bench.emitter.messages("Fault hook failed")).toMatchObject([
      { type: "error", component: "fault", data: { fault_id: "broken", zone_id: 1, error: "its own mistake" } },
      { data: { zone_id: 2 } },
    ]);
    bench.registry.deactivate("broken");
    expect(bench.registry.status("broken")).toMatchObject({ active: false, leaving: false });
  });

  test("on the main thread is removed", () => {
    const definition = mainFaultOf("broken", {
      ambient() {
        throw new RangeError("Out of memory");
      },
    });
    const bench = new FaultBench({ definitions: [definition] });
    bench.registry.activate({ fault_id: "broken" });
    bench.tick(2);
    expect(bench.registry.status("broken").active).toBe(false);
    expect(bench.emitter.messages("Fault deactivated")).toMatchObject([{ data: { reason: "failed" } }]);
  });
});

test("replacing a fault again and again while a zone is down does not pile up what it has to clean", () => {
  const bench = new FaultBench();
  bench.registry.activate({ fault_id: "split-brain" });
  bench.tick();
  bench.zone(2).isDown = true;
  for (let times = 0; times < 3 * ACTIVATIONS_MAX; times++) {
    bench.registry.activate({ fault_id: "split-brain" });
    bench.tick();
  }
  expect(bench.residue().halves).toBe(3); // zone 1: the active one; zone 2: it, and the one that has left phantoms there
  bench.registry.halt();
  bench.zone(2).isDown = false;
  bench.tick(2);
  expect(bench.residue()).toEqual(new FaultBench().residue());
});

test("with every place in the shared memory taken by faults that can not leave, another is refused", () => {
  const stuck: ZoneFaultHooks = { commands() {}, cleanUp: () => false };
  const definitions = Array.from({ length: ACTIVATIONS_MAX + 1 }, (_, at) => faultOf(`stuck-${at}`, stuck));
  const bench = new FaultBench({ definitions });
  for (let at = 0; at < ACTIVATIONS_MAX; at++) bench.registry.activate({ fault_id: `stuck-${at}` });
  bench.tick();
  bench.registry.deactivateAll();
  const activate = () => bench.registry.activate({ fault_id: `stuck-${ACTIVATIONS_MAX}` });
  expect(activate).toThrow("64 removed faults still wait for zones");
});

test("hooks on a session's bytes are passed to the gateway while a fault has them, for its zones", () => {
  const definition = mainFaultOf("cut", { ingress: (_session, bytes) => bytes.slice(1) });
  const hooks: unknown[] = [];
  const bench = new FaultBench({ definitions: [definition], setIngress: (hook) => hooks.push(hook) });
  bench.registry.activate({ fault_id: "cut", target_zone_id: 1 });
  const hook = hooks[0] as (session: object, bytes: Uint8Array) => Uint8Array;
  expect(hook(bench.sessions[0]!, new Uint8Array([1, 2]))).toEqual(new Uint8Array([2]));
  expect(hook(bench.sessions[1]!, new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]));
  bench.registry.deactivate("cut");
  expect(hooks).toEqual([expect.any(Function), null]);
});
