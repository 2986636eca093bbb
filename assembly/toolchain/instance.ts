// A kernel put over a memory. Cheap (under a millisecond): recovery and swaps make a fresh instance each time.

import { WowsimError } from "../../server/protocol/errors.ts";
import { noRefuel } from "./fuel.ts";
import type { Kernel, KernelExports } from "./kernel.ts";

const PAGE_BYTES = 65536;

/** A memory of the size this kernel asks for, all zero. A process's first eight memories run faster: make few. */
export function createMemory(kernel: Kernel): WebAssembly.Memory {
  const pages = kernel.layout.value("MEMORY_PAGES");
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/**
 * A fresh instance over `memory`, whose state it leaves as it is (only static data below STATE_BASE is written).
 * `refuel` is a FuelTank's; without it the instance traps when its counter is used up.
 * Throws WowsimError("kernel_link") when the memory does not fit the module.
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

/** The same of a compiled module of which nothing else is known. Throws what the engine throws. */
export function instanceOf(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  refuel: (lacking: number) => number = noRefuel,
): KernelExports {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort }, wowsim: { refuel } });
  return exports as unknown as KernelExports;
}

/** What AssemblyScript's assertions call; the message lies in static data and is not worth decoding. */
function abort(): never {
  throw new WebAssembly.RuntimeError("unreachable: an assertion of the kernel failed");
}
