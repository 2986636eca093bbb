// The effects of damage: health, threat, rage, death. Healing as well. One function for each, used by both swings and
// spells.
//
//   harm(3, 4100, 40, 31, DAMAGE_PHYSICAL, 0)   player row 3 hits creature row 4100: 40 rolled, 31 through its armour

import { COUNTER_DAMAGE, COUNTER_HEALING, DAMAGE_PERIODIC, ENTITY_DEAD, ENTITY_EVADING, EVENT_HEALED } from "../abi";
import { throughAbsorption } from "./auras";
import { Flag, setHealth, setPower } from "../state/changes";
import { U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { kill } from "./death";
import { provoke, refreshLeash } from "./aggro";
import { emit, emitDamage } from "../state/events";
import { pushBack } from "./interrupts";
import {
  ENTITY_AURA_COUNT,
  ENTITY_HEALTH,
  ENTITY_LEVEL,
  ENTITY_MAX_HEALTH,
  ENTITY_MAX_POWER,
  ENTITY_POWER,
} from "../memory/memory";
import { Row } from "../state/entity-rows";
import { POWER_RAGE, powerTypeOf } from "../state/content-tables";
import { addHealingThreat } from "./threat";

/** Deals `through` of `base` damage to a living target; info = DAMAGE_* bits; spell = id, 0 for a swing. */
export function dealDamage(source: u32, target: u32, base: u32, through: u32, info: u32, spell: u32): void {
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

/** Gives a living target up to `amount` health; half of the health gained is threat, split among the creatures that fight the target. */
export function heal(source: u32, target: u32, amount: u32, spell: u32): void {
  const health = U32.get(ENTITY_HEALTH, target);
  const missing = U32.get(ENTITY_MAX_HEALTH, target) - health;
  const actual = min<u32>(amount, missing);
  setHealth(target, health + actual);
  Counter.add(COUNTER_HEALING, actual);
  emit(EVENT_HEALED, 0, source, target, actual, health + actual, spell, 0, 0);
  addHealingThreat(source, target, actual);
}

/** Rage from damage dealt (factor 7.5) or taken (2.5), by the classic conversion of the level. */
function gainRage(row: u32, damage: u32, factor: f32): void {
  if (Row.isCreature(row) || powerTypeOf(row) != POWER_RAGE || Flag.has(row, ENTITY_DEAD)) return;
  const level = <f32>U32.get(ENTITY_LEVEL, row);
  const conversion = <f32>0.0091107836 * level * level + <f32>3.225598133 * level + <f32>4.2652911;
  const gained = <u32>min<f32>((factor * <f32>damage) / conversion, 1000);
  setPower(row, min<u32>(U32.get(ENTITY_POWER, row) + gained, U32.get(ENTITY_MAX_POWER, row)));
}
