// Zone workers that end when a test wants it (zone-mortal-worker.ts): the ways to end, and the factory that makes them.

import type { WorkerFactory } from "../../server/shared/worker-factory.ts";
import { Ring } from "../../server/shared/ring.ts";
import type { Crossing } from "../../server/shared/transfer.ts";
import { DEPARTED } from "../../server/shared/ring-records.ts";
import type { ZoneWorkerStart } from "../../server/shared/zone-start.ts";

/** "wasm" can not be ended from outside; it ends by itself after `loops` rounds, for the test's machine's sake. */
export type End = "throw" | "loop" | "wait" | "wasm";

export interface EndBy {
  type: "end_by";
  how: End;
  /** Last words: a departure that is committed just before. */
  departed?: Crossing;
  loops?: number;
}

export const endBy = (how: End, more: Partial<EndBy> = {}): EndBy => ({ type: "end_by", how, ...more });

export interface MortalWorkers {
  newWorker: WorkerFactory;
  /** All that were made, oldest first. */
  made: Worker[];
}

export function mortalWorkers(): MortalWorkers {
  const { href } = new URL("./zone-mortal-worker.ts", import.meta.url);
  const made: Worker[] = [];
  const newWorker = (): Worker => {
    const worker = new Worker(href);
    made.push(worker);
    return worker;
  };
  return { newWorker, made };
}

/** (func (export "burn") (param i64) (loop (br_if 0 (i32.eqz (i64.eqz (local.tee 0 (i64.sub (local.get 0) (i64.const 1)))))))) */
const BURN = Uint8Array.fromHex(
  "0061736d0100000001050160017e0003020100070801046275726e00000a120110000340200042017d220050450d000b0b",
);
/** Some twenty seconds where the engine unrolls the loop, but not for ever. */
const LOOPS = 100_000_000_000;

/** Worker side: comes to the end that was asked for. */
export function endNow({ how, departed, loops = LOOPS }: EndBy, start: ZoneWorkerStart): void {
  if (departed !== undefined) {
    const ring = new Ring(start.outputRing);
    DEPARTED.write(ring.view, ring.reserve(DEPARTED.bytes), departed);
    ring.commit();
  }
  if (how === "throw") throw new Error("a mistake in the host");
  if (how === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (how === "wasm") {
    const { burn } = new WebAssembly.Instance(new WebAssembly.Module(BURN)).exports as { burn(rounds: bigint): void };
    burn(BigInt(loops));
  }
  for (;;);
}
