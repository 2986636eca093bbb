// A player between two zones: what the kernel wrote at the departure (assembly/players/transfer.ts), and the commands
// that bring the player into another zone. Both are commands in a journal, so a zone that crashes in that tick repeats
// them.
//
//   const [departure] = readDepartures(zone)                        // after the tick with OP_DEPART
//   arrivalRecords(departure, { x: 4, y: 0, z: 0 }, JOIN_WATCHES)   // 31 CARRYs and an ARRIVE, 32 bytes each

import { COMMAND_BYTES, OP_ARRIVE, OP_CARRY, TRANSFER_WORDS } from "../../assembly/abi.ts";
import type { Point } from "./record.ts";
import { Command } from "../protocol/game/command.ts";
import { wordAt } from "../protocol/assert.ts";

export interface Departure {
  session: number;
  /** Has TRANSFER_WORDS u32. */
  words: Uint32Array;
}

/** A departure on its way: all data of a player that is in no zone at the moment. */
export interface Crossing extends Departure {
  /** Zone ids. */
  from: number;
  to: number;
  /** The point where the player enters. */
  at: Point;
}

const WORDS_PER_CARRY = 4;
/** The number of records that bring one player. */
export const ARRIVAL_RECORDS = TRANSFER_WORDS / WORDS_PER_CARRY + 1;

/**
 * Command records that let the player enter at a point; they must stay in one batch, in this order. The last one has
 * the ticket.
 */
export function arrivalRecords(
  { session, words }: Departure,
  { x, y, z }: Point,
  flags: number,
  ticket = 0,
): Uint8Array {
  const bytes = new Uint8Array(ARRIVAL_RECORDS * COMMAND_BYTES);
  const command = new Command();
  for (let first = 0; first < TRANSFER_WORDS; first += WORDS_PER_CARRY) {
    const [b, c, d, e] = [0, 1, 2, 3].map((word) => wordAt(words, first + word));
    const carry = command.set(OP_CARRY, { session, a: first, b, c, d, e });
    bytes.set(carry.bytes, (first / WORDS_PER_CARRY) * COMMAND_BYTES);
  }
  bytes.set(command.set(OP_ARRIVE, { session, flags, a: ticket, x, y, z }).bytes, bytes.length - COMMAND_BYTES);
  return bytes;
}
