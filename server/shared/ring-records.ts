// The records in the rings between the main thread and a zone worker, one table each (record.ts). The formats are also
// meant for a future message bus.
//
//   command   zone u32 | command record (assembly/abi.ts, 32 bytes), or several of them
//   report    tick-report.ts has the table
//   frames    the zone, then complete kernel frames, up to FRAMES_BYTES_MAX
//   end       all frames of this tick have been written
//   census    the zone, its tick and the newest answered ticket of each lane, then entity ids; once per second
//   departed  a player left through a portal, with all its data
//   entered   the result of a JOIN or an ARRIVE
//   items     what the players of a zone hold, and its ledger; once per second

import { COMMAND_BYTES, ITEM_COUNT_MAX, TRANSFER_WORDS } from "../../assembly/abi.ts";
import { RecordTable } from "./record.ts";
import type { RecordOf } from "./record.ts";
import { LANES } from "./tickets.ts";
import { wordAt } from "../protocol/assert.ts";

export const FRAMES = new RecordTable(2, { zoneId: "u32" }, "bytes");
export const END = new RecordTable(3, { zoneId: "u32" });
const CENSUS_FIELDS = { zoneId: "u32", tick: "u32", tickets: { u32s: LANES } } as const;
export const CENSUS = new RecordTable(4, CENSUS_FIELDS, "words");
export const DEPARTED = new RecordTable(5, {
  from: "u32",
  session: "u32",
  to: "u32",
  at: "point",
  words: { u32s: TRANSFER_WORDS },
});
const ENTERED_FIELDS = { zoneId: "u32", session: "u32", ticket: "u32", outcome: "u32", reason: "u32" } as const;
export const ENTERED = new RecordTable(6, ENTERED_FIELDS);

const BY_ITEM = { u32s: ITEM_COUNT_MAX } as const;
const ITEMS_FIELDS = {
  zoneId: "u32",
  tick: "u32",
  held: BY_ITEM,
  created: BY_ITEM,
  destroyed: BY_ITEM,
  arrived: BY_ITEM,
  departed: BY_ITEM,
} as const;
export const ITEMS = new RecordTable(7, ITEMS_FIELDS);
/** Pieces by item id, at the end of a tick: what all players of a zone hold, and the columns of its ledger. */
export type ItemCount = RecordOf<typeof ITEMS_FIELDS>;

/** The results of an entry into a zone. */
export const IS_THERE = 1;
export const REFUSED = 2;
/** The kernel traps on the command. */
export const QUARANTINED = 3;
/** The player was there, but a rollback has removed it. */
export const UNDONE = 4;

/** The result of an entry into a zone: an outcome, and REFUSED_* of assembly/abi.ts, or 0 when the kernel gave no reason. */
export type Entered = RecordOf<typeof ENTERED_FIELDS>;

/**
 * The entities of a zone at the end of a tick. All commands of the reader's lane with a ticket up to this one are processed; later ones
 * may not be.
 */
export interface ZoneCensus extends RecordOf<typeof CENSUS_FIELDS> {
  /** That of the reader's lane. */
  ticket: number;
  ids: ReadonlySet<number>;
}

/** One command with its zone; a player's arrival is several commands in one record, so that they stay in one batch. */
export const COMMAND_MESSAGE_BYTES = 4 + COMMAND_BYTES;
/** Whether a record of commands, with its zone, can have this many bytes. */
export function isCommandLength(length: number): boolean {
  return length >= COMMAND_MESSAGE_BYTES && (length - 4) % COMMAND_BYTES === 0;
}

/** Frames are written in records of at most this size, so that the ring needs no room for all at once. */
export const FRAMES_BYTES_MAX = 65_536;

/** The length of a census record with these ids, in bytes. */
export function censusBytes(ids: Uint32Array): number {
  return CENSUS.bytes + ids.byteLength;
}

export function writeCensus(
  view: DataView,
  at: number,
  census: RecordOf<typeof CENSUS_FIELDS>,
  ids: Uint32Array,
): void {
  CENSUS.write(view, at, census);
  let next = at + CENSUS.bytes;
  for (const id of ids) {
    view.setUint32(next, id, true);
    next += 4;
  }
}

/** Reads a census record of `length` bytes, for lane 0. */
export function readCensus(view: DataView, at: number, length: number): ZoneCensus {
  const { zoneId, tick, tickets } = CENSUS.read(view, at, length, CENSUS.empty());
  const ids = new Set<number>();
  for (let next = at + CENSUS.bytes; next < at + length; next += 4) ids.add(view.getUint32(next, true));
  return { zoneId, tick, tickets, ticket: wordAt(tickets, 0), ids };
}
