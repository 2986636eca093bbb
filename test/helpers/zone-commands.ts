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

export interface Command {
  op: number;
  flags?: number;
  session?: number;
  seq?: number;
  a?: number;
  x?: number;
  y?: number;
  z?: number;
  /** Instead of x, as OP_CAST and OP_ATTACK have it. */
  b?: number;
  e?: number;
}

/** One record of its own. */
export function commandRecord(command: Command): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(COMMAND_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(COMMAND_OP, command.op, true);
  view.setUint16(COMMAND_FLAGS, command.flags ?? 0, true);
  view.setUint32(COMMAND_SESSION, command.session ?? 0, true);
  view.setUint32(COMMAND_SEQ, command.seq ?? 0, true);
  view.setUint32(COMMAND_A, command.a ?? 0, true);
  view.setFloat32(COMMAND_B, command.x ?? 0, true);
  view.setFloat32(COMMAND_C, command.y ?? 0, true);
  view.setFloat32(COMMAND_D, command.z ?? 0, true);
  if (command.b !== undefined) view.setUint32(COMMAND_B, command.b, true);
  view.setUint32(COMMAND_E, command.e ?? 0, true);
  return bytes;
}

/** A batch. */
export function commandBytes(commands: readonly Command[]): Uint8Array {
  const bytes = new Uint8Array(commands.length * COMMAND_BYTES);
  for (const [index, command] of commands.entries()) bytes.set(commandRecord(command), index * COMMAND_BYTES);
  return bytes;
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
