// Writes one tick's batch of command records: the input of kernels in measurements and tests.
//
//   const batch = new BatchWriter(64)
//   batch.add(OP_MOVE, { session: 7, seq: 12, x: 3, y: 4 })
//   batch.bytes()                               // 32 bytes, valid until the writer is cleared

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { Command } from "../protocol/game/command.ts";
import type { CommandFields } from "../protocol/game/command.ts";

export class BatchWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #command = new Command();
  #count = 0;

  /** Adding more than `recordsMax` records throws RangeError. */
  constructor(recordsMax: number) {
    this.#bytes = new Uint8Array(recordsMax * COMMAND_BYTES);
  }

  clear(): void {
    this.#count = 0;
  }

  add(op: number, fields: CommandFields = {}): void {
    this.append(this.#command.set(op, fields).bytes);
  }

  /** Appends finished records. */
  append(records: Uint8Array): void {
    this.#bytes.set(records, this.#count * COMMAND_BYTES);
    this.#count += records.length / COMMAND_BYTES;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#count * COMMAND_BYTES);
  }
}
