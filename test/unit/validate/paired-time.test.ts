// Time next to each other, by a clock that the kernels themselves move: each tick adds what it costs to a word of its memory. So the
// machine takes no part, and every figure is exact.

import { beforeAll, describe, expect, test } from "bun:test";
import { ensureKernel } from "../../../assembly/toolchain/build.ts";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../../assembly/toolchain/load.ts";
import { Lane } from "../../../server/lockstep/lane.ts";
import { wrappedKernel } from "../../../server/testing/wrapped-kernel.ts";
import type { Code } from "../../../server/testing/wrapped-kernel.ts";
import type { FreeStretch } from "../../../server/validate/free-samples.ts";
import { pairedTime } from "../../../server/validate/paired-time.ts";
import type { PairedTime, PairedTimeOptions, TimedModule } from "../../../server/validate/paired-time.ts";
import { TimedPair } from "../../../server/validate/timed-pair.ts";
import { candidateKernel, stretchOf, wrapped } from "../../helpers/judged-kernels.ts";
import { testKernel } from "../../helpers/kernel-zone.ts";

const EFFORT = { compiles: 3, warmUpTicks: 20, warmUpMs: 0, ticks: 100, timeMaxMs: 1e9 };

let own: Kernel;
let plain: Uint8Array;
let stretch: FreeStretch;
let memories: [WebAssembly.Memory, WebAssembly.Memory];
/** The word in which a memory counts, beyond the state. */
let meterAt: number;

beforeAll(async () => {
  own = await testKernel();
  plain = await Bun.file(await ensureKernel()).bytes();
  memories = [createMemory(own), createMemory(own)];
  meterAt = own.layout.value("SCRATCH_END") - 4;
  stretch = await stretchOf({ entities: 20, ticks: 120, seed: 3 });
});

/** Microseconds that both memories have counted; the second one may be slower by nature. */
const clock = (weights: readonly [number, number] = [1, 1]) => {
  const words = memories.map(({ buffer }) => new Uint32Array(buffer, meterAt, 1));
  return (): number => words.reduce((sum, word, index) => sum + (word[0] ?? 0) * (weights[index] ?? 1), 0) / 1_000;
};

/** A module whose ticks cost that many microseconds, and more in ticks for which `more` gives code. */
async function costing(
  us: number,
  more: (code: Code, add: (us: number) => number) => number[] = () => [],
): Promise<TimedModule> {
  const wasm = await wrappedKernel(plain, {
    before: (code) => {
      const add = (cost: number): number => code.store(meterAt, code.add(code.load(meterAt), cost));
      return [add(us), ...more(code, add)];
    },
  });
  return { wasm, label: `${us} us`, hash: `${us}` };
}

async function time(
  incumbent: TimedModule,
  candidate: TimedModule,
  options: Partial<PairedTimeOptions> = {},
): Promise<PairedTime> {
  for (const { buffer } of memories) new Uint32Array(buffer, meterAt, 1)[0] = 0;
  return pairedTime({
    incumbent,
    candidate,
    stretch,
    ratioMax: 1.03,
    clock: clock(),
    seed: 1,
    memories,
    effort: EFFORT,
    ...options,
  });
}

describe("time", () => {
  test("of the same cost is within, of a tenth more is slower", async () => {
    const [base, tenth] = [await costing(1_000), await costing(1_100)];
    const same = await time(base, base);
    expect(same).toMatchObject({ verdict: "within", holds: true, ratio: 1, lower: 1, upper: 1, cycles: 75 });
    const slower = await time(base, tenth);
    expect(slower).toMatchObject({ verdict: "slower", holds: false, cycles: 75 });
    expect(slower.ratio).toBeCloseTo(1.1, 9);
    expect(slower.ratios).toHaveLength(3);
    expect(slower.text).toBe(
      "Time ×1.100, 99 % sure from ×1.100 to ×1.100 (limit ×1.03; 75 cycles of 4 ticks, 3 compiles).",
    );
    expect((await time(base, tenth, { ratioMax: 1.2 })).verdict).toBe("within");
    expect((await time(tenth, base)).ratio).toBeCloseTo(1 / 1.1, 9);
  });

  test("does not depend on which memory is the slower one", async () => {
    const base = await costing(1_000);
    const { ratio, verdict } = await time(base, base, { clock: clock([1, 1.5]) });
    expect(ratio).toBeCloseTo(1, 9);
    expect(verdict).toBe("within");
  });

  test("of single ticks is a hitch, when it is long each time", async () => {
    const base = await costing(1_000);
    const hitching = await costing(1_000, (code, add) => [
      code.when(code.equals(code.remainder(code.tick, 25), 0), add(30_000)),
    ]);
    const result = await time(base, hitching);
    expect(result).toMatchObject({ verdict: "hitches", holds: false, ratio: 1 });
    expect(result.hitches.ticks).toBe(4);
    expect(result.hitches.worstMs).toBeCloseTo(30, 6);
    // A little longer, or long for the incumbent too, is none.
    const short = await costing(1_000, (code, add) => [
      code.when(code.equals(code.remainder(code.tick, 25), 0), add(900)),
    ]);
    expect((await time(base, short)).verdict).toBe("within");
    expect((await time(hitching, hitching)).verdict).toBe("within");
  });

  test("that is not enough says nothing", async () => {
    const [base, none] = [await costing(500), await costing(0)];
    for (const options of [
      { effort: { ...EFFORT, ticks: 40 } },
      { effort: { ...EFFORT, timeMaxMs: 50 } },
      { stretch: { ...stretch, batches: [] } },
      { pause: { isDue: false, isAborted: true, take: () => Promise.resolve() } },
    ])
      expect(await time(base, base, options)).toMatchObject({ verdict: "unclear", holds: false });
    // Ticks too short for the clock.
    expect(await time(none, base)).toMatchObject({ verdict: "unclear", holds: false });
    expect(await time(none, none)).toMatchObject({ verdict: "unclear", holds: false });
  });

  test("of ticks that cost now more, now less, says nothing either", async () => {
    const base = await costing(1_000);
    const wild = await costing(500, (code, add) => [
      code.when(code.isMore(code.remainder(code.tick, 8), 3), add(1_000)),
    ]);
    expect((await time(base, wild, { effort: { ...EFFORT, ticks: 100 } })).verdict).toBe("unclear");
  });

  test("of a module that traps is a trap", async () => {
    const base = await costing(1_000);
    const trapping = await costing(1_000, (code) => [
      code.when(code.equals(code.tick, stretch.tick + 60), code.trap()),
    ]);
    const result = await time(base, trapping);
    expect(result).toMatchObject({ verdict: "trap", holds: false, cycles: 0 });
    expect(result.text).toContain("traps while it is timed");
  });
});

describe("the incumbent's states are those of a run alone", () => {
  test.each(["a module that hurts somebody in each tick", "a module with another layout"])(
    "beside %s",
    async (what) => {
      const health = own.layout.value("ENTITY_HEALTH");
      const { kernel } = what.includes("layout")
        ? await candidateKernel("added-column")
        : await wrapped({ after: (code) => [code.store(health, code.add(code.load(health), 1))] });
      const pair = new TimedPair(own, kernel, memories, () => 0);
      const alone = new Lane(own, createMemory(own));
      alone.adopt(stretch.state, stretch.tick);
      pair.begin(stretch);
      let even = 0;
      for (const batch of stretch.batches) {
        pair.step(batch);
        alone.step(batch);
        if (pair.isEven) even++;
      }
      expect(even).toBe(what.includes("layout") ? 1 : 30);
      // 120 ticks later the incumbent is in the memory in which it began, or in the other one.
      const hashAt = (name: string): number => own.layout.value(name);
      const hashes = memories.map(({ buffer }) => {
        const view = new DataView(buffer);
        return [hashAt("HEADER_HASH_HI"), hashAt("HEADER_HASH_LO")]
          .map((at) => view.getUint32(at, true).toString(16).padStart(8, "0"))
          .join("");
      });
      expect(hashes).toContain(alone.hash);
    },
  );
});

test("a real kernel is timed by a real clock", async () => {
  const module = { wasm: plain, label: "own", hash: loadKernel(plain, "own").hash };
  const effort = { compiles: 1, warmUpTicks: 20, warmUpMs: 0, ticks: 100, timeMaxMs: 5_000 };
  const result = await time(module, module, { clock: () => performance.now(), effort });
  expect(result.cycles).toBeGreaterThan(0);
  expect(result.ratio).toBeGreaterThan(0);
});
