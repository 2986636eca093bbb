// Command records of a zone (assembly/abi.ts), to write batches with and to read them back.
//
//   commandBytes([{ op: OP_JOIN, session: 1, flags: JOIN_WATCHES, e: 10 << 8 }, { op: OP_TRAP }])

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { Command as CommandRecord } from "../../server/protocol/game/command.ts";
import type { CommandFields } from "../../server/protocol/game/command.ts";
import { BatchWriter } from "../../server/testing/batch-writer.ts";

export interface Command extends CommandFields {
  op: number;
}

/** One record of its own. */
export function commandRecord(command: Command): Uint8Array<ArrayBuffer> {
  return commandBytes([command]);
}

/** A batch. */
export function commandBytes(commands: readonly Command[]): Uint8Array<ArrayBuffer> {
  const batch = new BatchWriter(commands.length);
  for (const command of commands) batch.add(command.op, command);
  return batch.bytes();
}

/** A record as it was written; b, c, d and x, y, z are the same words, read as numbers and as yards. */
export type ReadCommand = Record<
  "op" | "flags" | "session" | "seq" | "a" | "b" | "c" | "d" | "x" | "y" | "z" | "e",
  number
>;

/** The records of a batch. */
export function readCommands(bytes: Uint8Array): ReadCommand[] {
  const record = new CommandRecord();
  return Array.from({ length: bytes.length / COMMAND_BYTES }, (_, index) => {
    const { op, flags, session, seq, a, b, c, d, x, y, z, e } = record.loadBytes(bytes, index * COMMAND_BYTES);
    return { op, flags, session, seq, a, b, c, d, x, y, z, e };
  });
}
