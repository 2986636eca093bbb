// Which way an entity faces. Clients send positions, not directions, so the kernel derives the direction. A player that moved
// in the last fifth of a second faces the direction of the movement; a player that stands, and a creature, face their target.
//
//   a player runs from 10,0 to 10.3,0 with its target at 0,0: the target is behind it, and it can not strike

import { Clock } from "../state/clock";
import { F32, U32 } from "../memory/columns";
import {
  ENTITY_CHANGED_POSITION,
  ENTITY_TARGET,
  ENTITY_X,
  ENTITY_Y,
  PLAYER_FACE_X,
  PLAYER_FACE_Y,
} from "../memory/memory";
import { NO_ROW, Row, rowOf } from "../state/entity-rows";

const MOVED_MS: u32 = 200;
/** Cosine of 120 degrees: a target at the side or a little behind can still be struck. */
const STRIKES_WITHIN: f32 = -0.5;

/** True when a row can strike the target, because it does not run away from it. */
export function canStrike(row: u32, target: u32): bool {
  if (Row.isCreature(row) || !movedLately(row)) return true;
  return isWithinAngle(F32.get(PLAYER_FACE_X, row), F32.get(PLAYER_FACE_Y, row), row, target, STRIKES_WITHIN);
}

/** True when `other` is in front of a row, not behind it. */
export function isInFront(row: u32, other: u32): bool {
  if (!Row.isCreature(row) && movedLately(row)) {
    return isWithinAngle(F32.get(PLAYER_FACE_X, row), F32.get(PLAYER_FACE_Y, row), row, other, 0);
  }
  const target = rowOf(U32.get(ENTITY_TARGET, row));
  if (target == NO_ROW || target == other) return true;
  const x = F32.get(ENTITY_X, target) - F32.get(ENTITY_X, row);
  const y = F32.get(ENTITY_Y, target) - F32.get(ENTITY_Y, row);
  return isWithinAngle(x, y, row, other, 0);
}

function movedLately(row: u32): bool {
  const moved = U32.get(ENTITY_CHANGED_POSITION, row);
  return (
    Clock.now() - moved < Clock.milliseconds(MOVED_MS) &&
    (F32.get(PLAYER_FACE_X, row) != 0 || F32.get(PLAYER_FACE_Y, row) != 0)
  );
}

/** True when the angle between the direction x, y and the direction from a row to the other has at least this cosine. */
function isWithinAngle(x: f32, y: f32, row: u32, other: u32, cosine: f32): bool {
  const dx = F32.get(ENTITY_X, other) - F32.get(ENTITY_X, row);
  const dy = F32.get(ENTITY_Y, other) - F32.get(ENTITY_Y, row);
  return x * dx + y * dy >= cosine * sqrt<f32>((x * x + y * y) * (dx * dx + dy * dy));
}
