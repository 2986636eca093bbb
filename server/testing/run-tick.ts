// One tick of one kernel instance, shared by all runners of the bench; imports nothing, so that a timed process starts fast.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { FUEL_PER_TICK } from "./work-file.ts";
import type { WorkAddresses } from "./work-file.ts";

/** Runs one tick. `tank`: fuel comes in slices, as in a server; without it, all at once. */
export function runTick(
  exports: { tick(tick: number): void; fuel?: WebAssembly.Global },
  memory: WebAssembly.Memory,
  at: WorkAddresses,
  tick: number,
  batch: Uint8Array,
  tank?: FuelTank,
): void {
  new Uint8Array(memory.buffer).set(batch, at.commands);
  new DataView(memory.buffer).setUint32(at.commandCount, batch.length / COMMAND_BYTES, true);
  if (exports.fuel !== undefined) {
    if (tank === undefined) exports.fuel.value = FUEL_PER_TICK;
    else tank.fill(exports.fuel, FUEL_PER_TICK);
  }
  exports.tick(tick);
}
