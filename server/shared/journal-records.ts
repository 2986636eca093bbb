// The records in the rings to the journal thread. A zone worker writes ticks, snapshots, crossings and incidents of its zones;
// the main thread writes facts, events and modules. Everything that one commit of a ring makes visible is committed to the
// disk in one transaction, and freed after it: so a place that is freed is safe.
//
//   tick      a completed tick; then its batch
//   snapshot  the state after a tick; then the state, compressed. `isBeginning`: an epoch begins with it
//   crossing  a player who left the zone in the tick before it in the ring, with all its data
//   incident  what a zone could not run; then JSON, then the batch
//   fact      JSON; an empty JSON removes the fact
//   event     JSON
//   module    its label, and its binary

import { TRANSFER_WORDS } from "../../assembly/abi.ts";
import { RecordTable } from "./record.ts";
import { LANES } from "./tickets.ts";

const PLACE = { zoneId: "u32", epoch: "u32", tick: "u32", module: "u64", hash: "u64" } as const;

export const TICK = new RecordTable(1, PLACE, "bytes");
export const SNAPSHOT = new RecordTable(2, { ...PLACE, tickets: { u32s: LANES }, lostFrom: "u32" }, "bytes");
export const CROSSING = new RecordTable(3, {
  from: "u32",
  tick: "u32",
  session: "u32",
  to: "u32",
  at: "point",
  words: { u32s: TRANSFER_WORDS },
});
export const INCIDENT = new RecordTable(4, { zoneId: "u32", tick: "u32", jsonBytes: "u32" }, "bytes");
/** The tail of each is JSON. */
export const PUT = new RecordTable(5, {}, "bytes");
export const EVENT = new RecordTable(6, {}, "bytes");
export const MODULE = new RecordTable(7, { jsonBytes: "u32" }, "bytes");

/** Of a SNAPSHOT that closes no gap. */
export const NOTHING_LOST = 0xffff_ffff;

/** A hash or a module's name as the journal writes it: 16 hexadecimal digits. */
export function hexOf(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}
