// Writes one tick's batch of command records (assembly/abi.ts), every field of them: what measurements feed kernels with.
//
//   const batch = new BatchWriter(64)
//   batch.add(OP_MOVE, 7, 12, { x: 3, y: 4 })
//   batch.bytes()                               // 32 bytes, valid until the writer is cleared

import * as abi from "../../assembly/abi.ts";

/** x, y, z take the places of b, c, d. */
export interface RecordFields {
  flags?: number;
  a?: number;
  b?: number;
  c?: number;
  d?: number;
  x?: number;
  y?: number;
  z?: number;
  e?: number;
}

export class BatchWriter {
  readonly #view: DataView<ArrayBuffer>;
  #count = 0;

  /** Throws RangeError on the record after the last. */
  constructor(recordsMax: number) {
    this.#view = new DataView(new ArrayBuffer(recordsMax * abi.COMMAND_BYTES));
  }

  clear(): void {
    this.#count = 0;
  }

  add(op: number, session: number, seq: number, fields: RecordFields): void {
    const base = this.#count++ * abi.COMMAND_BYTES;
    const view = this.#view;
    view.setUint16(base + abi.COMMAND_OP, op, true);
    view.setUint16(base + abi.COMMAND_FLAGS, fields.flags ?? 0, true);
    view.setUint32(base + abi.COMMAND_SESSION, session, true);
    view.setUint32(base + abi.COMMAND_SEQ, seq, true);
    view.setUint32(base + abi.COMMAND_A, fields.a ?? 0, true);
    if (fields.x === undefined) view.setUint32(base + abi.COMMAND_B, fields.b ?? 0, true);
    else view.setFloat32(base + abi.COMMAND_B, fields.x, true);
    if (fields.y === undefined) view.setUint32(base + abi.COMMAND_C, fields.c ?? 0, true);
    else view.setFloat32(base + abi.COMMAND_C, fields.y, true);
    if (fields.z === undefined) view.setUint32(base + abi.COMMAND_D, fields.d ?? 0, true);
    else view.setFloat32(base + abi.COMMAND_D, fields.z, true);
    view.setUint32(base + abi.COMMAND_E, fields.e ?? 0, true);
  }

  /** Records that were written elsewhere. */
  append(records: Uint8Array): void {
    new Uint8Array(this.#view.buffer).set(records, this.#count * abi.COMMAND_BYTES);
    this.#count += records.length / abi.COMMAND_BYTES;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer, 0, this.#count * abi.COMMAND_BYTES);
  }
}
