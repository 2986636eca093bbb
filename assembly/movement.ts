// Phase: movement of players. Speed is checked by what the time since the last move allows.
//
//   OP_MOVE to a point 3 yd away, 10 ticks after the last: 10 * 7 / 20 * 1.2 = 4.2 yd allowed, so it is there at once.
//   OP_MOVE to a point 9 yd away: 4.2 yd now, counted as corrected, and the rest at 7 yd/s in the following ticks.
//
// A real displacement cancels the mover's cast; a nudge (a fault's) does not.

import { COUNTER_CORRECTED, COUNTER_ENTITIES_MOVED, ENTITY_DEAD, ENTITY_GHOST, PHASE_MOVEMENT } from "./abi";
import { moveCancelsCast } from "./casts";
import { Flag, setPosition } from "./changes";
import { Clock } from "./clock";
import { Control } from "./control";
import { Cell, F32, U32 } from "./columns";
import { Counter } from "./counters";
import { emitCorrected, emitMoved } from "./events";
import {
  ENTITY_DEST_X,
  ENTITY_DEST_Y,
  ENTITY_DEST_Z,
  ENTITY_ID,
  ENTITY_MOVED_TICK,
  ENTITY_MOVING,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  HEADER_PLAYERS_HIGH,
  PLAYER_CORRECTED_TICK,
  PLAYER_FACE_X,
  PLAYER_FACE_Y,
} from "./memory";
import { Note } from "./note";
import { inWorld } from "./space";

export const MOVING_NOT: u32 = 0;
/** On its way to where a move command could not take it at once. */
export const MOVING_WALKS: u32 = 1;
/** A move command of this tick. */
export const MOVING_ASKED: u32 = 2;
/** As the two above, moved by a fault: without effect on casts. */
export const MOVING_NUDGED: u32 = 5;
export const MOVING_NUDGE_ASKED: u32 = 6;

const NUDGE_BIT: u32 = 4;
/** Yards a second. */
export const RUN_SPEED: f32 = 7;
/** How much faster than its speed a client may seem to be. */
const SPEED_SLACK: f32 = 1.2;
/** Seconds of standing still that may be made up for in one move. */
const CREDIT_SECONDS: u32 = 1;
/** Yards below which nobody has moved. */
const DISPLACEMENT_MIN: f32 = 0.001;

/** A move command: the row is to be at x, y, z (finite). */
export function askToMove(row: u32, x: f32, y: f32, z: f32, nudge: bool): void {
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

export function movePlayers(): void {
  Note.phase(PHASE_MOVEMENT);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    const moving = U32.get(ENTITY_MOVING, row);
    if (moving == MOVING_NOT) continue;
    Note.session(U32.get(ENTITY_ID, row));
    if (Flag.has(row, ENTITY_DEAD) && !Flag.has(row, ENTITY_GHOST)) U32.set(ENTITY_MOVING, row, MOVING_NOT);
    else movePlayer(row, moving);
  }
}

function movePlayer(row: u32, moving: u32): void {
  const asked = (moving & MOVING_ASKED) != 0;
  const allowed = asked ? credit(row) : Clock.step(Control.speed(row));
  const x = F32.get(ENTITY_X, row);
  const y = F32.get(ENTITY_Y, row);
  const z = F32.get(ENTITY_Z, row);
  const arrived = stepTowards(row, allowed);
  U32.set(ENTITY_MOVED_TICK, row, Clock.now());
  U32.set(ENTITY_MOVING, row, arrived ? MOVING_NOT : MOVING_WALKS | (moving & NUDGE_BIT));
  if (F32.get(ENTITY_X, row) != x || F32.get(ENTITY_Y, row) != y || F32.get(ENTITY_Z, row) != z) {
    Counter.add(COUNTER_ENTITIES_MOVED, 1);
    F32.set(PLAYER_FACE_X, row, F32.get(ENTITY_X, row) - x);
    F32.set(PLAYER_FACE_Y, row, F32.get(ENTITY_Y, row) - y);
    emitMoved(row, x, y, z);
    if ((moving & NUDGE_BIT) == 0) moveCancelsCast(row);
  }
  if (asked && !arrived && (moving & NUDGE_BIT) == 0) correct(row);
}

/** Yards a move command may cover: what its speed allows for the ticks since the last move, with slack. */
function credit(row: u32): f32 {
  const ticks = min<u32>(Clock.now() - U32.get(ENTITY_MOVED_TICK, row), Clock.seconds(CREDIT_SECONDS));
  return <f32>ticks * Clock.step(Control.speed(row)) * SPEED_SLACK;
}

/** Moves a row up to `yards` towards its destination; true when it is there. */
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

/** Its client thinks it elsewhere than it is: counted, and told at most once a second. */
export function correct(row: u32): void {
  Counter.add(COUNTER_CORRECTED, 1);
  const last = U32.get(PLAYER_CORRECTED_TICK, row);
  if (last != 0 && Clock.now() - last < Clock.seconds(1)) return;
  U32.set(PLAYER_CORRECTED_TICK, row, Clock.now());
  emitCorrected(row);
}
