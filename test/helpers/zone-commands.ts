// Command records of a zone (assembly/abi.ts), to write batches with and to read them back.
//
//   commandBytes([{ op: OP_JOIN, session: 1, flags: JOIN_WATCHES, e: 10 << 8 }, { op: OP_TRAP }])

import * as abi from "../../assembly/abi.ts";
import { BatchWriter } from "../../server/testing/batch-writer.ts";
import type { RecordFields } from "../../server/testing/batch-writer.ts";

/** b instead of x, as OP_CAST and OP_ATTACK have it. */
export interface Command extends Pick<RecordFields, "flags" | "a" | "b" | "x" | "y" | "z" | "e"> {
  op: number;
  session?: number;
  seq?: number;
}

/** One record of its own. */
export function commandRecord(command: Command): Uint8Array<ArrayBuffer> {
  return commandBytes([command]);
}

/** A batch. */
export function commandBytes(commands: readonly Command[]): Uint8Array<ArrayBuffer> {
  const batch = new BatchWriter(commands.length);
  for (const command of commands) batch.add(command.op, command.session ?? 0, command.seq ?? 0, command);
  return batch.bytes();
}

/** A record as it was written; b, c, d and x, y, z are the same words, read as numbers and as yards. */
export type ReadCommand = Record<
  "op" | "flags" | "session" | "seq" | "a" | "b" | "c" | "d" | "x" | "y" | "z" | "e",
  number
>;

/** The records of a batch. */
export function readCommands(bytes: Uint8Array): ReadCommand[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / abi.COMMAND_BYTES }, (_, index) => {
    const at = index * abi.COMMAND_BYTES;
    const u32 = (field: number): number => view.getUint32(at + field, true);
    const f32 = (field: number): number => view.getFloat32(at + field, true);
    return {
      op: view.getUint16(at + abi.COMMAND_OP, true),
      flags: view.getUint16(at + abi.COMMAND_FLAGS, true),
      session: u32(abi.COMMAND_SESSION),
      seq: u32(abi.COMMAND_SEQ),
      a: u32(abi.COMMAND_A),
      b: u32(abi.COMMAND_B),
      c: u32(abi.COMMAND_C),
      d: u32(abi.COMMAND_D),
      x: f32(abi.COMMAND_B),
      y: f32(abi.COMMAND_C),
      z: f32(abi.COMMAND_D),
      e: u32(abi.COMMAND_E),
    };
  });
}
