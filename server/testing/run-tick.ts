// One tick of one kernel instance, as every runner of the bench does it; imports nothing, so that a timed process starts fast.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { FUEL_PER_TICK } from "./work-file.ts";
import type { WorkAddresses } from "./work-file.ts";

/** One tick of one instance, as every runner does it. */
export function runTick(
  exports: { tick(tick: number): void; fuel?: WebAssembly.Global },
  memory: WebAssembly.Memory,
  at: WorkAddresses,
  tick: number,
  batch: Uint8Array,
): void {
  new Uint8Array(memory.buffer).set(batch, at.commands);
  new DataView(memory.buffer).setUint32(at.commandCount, batch.length / COMMAND_BYTES, true);
  if (exports.fuel !== undefined) exports.fuel.value = FUEL_PER_TICK;
  exports.tick(tick);
}
