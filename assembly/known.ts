// A watcher's list of known entities, slot by slot: who it has been told of, and what it is told of one of them.

import { U16, U32 } from "./columns";
import { ENTITY_ID, EVENT_FIRST, KNOWN_ID, KNOWN_MAX, KNOWN_ROW, PLAYER_KNOWN_COUNT } from "./memory";
import { Near } from "./near";
import { pickEvents } from "./picked";
import { putChange, putLeave } from "./records";

/** No address of a frame. */
export const GONE: usize = 0;

/** Changes and events of what is in a slot of the known list; GONE when the row is somebody else's by now. */
export function putOther(at: usize, row: u32, slot: u32, told: u32): usize {
  const other = U16.get(KNOWN_ROW, slot);
  if (U32.get(ENTITY_ID, other) != U32.get(KNOWN_ID, slot)) return GONE;
  if (U32.get(EVENT_FIRST, other) != 0) pickEvents(other, row);
  return putChange(at, other, told);
}

/** Its events alone. */
export function putEventsOf(at: usize, row: u32, slot: u32): usize {
  const other = U16.get(KNOWN_ROW, slot);
  if (U32.get(ENTITY_ID, other) != U32.get(KNOWN_ID, slot)) return GONE;
  if (U32.get(EVENT_FIRST, other) != 0) pickEvents(other, row);
  return at;
}

/** Forgets a slot of the known list; the last one takes its place. */
export function leaveSlot(at: usize, row: u32, index: u32): usize {
  const list = row * KNOWN_MAX;
  const last = U32.get(PLAYER_KNOWN_COUNT, row) - 1;
  const id = U32.get(KNOWN_ID, list + index);
  U16.set(KNOWN_ROW, list + index, U16.get(KNOWN_ROW, list + last));
  U32.set(KNOWN_ID, list + index, U32.get(KNOWN_ID, list + last));
  Near.move(row, last, index);
  U32.set(PLAYER_KNOWN_COUNT, row, last);
  return putLeave(at, id);
}
