// What a blow does once it lands: health, threat, rage, death. Healing as well. One function each, used by swings and
// spells alike.
//
//   harm(3, 4100, 40, 31, DAMAGE_PHYSICAL, 0)   player row 3 hits creature row 4100: 40 rolled, 31 through its armour

import {
  AURA_ENDED_BY_DEATH,
  COUNTER_DAMAGE,
  COUNTER_HEALING,
  COUNTER_KILLS,
  DAMAGE_PERIODIC,
  ENTITY_DEAD,
  ENTITY_EVADING,
  ENTITY_IN_COMBAT,
  EVENT_HEALED,
  EVENT_KILLED,
  INTERRUPT_BY_DEATH,
} from "./abi";
import { removeAuras, throughAbsorption } from "./auras";
import { interruptCast } from "./cancel";
import { Flag, setFlags, setHealth, setPower, setTarget } from "./changes";
import { Clock } from "./clock";
import { countDeath } from "./deaths";
import { F32, U32 } from "./columns";
import { Counter } from "./counters";
import { engage, refreshLeash } from "./engage";
import { emit, emitDamage } from "./events";
import { shareExperience } from "./experience";
import {
  CREATURE_RESPAWN_TICK,
  CREATURE_STATE,
  CREATURE_TIMER,
  ENTITY_ATTACKING,
  ENTITY_AURA_COUNT,
  ENTITY_DEATH_TICK,
  ENTITY_FLAGS,
  ENTITY_HEALTH,
  ENTITY_LEVEL,
  ENTITY_MAX_HEALTH,
  ENTITY_MAX_POWER,
  ENTITY_MOVING,
  ENTITY_POWER,
  PLAYER_THREAT_FACTOR,
  TEMPLATE_CORPSE_TICKS,
  TEMPLATE_RESPAWN_MAX_TICKS,
  TEMPLATE_RESPAWN_MIN_TICKS,
} from "./memory";
import { pushBack } from "./pushback";
import { randomBetween } from "./random";
import { Row } from "./rows";
import { CREATURE_CORPSE } from "./states";
import { POWER_RAGE, Template, powerTypeOf } from "./tables";
import { addThreat, canHate, forgetEverywhere, forgetThreat, shareHealingThreat } from "./threat";

/** `through` of `base` damage gets to a living target; info = DAMAGE_* bits; spell = id, 0 for a swing. */
export function harm(source: u32, target: u32, base: u32, through: u32, info: u32, spell: u32): void {
  if (Flag.has(target, ENTITY_EVADING)) return;
  const actual = U32.get(ENTITY_AURA_COUNT, target) == 0 ? through : throughAbsorption(target, through);
  const before = U32.get(ENTITY_HEALTH, target);
  const after = before > actual ? before - actual : 0;
  setHealth(target, after);
  Counter.add(COUNTER_DAMAGE, actual);
  emitDamage(source, target, info, base, actual, through - actual, after, spell);
  if (actual > 0 && (info & DAMAGE_PERIODIC) == 0) pushBack(target);
  if (Row.isCreature(target)) {
    provoke(source, target, <f32>actual);
    if (!Flag.has(source, ENTITY_DEAD)) refreshLeash(target);
  } else if (Row.isCreature(source) && !Flag.has(source, ENTITY_DEAD)) refreshLeash(source);
  if (spell == 0) gainRage(source, actual, 7.5);
  gainRage(target, actual, 2.5);
  if (after == 0) kill(target, source);
}

/** A hostile act of a living player against a creature: it fights back, and hates it by so much more, times its stance. */
export function provoke(player: u32, creature: u32, threat: f32): void {
  if (Row.isCreature(player) || !canHate(creature, player)) return;
  engage(creature, player);
  addThreat(creature, player, threat * F32.get(PLAYER_THREAT_FACTOR, player));
}

/** Healing done or power gained: half a point of threat a point, times the stance, split among those who fight `healed`. */
export function addHealingThreat(healer: u32, healed: u32, points: u32): void {
  if (points == 0 || Row.isCreature(healer) || Row.isCreature(healed)) return;
  shareHealingThreat(healer, healed, <f32>points * 0.5 * F32.get(PLAYER_THREAT_FACTOR, healer));
}

/** Gives a living target up to `amount` health; half of what arrives is threat, split among those who fight it. */
export function heal(source: u32, target: u32, amount: u32, spell: u32): void {
  const health = U32.get(ENTITY_HEALTH, target);
  const missing = U32.get(ENTITY_MAX_HEALTH, target) - health;
  const actual = min<u32>(amount, missing);
  setHealth(target, health + actual);
  Counter.add(COUNTER_HEALING, actual);
  emit(EVENT_HEALED, 0, source, target, actual, health + actual, spell, 0, 0);
  addHealingThreat(source, target, actual);
}

/** The target dies. */
export function kill(target: u32, killer: u32): void {
  interruptCast(target, INTERRUPT_BY_DEATH);
  removeAuras(target, AURA_ENDED_BY_DEATH);
  setHealth(target, 0);
  U32.set(ENTITY_ATTACKING, target, 0);
  U32.set(ENTITY_MOVING, target, 0);
  U32.set(ENTITY_DEATH_TICK, target, Clock.now());
  if (Row.isCreature(target)) layDown(target);
  else {
    forgetEverywhere(target);
    countDeath(target);
  }
  setFlags(target, (U32.get(ENTITY_FLAGS, target) & ~(ENTITY_IN_COMBAT | ENTITY_EVADING)) | ENTITY_DEAD);
  setTarget(target, 0);
  Counter.add(COUNTER_KILLS, 1);
  emit(EVENT_KILLED, 0, killer, target, 0, 0, 0, 0, 0);
}

/** A dead creature becomes a corpse, and knows when it comes back. */
function layDown(row: u32): void {
  shareExperience(row);
  forgetThreat(row);
  const index = Row.creatureIndex(row);
  const low = Template.u32(row, TEMPLATE_RESPAWN_MIN_TICKS);
  const wait = randomBetween(low, Template.u32(row, TEMPLATE_RESPAWN_MAX_TICKS));
  U32.set(CREATURE_STATE, index, CREATURE_CORPSE);
  U32.set(CREATURE_TIMER, index, Clock.now() + Template.u32(row, TEMPLATE_CORPSE_TICKS));
  U32.set(CREATURE_RESPAWN_TICK, index, Clock.now() + max<u32>(wait, Clock.seconds(1)));
}

/** Rage from a blow dealt (factor 7.5) or taken (2.5), by the classic conversion of the level. */
function gainRage(row: u32, damage: u32, factor: f32): void {
  if (Row.isCreature(row) || powerTypeOf(row) != POWER_RAGE || Flag.has(row, ENTITY_DEAD)) return;
  const level = <f32>U32.get(ENTITY_LEVEL, row);
  const conversion = <f32>0.0091107836 * level * level + <f32>3.225598133 * level + <f32>4.2652911;
  const gained = <u32>min<f32>((factor * <f32>damage) / conversion, 1000);
  setPower(row, min<u32>(U32.get(ENTITY_POWER, row) + gained, U32.get(ENTITY_MAX_POWER, row)));
}
