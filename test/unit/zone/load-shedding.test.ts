// A zone that has more to do than it has time: what its runner makes of that, and that it is part of what is journalled.

import { describe, expect, test } from "bun:test";
import { JOIN_WATCHES, OP_CAST, OP_JOIN, OP_SET_OVERLOAD, OP_TRAP } from "../../../assembly/abi.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { LADDER } from "../../../server/shared/overload.ts";
import { BACK_OFF_MS_MIN, PROBATION_TICKS } from "../../../server/zone/restart.ts";
import { FRAMES } from "../../../server/shared/ring-records.ts";
import { RECOVERIES_MAX } from "../../../server/zone/zone-health.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { stateOf } from "../../helpers/zone.ts";

const TICK_MS = 50;
const join = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 });

const levelOf = ({ runner: { zone } }: RunnerBench): number => zone.view.getUint32(zone.at.overloadLevel, true);
const rateOf = ({ runner: { zone } }: RunnerBench): number => zone.view.getFloat32(zone.at.overloadRate, true);

/** Ticks that each take so much of the processor, until the zone's memory has that level. */
function tickUntil(bench: RunnerBench, cpuMs: number, level: number): void {
  bench.tickCpuMs = cpuMs;
  for (let tick = 0; tick < 20_000 && levelOf(bench) !== level; tick++) {
    bench.tick();
    bench.drain();
  }
  expect(levelOf(bench)).toBe(level);
}

describe("an overloaded zone", () => {
  test("climbs level after level, says each, and comes down again by itself", async () => {
    const bench = await RunnerBench.start();
    bench.give(join(1));
    tickUntil(bench, 400, 5);
    tickUntil(bench, 1, 0);
    const told = bench.emitter.messages("Zone overload level changed").map(({ data }) => data);
    expect(told.map(({ from, to }) => [from, to])).toEqual([
      ...[0, 1, 2, 3, 4].map((level) => [level, level + 1]),
      ...[5, 4, 3, 2, 1].map((level) => [level, level - 1]),
    ]);
    expect(told[0]).toMatchObject({ zone_id: 1, reason: "load above 0.75", step: 1, tell_every: 2, game_time_rate: 1 });
    expect(told.at(-1)).toMatchObject({ reason: "load below 0.4", step: 0, tell_every: 1, sight_yd: 100 });
    const steps = told.length + bench.emitter.messages("Zone overload step changed").length;
    expect(steps).toBe(2 * (LADDER.length - 1));
  });

  test("is DEGRADED for as long, and ACTIVE again then", async () => {
    const bench = await RunnerBench.start();
    tickUntil(bench, 45, 1);
    expect(bench.state).toBe("DEGRADED");
    expect(bench.drain().reports.at(-1)?.state ?? bench.state).toBe("DEGRADED");
    tickUntil(bench, 1, 0);
    bench.tick();
    expect(bench.states).toEqual(["ACTIVE > DEGRADED", "DEGRADED > ACTIVE"]);
  });

  test("is not one whose ticks only take long: what sleeps is not work", async () => {
    const bench = await RunnerBench.start();
    bench.tickMs = 200;
    bench.tick(400);
    expect([levelOf(bench), bench.emitter.messages("Zone overload level changed")]).toEqual([0, []]);
  });

  test("is not one that is restored again and again: what a recovery costs is no tick's work", async () => {
    const bench = await RunnerBench.start();
    for (let round = 0; round < 40; round++) {
      bench.tickCpuMs = 500;
      bench.give({ op: OP_TRAP, session: 7, seq: round });
      bench.tick();
      bench.tickCpuMs = 2;
      bench.tick(15);
    }
    expect(levelOf(bench)).toBe(0);
  });

  test("ticks less often by the clock, each tick whole, and is not late by that", async () => {
    const bench = await RunnerBench.start();
    tickUntil(bench, 400, 4);
    for (const rate of [3 / 4, 1 / 2]) {
      for (let tick = 0; tick < 100 && Math.abs(rateOf(bench) - rate) > 1e-6; tick++) bench.tick();
      const [tick, ms] = [bench.runner.zone.tick, bench.runner.clock.deadline];
      bench.tickCpuMs = 30;
      bench.tickMs = TICK_MS / rate - 1;
      bench.tick(8);
      expect(bench.runner.zone.tick).toBe(tick + 8);
      expect(bench.runner.clock.deadline - ms).toBeCloseTo((8 * TICK_MS) / rate, 3);
      const report = bench.drain().reports.at(-1);
      expect(report).toMatchObject({ overrun: false, overloadLevel: 4 });
      expect(report?.gameTimeRate).toBeCloseTo(rate, 6);
      bench.tickMs = 1;
      bench.tickCpuMs = 400;
    }
  });

  test("tells its watchers in the tick from which it holds, and newcomers at once", async () => {
    const bench = await RunnerBench.start();
    bench.give(join(1));
    bench.tickCpuMs = 400;
    for (let tick = 0; tick < 1_000 && levelOf(bench) < 4; tick++) bench.tick();
    bench.drain();
    const changed = bench.runner.zone.view.getUint32(bench.runner.zone.kernel.layout.value("OVERLOAD_CHANGED"), true);
    expect(changed).toBe(bench.runner.zone.tick);
    bench.tickCpuMs = 30;
    bench.give(join(2), { op: OP_CAST, session: 1, seq: 1 });
    bench.tick();
    const paces: [session: number, level: number, rate: number][] = [];
    const reader = new FrameReader();
    bench.output.drain((offset, length) => {
      const { view, bytes } = bench.output;
      if (view.getUint32(offset, true) !== FRAMES.kind) return;
      for (let at = offset + FRAMES.bytes; at < offset + length; at += view.getUint32(at, true)) {
        reader.open(bytes, at, view.getUint32(at, true));
        while (reader.next()) if (reader.kind === 8) paces.push([reader.session, reader.info, reader.float(0)]);
      }
    });
    expect(paces).toEqual([[2, 4, 0.75]]);
  });

  test("goes DOWN and comes back leaving out nothing, at full rate", async () => {
    const bench = await RunnerBench.start();
    tickUntil(bench, 400, 4);
    for (let trap = 0; trap <= RECOVERIES_MAX; trap++) {
      bench.give({ op: OP_TRAP, session: 7, seq: trap });
      bench.tick();
    }
    expect(bench.state).toBe("DOWN");
    bench.tickCpuMs = 1;
    bench.pass(BACK_OFF_MS_MIN + (PROBATION_TICKS + 4) * TICK_MS);
    expect([bench.state, levelOf(bench), rateOf(bench), bench.runner.clock.rate]).toEqual(["ACTIVE", 0, 1, 1]);
  });
});

test("what it leaves out is journalled: it holds after a crash in that very tick, and a replay leaves out the same", async () => {
  const bench = await RunnerBench.start();
  const { zone } = bench.runner;
  const changes = (): number => bench.emitter.lines.filter(({ message }) => message.startsWith("Zone overload")).length;
  bench.give(join(1), join(2));
  bench.tickCpuMs = 400;
  for (let step = 1; step < LADDER.length; step++) {
    for (let tick = 0; tick < 100 && changes() < step; tick++) bench.tick();
    bench.give({ op: OP_TRAP, session: 7, seq: step });
    bench.tick();
    expect([levelOf(bench), bench.told("recovered").length]).toEqual([LADDER[step]!.level, step]);
    bench.drain();
    if (step % 3 !== 0) continue;
    const end = stateOf(zone);
    const { previousSegment, segment } = zone;
    zone.restore(previousSegment);
    for (const each of [previousSegment, segment]) zone.replay(each); // throws when a hash on the way is another
    expect(Buffer.compare(stateOf(zone), end)).toBe(0);
  }
});

test("a command that makes no sense is refused, and what the zone itself decides prevails", async () => {
  const bench = await RunnerBench.start();
  bench.give(join(1));
  bench.tick();
  const { zone } = bench.runner;
  const whole = { flags: 1 | (1 << 8), a: 2 | (2 << 8) | (64 << 16), x: 100, y: 1 };
  const wrong = [
    { flags: 1 | (6 << 8) },
    { a: 0 | (2 << 8) | (64 << 16) },
    { a: 2 | (9 << 8) | (64 << 16) },
    { a: 2 | (2 << 8) | (65 << 16) },
    { a: 2 | (2 << 8) },
    { x: 0 },
    { x: 101 },
    { x: Number.NaN },
    { y: 0 },
    { y: 1.5 },
  ];
  for (const parts of wrong) {
    bench.give({ op: OP_SET_OVERLOAD, session: 1, ...whole, ...parts });
    bench.tick();
    expect([parts, levelOf(bench)]).toEqual([parts, 0]);
  }
  bench.give({ op: OP_SET_OVERLOAD, session: 1, ...whole });
  bench.tick();
  expect(levelOf(bench)).toBe(1);
  bench.tick(2);
  expect([levelOf(bench), zone.view.getUint32(zone.at.overloadStep, true)]).toEqual([0, 0]);
});
