// A watcher's known list: the entities that its client knows, slot by slot, and which of them are near.
//
//   watcher in row 5:   PLAYER_KNOWN_COUNT 2   KNOWN_ID [12, 1000001]   KNOWN_ROW [9, 4097]   PLAYER_NEAR 0b10: only 1000001 is near
//
// While the zone is overloaded, a watcher gets changes of near entities in every tick and of far ones in its turn (coalesce.ts). That turn
// also decides which entities are near, until the next turn. So each slot is up to date either to the last tick or to
// the last turn.

import { U16, U32 } from "../memory/columns";
import {
  ENTITY_ID,
  ENTITY_TARGET,
  EVENT_FIRST,
  KNOWN_ID,
  KNOWN_MAX,
  KNOWN_ROW,
  PLAYERS_MAX,
  PLAYER_FLAGS,
  PLAYER_KNOWN_COUNT,
  PLAYER_NEAR,
} from "../memory/memory";
import { selectEventsOf } from "./event-selection";
import { PLAYER_SLOW } from "../state/player-flags";
import { putChange, putLeave } from "./frame-records";
import { isWithin } from "../space/space";

/** Yards. */
const NEAR_YARDS: f32 = 15;
/** An address that is never in a frame: the row has another owner. */
export const GONE: usize = 0;

export class Near {
  @inline static has(row: u32, index: u32): bool {
    return ((U32.get(wordOf(index), row) >> (index & 31)) & 1) != 0;
  }
  static set(row: u32, index: u32, near: bool): void {
    const word = wordOf(index);
    const bit: u32 = 1 << (index & 31);
    const bits = U32.get(word, row) & ~bit;
    U32.set(word, row, near ? bits | bit : bits);
  }
  /** Moves an entity from one slot to another. */
  static move(row: u32, from: u32, to: u32): void {
    Near.set(row, to, Near.has(row, from));
  }
}

/** The column that contains the bit of a slot. */
function wordOf(index: u32): usize {
  return PLAYER_NEAR + (index >> 5) * PLAYERS_MAX * 4;
}

/** Decides which entities are near: by distance, or because one of the two targets the other. For a slow reader only the latter counts. */
export function markNear(row: u32): void {
  const count = U32.get(PLAYER_KNOWN_COUNT, row);
  const id = U32.get(ENTITY_ID, row);
  const target = U32.get(ENTITY_TARGET, row);
  const isSlow = (U32.get(PLAYER_FLAGS, row) & PLAYER_SLOW) != 0;
  for (let index: u32 = 0; index < count; index++) {
    const other = U16.get(KNOWN_ROW, row * KNOWN_MAX + index);
    const isFoe = U32.get(ENTITY_TARGET, other) == id || U32.get(KNOWN_ID, row * KNOWN_MAX + index) == target;
    Near.set(row, index, isFoe || (!isSlow && isWithin(row, other, NEAR_YARDS)));
  }
}

/** Writes changes and selects events of the entity in a slot of the known list; GONE when its row has another owner now. */
export function putKnown(at: usize, row: u32, slot: u32, told: u32): usize {
  const other = U16.get(KNOWN_ROW, slot);
  if (U32.get(ENTITY_ID, other) != U32.get(KNOWN_ID, slot)) return GONE;
  if (U32.get(EVENT_FIRST, other) != 0) selectEventsOf(other, row);
  return putChange(at, other, told);
}

/** Selects only the events of the entity in a slot. */
export function selectKnownEvents(at: usize, row: u32, slot: u32): usize {
  const other = U16.get(KNOWN_ROW, slot);
  if (U32.get(ENTITY_ID, other) != U32.get(KNOWN_ID, slot)) return GONE;
  if (U32.get(EVENT_FIRST, other) != 0) selectEventsOf(other, row);
  return at;
}

/** Removes a slot of the known list; the last slot takes its place. */
export function forgetSlot(at: usize, row: u32, index: u32): usize {
  const list = row * KNOWN_MAX;
  const last = U32.get(PLAYER_KNOWN_COUNT, row) - 1;
  const id = U32.get(KNOWN_ID, list + index);
  U16.set(KNOWN_ROW, list + index, U16.get(KNOWN_ROW, list + last));
  U32.set(KNOWN_ID, list + index, U32.get(KNOWN_ID, list + last));
  Near.move(row, last, index);
  U32.set(PLAYER_KNOWN_COUNT, row, last);
  return putLeave(at, id);
}
