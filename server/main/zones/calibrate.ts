// Measures how much fuel a tick gets: as much as a runaway loop burns in about one tick interval, so that it is stopped
// then.

import { COMMAND_BYTES, OP_SPIN } from "../../../assembly/abi.ts";
import { WowsimError } from "../../protocol/errors.ts";
import { createMemory, instantiate } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { FuelTank, OutOfFuel } from "../../../assembly/toolchain/fuel.ts";

/** Rises from run to run, so that the last run, which counts, executes optimised code for long enough to be measured. */
const TRIAL_FUELS = [2_000_000n, 10_000_000n, 20_000_000n];

/** Less processor time than this is too short to measure. */
const CPU_MS_MIN = 1;

/**
 * Fuel for one tick of `intervalMs`, measured by letting a runaway command burn some (a few dozen milliseconds).
 * `cpuMs` returns the processor time of the thread; on a busy machine the thread mostly waits for a processor, and fuel
 * measured by the wall clock would not even be enough to start. Throws WowsimError("kernel_unmetered") when the fuel
 * never ran out.
 */
export function fuelFor(
  intervalMs: number,
  kernel: Kernel,
  now: () => number,
  cpuMs: () => number = () => Number.NaN,
): bigint {
  const memory = createMemory(kernel);
  const tank = new FuelTank({ now });
  const exports = instantiate(kernel, memory, tank.refuel);
  const view = new DataView(memory.buffer);
  const command = kernel.layout.value("COMMAND_BASE");
  exports.init(1, 1, 20);
  let fuelPerMs = 0;
  for (const fuel of TRIAL_FUELS) {
    view.setUint16(command, OP_SPIN, true);
    new Uint8Array(memory.buffer).fill(0, command + 2, command + COMMAND_BYTES);
    view.setUint32(kernel.layout.value("HEADER_COMMAND_COUNT"), 1, true);
    tank.fill(exports.fuel, fuel);
    const [start, ranBefore] = [now(), cpuMs()];
    if (!runsOut(() => exports.tick(1)))
      throw new WowsimError("kernel_unmetered", `Kernel ${kernel.hash} does not stop when its fuel is used up.`);
    const [tookMs, ranMs] = [now() - start, cpuMs() - ranBefore];
    // Some systems count a thread's time in steps that are too coarse for this.
    const burnMs = ranMs >= CPU_MS_MIN ? Math.min(tookMs, ranMs) : tookMs;
    fuelPerMs = Math.max(fuelPerMs, Number(fuel) / Math.max(burnMs, 0.01));
  }
  return BigInt(Math.round(fuelPerMs * intervalMs));
}

function runsOut(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    return error instanceof OutOfFuel;
  }
}
