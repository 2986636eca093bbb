// Instantiates a kernel over a memory. It takes less than a millisecond: each recovery and each swap creates a fresh instance.

import { WowsimError } from "../../server/protocol/errors.ts";
import { noRefuel } from "./fuel.ts";
import type { Kernel, KernelExports } from "./kernel.ts";

const PAGE_BYTES = 65536;

/** A memory of the size that this kernel needs, all zero. The first eight memories of a process run faster, so create few. */
export function createMemory(kernel: Kernel): WebAssembly.Memory {
  const pages = kernel.layout.value("MEMORY_PAGES");
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/**
 * Creates a fresh instance over `memory`. The state stays as it is; only static data below STATE_BASE is written. `refuel` is
 * that of a FuelTank; without it the instance traps when its counter is used up. Throws WowsimError("kernel_link") when the
 * memory does not fit the module.
 */
export function instantiate(
  kernel: Kernel,
  memory: WebAssembly.Memory,
  refuel: (lacking: number) => number = noRefuel,
): KernelExports {
  try {
    return instanceOf(kernel.module, memory, refuel);
  } catch (cause) {
    const needed = kernel.layout.value("MEMORY_PAGES") * PAGE_BYTES;
    throw new WowsimError(
      "kernel_link",
      `Kernel ${kernel.hash} could not be put over a memory of ${memory.buffer.byteLength} bytes (it needs ${needed}); make the memory with createMemory().`,
      { cause },
    );
  }
}

/** The same for a compiled module without a layout. Throws the engine's errors. */
export function instanceOf(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  refuel: (lacking: number) => number = noRefuel,
): KernelExports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort }, wowsim: { refuel } });
  return exports as unknown as KernelExports;
}

/** AssemblyScript's assertions call this. Their message lies in static data and is not decoded. */
function abort(): never {
  throw new WebAssembly.RuntimeError("unreachable: an assertion of the kernel failed");
}
