// Command records of a zone (assembly/abi.ts), to write batches with and to read them back.
//
//   commandBytes([{ op: OP_JOIN, session: 1, flags: JOIN_WATCHES, e: 10 << 8 }, { op: OP_TRAP }])

import {
  COMMAND_A,
  COMMAND_B,
  COMMAND_BYTES,
  COMMAND_C,
  COMMAND_D,
  COMMAND_E,
  COMMAND_FLAGS,
  COMMAND_OP,
  COMMAND_SEQ,
  COMMAND_SESSION,
} from "../../assembly/abi.ts";
import { BatchWriter } from "../../bench/lib/batch-writer.ts";
import type { RecordFields } from "../../bench/lib/batch-writer.ts";

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

/** The records of a batch, b to d as floats. */
export function readCommands(bytes: Uint8Array): Required<Omit<Command, "b">>[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / COMMAND_BYTES }, (_, index) => {
    const at = index * COMMAND_BYTES;
    return {
      op: view.getUint16(at + COMMAND_OP, true),
      flags: view.getUint16(at + COMMAND_FLAGS, true),
      session: view.getUint32(at + COMMAND_SESSION, true),
      seq: view.getUint32(at + COMMAND_SEQ, true),
      a: view.getUint32(at + COMMAND_A, true),
      x: view.getFloat32(at + COMMAND_B, true),
      y: view.getFloat32(at + COMMAND_C, true),
      z: view.getFloat32(at + COMMAND_D, true),
      e: view.getUint32(at + COMMAND_E, true),
    };
  });
}
