// Fuel pays for work, not for instructions: what moves many bytes, or is long, costs more. Each claim is met by a small module
// in text form, metered as any upload is, and run.

import { expect, test } from "bun:test";
import { buildKernel } from "../../../assembly/toolchain/build.ts";
import { meter } from "../../../assembly/toolchain/meter.ts";
import { FuelTank, noRefuel } from "../../../assembly/toolchain/fuel.ts";

interface Run {
  /** What it took until it ended or trapped. */
  used: bigint;
  trapped: boolean;
  /** The u32 at 0: how often the module says it did something. */
  count: number;
  bytes: Uint8Array;
}

const PAGES = 80;
const OUT_OF_BOUNDS = /[Oo]ut of bounds/;

async function run(body: string, fuel: bigint, argument = 0, tank?: FuelTank): Promise<Run & { error: string }> {
  const { default: library } = await import("binaryen");
  const parsed = library.parseText(`(module (memory (import "env" "memory") ${PAGES} ${PAGES})
    (func $count (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
    ${body.includes("(func") ? body : `(func (export "go") (param $n i32) ${body})`})`);
  parsed.setFeatures(library.Features.All);
  const wasm = parsed.emitBinary();
  parsed.dispose();
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const module = new WebAssembly.Module(new Uint8Array(await meter(wasm)));
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory },
    wowsim: { refuel: tank?.refuel ?? noRefuel },
  });
  const counter = exports["fuel"] as WebAssembly.Global;
  if (tank === undefined) counter.value = fuel;
  else tank.fill(counter, fuel);
  let error = "";
  try {
    (exports["go"] as (n: number) => void)(argument);
  } catch (cause) {
    error = String(cause);
  }
  const bytes = new Uint8Array(memory.buffer);
  const count = new DataView(memory.buffer).getUint32(0, true);
  const used = tank?.used(counter) ?? fuel - (counter.value as bigint);
  return { used, trapped: error !== "", error, count, bytes };
}

const fourMiB = 4 * 1024 * 1024;
const forever = (body: string): string => `(loop $again (call $count) ${body} (br $again))`;

test.each([
  ["memory.fill", `(memory.fill (i32.const 65536) (i32.const 1) (i32.const ${fourMiB}))`],
  ["memory.copy", `(memory.copy (i32.const 65536) (i32.const 131072) (i32.const ${fourMiB}))`],
])("a loop around %s of 4 MB is over after some, not after as many as there is fuel", async (_, bulk) => {
  const { trapped, count } = await run(forever(bulk), 250_000n);
  expect(trapped).toBe(true);
  // 250,000 units pay for 16 MB.
  expect(count).toBeGreaterThanOrEqual(3);
  expect(count).toBeLessThanOrEqual(4);
});

test("a size that is worked out costs by what it came to, before anything is moved", async () => {
  const bulk = "(memory.fill (i32.const 4) (i32.const 7) (local.get $n))";
  const [little, much] = [await run(bulk, 1_000_000n, 64), await run(bulk, 1_000_000n, 640_064)];
  expect(much.used - little.used).toBe(10_000n);
  expect(little.bytes.subarray(3, 69)).toEqual(
    Uint8Array.from({ length: 66 }, (_, i) => (i === 0 || i === 65 ? 0 : 7)),
  );
  const broke = await run(bulk, 1_000n, 640_064);
  expect(broke.trapped).toBe(true);
  expect(broke.bytes[4]).toBe(0);
});

test("the largest size there is counts as what it is, not as less than nothing", async () => {
  const bulk = "(memory.fill (i32.const 0) (i32.const 1) (local.get $n))";
  const poor = await run(bulk, 1_000_000n, -1);
  expect(poor.used).toBeGreaterThan(1_000_000n);
  expect(poor.error).not.toMatch(OUT_OF_BOUNDS);
  const rich = await run(bulk, 10_000_000_000n, -1);
  expect(rich.used).toBeGreaterThan(60_000_000n);
  expect(rich.error).toMatch(OUT_OF_BOUNDS);
});

test("operands are worked out once, in their order, and one bulk operation may lie in another's size", async () => {
  const { bytes, count, trapped } = await run(
    `(func $next (result i32) (call $count) (i32.load (i32.const 0)))
     (func (export "go") (param $n i32)
       (memory.fill (i32.mul (call $next) (i32.const 100)) (call $next)
         (block (result i32) (memory.fill (i32.const 500) (i32.const 9) (i32.const 3)) (call $next))))`,
    1_000_000n,
  );
  expect({ trapped, count }).toEqual({ trapped: false, count: 3 });
  expect([...bytes.subarray(99, 104)]).toEqual([0, 2, 2, 2, 0]);
  expect([...bytes.subarray(499, 504)]).toEqual([0, 9, 9, 9, 0]);
});

/** How often the body is gone through before the fuel is used up. */
async function rounds(body: string): Promise<number> {
  const { trapped, count } = await run(forever(body), 100_000n);
  expect(trapped).toBe(true);
  return count;
}

/** How often a function of so many locals and instructions is called until then. */
async function calls(locals: number, length: number): Promise<number> {
  const long = `(func $long ${"(local i32)".repeat(locals)} ${"(drop (i32.load (i32.const 8)))".repeat(length)})`;
  return (await run(`${long} (func (export "go") (param $n i32) ${forever("(call $long)")})`, 100_000n)).count;
}

test("a round of a long loop costs more than one of a short loop, and divisions more than sums", async () => {
  const sum = "(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 3)))";
  const share = "(i32.store (i32.const 8) (i32.div_u (i32.load (i32.const 8)) (i32.const 3)))";
  const short = await rounds(sum);
  const long = await rounds(sum.repeat(600));
  expect(short / long).toBeGreaterThan(8);
  expect(long / (await rounds(share.repeat(600)))).toBeGreaterThan(2);
});

test("a call costs by how long the function is, and by the locals it has to clear", async () => {
  const few = await calls(0, 1);
  expect(few / (await calls(0, 2_000))).toBeGreaterThan(10);
  expect(few / (await calls(5_000, 1))).toBeGreaterThan(10);
});

test("what calls itself without end is over as well", async () => {
  const { trapped } = await run(
    '(func $down (param $n i32) (call $down (local.get $n))) (func (export "go") (param $n i32) (call $down (i32.const 1)))',
    10_000_000n,
  );
  expect(trapped).toBe(true);
});

test("the same module is metered to the same bytes, whatever the compiler has set meanwhile", async () => {
  const { wasm } = await buildKernel();
  const first = await meter(wasm);
  const { default: library } = await import("binaryen");
  library.setOptimizeLevel(3);
  library.setShrinkLevel(1);
  expect(Buffer.compare(await meter(wasm), first)).toBe(0);
});

const still = (): number => 0;

test.each([
  ["a loop", forever(""), 0],
  [
    "a loop around large and small bulk operations",
    forever("(memory.fill (i32.const 4) (i32.const 1) (local.get $n))"),
    3_000_000,
  ],
])("%s comes to the same end with fuel in slices as with all of it at once", async (_, body, argument) => {
  for (const fuel of [0n, 1n, 19_999n, 20_000n, 20_001n, 777_777n]) {
    const [whole, sliced] = [
      await run(body, fuel, argument),
      await run(body, fuel, argument, new FuelTank({ now: still })),
    ];
    expect(sliced).toEqual(whole);
    expect(sliced.error).toContain("fuel exhausted");
  }
});

test("what ends by itself takes the same fuel in slices, to the last unit", async () => {
  const body = "(loop $again (call $count) (br_if $again (i32.lt_u (i32.load (i32.const 0)) (local.get $n))))";
  const [whole, sliced] = [
    await run(body, 1_000_000n, 99_999),
    await run(body, 1_000_000n, 99_999, new FuelTank({ now: still })),
  ];
  expect(sliced).toEqual(whole);
  expect(sliced.trapped).toBe(false);
});

test("a call that takes too long is stopped with fuel left, by what it had of a processor", async () => {
  let ms = 0;
  const now = (): number => (ms += 10);
  const slow = new FuelTank({ now, cpuMs: () => ms, timeLimitMs: 500 });
  const starved = new FuelTank({ now, cpuMs: still, timeLimitMs: 500 });
  const unknown = new FuelTank({ now, timeLimitMs: 500 });
  for (const tank of [slow, starved, unknown]) tank.startClock();
  const [ran, waited, blind] = [
    await run(forever(""), 4_000_000n, 0, slow),
    await run(forever(""), 4_000_000n, 0, starved),
    await run(forever(""), 4_000_000n, 0, unknown),
  ];
  expect(ran.error).toContain("out of time: more than 500 ms of a processor");
  expect(ran.used).toBeLessThan(2_000_000n);
  expect(waited.error).toContain("fuel exhausted");
  expect(blind.error).toContain("out of time");
});

test("no name that a module gives its own things keeps it from being metered", async () => {
  const body = `(global $fuel i32 (i32.const 7)) (func $more (call $count)) (func $refuel (call $more))
    (func $more_ (call $refuel)) (func (export "go") (param $n i32) (call $more_) (drop (global.get $fuel)))`;
  expect(await run(body, 1_000n)).toMatchObject({ trapped: false, count: 1 });
});

test("a light loop that goes on for ever is over as well, and one as long as any area of a kernel takes what it says", async () => {
  const round = "(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))";
  const tank = new FuelTank({ now: still });
  const endless = await run(`(loop $again ${round} (br $again))`, 10_000_000n, 0, tank);
  expect(endless.trapped).toBe(true);
  expect(endless.used).toBeLessThan(200_000n);
  const long = `(loop $again ${round} (br_if $again (i32.lt_u (i32.load (i32.const 8)) (local.get $n)))) (loop (call $count))`;
  const [sliced, whole] = [await run(long, 10_000_000n, 100_000, tank), await run(long, 10_000_000n, 100_000)];
  expect(sliced).toEqual(whole);
  expect(sliced).toMatchObject({ trapped: false, used: 100_002n });
  expect((await run(long, 90_000n, 100_000, tank)).error).toContain("fuel exhausted");
});
