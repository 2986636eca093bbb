// A zone whose module lays the state out differently: it is carried over and back, by swaps, recoveries and restarts, and what can
// not be is refused before anything is changed. The other module has a column more in the middle (wideKernel).

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { layoutFrom } from "../../../assembly/toolchain/load.ts";
import { recover } from "../../../server/zone/recovery.ts";
import { Restart } from "../../../server/zone/restart.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import {
  meddlingKernel,
  newZone,
  playedZone,
  stateOf,
  testKernel,
  trapOf,
  walk,
  wideKernel,
} from "../../helpers/zone.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";

const kernel = await testKernel();
const wide = await wideKernel();
const traps = { does: "traps", fromTick: 12 } as const;
const join = { op: abi.OP_JOIN, session: 1, flags: abi.JOIN_WATCHES, e: 10 << 8 };
const now = (): number => performance.now();

describe("a swap", () => {
  test("carries the state over to a module with a column more, and back: the zone goes on as one that was never swapped", async () => {
    const [zone, twin] = [await playedZone(5), await playedZone(5)];
    zone.swap(wide);
    expect(zone.segment).toMatchObject({ tick: 7, ticks: 0, kernel: wide, layout: wide.layout });
    expect(zone.at.stateEnd).toBe(twin.at.stateEnd + zone.at.rowsMax * 4);
    for (let turn = 0; turn < 3; turn++) for (const each of [zone, twin]) each.step(walk(turn));
    const ageOf = (row: number): number => zone.view.getUint32(wide.layout.value("ENTITY_AGE") + row * 4, true);
    expect([ageOf(0), ageOf(1), ageOf(2)]).toEqual([10, 10, 0]);
    expect(Array.from(zone.entities.entityIds())).toEqual(Array.from(twin.entities.entityIds()));
    expect(zone.entities.positionOf(2)).toEqual(twin.entities.positionOf(2));
    // Its own journal leads to where it is.
    const state = stateOf(zone);
    zone.restore(zone.segment);
    expect(zone.replay(zone.segment)).toBe(3);
    expect(Buffer.compare(stateOf(zone), state)).toBe(0);

    zone.swap(kernel);
    for (const each of [zone, twin]) each.step(walk(9));
    expect(Buffer.compare(stateOf(zone), stateOf(twin))).toBe(0);
  });

  test("a swap to another layout that fails half way leaves the zone as it was", async () => {
    const zone = await playedZone(5);
    const before = stateOf(zone);
    const constants = [...wide.layout.constants].filter(([name]) => name !== "SPELL_COST");
    expect(() => zone.swap({ ...wide, layout: layoutFrom(constants) })).toThrow("does not export SPELL_COST");
    expect(zone.kernel).toBe(kernel);
    expect(Buffer.compare(stateOf(zone), before)).toBe(0);
    const twin = await playedZone(5);
    for (const each of [zone, twin]) each.step(walk(9));
    expect(zone.hash).toBe(twin.hash);
  });
});

test.each([
  ["a spell's id beyond the index", { SPELL_IDS_MAX: 128 }, "this kernel knows ids below 128 (SPELL_IDS_MAX)"],
  ["a field beyond its row", { SPELL_COST: 5_000_000 }, "SPELL_COST at 5000000 does not lie in a row of SPELL"],
  ["a book beyond its row", { CLASS_BOOK: kernel.layout.value("CLASS_STRIDE") }, "CLASS_BOOK at 128 has no room"],
  ["fewer rows than the content has", { CLASSES_MAX: 1 }, "this kernel holds 1 (CLASSES_MAX)"],
])("a module is refused for %s, which the host would write elsewhere", async (_, changes, words) => {
  const zone = await playedZone(5);
  const before = zone.bytes.slice();
  const layout = layoutFrom([...kernel.layout.constants, ...Object.entries(changes)]);
  expect(() => zone.swap({ ...kernel, hash: "0123456789abcdef", layout })).toThrow(words);
  expect(Buffer.compare(zone.bytes, before)).toBe(0);
});

test("whatever init() writes where only the host may is the host's again before the first tick", async () => {
  const [meddling, honest] = [await newZone({ kernel: await meddlingKernel() }), await newZone()];
  expect(Buffer.compare(stateOf(meddling), stateOf(honest))).toBe(0);
  for (const zone of [meddling, honest]) zone.step(commandBytes([]));
  expect(meddling.hash).toBe(honest.hash);
});

describe("a recovery", () => {
  test.each([
    ["from the snapshot of the swap on", false],
    ["from a later one on", true],
  ])("a module that laid the state out differently leaves nothing behind, %s", async (_, isLater) => {
    const [zone, twin] = [await playedZone(6), await playedZone(6)];
    zone.swap(await wideKernel(traps));
    for (let turn = 6; turn < 9; turn++) for (const each of [zone, twin]) each.step(walk(turn));
    if (isLater) zone.snapshotTwice();
    const recovery = recover(zone, trapOf(zone, walk(9)), { fallback: kernel, preferFallback: false, now });
    twin.step(walk(9));
    expect(recovery).toMatchObject({ step: "rollback", quarantined: [], replayedTicks: isLater ? 0 : 3 });
    expect([zone.kernel, zone.at.entityMaxHealth]).toEqual([kernel, twin.at.entityMaxHealth]);
    for (const each of [zone, twin]) each.step(walk(10));
    expect(Buffer.compare(stateOf(zone), stateOf(twin))).toBe(0);
  });

  test("where the module before dies of it too, the zone goes on in the layout that it had", async () => {
    const [zone, twin] = [await playedZone(6), await playedZone(6)];
    for (const each of [zone, twin]) each.swap(wide);
    zone.snapshotTwice();
    expect(
      recover(zone, trapOf(zone, commandBytes([{ op: abi.OP_TRAP }])), { fallback: kernel, preferFallback: true, now }),
    ).toMatchObject({ step: "quarantine" });
    expect(zone.kernel).toBe(wide);
    twin.step(commandBytes([]));
    for (const each of [zone, twin]) each.step(walk(10));
    expect(Buffer.compare(stateOf(zone), stateOf(twin))).toBe(0);
  });
});

describe("a zone that was DOWN", () => {
  test.each(["journal", "snapshot", "earlier", "anew"] as const)(
    "begins again (%s) with the module before, which lays the state out differently",
    async (beginning) => {
      const [zone, twin] = [await playedZone(6), await playedZone(6)];
      zone.swap(wide);
      for (let turn = 6; turn < 9; turn++) for (const each of [zone, twin]) each.step(walk(turn));
      zone.revert(kernel);
      const restart = new Restart();
      restart.begin(0);
      const steps = ["journal", "snapshot", "earlier", "anew"].indexOf(beginning);
      for (let step = 0; step < steps; step++) restart.failed(new Error("traps"), 0);
      const lostTicks = { journal: 0, snapshot: 3, earlier: 11, anew: 11 }[beginning];
      expect(restart.restore(zone)).toMatchObject({ beginning, lostTicks });
      zone.step(walk(9));
      const state = stateOf(zone);
      zone.restore(zone.segment);
      zone.replay(zone.segment);
      expect(Buffer.compare(stateOf(zone), state)).toBe(0);
      if (beginning !== "journal") return;
      twin.step(walk(9));
      expect(Buffer.compare(state, stateOf(twin))).toBe(0);
    },
  );
});

describe("a module", () => {
  test("that lays the state out differently is taken and taken back, and what came and went is told", async () => {
    const bench = await RunnerBench.start();
    bench.give(join);
    bench.tick(3);
    bench.runner.swap(wide);
    bench.tick(3);
    bench.runner.rollback();
    bench.tick(3);
    expect(bench.runner.inspect()).toMatchObject({ state: "ACTIVE", kernel: kernel.hash, recoveries: 0 });
    expect(bench.runner.inspect()["entities"]).toContain(1);
    const names = ["HEADER_PLANT_DOES", "HEADER_PLANT_TICK", "ENTITY_AGE"];
    expect(bench.emitter.messages("State carried over").map(({ data }) => data)).toEqual([
      { zone_id: 1, from_hash: kernel.hash, to_hash: wide.hash, added: names, dropped: [], tick: 3 },
      { zone_id: 1, from_hash: wide.hash, to_hash: kernel.hash, added: [], dropped: names, tick: 6 },
    ]);
  });

  test("that traps in its own layout is taken back, and its column with it", async () => {
    const bench = await RunnerBench.start();
    bench.give(join);
    bench.tick(8);
    bench.runner.swap(await wideKernel(traps));
    bench.tick(6);
    expect(bench.runner.zone.kernel).toBe(kernel);
    expect(bench.told("recovered")).toMatchObject([{ step: "rollback", tick: 12 }]);
    expect(bench.emitter.messages("State carried over").map(({ data }) => data["to_hash"])).toEqual([
      wide.hash,
      kernel.hash,
    ]);
    expect(bench.runner.inspect()["entities"]).toContain(1);
  });

  test("that could be taken, but from which there would be no way back to what is trusted, is refused", async () => {
    const bench = await RunnerBench.start({ kernel: wide });
    bench.runner.swap(kernel);
    const layout = layoutFrom(new Map(wide.layout.constants).set("TYPE_ENTITY_AGE", abi.TYPE_F32));
    const third = { ...wide, hash: "0123456789abcdef", layout };
    expect(() => bench.runner.swap(third)).toThrow("ENTITY_AGE is u32 here, f32 in the module");
    expect(bench.runner.zone.kernel).toBe(kernel);
    // Nor while the zone has gone back already, and its memory has not.
    bench.runner.zone.revert(wide);
    expect(() => bench.runner.zone.assertCanTake(third)).toThrow("ENTITY_AGE is u32 here, f32 in the module");
    bench.runner.zone.revert(kernel);
    bench.runner.promote();
    bench.runner.swap(third);
    expect(bench.runner.zone.kernel).toBe(third);
  });
});
