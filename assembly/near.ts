// Which of the entities a watcher knows are near it: one bit a slot of its known list. While the zone is overloaded, only
// they are told in every tick; far ones when it is their turn (coalesce.ts). Who is near is decided when all are told, and
// stands until they are told again, so that each slot is always known to be told up to one of two ticks.

import { PLAYER_SLOW } from "./arrivals";
import { U16, U32 } from "./columns";
import {
  ENTITY_ID,
  ENTITY_TARGET,
  KNOWN_ID,
  KNOWN_MAX,
  KNOWN_ROW,
  PLAYERS_MAX,
  PLAYER_FLAGS,
  PLAYER_KNOWN_COUNT,
  PLAYER_NEAR,
} from "./memory";
import { isWithin } from "./space";

/** Yards. */
const NEAR_YARDS: f32 = 15;

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
  /** The entity in one slot goes into another. */
  static move(row: u32, from: u32, to: u32): void {
    Near.set(row, to, Near.has(row, from));
  }
}

/** The column that has the bit of a slot. */
function wordOf(index: u32): usize {
  return PLAYER_NEAR + (index >> 5) * PLAYERS_MAX * 4;
}

/** Decides who is near: by distance, and whoever one of the two has for a target. To a slow reader only the latter. */
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
