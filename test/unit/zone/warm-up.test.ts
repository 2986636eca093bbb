// A candidate is refused for what it can not do, before the zone has it: also for what only a zone that begins anew would ask.

import { expect, test } from "bun:test";
import { buildKernel } from "../../../assembly/toolchain/build.ts";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import { loadKernel } from "../../../assembly/toolchain/load.ts";
import { meter } from "../../../assembly/toolchain/meter.ts";
import { allowedFeatures } from "../../../assembly/toolchain/walk.ts";
import { warmUp } from "../../../server/zone/warm-up.ts";
import { playedZone, TEST_FUEL, testKernel } from "../../helpers/zone.ts";

const { default: library } = await import("binaryen");
const { wasm } = await buildKernel();

/** The kernel, but an export of it traps. */
async function withTrapIn(name: string): Promise<ReturnType<typeof loadKernel>> {
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  const { value } = library.getExportInfo(module.getExport(name));
  const raw = library as unknown as Record<string, (of: number, body: number) => void>;
  raw["_BinaryenFunctionSetBody"]?.(module.getFunction(value), module.unreachable());
  const bytes = module.emitBinary();
  module.dispose();
  return loadKernel(await meter(bytes), `traps in ${name}`);
}

test.each(["init", "hash", "tick"])("a module that traps in %s is refused", async (name) => {
  const zone = await playedZone(20);
  const scratch = createMemory(await testKernel());
  const candidate = await withTrapIn(name);
  expect(() => warmUp(zone, candidate, scratch, { fuelPerTick: TEST_FUEL, now: () => performance.now() })).toThrow(
    "it was not swapped in",
  );
});

test("one tick at least is tried, however late it is", async () => {
  const zone = await playedZone(20);
  let ms = 0;
  const ticks = warmUp(zone, await testKernel(), createMemory(await testKernel()), {
    fuelPerTick: TEST_FUEL,
    now: () => (ms += 1_000),
  });
  expect(ticks).toBe(1);
});
