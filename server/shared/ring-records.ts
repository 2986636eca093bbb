// The records in the rings between the main thread and a zone worker. The same forms are meant for a message bus one day.
//
//   command   zone u32 | command record (assembly/abi.ts, 32 bytes), or several of them
//   report    tick-report.ts has the table
//   frames    FRAMES u32 | zone | kernel frames, whole ones, up to FRAMES_BYTES_MAX
//   end       END u32 | zone                              all of this tick's frames have been given
//   departed  DEPARTED u32 | zone | session | to zone | x f32 | y | z | words u32[TRANSFER_WORDS]      left through a portal
//   entered   ENTERED u32 | zone | session | ticket | outcome | REFUSED_*      what became of a JOIN or an ARRIVE
//   census    CENSUS u32 | zone | tick | ticket | entity ids u32...     once a second; all tickets up to this are dealt with

import { TRANSFER_WORDS } from "../../assembly/abi.ts";
import { RecordTable } from "./record.ts";

export const FRAMES = 2;
export const END = 3;
export const CENSUS = 4;
export const DEPARTED = 5;
export const ENTERED = 6;

/** What became of somebody who was to be let into a zone. */
export const IS_THERE = 1;
export const REFUSED = 2;
/** The kernel traps on the command. */
export const QUARANTINED = 3;
/** Was there, and after a rollback is not. */
export const UNDONE = 4;

/** What became of somebody who was to be let in. */
export interface Entered {
  zoneId: number;
  session: number;
  /** Of the JOIN or ARRIVE. */
  ticket: number;
  outcome: number;
  /** REFUSED_* of assembly/abi.ts, 0 when the kernel did not say. */
  reason: number;
}

const ENTERED_TABLE = new RecordTable(ENTERED, {
  zoneId: "u32",
  session: "u32",
  ticket: "u32",
  outcome: "u32",
  reason: "u32",
});
export const ENTERED_BYTES = ENTERED_TABLE.bytes;

/** Who is in a zone, at the end of a tick. */
export interface ZoneCensus {
  zoneId: number;
  tick: number;
  /** All commands with a ticket up to this are dealt with; later ones may not be. */
  ticket: number;
  ids: ReadonlySet<number>;
}

/** One command; a player's arrival is several in one record, so that they come into one batch. */
export const COMMAND_MESSAGE_BYTES = 36;
export const DEPARTED_BYTES = 28 + TRANSFER_WORDS * 4;
export const CENSUS_HEADER_BYTES = 16;
/** Frames are handed over in records of this size, so that the ring needs no room for all at once. */
export const FRAMES_BYTES_MAX = 65_536;

export function writeEntered(view: DataView, offset: number, entered: Entered): void {
  ENTERED_TABLE.write(view, offset, entered);
}

export function readEntered(view: DataView, offset: number, length = ENTERED_BYTES): Entered {
  return ENTERED_TABLE.read(view, offset, length, ENTERED_TABLE.empty());
}

/** A census record of `length` bytes. */
export function readCensus(view: DataView, offset: number, length: number): ZoneCensus {
  const u32 = (index: number): number => view.getUint32(offset + index * 4, true);
  const ids = new Set<number>();
  for (let index = CENSUS_HEADER_BYTES / 4; index < length / 4; index++) ids.add(u32(index));
  return { zoneId: u32(1), tick: u32(2), ticket: u32(3), ids };
}
