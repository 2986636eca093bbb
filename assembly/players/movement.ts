// Phase: movement of players. The time since the last move limits the distance of a move.
//
//   OP_MOVE to a point 3 yd away, 10 ticks after the last: 10 * 7 / 20 * 1.2 = 4.2 yd allowed, so it is there at once.
//   OP_MOVE to a point 9 yd away: 4.2 yd now, counted as corrected, and the rest at 7 yd/s in the following ticks.
//
// A real displacement cancels the mover's cast; a nudge (a fault's) does not.

import {
  COUNTER_CORRECTED,
  COUNTER_ENTITIES_MOVED,
  ENTITY_DEAD,
  ENTITY_GHOST,
  INTERRUPT_BY_MOVEMENT,
  PHASE_MOVEMENT,
} from "../abi";
import { markRequestMoved } from "../spells/cast-requests";
import { Flag } from "../state/changes";
import { Clock } from "../state/clock";
import { Control } from "../combat/control";
import { Cell, F32, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { emitCorrected, emitMoved } from "../state/events";
import { interruptCast } from "../combat/interrupts";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_TICKS,
  ENTITY_CHANNEL_NEXT,
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
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { isGuest } from "../state/player-flags";
import { MOVING_ASKED, MOVING_NOT, MOVING_WALKS, NUDGE_BIT, stepTowards } from "../space/walking";

/** A client may exceed its speed by this factor. */
const SPEED_SLACK: f32 = 1.2;
/** Seconds of standing still that one move may catch up. */
const CREDIT_SECONDS: u32 = 1;

export function movePlayers(): void {
  Breadcrumb.phase(PHASE_MOVEMENT);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    const moving = U32.get(ENTITY_MOVING, row);
    if (moving == MOVING_NOT) continue;
    Breadcrumb.session(U32.get(ENTITY_ID, row));
    if (Flag.has(row, ENTITY_DEAD) && !Flag.has(row, ENTITY_GHOST)) U32.set(ENTITY_MOVING, row, MOVING_NOT);
    else movePlayer(row, moving);
  }
}

function movePlayer(row: u32, moving: u32): void {
  const asked = (moving & MOVING_ASKED) != 0;
  const allowed = asked ? allowedYards(row) : Clock.step(Control.speed(row));
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
    if ((moving & NUDGE_BIT) == 0) cancelCastByMovement(row);
  }
  if (asked && !arrived && (moving & NUDGE_BIT) == 0) tellCorrection(row);
}

/** Yards a move command may cover: what its speed allows for the ticks since the last move, with slack. */
function allowedYards(row: u32): f32 {
  const ticks = min<u32>(Clock.now() - U32.get(ENTITY_MOVED_TICK, row), Clock.seconds(CREDIT_SECONDS));
  return <f32>ticks * Clock.step(Control.speed(row)) * SPEED_SLACK;
}

/** The client assumes a wrong position: counted, and sent to it at most once a second. */
export function tellCorrection(row: u32): void {
  Counter.add(COUNTER_CORRECTED, 1);
  const last = U32.get(PLAYER_CORRECTED_TICK, row);
  if (last != 0 && Clock.now() - last < Clock.seconds(1)) return;
  U32.set(PLAYER_CORRECTED_TICK, row, Clock.now());
  emitCorrected(row);
}

/** The player's own movement ends its cast in progress; only an instant spell may start in this tick. */
function cancelCastByMovement(row: u32): void {
  if (U32.get(ENTITY_CAST_END, row) != 0 && !mayGuestStep(row)) interruptCast(row, INTERRUPT_BY_MOVEMENT);
  markRequestMoved(row);
}

/**
 * A guest reads nothing, so it does not know that it casts, and moves all the time. In the second half of its cast that does not
 * interrupt the cast; otherwise almost none would complete.
 */
function mayGuestStep(row: u32): bool {
  if (!isGuest(row) || U32.get(ENTITY_CHANNEL_NEXT, row) != 0) return false;
  return (U32.get(ENTITY_CAST_END, row) - Clock.now()) * 2 <= U32.get(ENTITY_CAST_TICKS, row);
}
