// What one watcher sees: up to KNOWN_MAX entities within 100 yd, the nearest when there are more.
//
// The 7 by 7 cells around the watcher are walked as 7 spans of the grid's sorted arrays (14 where they cross the seam).
// Each entity in sight is put down with its ring: which of 16 rings of equal area, from near to far, it lies in. Only
// when there are too many do the rings matter: whole rings are taken while they fit, then part of the next.

import { F32, U16, U32, U8 } from "./columns";
import {
  CANDIDATE_RING,
  CANDIDATE_ROW,
  ENTITY_TARGET,
  ENTITY_X,
  ENTITY_Y,
  GRID_ROW,
  GRID_X,
  GRID_Y,
  KNOWN_MAX,
  RING_COUNT,
  SEEN_ROW,
} from "./memory";
import { CELLS_ACROSS, Span, cellOf } from "./grid";
import { rowOf } from "./rows";

/** Yards. */
export const SIGHT: f32 = 100;
const SIGHT_SQUARED: f32 = SIGHT * SIGHT;
/** Cells to each side that sight can reach into. */
const REACH: u32 = 3;
const RINGS: u32 = 16;

/** Writes the rows a watcher sees to SEEN_ROW, itself left out; returns how many. The grid must be fresh. */
export function look(watcher: u32): u32 {
  const x = F32.get(ENTITY_X, watcher);
  const y = F32.get(ENTITY_Y, watcher);
  const found = collect(watcher, x, y);
  if (found > KNOWN_MAX) return takeNearest(found, rowOf(U32.get(ENTITY_TARGET, watcher)));
  for (let index: u32 = 0; index < found; index++) U16.set(SEEN_ROW, index, U16.get(CANDIDATE_ROW, index));
  return found;
}

function collect(watcher: u32, x: f32, y: f32): u32 {
  const column = cellOf(x);
  const line = cellOf(y);
  const from = (column - REACH) & (CELLS_ACROSS - 1);
  const to = (column + REACH) & (CELLS_ACROSS - 1);
  let found: u32 = 0;
  for (let step: u32 = 0; step <= 2 * REACH; step++) {
    const cellRow = (line - REACH + step) & (CELLS_ACROSS - 1);
    if (from <= to) {
      found = collectSpan(watcher, x, y, Span.start(cellRow, from), Span.end(cellRow, to), found);
    } else {
      found = collectSpan(watcher, x, y, Span.start(cellRow, 0), Span.end(cellRow, to), found);
      found = collectSpan(watcher, x, y, Span.start(cellRow, from), Span.end(cellRow, CELLS_ACROSS - 1), found);
    }
  }
  return found;
}

function collectSpan(watcher: u32, x: f32, y: f32, start: u32, end: u32, before: u32): u32 {
  let found = before;
  for (let at = start; at < end; at++) {
    const dx = F32.get(GRID_X, at) - x;
    const dy = F32.get(GRID_Y, at) - y;
    const squared = dx * dx + dy * dy;
    if (squared > SIGHT_SQUARED) continue;
    const row = U16.get(GRID_ROW, at);
    if (row == watcher) continue;
    U16.set(CANDIDATE_ROW, found, row);
    U8.set(CANDIDATE_RING, found, <u32>(squared * (<f32>RINGS / SIGHT_SQUARED)));
    found++;
  }
  return found;
}

/** Of too many candidates the watcher's target and then the nearest, ring by ring. */
function takeNearest(found: u32, target: u32): u32 {
  memory.fill(RING_COUNT, 0, (RINGS + 1) * 4);
  for (let index: u32 = 0; index < found; index++) U32.add(RING_COUNT, U8.get(CANDIDATE_RING, index), 1);
  let lastRing: u32 = 0;
  let sum = U32.get(RING_COUNT, 0);
  while (sum <= KNOWN_MAX - 1) sum += U32.get(RING_COUNT, ++lastRing);
  let seen: u32 = 0;
  for (let index: u32 = 0; index < found && seen == 0; index++) {
    if (U16.get(CANDIDATE_ROW, index) == target) seen = take(target, seen);
  }
  for (let index: u32 = 0; index < found; index++) {
    if (U8.get(CANDIDATE_RING, index) < lastRing) seen = takeOther(index, target, seen);
  }
  for (let index: u32 = 0; index < found && seen < KNOWN_MAX; index++) {
    if (U8.get(CANDIDATE_RING, index) == lastRing) seen = takeOther(index, target, seen);
  }
  return seen;
}

function takeOther(candidate: u32, target: u32, seen: u32): u32 {
  const row = U16.get(CANDIDATE_ROW, candidate);
  return row == target ? seen : take(row, seen);
}

function take(row: u32, seen: u32): u32 {
  U16.set(SEEN_ROW, seen, row);
  return seen + 1;
}
