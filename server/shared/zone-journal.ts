// The journal of zones, as its two sides see it. In one process it is a ring and the journal thread behind it; on several
// machines a message log with compare-and-set can stand behind the same interfaces.
//
//   const { epoch, history } = await journal.open(1)      // earlier writers of zone 1 are fenced off
//   const place = writer.append(tick)                     // NO_ROOM: it is not in the journal
//   writer.isSafe(place)                                  // now what the tick told may leave

import type { FoundZone } from "./journal-messages.ts";
import type { Crossing } from "./transfer.ts";

/** A number that rises with each record of a writer; it wraps at 2^32. */
export type JournalPlace = number;
/** The journal can not take the record: the ring to it is full. */
export const NO_ROOM = -1;

/** Where a record belongs. */
export interface AppliedTick {
  zoneId: number;
  epoch: number;
  tick: number;
  /** Hash of the module, as a number. */
  module: bigint;
  /** State hash after the tick. */
  hash: bigint;
}

export interface TakenSnapshot extends AppliedTick {
  /** By lane, the newest ticket that the zone has answered; may be changed after the call (tickets.ts). */
  tickets: Uint32Array;
  /** The first tick that the journal lacks before this snapshot; null when it lacks none. */
  lostFrom: number | null;
}

/** A zone worker's side. */
export interface ZoneWriter {
  /** The tick with its batch, and the players who left in it, as one. */
  append(tick: AppliedTick, batch: Uint8Array, crossings: readonly Crossing[]): JournalPlace;
  /** The state, compressed with zstd, and the players who left in its tick, as one. */
  snapshot(snapshot: TakenSnapshot, state: Uint8Array, crossings: readonly Crossing[]): JournalPlace;
  /** What the zone could not run, with its batch. */
  incident(zoneId: number, tick: number, data: object, batch: Uint8Array): JournalPlace;
  /** Passes everything on that was appended. */
  send(): void;
  /** The fence: true when everything up to the place is as safe as the journal promises. */
  isSafe(place: JournalPlace): boolean;
  /** Nothing waits to be made safe. */
  readonly isIdle: boolean;
  /** Less than half of the room is left. */
  readonly isCrowded: boolean;
}

/** What a zone worker needs to write: its ring, what wakes the journal thread, and what that thread wakes. */
export interface JournalAccess {
  ring: SharedArrayBuffer;
  bell: SharedArrayBuffer;
  wake: SharedArrayBuffer;
  /** Whether what the zones tell waits until the journal is safe. */
  isFenced: boolean;
  /** Whether nothing is told any more when the journal is lost, since the server stops then. */
  staysClosed: boolean;
  /** Whether the zones stand still while the journal is lost, and go on when it is back. */
  stalls: boolean;
}

/** The main thread's side. Workers have numbers from 0. */
export interface ZoneJournal {
  /** What ended a worker, with the batch of the tick that it did not end. */
  incident(zoneId: number, tick: number, data: object, batch: Uint8Array): void;
  accessOf(worker: number): JournalAccess;
  /**
   * What the journal has of the zones after everything that the worker wrote. From now on only the worker's successor, with a
   * new access, can write.
   */
  succeed(worker: number, zones: readonly number[]): Promise<FoundZone[]>;
}
