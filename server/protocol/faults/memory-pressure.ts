// The server process holds `megabytes` more memory. It is taken in small steps in each server tick, because touching a page
// for the first time costs time and the main thread must not block; it is freed at once at the removal.

import { defineFault } from "./fault.ts";
import { HeldMemory } from "./held-memory.ts";

const BYTES_PER_MEGABYTE = 2 ** 20;
/** Touching a megabyte takes about 0.35 ms. */
const MEGABYTES_PER_TICK = 8;

export const memoryPressure = defineFault({
  id: "memory-pressure",
  title: "allocates, touches and holds memory in the server process",
  family: "memory",
  mode: "ambient",
  effects: ["held_bytes"],
  params: {
    megabytes: { min: 1, max: 4_096, default: 64, description: "megabytes held (2^20 bytes each)" },
  },
  targets: () => [],
  main(context, { megabytes }) {
    const held = new HeldMemory();
    let asked = 0;
    return {
      ambient() {
        for (let step = 0; step < MEGABYTES_PER_TICK && asked < megabytes; step++) {
          asked++;
          if (!context.strikes()) continue;
          held.take(BYTES_PER_MEGABYTE);
          context.affected();
          context.did("held_bytes", BYTES_PER_MEGABYTE);
        }
      },
      dispose: () => held.release(),
    };
  },
});
