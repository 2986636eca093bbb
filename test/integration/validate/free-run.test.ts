// Free runs: what builds up is convicted, what only plays with other luck is acquitted, what a module keeps beside its state is found.

import { beforeAll, describe, expect, test } from "bun:test";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import type { Expectation } from "../../../server/protocol/expectations.ts";
import { parseChange } from "../../../server/protocol/expected-change.ts";
import type { ExpectedChange } from "../../../server/protocol/expected-change.ts";
import type { Code, Wrapping } from "../../../server/testing/wrapped-kernel.ts";
import { freeRun } from "../../../server/validate/free-run.ts";
import type { FreeRunOptions, FreeStretch } from "../../../server/validate/free-samples.ts";
import type { FreeRunResult } from "../../../server/validate/free-verdict.ts";
import { ownMemory } from "../../../server/validate/own-memory.ts";
import { candidateKernel, stretchOf, wrapped } from "../../helpers/judged-kernels.ts";
import { recordPlay } from "../../helpers/candidate-play.ts";
import { testKernel } from "../../helpers/kernel-zone.ts";

let own: Kernel;
let stretch: FreeStretch;
let memories: [WebAssembly.Memory, WebAssembly.Memory];
let at: (name: string) => number;

beforeAll(async () => {
  own = await testKernel();
  at = own.layout.value;
  memories = [createMemory(own), createMemory(own)];
  stretch = await stretchOf({ entities: 20, ticks: 120, seed: 9 });
});

const run = (candidate: Kernel, options: Partial<FreeRunOptions> = {}): Promise<FreeRunResult> =>
  freeRun({
    incumbent: own,
    candidate,
    stretches: [stretch],
    runs: 12,
    zMax: 4.5,
    fuelRatioMax: 1.03,
    expectations: [],
    seed: 1,
    memories,
    ...options,
  });

/** The state's hash that is computed twice costs fuel. */
async function runWrapped(wrapping: Wrapping, options: Partial<FreeRunOptions> = {}): Promise<FreeRunResult> {
  return run((await wrapped(wrapping)).kernel, { fuelRatioMax: 2, ...options });
}

const tickOf = (state: Uint8Array): number =>
  new DataView(state.buffer, state.byteOffset).getUint32(at("HEADER_TICK") - at("STATE_BASE"), true);

/** The tick's number takes part in the generator: other luck from the first tick on. */
const OTHER_LUCK: Wrapping = {
  after: (code) => {
    const generator = at("HEADER_RANDOM");
    return [code.store(generator, code.add(code.load(generator), 0x5bd1e995))];
  },
};

/** A creature loses health in each tick in which `when` is 1. */
function drain(points: number, when: (code: Code) => number): Wrapping {
  return {
    after: (code) => {
      const health = at("ENTITY_HEALTH") + at("PLAYERS_MAX") * 4;
      const hurt = code.store(health, code.add(code.load(health), -points));
      const hurts = code.when(code.isMore(code.load(health), points), hurt);
      return [code.when(when(code), hurts)];
    },
  };
}

describe("in free runs", () => {
  test("the same module does the same", async () => {
    const result = await run(own);
    expect(result).toMatchObject({ verdict: "equal", holds: true, runs: 12, equalRuns: 12, ticks: 12 * 120 });
    expect(result.measures.every(({ z }) => z === 0)).toBe(true);
    // Other luck is another game: a run is not the other one again.
    expect(result.measures.find(({ name }) => name === "damage")?.incumbent.sd).toBeGreaterThan(0);
  });

  test("a module that plays with other luck is within chance, whatever the seed", async () => {
    for (const seed of [1, 2]) {
      const result = await runWrapped(OTHER_LUCK, { seed });
      expect(result).toMatchObject({ verdict: "within", holds: true, equalRuns: 0 });
      // Some are in doubt after twelve runs, and more are made.
      expect([12, 24, 48]).toContain(result.runs);
      expect(result.text).toStartWith(`Nothing builds up in ${result.runs} free runs of `);
    }
  });

  test("what happens in each tick, or begins late, goes elsewhere", async () => {
    const always = await runWrapped(drain(5, (code) => code.number(1)));
    const late = await runWrapped(drain(20, (code) => code.isMore(code.tick, stretch.tick + 90)));
    for (const { verdict, holds, measures, text } of [always, late]) {
      expect(verdict).toBe("differs");
      expect(holds).toBe(false);
      expect(measures[0]).toMatchObject({ kind: "play", differs: true, fails: true, zMax: 4.5 });
      expect(text).toContain("creatures_lost_health");
      expect(text).toContain("limit 4.5, n 12)");
    }
    expect(late.measures.find(({ name }) => name === "creatures_lost_health")?.window).toBe("late");
  });

  test("what is expected of minutes may happen, and has to", async () => {
    const change = {
      table: 1,
      what: "free.creatures_lost_health",
      change: parseChange("+1..900 %"),
      atLeast: 1,
      why: null,
    };
    const [lost, tick] = [change as Expectation, { ...change, what: "health.lost.creatures" } as Expectation];
    const drained = drain(5, (code) => code.number(1));
    const { measures } = await runWrapped(drained);
    const moved = measures
      .filter(({ differs }) => differs)
      .map(({ name }): Expectation => ({ ...lost, what: `free.${name}`, change: { kind: "any" } }));
    const all = await runWrapped(drained, { expectations: moved });
    expect(all).toMatchObject({ verdict: "within", holds: true });
    expect(all.text).toContain(", as expected");
    // What is expected of a tick does not speak for minutes.
    expect((await runWrapped(drained, { expectations: [tick] })).text).toContain("not expected");
    const inVain = await run(own, { expectations: [lost], runs: 2 });
    expect(inVain).toMatchObject({ verdict: "differs", holds: false });
    expect(inVain.text).toContain(", expected +1..900 %");
    expect((await run(own, { expectations: [{ ...lost, what: "free.kils" }], runs: 2 })).text).toContain(
      "kils, expected",
    );
    const less = { ...lost, change: parseChange("-90..-1 %") as ExpectedChange };
    expect((await runWrapped(drained, { expectations: [...moved, less] })).verdict).toBe("differs");
  });

  test("a leak goes elsewhere", async () => {
    const leak: Wrapping = { after: (code) => [code.store(at("PLAYER_OFFER") + 4, code.number(9))] };
    const leaking = await runWrapped(leak);
    expect(leaking.verdict).toBe("differs");
    expect(leaking.measures[0]).toMatchObject({ name: "offers", kind: "level", differs: true, fails: true });
  });

  test("a leak of the real kernel goes elsewhere", async () => {
    const { state, batches } = recordPlay(own);
    const dead = { zone: 2, tick: tickOf(state), state, batches };
    const result = await run((await candidateKernel("threat-leak")).kernel, { stretches: [dead] });
    expect(result).toMatchObject({ verdict: "differs", runs: 12, ticks: 12 * batches.length });
  });

  test("what is nearly beyond chance gets more runs, and then decides", async () => {
    const little = drain(1, (code) => code.equals(code.remainder(code.tick, 3), 0));
    const runs: number[] = [];
    for (const seed of [1, 2, 3, 4]) runs.push((await runWrapped(little, { seed, runs: 4 })).runs);
    expect(Math.max(...runs)).toBeGreaterThan(4);
    expect(runs.filter((count) => ![4, 8, 16].includes(count))).toEqual([]);
  });

  test("runs are shared out among stretches, and each gets two at least", async () => {
    const short = { ...stretch, batches: stretch.batches.slice(0, 20) };
    const shared = await run(own, { stretches: [short, { ...short, zone: 2 }, { ...short, zone: 3 }], runs: 4 });
    expect(shared).toMatchObject({ verdict: "equal", runs: 6, ticks: 6 * 20 });
  });

  test("a module with another layout is compared all the same", async () => {
    const result = await run((await candidateKernel("added-column")).kernel, { runs: 2 });
    expect(result.holds).toBe(true);
  });

  test("fuel has a limit of its own", async () => {
    const metered: Wrapping = {
      before: (code) => Array.from({ length: 4 }, () => code.fill(at("FRAME_BASE"), 65_536)),
    };
    // What is added to a finished binary costs no fuel: then nothing differs.
    expect((await runWrapped(metered, { fuelRatioMax: 1.03 })).verdict).toBe("equal");
    const slower = await run((await candidateKernel("slower")).kernel);
    expect(slower.measures[0]).toMatchObject({ name: "fuel", kind: "cost", ratioMin: 1.03, fails: true });
    const allowed = await run((await candidateKernel("slower")).kernel, { fuelRatioMax: 2 });
    expect(allowed).toMatchObject({ verdict: "equal", holds: true });
  });

  test("a trap of the candidate is a trap, one of both says nothing", async () => {
    const trap: Wrapping = {
      before: (code) => [code.when(code.equals(code.tick, stretch.tick + 90), code.trap())],
    };
    const trapping = (await wrapped(trap)).kernel;
    const result = await run(trapping);
    expect(result).toMatchObject({ verdict: "trap", holds: false });
    expect(result.text).toContain(`The candidate traps in zone 1 at tick ${stretch.tick + 90}`);
    const both = await run(trapping, { incumbent: trapping });
    expect(both).toMatchObject({ verdict: "unclear", holds: false, runs: 0 });
    expect(both.text).toContain("0 of 12 came to their end");
  });

  test("an interrupted run says nothing, and no stretch is a wrong use", async () => {
    const pause = { isDue: false, isAborted: true, take: () => Promise.resolve() };
    expect(await run(own, { pause })).toMatchObject({ verdict: "unclear", holds: false, runs: 0 });
    expect(run(own, { stretches: [] })).rejects.toThrow("needs a stretch");
  });
});

const check = (candidate: Kernel) => ownMemory({ incumbent: own, candidate, memories }, stretch);
/** Counts its ticks in the scratch area, and from the 100th on does something in the state. */
const counts = (does: (code: Code) => number): Wrapping => ({
  after: (code) => {
    const mine = at("SCRATCH_END") - 4;
    return [code.store(mine, code.add(code.load(mine), 1)), code.when(code.isMore(code.load(mine), 100), does(code))];
  },
});

describe("memory of a module's own", () => {
  test("there is none in the kernel, nor in one with another layout", async () => {
    expect(await check(own)).toMatchObject({ holds: true, ticks: 120, tick: null, words: 0 });
    expect(await check((await candidateKernel("added-column")).kernel)).toMatchObject({ holds: true, ticks: 120 });
  });

  test("that is used is found, before it does anything in a live zone", async () => {
    const health = at("ENTITY_HEALTH");
    const { kernel } = await wrapped(counts((code) => code.store(health, code.add(code.load(health), 1))));
    const result = await check(kernel);
    expect(result.holds).toBe(false);
    // The lane with noise for memory is beyond the hundredth tick at once.
    expect(result.tick).toBe(stretch.tick + 26);
    expect(result.text).toContain(`does something else at tick ${stretch.tick + 26}`);
  });

  test("that is only written may be there, except outside the memory map", async () => {
    const { kernel } = await wrapped(counts((code) => code.store(at("SCRATCH_END") - 8, code.tick)));
    expect((await check(kernel)).holds).toBe(true);
    const outside = await wrapped({ after: (code) => [code.store(at("SCRATCH_END") + 8, code.tick)] });
    expect(await check(outside.kernel)).toMatchObject({ holds: false, tick: null, words: 1 });
  });

  test("of a trap there is nothing to say", async () => {
    const { kernel } = await wrapped({
      before: (code) => [code.when(code.equals(code.tick, stretch.tick + 50), code.trap())],
    });
    expect(await check(kernel)).toMatchObject({ ticks: 49, tick: null });
  });
});
