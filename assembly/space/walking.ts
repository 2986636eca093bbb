// How a player or creature walks to a point: its destination, and its steps.
//
//   row 3 at 0,0 is to be at 3,0:   DEST 3,0, MOVING 2 (ASKED); a step of 0.35 yd: at 0.35,0, MOVING 1 (WALKS)

import { setPosition } from "../state/changes";
import { F32, U32 } from "../memory/columns";
import {
  ENTITY_DEST_X,
  ENTITY_DEST_Y,
  ENTITY_DEST_Z,
  ENTITY_MOVING,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
} from "../memory/memory";
import { inWorld } from "./space";

export const MOVING_NOT: u32 = 0;
/** Walks to a destination that a move command could not reach at once. */
export const MOVING_WALKS: u32 = 1;
/** A move command of this tick. */
export const MOVING_ASKED: u32 = 2;
/** The two above, but moved by a fault: without effect on casts. */
export const MOVING_NUDGED: u32 = 5;
export const MOVING_NUDGE_ASKED: u32 = 6;

export const NUDGE_BIT: u32 = 4;
/** Yards a second. */
export const RUN_SPEED: f32 = 7;
/** Yards; a smaller displacement does not count as movement. */
const DISPLACEMENT_MIN: f32 = 0.001;

/** A move command: the row shall be at x, y, z (finite). */
export function requestMove(row: u32, x: f32, y: f32, z: f32, nudge: bool): void {
  F32.set(ENTITY_DEST_X, row, inWorld(x));
  F32.set(ENTITY_DEST_Y, row, inWorld(y));
  F32.set(ENTITY_DEST_Z, row, inWorld(z));
  U32.set(ENTITY_MOVING, row, nudge ? MOVING_NUDGE_ASKED : MOVING_ASKED);
}

/** Drops the rest of a walk, but not a move command of this tick. */
export function stopWalking(row: u32): void {
  const moving = U32.get(ENTITY_MOVING, row);
  if (moving == MOVING_WALKS || moving == MOVING_NUDGED) U32.set(ENTITY_MOVING, row, MOVING_NOT);
}

/** Moves a row up to `yards` towards its destination; true when it has arrived. */
export function stepTowards(row: u32, yards: f32): bool {
  const x = F32.get(ENTITY_X, row);
  const y = F32.get(ENTITY_Y, row);
  const z = F32.get(ENTITY_Z, row);
  const dx = F32.get(ENTITY_DEST_X, row) - x;
  const dy = F32.get(ENTITY_DEST_Y, row) - y;
  const dz = F32.get(ENTITY_DEST_Z, row) - z;
  const distance = sqrt<f32>(dx * dx + dy * dy + dz * dz);
  if (distance < DISPLACEMENT_MIN) return true;
  if (distance <= yards) {
    setPosition(row, F32.get(ENTITY_DEST_X, row), F32.get(ENTITY_DEST_Y, row), F32.get(ENTITY_DEST_Z, row));
    return true;
  }
  const share = yards / distance;
  setPosition(row, x + dx * share, y + dy * share, z + dz * share);
  return false;
}
