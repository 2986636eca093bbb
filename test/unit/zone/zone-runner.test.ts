// A zone in its worker: what it does in a tick, what it says when one fails, and how it moves between its states.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { COUNTER_PLAYERS, JOIN_WATCHES, OP_ATTACK, OP_JOIN, OP_MOVE, OP_TRAP } from "../../../assembly/abi.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { CENSUS, END, FRAMES } from "../../../server/shared/ring-records.ts";
import { BACK_OFF_MS_MIN, PROBATION_TICKS, RELAPSE_MS, Restart } from "../../../server/zone/restart.ts";
import { DEGRADED_TICKS, RECOVERIES_MAX } from "../../../server/zone/zone-health.ts";
import { DeployedRunner } from "../../helpers/deploy-runner.ts";
import { trappingKernel } from "../../helpers/odd-kernels.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { crowdlessKernel, plantedKernel, playedZone, testKernel } from "../../helpers/zone.ts";
import { REPORT } from "../../../server/shared/tick-report.ts";

const kernel = await testKernel();
const bad = await plantedKernel();
const other: Kernel = { ...kernel, hash: "0123456789abcdef", label: "other" };

const join = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 });
const trap = { op: OP_TRAP, session: 7, seq: 3 };
const LEASE_MS = 30_000;
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
    expect(bench.told("recovered")).toMatchObject([{ zoneId: 1, tick: 6, rung: "quarantine", replayedTicks: 5 }]);
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

describe("a zone that is DOWN", () => {
  test("begins further back from try to try, at last anew", async () => {
    const bench = await RunnerBench.start({ kernel: bad, plant: traps });
    bench.give(join(1));
    bench.tick(12);
    expect(bench.state).toBe("DOWN");
    bench.pass(60_000);
    const failed = bench.emitter.messages("Zone restart failed").map(({ data }) => data["next_try_ms"]);
    expect(failed).toEqual([1_000, 1_000, 1_000]);
    const lost = bench.emitter.messages("Zone ticks lost").map(({ data }) => [data["beginning"], data["lost_ticks"]]);
    expect(lost).toEqual([
      ["earlier", 11],
      ["anew", 11],
    ]);
    expect(bench.states).toEqual(["ACTIVE > CRASHED", "CRASHED > DOWN", "DOWN > ACTIVE"]);
    expect(bench.runner.inspect()["entities"]).toContain(1_000_001);
    expect(bench.runner.inspect()["entities"]).not.toContain(1);
  });

  test("waits longer from try to try when it can begin no further back", () => {
    const restart = new Restart();
    restart.begin(0);
    const waits = Array.from({ length: 10 }, () => restart.failed(new Error("traps"), 0));
    expect(waits).toEqual([1_000, 1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("that goes DOWN again soon after it was back begins further back, since its state traps once players are there", async () => {
    const zone = await playedZone(30);
    const restart = new Restart();
    let ms = 0;
    const fall = (isStateToBlame: boolean): string => {
      restart.begin(ms, isStateToBlame);
      const { beginning } = restart.restore(zone);
      for (let tick = 1; tick <= PROBATION_TICKS; tick++) {
        zone.step(commandBytes([]));
        restart.ticked((ms += 50));
      }
      return beginning;
    };
    expect([fall(true), fall(true), fall(true), fall(true)]).toEqual(["journal", "earlier", "anew", "anew"]);
    expect([fall(false), fall(true)]).toEqual(["journal", "earlier"]);
    ms += RELAPSE_MS;
    expect(fall(true)).toBe("journal");
  });

  test("takes a module, which may be what it was waiting for, and gives it back", async () => {
    const bench = await RunnerBench.start({ kernel: bad, plant: traps });
    bench.tick(12);
    expect(bench.states.at(-1)).toEndWith("> DOWN");
    bench.runner.swap(kernel);
    expect(bench.runner.rollback().tick).toBeGreaterThan(0);
    expect(bench.runner.zone.kernel.hash).toBe(bad.hash);
    bench.runner.swap(kernel);
    bench.runner.promote();
    bench.tick(400);
    expect(bench.states.at(-1)).toBe("DOWN > ACTIVE");
    expect(bench.runner.zone.kernel.hash).toBe(kernel.hash);
  });

  test("has no use for commands, and reports no tick", async () => {
    const bench = await RunnerBench.start({ kernel: bad, plant: traps });
    bench.tick(12);
    bench.drain();
    bench.give(join(1));
    bench.tick();
    expect(bench.drain().kinds).toEqual([]);
  });
});

describe("a module", () => {
  test("is swapped in, taken back or promoted", async () => {
    const bench = await RunnerBench.start();
    bench.tick(3);
    expect(() => bench.runner.rollback()).toThrow("no module to go back to");
    expect(bench.runner.swap(other)).toEqual({ tick: 3 });
    bench.tick();
    expect(bench.runner.rollback()).toEqual({ tick: 4 });
    expect(bench.runner.zone.kernel).toBe(kernel);
    bench.runner.swap(other);
    bench.runner.promote();
    expect(() => bench.runner.rollback()).toThrow("no module to go back to");
  });

  test("that traps by itself is taken back at once, and said to be", async () => {
    const bench = await RunnerBench.start({ plant: traps });
    bench.tick(8);
    bench.runner.swap(bad);
    bench.tick(6);
    expect(bench.runner.zone.kernel).toBe(kernel);
    const hashes = { fromHash: bad.hash, toHash: kernel.hash };
    expect(bench.told("rolled_back")).toMatchObject([{ zoneId: 1, tick: 12, ...hashes }]);
    expect(bench.told("recovered")).toMatchObject([{ rung: "rollback", tick: 12 }]);
    expect(bench.emitter.messages("Module rolled back")[0]?.data).toMatchObject({
      zone_id: 1,
      from_hash: hashes.fromHash,
      to_hash: kernel.hash,
    });
    expect(bench.state).toBe("DEGRADED");
  });

  test("swapped in upon another goes back to what is trusted, not to that", async () => {
    const bench = await RunnerBench.start();
    bench.tick();
    bench.runner.swap(other);
    bench.runner.swap({ ...kernel, hash: "fedcba9876543210", label: "third" });
    bench.runner.rollback();
    expect(bench.runner.zone.kernel).toBe(kernel);
  });

  test("that is not promoted goes when its zone goes DOWN", async () => {
    const bench = await RunnerBench.start({ kernel: bad, plant: traps });
    bench.tick(8);
    bench.runner.swap({ ...bad, hash: "0123456789abcdef" });
    bench.tick(6);
    expect(bench.state).toBe("DOWN");
    expect(bench.told("rolled_back")).toMatchObject([{ fromHash: "0123456789abcdef" }]);
    expect(() => bench.runner.rollback()).toThrow("no module to go back to");
  });
});

describe("a deploy of a module", () => {
  test("that traps in its first live tick ends steady, and the next one is taken", async () => {
    const bench = await RunnerBench.start({ plant: { does: "traps", fromTick: 5 } });
    const deployed = new DeployedRunner(bench, kernel, [bad, other]);
    const { deployer } = deployed;
    bench.tick(8);
    deployer.swap(bad.hash, 1, LEASE_MS);
    await deployed.work();
    bench.tick();
    expect(bench.told("rolled_back")).toHaveLength(1);
    await deployed.settle();
    const last_error = expect.stringContaining("rolled back by the zone");
    expect(deployed.status).toMatchObject({ phase: "steady", hash: kernel.hash, last_error });
    deployer.swap(other.hash, 1, LEASE_MS);
    await deployed.settle();
    expect(deployed.status).toMatchObject({ phase: "canary", hash: other.hash });
    deployer.promote(other.hash);
    await deployed.settle();
    deployer.rollback(1);
    await deployed.settle();
    expect(deployed.status).toMatchObject({ phase: "steady", hash: kernel.hash });
    expect(bench.runner.zone.kernel.hash).toBe(kernel.hash);
  });

  test("ends with what the zone says and runs, however orders, ticks and words interleave", async () => {
    const event = fc.constantFrom("bad", "other", "promote", "rollback", "work", "hear", "tick", "tick", "turn");
    let rolledBack = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 8, maxLength: 25, size: "max" }), async (events) => {
        const bench = await RunnerBench.start({ plant: { does: "traps", fromTick: 2 } });
        const deployed = new DeployedRunner(bench, kernel, [bad, other]);
        const { deployer } = deployed;
        bench.tick(3);
        for (const each of events) {
          try {
            if (each === "bad" || each === "other") deployer.swap((each === "bad" ? bad : other).hash, 1, LEASE_MS);
            else if (each === "promote") deployer.promote(deployed.status.hash);
            else if (each === "rollback") deployer.rollback(1);
            else if (each === "tick") bench.tick();
            else await deployed[each]();
          } catch (error) {
            if (!(error instanceof WowsimError)) throw error;
          }
        }
        await deployed.settle();
        bench.tick();
        await deployed.settle();
        rolledBack += bench.told("rolled_back").length;
        const { phase, hash } = deployed.status;
        expect(hash).toBe(bench.runner.zone.kernel.hash);
        expect(phase).toBe(bench.runner.inspect()["canary"] === true ? "canary" : "steady");
      }),
      { numRuns: 16 },
    );
    // Some ten on average, drawn anew each time.
    expect(rolledBack).toBeGreaterThan(0);
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

test("a zone in the place of a lost one begins DOWN and anew, counts on, and is back after its probation", async () => {
  const bench = await RunnerBench.start({ after: { tick: 700, reason: "its worker hung" } });
  expect(bench.state).toBe("DOWN");
  bench.tick(PROBATION_TICKS);
  expect(bench.states).toEqual(["DOWN > ACTIVE"]);
  expect(bench.emitter.messages("Zone ticks lost")).toMatchObject([
    { data: { tick: 700, beginning: "anew", lost_ticks: 700, error: "its worker hung" } },
  ]);
  expect(bench.runner.zone.tick).toBe(700 + PROBATION_TICKS);
  expect(bench.runner.zone.entities.entityIds().length).toBeGreaterThan(0);
});

test("a promoted module that can not begin the zone gives way to the one before it, and that is told", async () => {
  const [unable, alsoUnable] = [await trappingKernel("init"), await trappingKernel("tick")];
  const bench = await RunnerBench.start({
    kernel: unable,
    earlier: [alsoUnable, kernel],
    after: { tick: 700, reason: "its worker hung" },
  });
  const fellBack = (): string[][] => bench.told("rolled_back").map(({ fromHash, toHash }) => [fromHash, toHash]);
  // The first can not even be begun with; the second fails in its first tick anew.
  expect(fellBack()).toEqual([[unable.hash, alsoUnable.hash]]);
  expect(bench.told("rolled_back")[0]?.reason).toStartWith("the zone does not go on with it: kernel trap: ");
  bench.pass(20_000);
  expect(fellBack()).toEqual([
    [unable.hash, alsoUnable.hash],
    [alsoUnable.hash, kernel.hash],
  ]);
  expect(bench.told("module").map(({ hash, isTrial }) => [hash, isTrial])).toEqual([
    [alsoUnable.hash, false],
    [kernel.hash, false],
  ]);
  expect(bench.emitter.messages("Module rolled back")).toHaveLength(2);
  expect(bench.state).toBe("ACTIVE");
});

test("a promoted module that goes DOWN whenever players are there, also anew, gives way to the one before it", async () => {
  const crowdless = await crowdlessKernel();
  const bench = await RunnerBench.start({ kernel: crowdless, earlier: [kernel] });
  const downs = (): number => bench.states.filter((move) => move.endsWith("> DOWN")).length;
  // The gateway brings its players back as soon as the zone is ACTIVE.
  for (let second = 0; second < 30; second++) {
    if (bench.state === "ACTIVE") bench.give(join(second + 1));
    bench.pass(1_000);
  }
  expect(bench.told("rolled_back").map(({ fromHash, toHash }) => [fromHash, toHash])).toEqual([
    [crowdless.hash, kernel.hash],
  ]);
  expect(downs()).toBeLessThan(6);
  expect(bench.state).toBe("ACTIVE");
});

test("with no module to give way to, such a zone comes back more and more rarely", async () => {
  const bench = await RunnerBench.start({ kernel: await crowdlessKernel() });
  const downAt: number[] = [];
  for (let tenth = 0; tenth < 1_200; tenth++) {
    const was = bench.state;
    if (was === "ACTIVE") bench.give(join(tenth + 1));
    bench.pass(100);
    if (bench.state === "DOWN" && was !== "DOWN") downAt.push(tenth / 10);
  }
  const waits = downAt.slice(1).map((at, index) => at - downAt[index]!);
  expect(waits.at(-1)).toBeGreaterThan(15);
  expect(waits.length).toBeLessThan(12);
});

test("a zone that can begin anew with nothing keeps what it has, and goes on trying", async () => {
  const bench = await RunnerBench.start({ after: { tick: 700, reason: "" }, kernel: await trappingKernel("tick") });
  bench.pass(20_000);
  expect(bench.told("rolled_back")).toEqual([]);
  expect(bench.emitter.messages("Zone restart failed").length).toBeGreaterThan(2);
  expect(bench.state).toBe("DOWN");
});

test("what a promotion replaces is what the zone falls back to", async () => {
  const bench = await RunnerBench.start();
  bench.tick(3);
  bench.runner.swap(await trappingKernel("hash"));
  bench.runner.promote();
  bench.tick();
  expect(bench.state).toBe("DOWN");
  bench.pass(60_000);
  expect([bench.state, bench.runner.zone.kernel.hash]).toEqual(["ACTIVE", kernel.hash]);
  expect(bench.told("rolled_back")).toHaveLength(1);
});
