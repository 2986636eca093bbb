// Phase: swings. An attacker strikes its target when it is alive, not casting, not stunned, near enough, not running away from
// the target, and has a swing ready. Main and off hand have timers of their own, and strike at least 0.2 s apart.
//
//   row 3: ATTACKING 1, TARGET 1000001, SWING_NEXT 540    in tick 540: a roll on the attack table; SWING_NEXT 580

import {
  AVOIDED_DODGE,
  AVOIDED_EVADE,
  AVOIDED_MISS,
  AVOIDED_PARRY,
  COUNTER_ATTACKS,
  DAMAGE_BLOCKED,
  DAMAGE_CRITICAL,
  DAMAGE_CRUSHING,
  DAMAGE_GLANCING,
  DAMAGE_MAGICAL,
  DAMAGE_PHYSICAL,
  ENTITY_EVADING,
  EVENT_AVOIDED,
  OP_ATTACK,
  PHASE_SWINGS,
  REFUSED_NOT_FACING,
} from "../abi";
import {
  OUTCOME_BLOCK,
  OUTCOME_CRITICAL,
  OUTCOME_CRUSHING,
  OUTCOME_DODGE,
  OUTCOME_GLANCING,
  OUTCOME_MISS,
  OUTCOME_PARRY,
  SWING_BY_CREATURE,
  SWING_BY_PLAYER,
  SWING_DUAL,
  SWING_FRONT,
  SWING_HELPLESS,
  SWING_SHIELD,
  glancingLeast,
  glancingMost,
  rollSwing,
} from "./attack-table";
import { Flag, setTarget } from "../state/changes";
import { Clock } from "../state/clock";
import { CONTROL_STUNNED, Control } from "./control";
import { Cell, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { dealDamage } from "./damage";
import { provoke } from "./aggro";
import { emit, emitRefused } from "../state/events";
import { canStrike, isInFront } from "../space/facing";
import { attackRefusal } from "./hostility";
import {
  ENTITY_ARMOR,
  ENTITY_ATTACKING,
  ENTITY_CAST_END,
  ENTITY_DAMAGE_MAX,
  ENTITY_DAMAGE_MIN,
  ENTITY_ID,
  ENTITY_LEVEL,
  ENTITY_RESISTANCE,
  ENTITY_SWING_NEXT,
  ENTITY_SWING_TICKS,
  ENTITY_TARGET,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  PLAYER_DAMAGE_BOUND,
  PLAYER_DAMAGE_TYPE,
  PLAYER_OFF_MAX,
  PLAYER_OFF_MIN,
  PLAYER_OFF_NEXT,
  PLAYER_OFF_TICKS,
} from "../memory/memory";
import { throughArmor, throughResistance } from "./mitigation";
import { Breadcrumb } from "../state/breadcrumb";
import { randomBetween } from "../state/random";
import { Row, rowOf } from "../state/entity-rows";
import { PlayerClass } from "./stats";
import { inMeleeRange } from "../space/space";

/** Milliseconds between a swing of one hand and a swing of the other. */
const HANDS_APART_MS: u32 = 200;
/** Milliseconds that an attacker that faces away waits before the next try; the longest wait except the weapon's own time. */
export const SWING_WAIT_MS: u32 = 500;
/** Critical chance of a creature's swing, hundredths of a percent. */
const CREATURE_CRITICAL: u32 = 500;

export function swingAll(): void {
  Breadcrumb.phase(PHASE_SWINGS);
  const now = Clock.now();
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < players; row++) {
    if (U32.get(ENTITY_ATTACKING, row) == 0) continue;
    if (U32.get(ENTITY_SWING_NEXT, row) <= now) trySwing(row, false);
    if (U32.get(PLAYER_OFF_TICKS, row) != 0 && U32.get(PLAYER_OFF_NEXT, row) <= now) tryOffHand(row);
  }
  const end = PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH);
  for (let row: u32 = PLAYERS_MAX; row < end; row++) {
    if (U32.get(ENTITY_ATTACKING, row) != 0 && U32.get(ENTITY_SWING_NEXT, row) <= now) trySwing(row, false);
  }
}

function tryOffHand(row: u32): void {
  if (U32.get(ENTITY_ATTACKING, row) != 0) trySwing(row, true);
}

function trySwing(row: u32, offHand: bool): void {
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  const target = rowOf(U32.get(ENTITY_TARGET, row));
  if (attackRefusal(row, target) != 0) return stopAttack(row);
  if (U32.get(ENTITY_CAST_END, row) != 0 || !inMeleeRange(row, target)) return;
  if (Control.has(row, CONTROL_STUNNED)) return;
  if (!canStrike(row, target)) return waitToFace(row);
  startSwingTimers(row, offHand);
  Counter.add(COUNTER_ATTACKS, 1);
  if (Flag.has(target, ENTITY_EVADING)) tellAvoided(row, target, AVOIDED_EVADE);
  else swing(row, target, offHand);
}

/** A player's attack ends with its target; a creature chooses another target. */
function stopAttack(row: u32): void {
  if (Row.isCreature(row)) return;
  U32.set(ENTITY_ATTACKING, row, 0);
  setTarget(row, 0);
}

/** Both hands wait SWING_WAIT_MS, and the player gets NOT_FACING. */
function waitToFace(row: u32): void {
  const next = Clock.now() + Clock.milliseconds(SWING_WAIT_MS);
  U32.set(ENTITY_SWING_NEXT, row, next);
  U32.set(PLAYER_OFF_NEXT, row, max<u32>(next, U32.get(PLAYER_OFF_NEXT, row)));
  emitRefused(row, REFUSED_NOT_FACING, OP_ATTACK, 0, U32.get(ENTITY_TARGET, row));
}

/** The hand that strikes waits for its weapon's time; the other one waits at least HANDS_APART_MS. */
function startSwingTimers(row: u32, offHand: bool): void {
  const now = Clock.now();
  if (Row.isCreature(row) || U32.get(PLAYER_OFF_TICKS, row) == 0) {
    return U32.set(ENTITY_SWING_NEXT, row, now + U32.get(ENTITY_SWING_TICKS, row));
  }
  const apart = now + Clock.milliseconds(HANDS_APART_MS);
  if (offHand) {
    U32.set(PLAYER_OFF_NEXT, row, now + U32.get(PLAYER_OFF_TICKS, row));
    U32.set(ENTITY_SWING_NEXT, row, max<u32>(U32.get(ENTITY_SWING_NEXT, row), apart));
  } else {
    U32.set(ENTITY_SWING_NEXT, row, now + U32.get(ENTITY_SWING_TICKS, row));
    U32.set(PLAYER_OFF_NEXT, row, max<u32>(U32.get(PLAYER_OFF_NEXT, row), apart));
  }
}

function swing(row: u32, target: u32, offHand: bool): void {
  const advantage = <i32>U32.get(ENTITY_LEVEL, target) - <i32>U32.get(ENTITY_LEVEL, row);
  const critical = Row.isCreature(row) ? CREATURE_CRITICAL : PlayerClass.critical(row);
  const outcome = rollSwing(advantage, circumstances(row, target), critical);
  if (outcome == OUTCOME_MISS) return tellAvoided(row, target, AVOIDED_MISS);
  if (outcome == OUTCOME_DODGE) return tellAvoided(row, target, AVOIDED_DODGE);
  if (outcome == OUTCOME_PARRY) {
    hastenByParry(target);
    return tellAvoided(row, target, AVOIDED_PARRY);
  }
  const base = scaleDamage(baseDamage(row, offHand), outcome, advantage);
  const level = U32.get(ENTITY_LEVEL, row);
  const magical = !Row.isCreature(row) && U32.get(PLAYER_DAMAGE_TYPE, row) == DAMAGE_MAGICAL;
  let through = magical
    ? throughResistance(base, U32.get(ENTITY_RESISTANCE, target), level)
    : throughArmor(base, U32.get(ENTITY_ARMOR, target), level);
  if (outcome == OUTCOME_BLOCK) through -= min<u32>(through, PlayerClass.block(target));
  dealDamage(row, target, base, through, (magical ? DAMAGE_MAGICAL : DAMAGE_PHYSICAL) | damageInfo(outcome), 0);
}

/** SWING_* bits of an attack. */
function circumstances(row: u32, target: u32): u32 {
  const creature = Row.isCreature(row);
  let bits: u32 = creature ? SWING_BY_CREATURE : SWING_BY_PLAYER;
  if (!creature && U32.get(PLAYER_OFF_TICKS, row) != 0) bits |= SWING_DUAL;
  if (Control.has(target, CONTROL_STUNNED)) bits |= SWING_HELPLESS;
  if (isInFront(target, row)) bits |= SWING_FRONT;
  if (PlayerClass.block(target) > 0) bits |= SWING_SHIELD;
  return bits;
}

function tellAvoided(row: u32, target: u32, how: u32): void {
  emit(EVENT_AVOIDED, how, row, target, 0, 0, 0, 0, 0);
  if (Row.isCreature(target)) provoke(row, target, 0);
}

/** A parry shortens the wait for the parrier's next swing: to 20 % of its time when 20 to 60 % are left, by 40 % when more is left. */
function hastenByParry(row: u32): void {
  const next = U32.get(ENTITY_SWING_NEXT, row);
  if (next <= Clock.now()) return;
  const full = U32.get(ENTITY_SWING_TICKS, row);
  const left = next - Clock.now();
  if (left * 5 > full * 3) U32.set(ENTITY_SWING_NEXT, row, next - (full * 2) / 5);
  else if (left * 5 > full) U32.set(ENTITY_SWING_NEXT, row, Clock.now() + full / 5);
}

/** Damage of a swing in one of the special bands. */
function scaleDamage(damage: u32, outcome: u32, advantage: i32): u32 {
  if (outcome == OUTCOME_CRITICAL) return damage * 2;
  if (outcome == OUTCOME_CRUSHING) return damage + damage / 2;
  if (outcome != OUTCOME_GLANCING) return damage;
  return max<u32>((damage * randomBetween(glancingLeast(advantage), glancingMost(advantage))) / 100, 1);
}

/** DAMAGE_* bit of a band. */
function damageInfo(outcome: u32): u32 {
  if (outcome == OUTCOME_CRITICAL) return DAMAGE_CRITICAL;
  if (outcome == OUTCOME_CRUSHING) return DAMAGE_CRUSHING;
  if (outcome == OUTCOME_GLANCING) return DAMAGE_GLANCING;
  return outcome == OUTCOME_BLOCK ? DAMAGE_BLOCKED : 0;
}

/** Damage rolled for the weapon, at most the upper bound that the client sent. */
function baseDamage(row: u32, offHand: bool): u32 {
  const least = offHand ? U32.get(PLAYER_OFF_MIN, row) : U32.get(ENTITY_DAMAGE_MIN, row);
  const most = offHand ? U32.get(PLAYER_OFF_MAX, row) : U32.get(ENTITY_DAMAGE_MAX, row);
  const rolled = randomBetween(least, most);
  if (Row.isCreature(row)) return rolled;
  const bound = U32.get(PLAYER_DAMAGE_BOUND, row);
  return bound == 0 ? rolled : min<u32>(rolled, bound);
}
