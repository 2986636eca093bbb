// The change records of this tick, made once for all watchers that were up to date a tick ago. An entity that needs more
// than a short record (it came or left, has events, or changed a lot) is special, and handled for each watcher.
//
//   row 12 moved:   LENGTH 20   | CHANGE 5 words POSITION | id | x | y | z | .... |
//   row 13 stood:   LENGTH 0
//   row 14 died:    LENGTH DELTA_SPECIAL

import { Clock } from "../state/clock";
import { Cell, U32, U8 } from "../memory/columns";
import {
  DELTA_BASE,
  DELTA_BYTES,
  DELTA_LENGTH,
  ENTITY_CHANGED,
  ENTITY_SINCE,
  EVENT_FIRST,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  ROWS_MAX,
} from "../memory/memory";
import { putChange } from "./frame-records";

export const DELTA_SPECIAL: u32 = 255;

/** Fills DELTA_LENGTH and the records for every row. */
export function makeDeltas(): void {
  memory.fill(DELTA_LENGTH, 0, ROWS_MAX);
  makeRange(0, Cell.get(HEADER_PLAYERS_HIGH));
  makeRange(PLAYERS_MAX, PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH));
}

function makeRange(from: u32, to: u32): void {
  const now = Clock.now();
  for (let row = from; row < to; row++) {
    if (U32.get(ENTITY_CHANGED, row) == now) U8.set(DELTA_LENGTH, row, makeDelta(row, now));
  }
}

/** A record may be longer than its place: then it overlaps the place of the next row, whose record is made after it. */
function makeDelta(row: u32, now: u32): u32 {
  if (U32.get(ENTITY_SINCE, row) == now || U32.get(EVENT_FIRST, row) != 0) return DELTA_SPECIAL;
  const start: usize = DELTA_BASE + row * DELTA_BYTES;
  const length = <u32>(putChange(start, row, now - 1) - start);
  return length > DELTA_BYTES ? DELTA_SPECIAL : length;
}
