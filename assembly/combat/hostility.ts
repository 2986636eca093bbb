// Who may attack whom: players and creatures may attack each other, never their own kind.
//
//   attackRefusal(3, 4100)   0: the player in row 3 may attack the creature in row 4100
//   attackRefusal(3, 9)      REFUSED_INVALID_TARGET: row 9 is a player too

import {
  ENTITY_DEAD,
  ENTITY_EVADING,
  ENTITY_PHANTOM,
  REFUSED_INVALID_TARGET,
  REFUSED_NO_SUCH_ENTITY,
  REFUSED_TARGET_DEAD,
} from "../abi";
import { Flag } from "../state/changes";
import { U32 } from "../memory/columns";
import { CREATURE_GONE } from "../state/creature-states";
import { NO_ROW, Row } from "../state/entity-rows";
import { CREATURE_STATE, ENTITY_ID } from "../memory/memory";

/** 0 when a player or creature may attack the target, else why not. */
export function attackRefusal(attacker: u32, target: u32): u32 {
  if (target == NO_ROW || isGone(target)) return REFUSED_NO_SUCH_ENTITY;
  if (Row.isCreature(attacker) == Row.isCreature(target)) return REFUSED_INVALID_TARGET;
  if (Flag.has(target, ENTITY_PHANTOM)) return REFUSED_INVALID_TARGET;
  return Flag.has(target, ENTITY_DEAD) ? REFUSED_TARGET_DEAD : 0;
}

function isGone(row: u32): bool {
  return Row.isCreature(row) && U32.get(CREATURE_STATE, Row.creatureIndex(row)) == CREATURE_GONE;
}

/** True for a creature that may be chosen as a target automatically: alive, no phantom, not evading. */
export function isAttackable(row: u32): bool {
  if (!Row.isCreature(row) || U32.get(ENTITY_ID, row) == 0) return false;
  return !Flag.has(row, ENTITY_DEAD | ENTITY_PHANTOM | ENTITY_EVADING);
}
