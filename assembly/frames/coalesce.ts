// Frames of an overloaded zone: near entities are sent in every tick, far entities only every few ticks, in the watcher's
// turn. Events and entities that leave are always sent at once.
//
//   every 4 ticks: the watcher in row 5 has its turn in ticks 11, 15, 19, ...
//   tick 11   all changes
//   tick 12   near 1000001 and far 1000002 move     CHANGE 1000001
//   tick 15   neither moves                         CHANGE 1000002, its position of tick 12
//
// All watchers with their turn in this tick had their last turn in the same tick. So one record for each far entity serves all of
// them; it is made once and copied, as for near entities (deltas.ts). Other watchers get records of their own.

import { Clock } from "../state/clock";
import { Cell, U16, U32, U8 } from "../memory/columns";
import { DELTA_SPECIAL } from "./deltas";
import { GONE, Near, forgetSlot, selectKnownEvents, putKnown } from "./known-list";
import {
  DELTA_BASE,
  DELTA_BYTES,
  DELTA_LENGTH,
  ENTITY_CHANGED,
  ENTITY_SINCE,
  EVENT_FIRST,
  FAR_BASE,
  FAR_LENGTH,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  KNOWN_MAX,
  KNOWN_ROW,
  PLAYERS_MAX,
  PLAYER_KNOWN_COUNT,
  ROWS_MAX,
} from "../memory/memory";
import { putChange } from "./frame-records";
import { Overload } from "../state/overload";

/** Fills FAR_LENGTH and the records of the changes since the previous turn, while far entities are not sent in every tick. */
export function makeFarDeltas(): void {
  const every = Overload.tellEvery();
  if (every == 1) return;
  const told = Clock.now() - min<u32>(every, Clock.now());
  memory.fill(FAR_LENGTH, 0, ROWS_MAX);
  makeRange(0, Cell.get(HEADER_PLAYERS_HIGH), told);
  makeRange(PLAYERS_MAX, PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH), told);
}

function makeRange(from: u32, to: u32, told: u32): void {
  for (let row = from; row < to; row++) {
    if (U32.get(ENTITY_CHANGED, row) > told) U8.set(FAR_LENGTH, row, makeFar(row, told));
  }
}

/** A record may be longer than its place: then it overlaps the place of the next row, whose record is made after it. */
function makeFar(row: u32, told: u32): u32 {
  if (U32.get(ENTITY_SINCE, row) > told || U32.get(EVENT_FIRST, row) != 0) return DELTA_SPECIAL;
  const start: usize = FAR_BASE + row * DELTA_BYTES;
  const length = <u32>(putChange(start, row, told) - start);
  return length > DELTA_BYTES ? DELTA_SPECIAL : length;
}

/**
 * Writes the changes of known entities: of near ones since tick `told`; of far ones, in the watcher's turn, since tick `toldFar`.
 */
export function putCoalesced(start: usize, row: u32, told: u32, toldFar: u32, turn: bool): usize {
  const isUpToDate = told + 1 == Clock.now() && (!turn || toldFar + Overload.tellEvery() == Clock.now());
  const list = row * KNOWN_MAX;
  let at = start;
  for (let index: u32 = 0; U32.get(PLAYER_KNOWN_COUNT, row) > index; index++) {
    const near = Near.has(row, index);
    const other: u32 = U16.get(KNOWN_ROW, list + index);
    const length = isUpToDate ? lengthOf(other, near, turn) : DELTA_SPECIAL;
    if (length == DELTA_SPECIAL) {
      const slot = list + index;
      const next = near || turn ? putKnown(at, row, slot, near ? told : toldFar) : selectKnownEvents(at, row, slot);
      if (next == GONE) {
        at = forgetSlot(at, row, index);
        index--;
      } else at = next;
      continue;
    }
    const from = (near ? DELTA_BASE : FAR_BASE) + other * DELTA_BYTES;
    store<u64>(at, load<u64>(from));
    store<u64>(at, load<u64>(from, 8), 8);
    store<u64>(at, load<u64>(from, 16), 16);
    at += length;
  }
  return at;
}

/** Length of the entity's ready-made record for an up-to-date watcher; for a far entity outside the turn, 0 or DELTA_SPECIAL. */
function lengthOf(other: u32, near: bool, turn: bool): u32 {
  const now = U8.get(DELTA_LENGTH, other);
  if (near) return now;
  if (turn) return U8.get(FAR_LENGTH, other);
  return now == DELTA_SPECIAL ? DELTA_SPECIAL : 0;
}
