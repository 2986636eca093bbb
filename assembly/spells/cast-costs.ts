// What a spell costs its caster: time, power, cooldowns. Creatures cast free; guests cast some spells at will.
//
//   fireball (200), known to a mage: cast 2 s = 40 ticks, global cooldown 1.5 s = 30 ticks, 30 mana, no cooldown of its own
//   an unknown spell:                the cast time that the client sends, the global cooldown, nothing else

import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import { startCooldown } from "./cooldowns";
import { setPower } from "../state/changes";
import {
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_LOCKED_UNTIL,
  ENTITY_POWER,
  ENTITY_SPENT_TICK,
  SCHOOLS_MAX,
  SPELL_CAST_TICKS,
  SPELL_COOLDOWN_TICKS,
  SPELL_COST,
  SPELL_FLAGS,
  SPELL_GCD_TICKS,
  SPELL_POWER_TYPE,
  SPELL_SCHOOL,
} from "../memory/memory";
import { isGuest } from "../state/player-flags";
import { Row } from "../state/entity-rows";
import { SPELL_AT_WILL, Spell, powerTypeOf } from "../state/content-tables";

/** Global cooldown of an unknown spell, milliseconds. */
export const GCD_MS: u32 = 1500;

/** Takes the cost and starts the cooldown; false when there is not enough power. Creatures cast free. */
export function payCost(row: u32, spell: usize, spellId: u32): bool {
  if (Row.isCreature(row)) return true;
  if (!canPay(row, spell)) return false;
  const cost = costFor(row, spell);
  if (cost > 0) {
    setPower(row, U32.get(ENTITY_POWER, row) - cost);
    U32.set(ENTITY_SPENT_TICK, row, Clock.now());
  }
  const cooldown = cooldownTicks(row, spell);
  if (cooldown > 0) startCooldown(row, spellId, Clock.now() + cooldown);
  return true;
}

/** Cast time of a known spell for a player, in ticks. */
export function castTicks(row: u32, spell: usize): u32 {
  return isAtWill(row, spell) ? 0 : Spell.get(spell, SPELL_CAST_TICKS);
}

/** Cooldown of a known spell for a player, in ticks. */
export function cooldownTicks(row: u32, spell: usize): u32 {
  return isAtWill(row, spell) ? 0 : Spell.get(spell, SPELL_COOLDOWN_TICKS);
}

/** True for a guest's spell that follows the earlier simulator: instant, free, no cooldown except the global one. */
function isAtWill(row: u32, spell: usize): bool {
  return (Spell.get(spell, SPELL_FLAGS) & SPELL_AT_WILL) != 0 && isGuest(row);
}

/** Ticks of the global cooldown that a spell starts; 0 for a spell that ignores it. */
export function gcdTicks(spell: usize): u32 {
  return spell == 0 ? Clock.milliseconds(GCD_MS) : Spell.get(spell, SPELL_GCD_TICKS);
}

export function canPay(row: u32, spell: usize): bool {
  return costFor(row, spell) <= U32.get(ENTITY_POWER, row);
}

/** A common spell costs nothing for a class with another power: old clients cast it with any class. */
function costFor(row: u32, spell: usize): u32 {
  if (isAtWill(row, spell)) return 0;
  return powerTypeOf(row) == Spell.get(spell, SPELL_POWER_TYPE) ? Spell.get(spell, SPELL_COST) : 0;
}

/** True while an interrupt keeps the spell's school locked. */
export function isSchoolLocked(row: u32, spell: usize): bool {
  if (Clock.now() >= U32.get(ENTITY_LOCKED_UNTIL, row)) return false;
  const school = Spell.get(spell, SPELL_SCHOOL) & (SCHOOLS_MAX - 1);
  return Clock.now() < U32.get(ENTITY_LOCKED + row * ENTITY_LOCKED_STRIDE, school);
}
