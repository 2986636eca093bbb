// The grid finds near entities: a counting sort puts all entities into cells of 33.3 yd. The cells form a torus of 64 by 64
// (2,134 yd around), so the world has no edge; entities that only seem near across the seam are excluded by their distance.
//
//   START  [.. 17, 20, 20, 24 ..]   cell 100 holds entries 17..19, cell 101 none, cell 102 entries 20..23
//   ROW    [.. 5, 9, 4097 | 6, 12, 30, 4101 ..]   by cell, then by row; X and Y have the same order
//
// It is built at most twice a tick: when a cast first searches for an enemy, and again for the visibility phase.

import { Cell, F32, U16, U32 } from "../memory/columns";
import {
  CELLS,
  CELLS_ACROSS,
  CREATURE_STATE,
  ENTITY_ID,
  ENTITY_X,
  ENTITY_Y,
  GRID_CELL,
  GRID_READY,
  GRID_ROW,
  GRID_START,
  GRID_X,
  GRID_Y,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
} from "../memory/memory";
import { Row } from "../state/entity-rows";
import { CREATURE_GONE } from "../state/creature-states";

/** Yards; three cells reach a little over the 100 yd of sight. */
const CELL_YARDS: f32 = 33.34;
/** A multiple of any CELLS_ACROSS, larger than the number of cells on either side of the world: makes cell numbers positive. */
const CELLS_ASIDE: f32 = 1024;
const NOT_IN_GRID: u32 = 0xffffffff;

/** Column or row of the cell that contains a coordinate. */
export function cellOf(coordinate: f32): u32 {
  return (<u32>(coordinate * (<f32>1 / CELL_YARDS) + CELLS_ASIDE)) & (CELLS_ACROSS - 1);
}

/** Number of cells to each side within this distance. */
export function cellsWithin(yards: f32): u32 {
  return <u32>(yards * (<f32>1 / CELL_YARDS)) + 1;
}

/** Call when a tick begins: positions are about to change. */
export function invalidateGrid(): void {
  Cell.set(GRID_READY, 0);
}

/** Builds the grid unless it was already built in this tick; it may lack the movements of the current phase. */
export function ensureGrid(): void {
  if (Cell.get(GRID_READY) == 0) buildGrid();
}

export function buildGrid(): void {
  memory.fill(GRID_START, 0, (CELLS + 2) * 4);
  const playersEnd = Cell.get(HEADER_PLAYERS_HIGH);
  const creaturesEnd = PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH);
  for (let row: u32 = 0; row < playersEnd; row++) count(row, U32.get(ENTITY_ID, row) != 0);
  for (let row: u32 = PLAYERS_MAX; row < creaturesEnd; row++) {
    const gone = U32.get(CREATURE_STATE, Row.creatureIndex(row)) == CREATURE_GONE;
    count(row, U32.get(ENTITY_ID, row) != 0 && !gone);
  }
  let sum: u32 = 0;
  for (let cell: u32 = 0; cell < CELLS + 2; cell++) {
    sum += U32.get(GRID_START, cell);
    U32.set(GRID_START, cell, sum);
  }
  for (let row: u32 = 0; row < playersEnd; row++) place(row);
  for (let row: u32 = PLAYERS_MAX; row < creaturesEnd; row++) place(row);
  Cell.set(GRID_READY, 1);
}

/** Counts two cells ahead, so that after summing, START[cell + 1] is the beginning of the cell, and `place` advances it. */
function count(row: u32, present: bool): void {
  if (!present) return U32.set(GRID_CELL, row, NOT_IN_GRID);
  const cell = cellOf(F32.get(ENTITY_Y, row)) * CELLS_ACROSS + cellOf(F32.get(ENTITY_X, row));
  U32.set(GRID_CELL, row, cell);
  U32.add(GRID_START, cell + 2, 1);
}

function place(row: u32): void {
  const cell = U32.get(GRID_CELL, row);
  if (cell == NOT_IN_GRID) return;
  const at = U32.get(GRID_START, cell + 1);
  U32.set(GRID_START, cell + 1, at + 1);
  U16.set(GRID_ROW, at, row);
  F32.set(GRID_X, at, F32.get(ENTITY_X, row));
  F32.set(GRID_Y, at, F32.get(ENTITY_Y, row));
}

/** Entries of cells `from` to `to` (columns, both included, from <= to) of one row of cells. */
export class Span {
  @inline static start(cellRow: u32, from: u32): u32 {
    return U32.get(GRID_START, cellRow * CELLS_ACROSS + from);
  }
  @inline static end(cellRow: u32, to: u32): u32 {
    return U32.get(GRID_START, cellRow * CELLS_ACROSS + to + 1);
  }
}
