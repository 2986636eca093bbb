// Phase: swings. Whoever attacks, is alive, not casting, near enough and has its swing ready strikes its target.
//
//   row 3: ATTACKING 1, TARGET 1000001, SWING_NEXT 540    in tick 540: a roll on the attack table; SWING_NEXT 580

import { COUNTER_ATTACKS, DAMAGE_MAGICAL, DAMAGE_PHYSICAL, ENTITY_EVADING, PHASE_SWINGS } from "./abi";
import { LANDS_CRITICAL, LANDS_DODGE, LANDS_MISS, rollSwing } from "./attack-table";
import { Flag, setTarget } from "./changes";
import { Clock } from "./clock";
import { Cell, F32, U32 } from "./columns";
import { Counter } from "./counters";
import { harm, provoke } from "./damage";
import {
  ENTITY_ARMOR,
  ENTITY_ATTACKING,
  ENTITY_CAST_END,
  ENTITY_DAMAGE_MAX,
  ENTITY_DAMAGE_MIN,
  ENTITY_ID,
  ENTITY_LEVEL,
  ENTITY_MELEE_RANGE,
  ENTITY_RESISTANCE,
  ENTITY_SWING_NEXT,
  ENTITY_SWING_TICKS,
  ENTITY_TARGET,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  PLAYER_DAMAGE_BOUND,
  PLAYER_DAMAGE_TYPE,
} from "./memory";
import { throughArmor, throughResistance } from "./mitigation";
import { Note } from "./note";
import { randomBetween } from "./random";
import { Row, rowOf } from "./rows";
import { isWithin } from "./space";
import { refusalOfEnemy } from "./targets";

export function swingAll(): void {
  Note.phase(PHASE_SWINGS);
  const now = Clock.now();
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < players; row++) {
    if (U32.get(ENTITY_ATTACKING, row) != 0 && U32.get(ENTITY_SWING_NEXT, row) <= now) trySwing(row);
  }
  const end = PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH);
  for (let row: u32 = PLAYERS_MAX; row < end; row++) {
    if (U32.get(ENTITY_ATTACKING, row) != 0 && U32.get(ENTITY_SWING_NEXT, row) <= now) trySwing(row);
  }
}

/** True when two rows are near enough for the first one's weapon. */
export function inMeleeRange(attacker: u32, target: u32): bool {
  return isWithin(attacker, target, F32.get(ENTITY_MELEE_RANGE, attacker));
}

function trySwing(row: u32): void {
  Note.entity(U32.get(ENTITY_ID, row));
  const target = rowOf(U32.get(ENTITY_TARGET, row));
  if (refusalOfEnemy(row, target) != 0) return stopAttack(row);
  if (U32.get(ENTITY_CAST_END, row) != 0 || Flag.has(target, ENTITY_EVADING) || !inMeleeRange(row, target)) return;
  U32.set(ENTITY_SWING_NEXT, row, Clock.now() + U32.get(ENTITY_SWING_TICKS, row));
  Counter.add(COUNTER_ATTACKS, 1);
  swing(row, target);
}

/** A player's attack ends with its target; a creature chooses anew by itself. */
function stopAttack(row: u32): void {
  if (Row.isCreature(row)) return;
  U32.set(ENTITY_ATTACKING, row, 0);
  setTarget(row, 0);
}

function swing(row: u32, target: u32): void {
  const level = U32.get(ENTITY_LEVEL, row);
  const lands = rollSwing(<i32>U32.get(ENTITY_LEVEL, target) - <i32>level);
  if (lands == LANDS_MISS || lands == LANDS_DODGE) {
    if (Row.isCreature(target)) provoke(row, target, 0);
    return;
  }
  const rolled = baseDamage(row);
  const base = lands == LANDS_CRITICAL ? rolled * 2 : rolled;
  const magical = !Row.isCreature(row) && U32.get(PLAYER_DAMAGE_TYPE, row) == DAMAGE_MAGICAL;
  const actual = magical
    ? throughResistance(base, U32.get(ENTITY_RESISTANCE, target), level)
    : throughArmor(base, U32.get(ENTITY_ARMOR, target), level);
  harm(row, target, base, actual, magical ? DAMAGE_MAGICAL : DAMAGE_PHYSICAL, 0);
}

/** What the weapon rolls, at most what the client bound itself to. */
function baseDamage(row: u32): u32 {
  const rolled = randomBetween(U32.get(ENTITY_DAMAGE_MIN, row), U32.get(ENTITY_DAMAGE_MAX, row));
  if (Row.isCreature(row)) return rolled;
  const bound = U32.get(PLAYER_DAMAGE_BOUND, row);
  return bound == 0 ? rolled : min<u32>(rolled, bound);
}
