// The entities around a point: the targets of an area spell, and the creatures that hear a call for help.
//
//   collectAround(4100, 8, true)   3: the rows of three creatures within 8 yd are in AREA_ROW, in the order of the grid

import { ENTITY_DEAD, ENTITY_EVADING, ENTITY_PHANTOM } from "../abi";
import { Flag } from "../state/changes";
import { F32, U16, U32 } from "../memory/columns";
import { Span, cellOf, ensureGrid } from "../space/grid";
import { AREA_ROW, AREA_TARGETS_MAX, CELLS_ACROSS, ENTITY_ID, ENTITY_X, ENTITY_Y, GRID_ROW } from "../memory/memory";
import { Row } from "../state/entity-rows";
import { isWithin } from "../space/space";

/** Writes the living creatures (or players) around a row to AREA_ROW; returns their number. */
export function collectAround(centre: u32, yards: f32, creatures: bool): u32 {
  ensureGrid();
  const column = cellOf(F32.get(ENTITY_X, centre));
  const line = cellOf(F32.get(ENTITY_Y, centre));
  let count: u32 = 0;
  for (let step: u32 = 0; step < 9; step++) {
    const cellRow = (line + step / 3 - 1) & (CELLS_ACROSS - 1);
    const cell = (column + (step % 3) - 1) & (CELLS_ACROSS - 1);
    const end = Span.end(cellRow, cell);
    for (let at = Span.start(cellRow, cell); at < end && count < AREA_TARGETS_MAX; at++) {
      const row = U16.get(GRID_ROW, at);
      if (Row.isCreature(row) != creatures || U32.get(ENTITY_ID, row) == 0) continue;
      if (Flag.has(row, ENTITY_DEAD | ENTITY_PHANTOM | ENTITY_EVADING) || !isWithin(centre, row, yards)) continue;
      U16.set(AREA_ROW, count++, row);
    }
  }
  return count;
}
