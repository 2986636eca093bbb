// A module is a stranger: whatever it writes, into its outputs, its header, its state, and whatever it does instead of ending
// its tick, its zone recovers by the ladder or goes DOWN and comes back, and nobody who reads its output stumbles.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JOIN_WATCHES, OP_ATTACK, OP_JOIN, OP_MOVE } from "../../assembly/abi.ts";
import { GARBAGE } from "../../server/testing/garbage-kernel.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import { WarmUp } from "../../server/zone/warm-up.ts";
import { garbage, garbageKernel, readOutput } from "../helpers/garbage-zone.ts";
import type { Command } from "../helpers/zone-commands.ts";
import { RunnerBench } from "../helpers/zone-runner.ts";
import { TEST_FUEL, testKernel } from "../helpers/zone.ts";

const good = await testKernel();
const bad = await garbageKernel();
const scratch = createMemory(bad);

/** Longer than any zone may take to be back: 1 + 2 + 4 s of waiting, and a probation. */
const BACK_MS_MAX = 10_000;

const players: Command[] = [1, 2, 3].map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 }));

async function playedBench(kernel = good): Promise<RunnerBench> {
  const bench = await RunnerBench.start({ kernel, outputBytes: 1 << 22 });
  bench.give(...players);
  bench.tick(3);
  bench.give({ op: OP_ATTACK, session: 2, a: 1_000_001 });
  bench.tick(2);
  readOutput(bench);
  return bench;
}

/** Lets a zone that is DOWN come back, and its players with it; throws when it does not. */
function comeBack(bench: RunnerBench): void {
  const end = bench.ms + BACK_MS_MAX;
  while (bench.state === "DOWN" && bench.ms < end) bench.tick();
  if (bench.state !== "ACTIVE") throw new Error(`The zone is ${bench.state} after ${BACK_MS_MAX} ms.`);
  bench.give(...players);
  bench.tick();
}

/** What those ask who look into a zone at any time. */
function look({ runner }: RunnerBench): void {
  runner.writeCensus();
  JSON.stringify([runner.inspect(), runner.view(0)]);
}

/** What a tick that ends so is called. */
const TOLD: Readonly<Record<string, RegExp>> = {
  "loop around memory.fill": /^fuel exhausted$/,
  "loop around memory.copy": /^fuel exhausted$/,
  "empty loop": /^fuel exhausted$/,
  trap: /^kernel trap: /,
  "read outside the memory": /^kernel trap: .*[Oo]ut of bounds/,
  "endless recursion": /^kernel trap: .*stack|^fuel exhausted$/,
  "frame of length 0": /^invalid output: a frame says it has 0 bytes$/,
  "bytes of frames with garbage behind": /^invalid output: a frame /,
  "more bytes of frames than there are": /^invalid output: bytes of frames: 4294967292 of at most 4194304$/,
  "wiped spells": /^invalid output: it wrote to SPELL_BASE, which only its host may$/,
  "another spawn point": /^invalid output: it wrote to HEADER_SPAWN_X/,
  "another tick rate": /^invalid output: it wrote to HEADER_TICK_RATE/,
  "4 billion players": /^invalid output: rows of players: 4294967295 of at most 4096$/,
  "4 billion creatures": /^invalid output: rows of creatures: 4294967295 of at most 4096$/,
  "4 billion events": /^invalid output: events: 4294967295 of at most 16384$/,
  "4 billion departures": /^invalid output: departures: 4294967295 of at most 256$/,
  "65,535 auras": /^invalid output: a record of kind 7 and info 65535 says it has 2 words$/,
  "frames of nobody": /^invalid output: there are more frames than players$/,
  "record of no words": /^invalid output: a record of kind 4 and info 0 says it has 0 words$/,
  nowhere: /^invalid output: entity \d+ is at no place$/,
  "other ids": /^invalid output: entity 77 is not found by its id$/,
  "ids that lead to nobody": /^invalid output: the id 9\d+ leads to nobody$/,
  "clock that stands still": /^invalid output: game time's rate is 0, not 0.25 to 1$/,
  "clock that races": /^invalid output: game time's rate is 1.*e\+30, not 0.25 to 1$/,
  "garbage in all outputs": /^invalid output: /,
  "garbage in all of the state": /^invalid output: /,
};

describe.each(GARBAGE.filter((name) => name !== "dice"))("a kernel with: %s", (name) => {
  test("as a canary is rolled back in that very tick, and its zone goes on with nothing lost", async () => {
    const [bench, twin] = [await playedBench(), await playedBench()];
    bench.runner.swap(bad);
    for (const each of [bench, twin]) {
      each.tick(2);
      each.give({ op: OP_MOVE, session: 3, seq: 1, x: 4, y: 4 }, garbage(name));
      each.tick();
      look(each);
    }
    const [recovered] = bench.told("recovered");
    expect(recovered).toMatchObject({ step: "rollback", error: expect.stringMatching(TOLD[name]!) as string });
    expect(bench.told("rolled_back")).toHaveLength(1);
    expect(bench.runner.zone.kernel.hash).toBe(good.hash);
    expect(bench.state).toBe("DEGRADED");
    expect(bench.runner.zone.hash).toBe(twin.runner.zone.hash);
    bench.tick(3);
    expect(readOutput(bench)).toBeGreaterThan(0);
  });

  test("as the only kernel takes its zone DOWN, which comes back with all but that tick", async () => {
    const bench = await playedBench(bad);
    bench.give(garbage(name));
    bench.tick();
    expect(bench.state).toBe("DOWN");
    const errors = bench.emitter.messages("Zone tick exception").map(({ data }) => data["error"]);
    expect(errors).toEqual([expect.stringMatching(TOLD[name]!) as string]);
    expect(bench.told("recovered").map(({ step }) => step)).toEqual(["down"]);
    look(bench);
    const tick = bench.runner.zone.completedTick;
    comeBack(bench);
    expect(bench.runner.zone.tick).toBeGreaterThanOrEqual(tick);
    readOutput(bench);
  });
});

describe("a candidate whose warm-up meets", () => {
  test.each(GARBAGE.filter((name) => name !== "dice"))("%s: is refused, and the zone is as before", async (name) => {
    const bench = await playedBench();
    bench.give(garbage(name));
    bench.tick(2);
    const { zone } = bench.runner;
    const hash = zone.hash;
    const warmUp = new WarmUp(zone, bad, scratch, { fuelPerTick: TEST_FUEL, now: () => 0 });
    expect(() => {
      while (!warmUp.step());
    }).toThrow(/trapped \(/);
    expect([zone.hash, zone.kernel.hash, bench.state]).toEqual([hash, good.hash, "ACTIVE"]);
  });
});

/** What the runs of the property came across. */
const reached = new Map<string, number>();
const count = (what: string): void => void reached.set(what, (reached.get(what) ?? 0) + 1);

const turn = fc.record({
  seed: fc.integer({ min: 1, max: 0x7fff_ffff }),
  /** Orders in one tick. */
  orders: fc.integer({ min: 1, max: 3 }),
  asCanary: fc.boolean(),
  ticksAfter: fc.integer({ min: 1, max: 5 }),
});

test("random garbage over outputs, header and state: the zone is ACTIVE, DEGRADED, or DOWN and back", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 5, maxLength: 25 }), async (turns) => {
      const bench = await playedBench();
      for (const { seed, orders, asCanary, ticksAfter } of turns) {
        const { runner } = bench;
        runner.swap(bad);
        if (!asCanary) runner.promote();
        bench.give(...Array.from({ length: orders }, (_, index) => garbage("dice", seed + index)));
        for (let done = 0; done < ticksAfter; done++) {
          bench.tick();
          look(bench);
          count(`frames read, by hundreds: ${Math.min(1, Math.ceil(readOutput(bench) / 100))}`);
        }
        count(`state ${bench.state}`);
        // Between ticks, as a worker does it: a module on trial that broke a rule is undone.
        for (; runner.undo.isRunning; bench.tick()) runner.undoSome(bench.ms);
        if (bench.state === "DOWN") {
          comeBack(bench);
        }
        // As an operator would.
        if (runner.inspect()["canary"] === true) runner.rollback();
        if (runner.zone.kernel !== good) {
          runner.swap(good);
          runner.promote();
        }
        bench.tick(2);
        readOutput(bench);
        if (bench.state === "DOWN") {
          count("down after the garbage was gone");
          comeBack(bench);
        }
      }
      for (const { step, error } of bench.told("recovered")) {
        count(`step ${step}`);
        count(error.replace(/:.*/, ""));
      }
    }),
    { numRuns: 12, interruptAfterTimeLimit: 20_000 },
  );
  const wanted = ["state DOWN", "state ACTIVE", "state DEGRADED", "step rollback", "step down", "invalid output"];
  expect(wanted.filter((what) => !reached.has(what))).toEqual([]);
}, 120_000);
