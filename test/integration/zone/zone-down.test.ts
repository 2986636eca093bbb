// How a zone that is DOWN comes back, and what happens when it can not.

import { describe, expect, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN, OP_MOVE, OP_TRAP } from "../../../assembly/abi.ts";
import { DEPARTED } from "../../../server/shared/ring-records.ts";
import { PROBATION_TICKS, RELAPSE_BACK_OFF_MS_MAX, RELAPSE_MS, Restart } from "../../../server/zone/restart.ts";
import { trappingKernel } from "../../helpers/odd-kernels.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { crowdlessKernel, lyingKernel, plantedKernel, playedZone, testKernel } from "../../helpers/zone.ts";

const kernel = await testKernel();
const bad = await plantedKernel();

const join = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 });
const traps = { does: "traps", fromTick: 12 } as const;

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

test("a promoted module that blames commands for its own traps gives way to the one before it", async () => {
  const lying = await lyingKernel();
  const bench = await RunnerBench.start({ kernel: lying, earlier: [kernel] });
  for (let tick = 1; tick <= 800; tick++) {
    if (bench.state === "ACTIVE" && bench.runner.zone.tick % 20 === 0) bench.give(join(tick));
    bench.give({ op: OP_MOVE, session: 1, seq: tick, x: 1 });
    bench.tick();
  }
  expect(bench.told("recovered").some(({ note }) => note.commandIndex === 0)).toBe(true);
  expect(bench.told("rolled_back").map(({ fromHash, toHash }) => [fromHash, toHash])).toEqual([
    [lying.hash, kernel.hash],
  ]);
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
  expect(waits[0]).toBeLessThan(3);
  expect(waits.at(-1)).toBeGreaterThan(RELAPSE_BACK_OFF_MS_MAX / 1_000);
  expect(waits.at(-1)).toBeLessThan(10);
});

test("a zone that can begin anew with nothing keeps what it has, and goes on trying", async () => {
  const bench = await RunnerBench.start({ after: { tick: 700, reason: "" }, kernel: await trappingKernel("tick") });
  bench.pass(20_000);
  expect(bench.told("rolled_back")).toEqual([]);
  expect(bench.emitter.messages("Zone restart failed").length).toBeGreaterThan(2);
  expect(bench.state).toBe("DOWN");
});

test("a zone that goes DOWN lets its players leave with what they have, each once, in a journalled tick", async () => {
  const bench = await RunnerBench.start();
  bench.give(join(1), join(2));
  bench.tick(3);
  bench.drain();
  const departures = (): number => bench.drain().kinds.filter((kind) => kind === DEPARTED.kind).length;
  let { completedTick } = bench.runner.zone;
  while (bench.state !== "DOWN") {
    ({ completedTick } = bench.runner.zone);
    bench.give({ op: OP_TRAP });
    bench.tick();
  }
  expect([departures(), bench.runner.zone.completedTick]).toEqual([2, completedTick + 1]);
  expect(bench.runner.zone.entities.acknowledged()).toHaveLength(0);
  bench.pass(60_000);
  expect([bench.state, departures()]).toEqual(["ACTIVE", 0]);
  expect(bench.emitter.messages("Players not evacuated")).toEqual([]);
});

test("a zone whose ticks all trap goes DOWN without that, and says so", async () => {
  const bench = await RunnerBench.start({ kernel: bad, plant: traps });
  bench.give(join(1));
  bench.tick(12);
  expect(bench.state).toBe("DOWN");
  expect(bench.emitter.messages("Players not evacuated")).toHaveLength(1);
});
