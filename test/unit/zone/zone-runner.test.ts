// What a zone does in a tick, after a trap, and when a tick takes too long.

import { describe, expect, test } from "bun:test";
import { COUNTER_PLAYERS, JOIN_WATCHES, OP_ATTACK, OP_JOIN, OP_MOVE, OP_TRAP } from "../../../assembly/abi.ts";
import { CENSUS, END, FRAMES } from "../../../server/shared/ring-records.ts";
import { BACK_OFF_MS_MIN, PROBATION_TICKS } from "../../../server/zone/restart.ts";
import { DEGRADED_TICKS, RECOVERIES_MAX } from "../../../server/zone/zone-health.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { plantedKernel, testKernel } from "../../helpers/zone.ts";
import { REPORT } from "../../../server/shared/tick-report.ts";

const kernel = await testKernel();
const bad = await plantedKernel();

const join = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 });
const trap = { op: OP_TRAP, session: 7, seq: 3 };
const traps = { does: "traps", fromTick: 12 } as const;

describe("a tick", () => {
  test("brings the creatures first, then players; frames, their end and a report go out", async () => {
    const bench = await RunnerBench.start();
    bench.give(join(1), join(2));
    bench.tick();
    const { kinds, reports } = bench.drain();
    expect(kinds).toEqual([FRAMES.kind, END.kind, REPORT.kind]);
    expect(reports[0]).toMatchObject({ zoneId: 1, tick: 1, state: "ACTIVE", overrun: false, commandsDropped: 0 });
    expect(reports[0]?.counters[COUNTER_PLAYERS]).toBe(2);
    expect(reports[0]?.hash).toBe(bench.runner.zone.hash);
    expect(bench.runner.inspect()["entities"]).toContain(1_000_001);
    bench.tick();
    expect(bench.drain().reports[0]).toMatchObject({ tick: 2, queueDepth: 0 });
    expect(bench.states).toEqual([]);
  });

  test("says what happened, exactly for the tick and by events for the rest", async () => {
    const bench = await RunnerBench.start();
    bench.give(join(1), { op: OP_MOVE, session: 1, seq: 1, x: 17, y: 9 });
    bench.tick(80);
    bench.give({ op: OP_ATTACK, session: 1, seq: 2, a: 1_000_001 });
    bench.tick(120);
    const ticks = bench.emitter.messages("Zone tick completed");
    expect(ticks.map(({ data }) => data["tick"])).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(ticks[199]?.data).toMatchObject({ zone_id: 1, players: 1, state: "ACTIVE", kernel: kernel.hash });
    expect(bench.emitter.messages("Damage dealt").length).toBeGreaterThan(0);
  });

  test("takes commands up to the batch's capacity, and counts those it dropped", async () => {
    const bench = await RunnerBench.start();
    bench.tick();
    bench.drain();
    const { commandsMax } = bench.runner.zone.at;
    const move = { op: OP_MOVE, session: 1 };
    for (let given = 0; given < commandsMax + 5; given++) bench.give(move);
    bench.tick();
    expect(bench.drain().reports[0]).toMatchObject({ queueDepth: commandsMax, commandsDropped: 5 });
  });

  test("a full output ring costs frames, never the report's truth: the watcher is told everything anew", async () => {
    const bench = await RunnerBench.start({ outputBytes: 1_024 });
    bench.give(...Array.from({ length: 30 }, (_, index) => join(index + 1)));
    bench.tick();
    const { kinds, reports } = bench.drain();
    expect(kinds).toEqual([END.kind, REPORT.kind]);
    expect(reports[0]?.framesLost).toBe(30);
    const before = bench.runner.zone.tick;
    bench.tick();
    const rewatched = bench.runner.zone.segment.batch(before - bench.runner.zone.segment.tick);
    expect(rewatched.length / 32).toBe(30);
  });

  test("a census tells who is there, and nobody of a zone that is DOWN", async () => {
    const bench = await RunnerBench.start({ kernel: bad, plant: traps });
    bench.tick(2);
    bench.drain();
    bench.runner.writeCensus();
    bench.tick();
    expect(bench.drain().kinds).toContain(CENSUS.kind);
    bench.tick(20);
    expect(bench.state).toBe("DOWN");
    bench.drain();
    bench.runner.writeCensus();
    expect(bench.drain().kinds).toEqual([]);
  });
});

describe("a trap", () => {
  test("is reported, recovered from within the tick, and the culprit named", async () => {
    const bench = await RunnerBench.start();
    const twin = await RunnerBench.start();
    for (const each of [bench, twin]) {
      each.give(join(1));
      each.tick(5);
      each.drain();
    }
    bench.give(trap, { op: OP_MOVE, session: 1, seq: 1, x: 3 });
    twin.give({ op: OP_MOVE, session: 1, seq: 1, x: 3 });
    for (const each of [bench, twin]) each.tick();
    expect(bench.runner.zone.hash).toBe(twin.runner.zone.hash);
    expect(bench.drain()).toMatchObject({
      kinds: [FRAMES.kind, END.kind, REPORT.kind],
      reports: [{ tick: 6, recoveries: 1 }],
    });
    expect(bench.states).toEqual(["ACTIVE > CRASHED", "CRASHED > DEGRADED"]);
    const named = { zone_id: 1, zone_name: "Elwynn Forest", tick: 6, session_id: 7, op: OP_TRAP };
    expect(bench.emitter.messages("Zone tick exception")[0]).toMatchObject({
      type: "error",
      component: "zone",
      data: { ...named, error: expect.stringContaining("kernel trap"), phase: "commands" },
    });
    expect(bench.emitter.messages("Command quarantined")[0]?.data).toMatchObject({ ...named, seq: 3 });
    expect(bench.emitter.messages("Zone recovered")[0]?.data).toMatchObject({
      ...named,
      rung: "quarantine",
      replayed_ticks: 5,
      hash: bench.runner.inspect()["hash"],
    });
    expect(bench.told("recovered")).toMatchObject([{ zoneId: 1, tick: 6, step: "quarantine", replayedTicks: 5 }]);
  });

  test("leaves the zone DEGRADED for a while, then it is well again", async () => {
    const bench = await RunnerBench.start();
    bench.tick();
    bench.give(trap);
    bench.tick(DEGRADED_TICKS);
    expect(bench.state).toBe("DEGRADED");
    bench.tick();
    expect(bench.states.at(-1)).toBe("DEGRADED > ACTIVE");
  });

  test("one too many in a while takes the zone DOWN; when they end it is back where it was", async () => {
    const bench = await RunnerBench.start();
    bench.tick();
    for (let done = 0; done <= RECOVERIES_MAX; done++) {
      bench.give(trap);
      bench.tick();
    }
    expect(bench.states.at(-1)).toBe("CRASHED > DOWN");
    expect(bench.told("zone_state").at(-1)?.reason).toBe(`${RECOVERIES_MAX} recoveries in 200 ticks`);
    const { completedTick } = bench.runner.zone;
    expect(completedTick).toBe(1 + RECOVERIES_MAX);
    bench.drain();
    bench.pass(BACK_OFF_MS_MIN + PROBATION_TICKS * 50);
    expect(bench.states.at(-1)).toBe("DOWN > ACTIVE");
    expect(bench.runner.zone.tick).toBe(completedTick + PROBATION_TICKS);
    expect(bench.emitter.messages("Zone ticks lost")).toEqual([]);
    expect(bench.drain().kinds).toEqual([]);
    bench.tick();
    expect(bench.drain().kinds).toEqual([END.kind, REPORT.kind]);
  });
});

describe("overruns", () => {
  test("three in a while make the zone DEGRADED; missed ticks are counted", async () => {
    const bench = await RunnerBench.start();
    bench.tick();
    bench.tickMs = 60;
    bench.tick(2);
    expect(bench.state).toBe("ACTIVE");
    bench.tick();
    expect(bench.states).toEqual(["ACTIVE > DEGRADED"]);
    bench.tickMs = 1_000;
    bench.tick();
    bench.tickMs = 1;
    bench.tick(DEGRADED_TICKS);
    expect(bench.states).toEqual(["ACTIVE > DEGRADED", "DEGRADED > ACTIVE"]);
    expect(bench.drain().reports.at(-1)?.missedTicks).toBeGreaterThan(15);
  });
});

describe("a fault's pause", () => {
  test("of as long as a worker may be late makes the zone DEGRADED before it begins, and for as long as there are such", async () => {
    const bench = await RunnerBench.start();
    bench.pauseMs = 999;
    bench.tick();
    expect(bench.states).toEqual([]);
    bench.pauseMs = 1_000;
    bench.tick();
    expect(bench.told("zone_state")).toMatchObject([{ to: "DEGRADED", reason: "a fault's pause holds up its ticks" }]);
    bench.pauseMs = 0;
    bench.tick();
    expect(bench.states).toEqual(["ACTIVE > DEGRADED", "DEGRADED > ACTIVE"]);
  });

  test("is told of a zone that is DEGRADED for another reason too, and that it is over", async () => {
    const bench = await RunnerBench.start();
    bench.give(trap);
    bench.tick(2);
    expect(bench.state).toBe("DEGRADED");
    bench.pauseMs = 1_000;
    bench.tick(2);
    bench.pauseMs = 0;
    bench.tick(2);
    expect(bench.told("zone_state").map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ["ACTIVE", "CRASHED", expect.stringContaining("kernel trap")],
      ["CRASHED", "DEGRADED", "recovered by quarantine"],
      ["DEGRADED", "DEGRADED", "a fault's pause holds up its ticks"],
      ["DEGRADED", "DEGRADED", "recovered not long ago"],
    ]);
  });

  test("is in the breadcrumb, with when the worker is due after it", async () => {
    const bench = await RunnerBench.start();
    bench.runner.pauses(5_000);
    expect(bench.crumb.read()).toMatchObject({ stage: "fault pause", dueMs: 5_050 });
  });
});

test("what a zone is at is in the worker's breadcrumb, step by step", async () => {
  const bench = await RunnerBench.start();
  bench.tick(3);
  expect([...bench.stages]).toEqual(expect.arrayContaining(["kernel", "frames"]));
  expect(bench.crumb.read()).toMatchObject({ stage: "frames", tick: 3 });
  const { beat } = bench.crumb.read();
  bench.give({ op: OP_TRAP, session: 7 });
  bench.tick();
  // The tick, the same again, and without the command: each run of the kernel is a step forward.
  expect(bench.crumb.read().beat).toBeGreaterThanOrEqual(beat + 3);
});
