// What one watcher sees: up to KNOWN_MAX entities within 100 yd, the nearest ones if there are more; fewer entities and a shorter sight
// while the zone is overloaded (overload.ts).
//
// The cells around the watcher, 7 by 7 for 100 yd, are walked as 7 spans of the grid's sorted arrays (14 where they cross the seam).
// If there are too many, each is put into one of 16 rings of equal area, from near to far. Whole rings are taken while
// they fit, then a part of the next one; the watcher's own target is always included.

import { F32, U16, U32, U8 } from "../memory/columns";
import {
  CANDIDATE_RING,
  CANDIDATE_ROW,
  CELLS_ACROSS,
  ENTITY_TARGET,
  ENTITY_X,
  ENTITY_Y,
  GRID_ROW,
  GRID_X,
  GRID_Y,
  RING_COUNT,
  SEEN_ROW,
} from "../memory/memory";
import { Span, cellOf, cellsWithin } from "../space/grid";
import { Overload } from "../state/overload";
import { rowOf } from "../state/entity-rows";

const RINGS: u32 = 16;

/** Writes the rows that a watcher sees to SEEN_ROW, without its own row; returns their number. The grid must be fresh. */
export function findVisible(watcher: u32): u32 {
  const x = F32.get(ENTITY_X, watcher);
  const y = F32.get(ENTITY_Y, watcher);
  const sight = Overload.sight();
  const most = Overload.seenMax();
  const found = collect(watcher, x, y, sight);
  if (found > most) {
    fillRings(watcher, found, sight * sight);
    return addNearest(found, rowOf(U32.get(ENTITY_TARGET, watcher)), most);
  }
  memory.copy(SEEN_ROW, CANDIDATE_ROW, found * 2);
  return found;
}

function collect(watcher: u32, x: f32, y: f32, sight: f32): u32 {
  const squared = sight * sight;
  const reach = cellsWithin(sight);
  const column = cellOf(x);
  const line = cellOf(y);
  const from = (column - reach) & (CELLS_ACROSS - 1);
  const to = (column + reach) & (CELLS_ACROSS - 1);
  let found: u32 = 0;
  for (let step: u32 = 0; step <= 2 * reach; step++) {
    const cellRow = (line - reach + step) & (CELLS_ACROSS - 1);
    if (from <= to) {
      found = collectSpan(watcher, x, y, squared, Span.start(cellRow, from), Span.end(cellRow, to), found);
    } else {
      found = collectSpan(watcher, x, y, squared, Span.start(cellRow, 0), Span.end(cellRow, to), found);
      found = collectSpan(
        watcher,
        x,
        y,
        squared,
        Span.start(cellRow, from),
        Span.end(cellRow, CELLS_ACROSS - 1),
        found,
      );
    }
  }
  return found;
}

/** Writes each entry and counts it when it is in sight. There is no branch, because the processor could not predict it. */
function collectSpan(watcher: u32, x: f32, y: f32, squared: f32, start: u32, end: u32, before: u32): u32 {
  let found = before;
  for (let at = start; at < end; at++) {
    const dx = load<f32>(at << 2, GRID_X) - x;
    const dy = load<f32>(at << 2, GRID_Y) - y;
    const row: u32 = load<u16>(at << 1, GRID_ROW);
    store<u16>(found << 1, <u16>row, CANDIDATE_ROW);
    found += select<u32>(select<u32>(1, 0, row != watcher), 0, dx * dx + dy * dy <= squared);
  }
  return found;
}

/** Puts each candidate into its ring, and counts the candidates of each ring. */
function fillRings(watcher: u32, found: u32, squared: f32): void {
  memory.fill(RING_COUNT, 0, (RINGS + 1) * 4);
  for (let index: u32 = 0; index < found; index++) {
    const row = U16.get(CANDIDATE_ROW, index);
    const dx = F32.get(ENTITY_X, row) - F32.get(ENTITY_X, watcher);
    const dy = F32.get(ENTITY_Y, row) - F32.get(ENTITY_Y, watcher);
    const ring = <u32>((dx * dx + dy * dy) * (<f32>RINGS / squared));
    U8.set(CANDIDATE_RING, index, ring);
    U32.add(RING_COUNT, ring, 1);
  }
}

/** From too many candidates takes the watcher's target and then the nearest ones, ring by ring. */
function addNearest(found: u32, target: u32, most: u32): u32 {
  let lastRing: u32 = 0;
  let sum = U32.get(RING_COUNT, 0);
  while (sum <= most - 1) sum += U32.get(RING_COUNT, ++lastRing);
  let seen: u32 = 0;
  for (let index: u32 = 0; index < found && seen == 0; index++) {
    if (U16.get(CANDIDATE_ROW, index) == target) seen = addVisible(target, seen);
  }
  for (let index: u32 = 0; index < found; index++) {
    if (U8.get(CANDIDATE_RING, index) < lastRing) seen = addOther(index, target, seen);
  }
  for (let index: u32 = 0; index < found && seen < most; index++) {
    if (U8.get(CANDIDATE_RING, index) == lastRing) seen = addOther(index, target, seen);
  }
  return seen;
}

function addOther(candidate: u32, target: u32, seen: u32): u32 {
  const row = U16.get(CANDIDATE_ROW, candidate);
  return row == target ? seen : addVisible(row, seen);
}

function addVisible(row: u32, seen: u32): u32 {
  U16.set(SEEN_ROW, seen, row);
  return seen + 1;
}
