// The batch that a zone worker is about to run, in shared memory: after the worker's end, the main thread still knows with which
// commands it came to that.
//
//   box.note(1, 4711, batch)      // worker: before the tick
//   box.read()                    // main: { zoneId: 1, tick: 4711, batch: 3 commands }; null before the first tick
//
// Zones of one worker tick one after the other, so one batch is enough.

import { COMMAND_BYTES } from "../../assembly/abi.ts";

const ZONE = 0;
const TICK = 1;
const LENGTH = 2;
const HEADER_BYTES = 12;
/** As many commands as a batch of the largest kernel has. */
const COMMANDS_MAX = 32_768;

export interface NotedBatch {
  zoneId: number;
  tick: number;
  batch: Uint8Array;
}

export class BlackBox {
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + COMMANDS_MAX * COMMAND_BYTES);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Uint32Array(buffer, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEADER_BYTES);
  }

  /** A batch that is too long for it is noted as far as it fits. */
  note(zoneId: number, tick: number, batch: Uint8Array): void {
    const length = Math.min(batch.length, this.#bytes.length);
    this.#words[ZONE] = zoneId;
    this.#words[TICK] = tick;
    this.#words[LENGTH] = length;
    this.#bytes.set(length === batch.length ? batch : batch.subarray(0, length));
  }

  read(): NotedBatch | null {
    const [zoneId = 0, tick = 0, length = 0] = this.#words;
    return zoneId === 0 ? null : { zoneId, tick, batch: this.#bytes.slice(0, length) };
  }
}
