// Kernels that pass every check and are wrong in one function: the kernel of this checkout with another body in its place.

import type binaryen from "binaryen";
import { buildKernel } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { allowedFeatures } from "../../assembly/toolchain/walk.ts";

const LOADS = 40;
const ADDRESS_MASK = 0x7f_fffc;

/** An export of it traps. */
export function trappingKernel(name: "init" | "hash" | "tick"): Promise<Kernel> {
  return kernelWith(name, `traps in ${name}`, (module) => module.unreachable());
}

/**
 * Its ticks go on for as long as their fuel, which is hundreds of times what it is meant for: each round of their loop waits for
 * as many loads, one after the other, as one unit of fuel pays for.
 */
export function slowKernel(): Promise<Kernel> {
  return kernelWith("tick", "slow", ({ i32, local, loop, block, br }, word) => {
    let address = local.get(0, word);
    for (let load = 0; load < LOADS; load++) address = i32.load(0, 4, i32.and(address, i32.const(ADDRESS_MASK)));
    return loop("again", block(null, [local.set(0, address), br("again")]));
  });
}

async function kernelWith(
  name: string,
  label: string,
  bodyOf: (module: binaryen.Module, word: number) => number,
): Promise<Kernel> {
  const { default: library } = await import("binaryen");
  const { wasm } = await buildKernel();
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  const { value } = library.getExportInfo(module.getExport(name));
  const raw = library as unknown as Record<string, (of: number, body: number) => void>;
  raw["_BinaryenFunctionSetBody"]?.(module.getFunction(value), bodyOf(module, library.i32));
  const bytes = module.emitBinary();
  module.dispose();
  return loadKernel(await meter(bytes), label);
}
