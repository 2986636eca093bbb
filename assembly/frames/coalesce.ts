// What watchers are told while the zone is overloaded: what is near in every tick, what is far when it has its turn, every
// so many ticks. Events and whoever goes are told at once either way.
//
//   every 4 ticks: the watcher in row 5 has its turn in ticks 11, 15, 19, ...
//   tick 11   all that has changed
//   tick 12   near 1000001 and far 1000002 move     CHANGE 1000001
//   tick 15   neither does                          CHANGE 1000002, as of tick 12
//
// Those whose turn it is in a tick were all told of far things in the same tick, so one record an entity does for all of
// them, made once and copied, as for near ones (deltas.ts). Who was told at another time is told one by one.

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

/** Fills FAR_LENGTH and the records of what changed since the turn before, while far things are not told in every tick. */
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

/** The record may be longer than its room: then it reaches into that of the next row, which is made after it. */
function makeFar(row: u32, told: u32): u32 {
  if (U32.get(ENTITY_SINCE, row) > told || U32.get(EVENT_FIRST, row) != 0) return DELTA_SPECIAL;
  const start: usize = FAR_BASE + row * DELTA_BYTES;
  const length = <u32>(putChange(start, row, told) - start);
  return length > DELTA_BYTES ? DELTA_SPECIAL : length;
}

/**
 * Of the known entities what has changed: of near ones since `told`; of far ones, when it is their turn, since `toldFar`.
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

/** Of the record that was made of it, for one who is up to date; of a far one whose turn it is not, 0 or DELTA_SPECIAL. */
function lengthOf(other: u32, near: bool, turn: bool): u32 {
  const now = U8.get(DELTA_LENGTH, other);
  if (near) return now;
  if (turn) return U8.get(FAR_LENGTH, other);
  return now == DELTA_SPECIAL ? DELTA_SPECIAL : 0;
}
