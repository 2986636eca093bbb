// The claim everything rests on: a zone that crashes, again and again, in any way, is at every tick what a zone is that
// was given the same commands without the poison and never crashed.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { OP_SPIN, OP_TRAP } from "../../assembly/abi.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { planMigration } from "../../assembly/toolchain/migration.ts";
import type { Zone } from "../../server/zone/zone.ts";
import type { Command } from "../helpers/zone-commands.ts";
import { RunnerBench } from "../helpers/zone-runner.ts";
import { commands, entrance } from "../helpers/zone-streams.ts";
import { plantedKernel, stateOf, testKernel, wideKernel } from "../helpers/zone.ts";

const kernel = await testKernel();
/** The same code under another name. */
const other: Kernel = { ...kernel, hash: "0123456789abcdef", label: "other" };
/** Lays the state out differently. */
const wide = await wideKernel();
/** Traps by itself from tick 20 on. */
const bad = await plantedKernel();
const plant = { does: "traps", fromTick: 20 } as const;

type Trouble =
  | { kind: "none" }
  | { kind: "poison"; ops: number[] }
  | { kind: "damage"; from: number; share: number; byte: number }
  | { kind: "swap"; to: "bad" | "other" | "wide" }
  | { kind: "rollback" }
  | { kind: "promote" }
  | { kind: "snapshot" };

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("none" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("poison" as const),
      ops: fc.array(fc.constantFrom(OP_TRAP, OP_TRAP, OP_SPIN), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("damage" as const),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: fc.nat(255),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("swap" as const), to: fc.constantFrom("bad", "other", "wide") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("rollback", "promote", "snapshot") }) as fc.Arbitrary<Trouble>,
  },
);

const tick = fc.record({ commands, trouble, at: fc.double({ min: 0, max: 1, noNaN: true }) });

/** Overwrites a stretch of memory from the state on, up to all of it. */
function damage(zone: Zone, from: number, share: number, byte: number): void {
  const { stateBase } = zone.at;
  const bytes = zone.bytes.length - stateBase;
  const start = stateBase + Math.floor(from * bytes);
  zone.bytes.fill(byte, start, start + Math.ceil(share * (zone.bytes.length - start)));
}

/** Makes the trouble; the poison that goes with it. */
function makeTrouble({ runner }: RunnerBench, made: Trouble): Command[] {
  const { zone } = runner;
  if (made.kind === "poison") return made.ops.map((op, seq) => ({ op, session: 3, seq }));
  if (made.kind === "damage") {
    damage(zone, made.from, made.share, made.byte);
    return [{ op: OP_TRAP }]; // so that it is found out before it counts
  }
  if (made.kind === "snapshot") zone.snapshot();
  if (made.kind === "swap") runner.swap({ bad, other, wide }[made.to]);
  if (made.kind === "promote" && zone.kernel !== bad) runner.promote();
  if (made.kind === "rollback" && zone.kernel !== kernel && hasCanary(runner)) runner.rollback();
  return [];
}

function hasCanary(runner: RunnerBench["runner"]): boolean {
  return runner.inspect()["canary"] === true;
}

const isWide = ({ runner }: RunnerBench): boolean => runner.zone.kernel === wide;

/** All of the state but what only one of the two layouts has, and the hash of it. */
function commonStateOf({ runner }: RunnerBench): Uint8Array {
  const { zone } = runner;
  const state = new Uint8Array(kernel.layout.value("STATE_END") - kernel.layout.value("STATE_BASE"));
  planMigration(zone.kernel.layout, kernel.layout).carry(stateOf(zone), state);
  const hash = kernel.layout.value("HEADER_HASH_LO") - kernel.layout.value("STATE_BASE");
  return state.fill(0, hash, hash + 8);
}

test("whatever befalls a zone, its state is tick for tick that of one that nothing befell", async () => {
  let wideTicks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(tick, { minLength: 4, maxLength: 40 }), async (ticks) => {
      const [zone, twin] = [await RunnerBench.start({ plant }), await RunnerBench.start({ plant })];
      for (const each of [zone, twin]) {
        each.give(...entrance);
        each.tick();
      }
      for (const { commands: given, trouble: made, at } of ticks) {
        const poison = makeTrouble(zone, made);
        const split = Math.floor(at * given.length);
        zone.give(...given.slice(0, split), ...poison, ...given.slice(split));
        twin.give(...given);
        for (const each of [zone, twin]) {
          each.tick();
          each.drain();
        }
        if (isWide(zone)) wideTicks++;
        // The hash of a state that is laid out differently is another.
        if (!isWide(zone) && zone.runner.zone.hash !== twin.runner.zone.hash) {
          throw new Error(`Another state at tick ${twin.runner.zone.tick} after ${JSON.stringify(made)}.`);
        }
      }
      if (Buffer.compare(commonStateOf(zone), commonStateOf(twin)) !== 0)
        throw new Error("The hash is the same and the bytes are not.");
    }),
    { numRuns: 40 },
  );
  expect(wideTicks).toBeGreaterThan(10);
}, 120_000);

test("a snapshot of any tick, and the replay of what came after, lead to the same state", async () => {
  const stream = fc.array(fc.record({ commands, snapshot: fc.boolean() }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(stream, async (ticks) => {
      const bench = await RunnerBench.start();
      const { zone } = bench.runner;
      bench.give(...entrance);
      bench.tick();
      for (const { commands: given, snapshot } of ticks) {
        if (snapshot) zone.snapshot();
        bench.give(...given);
        bench.tick();
      }
      const end = stateOf(zone);
      const { segment, previousSegment } = zone;
      for (const segments of [[segment], [previousSegment, segment]]) {
        zone.restore(segments[0]!);
        for (const each of segments) zone.replay(each); // throws when a hash on the way is another
        if (Buffer.compare(stateOf(zone), end) !== 0) throw new Error(`From tick ${segments[0]!.tick}: another state.`);
      }
    }),
    { numRuns: 25 },
  );
}, 120_000);
