// The map from entity ids to rows: open addressing, linear probing, deletion by shifting back, so no tombstones.
// A new entity gets the lowest free row, so that rows in use stay together.
//
//   id 17 -> slot of hash(17) -> { 17, row 3 }        FREE bits: ...11110000 = rows 0..3 in use

import { Cell, U32 } from "../memory/columns";
import {
  ENTITY_ID,
  FREE_BASE,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  MAP_BASE,
  MAP_SLOTS,
  PLAYERS_MAX,
  ROWS_MAX,
} from "../memory/memory";

/** No such row. */
export const NO_ROW: u32 = 0xffffffff;

const SLOT_MASK: u32 = MAP_SLOTS - 1;
const PLAYER_WORDS: u32 = PLAYERS_MAX / 64;
const WORDS: u32 = ROWS_MAX / 64;

/** Marks every row free. The map is empty in zeroed memory. */
export function initRows(): void {
  memory.fill(FREE_BASE, 0xff, ROWS_MAX / 8);
}

class Slot {
  /** The top bits of the product, as many as a slot number has. */
  @inline static of(id: u32): u32 {
    return (id * 0x9e3779b1) >> (clz<u32>(MAP_SLOTS) + 1);
  }
  @inline static at(slot: u32): usize {
    return MAP_BASE + (slot << 3);
  }
}

/** The row of an entity id, or NO_ROW. */
export function rowOf(id: u32): u32 {
  if (id == 0) return NO_ROW;
  let slot = Slot.of(id);
  while (true) {
    const found = load<u32>(Slot.at(slot));
    if (found == id) return load<u32>(Slot.at(slot), 4);
    if (found == 0) return NO_ROW;
    slot = (slot + 1) & SLOT_MASK;
  }
}

/** Takes a player's row for an id that has none (not 0); NO_ROW when all are taken. */
export function takePlayerRow(id: u32): u32 {
  return takeRow(id, 0, PLAYER_WORDS);
}

/** Takes a creature's row for an id that has none (not 0); NO_ROW when all are taken. */
export function takeCreatureRow(id: u32): u32 {
  return takeRow(id, PLAYER_WORDS, WORDS);
}

function takeRow(id: u32, firstWord: u32, endWord: u32): u32 {
  for (let word = firstWord; word < endWord; word++) {
    const at = FREE_BASE + (word << 3);
    const bits = load<u64>(at);
    if (bits == 0) continue;
    store<u64>(at, bits & (bits - 1));
    const row = (word << 6) + <u32>ctz(bits);
    enterMap(id, row);
    U32.set(ENTITY_ID, row, id);
    raiseHighWaterMark(row);
    return row;
  }
  return NO_ROW;
}

/** Frees the row of an entity. */
export function freeRow(row: u32): void {
  leaveMap(U32.get(ENTITY_ID, row));
  U32.set(ENTITY_ID, row, 0);
  const at = FREE_BASE + ((row >> 6) << 3);
  store<u64>(at, load<u64>(at) | ((<u64>1) << ((<u64>row) & 63)));
}

function enterMap(id: u32, row: u32): void {
  let slot = Slot.of(id);
  while (load<u32>(Slot.at(slot)) != 0) slot = (slot + 1) & SLOT_MASK;
  store<u32>(Slot.at(slot), id);
  store<u32>(Slot.at(slot), row, 4);
}

function leaveMap(id: u32): void {
  let hole = Slot.of(id);
  while (load<u32>(Slot.at(hole)) != id) hole = (hole + 1) & SLOT_MASK;
  let slot = hole;
  while (true) {
    slot = (slot + 1) & SLOT_MASK;
    const next = load<u32>(Slot.at(slot));
    if (next == 0) break;
    // An entry may fill the hole if its home slot is not between the hole and its current slot.
    const distance = (slot - Slot.of(next)) & SLOT_MASK;
    if (distance < ((slot - hole) & SLOT_MASK)) continue;
    store<u64>(Slot.at(hole), load<u64>(Slot.at(slot)));
    hole = slot;
  }
  store<u64>(Slot.at(hole), 0);
}

function raiseHighWaterMark(row: u32): void {
  if (row < PLAYERS_MAX) {
    if (row >= Cell.get(HEADER_PLAYERS_HIGH)) Cell.set(HEADER_PLAYERS_HIGH, row + 1);
  } else if (row - PLAYERS_MAX >= Cell.get(HEADER_CREATURES_HIGH)) {
    Cell.set(HEADER_CREATURES_HIGH, row - PLAYERS_MAX + 1);
  }
}

/**
 * Lowers the high-water marks to the last rows in use. Called once, at the beginning of a tick: a row that is freed in a tick
 * stays below its mark until the tick is over, so that watchers learn that its entity left.
 */
export function lowerHighWaterMarks(): void {
  let players = Cell.get(HEADER_PLAYERS_HIGH);
  while (players > 0 && U32.get(ENTITY_ID, players - 1) == 0) players--;
  Cell.set(HEADER_PLAYERS_HIGH, players);
  let creatures = Cell.get(HEADER_CREATURES_HIGH);
  while (creatures > 0 && U32.get(ENTITY_ID, PLAYERS_MAX + creatures - 1) == 0) creatures--;
  Cell.set(HEADER_CREATURES_HIGH, creatures);
}

/** Which kind of entity a row is for. */
export class Row {
  @inline static isCreature(row: u32): bool {
    return row >= PLAYERS_MAX;
  }
  @inline static creatureIndex(row: u32): u32 {
    return row - PLAYERS_MAX;
  }
  @inline static ofCreature(index: u32): u32 {
    return index + PLAYERS_MAX;
  }
}
