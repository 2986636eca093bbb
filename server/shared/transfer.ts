// A player between two zones: what the kernel wrote when they departed (assembly/players/transfer.ts), and the commands that bring
// it into another zone. Both are commands in a journal, so a zone that crashes in that very tick does the same again.
//
//   const [departure] = readDepartures(zone)                        // after the tick with OP_DEPART
//   arrivalRecords(departure, { x: 4, y: 0, z: 0 }, JOIN_WATCHES)   // 25 CARRYs and an ARRIVE, 32 bytes each

import {
  COMMAND_A,
  COMMAND_B,
  COMMAND_BYTES,
  COMMAND_C,
  COMMAND_D,
  COMMAND_FLAGS,
  COMMAND_OP,
  COMMAND_SESSION,
  OP_ARRIVE,
  OP_CARRY,
  TRANSFER_WORDS,
} from "../../assembly/abi.ts";
import { DEPARTED } from "./ring-records.ts";

export interface Departure {
  session: number;
  /** TRANSFER_WORDS u32. */
  words: Uint32Array;
}

export interface Point {
  x: number;
  y: number;
  z: number;
}

/** A departure on its way: everything of a player that is in no zone just now. */
export interface Crossing extends Departure {
  /** Zone ids. */
  from: number;
  to: number;
  /** Where it goes in. */
  at: Point;
}

const WORDS_PER_CARRY = 4;
/** Records that bring one player. */
export const ARRIVAL_RECORDS = TRANSFER_WORDS / WORDS_PER_CARRY + 1;

/** Command records that let the player enter at a point; they belong into one batch, in this order. The last has the ticket. */
export function arrivalRecords(
  { session, words }: Departure,
  { x, y, z }: Point,
  flags: number,
  ticket = 0,
): Uint8Array {
  const bytes = new Uint8Array(ARRIVAL_RECORDS * COMMAND_BYTES);
  const view = new DataView(bytes.buffer);
  for (let record = 0; record < ARRIVAL_RECORDS; record++) {
    const at = record * COMMAND_BYTES;
    view.setUint32(at + COMMAND_SESSION, session, true);
    view.setUint16(at + COMMAND_OP, OP_CARRY, true);
    view.setUint32(at + COMMAND_A, record * WORDS_PER_CARRY, true);
    for (let word = 0; word < WORDS_PER_CARRY; word++) {
      view.setUint32(at + COMMAND_B + word * 4, words[record * WORDS_PER_CARRY + word] ?? 0, true);
    }
  }
  const last = bytes.length - COMMAND_BYTES;
  view.setUint16(last + COMMAND_OP, OP_ARRIVE, true);
  view.setUint16(last + COMMAND_FLAGS, flags, true);
  view.setUint32(last + COMMAND_A, ticket, true);
  view.setFloat32(last + COMMAND_B, x, true);
  view.setFloat32(last + COMMAND_C, y, true);
  view.setFloat32(last + COMMAND_D, z, true);
  return bytes;
}

/** Writes the record DEPARTED (wire.ts). */
export function writeDeparted(view: DataView, offset: number, { from, session, to, at, words }: Crossing): void {
  for (const [index, word] of [DEPARTED, from, session, to].entries()) view.setUint32(offset + index * 4, word, true);
  for (const [index, yards] of [at.x, at.y, at.z].entries()) view.setFloat32(offset + 16 + index * 4, yards, true);
  for (const [index, word] of words.entries()) view.setUint32(offset + 28 + index * 4, word, true);
}

export function readDeparted(view: DataView, offset: number): Crossing {
  const u32 = (index: number): number => view.getUint32(offset + index * 4, true);
  const f32 = (index: number): number => view.getFloat32(offset + index * 4, true);
  const words = Uint32Array.from({ length: TRANSFER_WORDS }, (_, index) => u32(7 + index));
  return { from: u32(1), session: u32(2), to: u32(3), at: { x: f32(4), y: f32(5), z: f32(6) }, words };
}
