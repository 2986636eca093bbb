// A kernel that passes every check and whose ticks go on for as long as their fuel, which is hundreds of times what it is
// meant for: each round of their loop waits for as many loads, one after the other, as one unit of fuel pays for.

import { buildKernel } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { allowedFeatures } from "../../assembly/toolchain/walk.ts";

const LOADS = 40;
const ADDRESS_MASK = 0x7f_fffc;

export async function slowKernel(): Promise<Kernel> {
  const { default: library } = await import("binaryen");
  const { wasm } = await buildKernel();
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  const { i32, local, loop, block, br } = module;
  let address = local.get(0, library.i32);
  for (let load = 0; load < LOADS; load++) address = i32.load(0, 4, i32.and(address, i32.const(ADDRESS_MASK)));
  const body = loop("again", block(null, [local.set(0, address), br("again")]));
  const { value } = library.getExportInfo(module.getExport("tick"));
  const raw = library as unknown as Record<string, (of: number, body: number) => void>;
  raw["_BinaryenFunctionSetBody"]?.(module.getFunction(value), body);
  const bytes = module.emitBinary();
  module.dispose();
  return loadKernel(await meter(bytes), "slow");
}
