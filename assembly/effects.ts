// What a spell does to its target once it is cast: damage, healing, interruption.

import { DAMAGE_MAGICAL, DAMAGE_PHYSICAL, ENTITY_DEAD, ENTITY_EVADING, INTERRUPT_BY_SPELL } from "./abi";
import { LANDS_CRITICAL, LANDS_MISS, rollSpell } from "./attack-table";
import { interruptCast } from "./cancel";
import { Flag } from "./changes";
import { Clock } from "./clock";
import { U32 } from "./columns";
import { harm, heal, provoke } from "./damage";
import {
  ENTITY_ARMOR,
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_LEVEL,
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_RESISTANCE,
  SCHOOLS_MAX,
  SPELL_AMOUNT_MAX,
  SPELL_AMOUNT_MIN,
  SPELL_EFFECT,
  SPELL_LOCKOUT_TICKS,
  SPELL_SCHOOL,
} from "./memory";
import { throughArmor, throughResistance } from "./mitigation";
import { randomBetween } from "./random";
import { Row } from "./rows";
import { EFFECT_DAMAGE, EFFECT_HEAL, EFFECT_INTERRUPT, SCHOOL_PHYSICAL, Spell, spellOf } from "./tables";

/** Applies a known spell; nothing happens to the dead and to those who evade. */
export function applySpell(caster: u32, target: u32, spell: usize, spellId: u32): void {
  if (Flag.has(target, ENTITY_DEAD | ENTITY_EVADING)) return;
  const effect = Spell.get(spell, SPELL_EFFECT);
  if (effect == EFFECT_DAMAGE) strike(caster, target, spell, spellId);
  else if (effect == EFFECT_HEAL) heal(caster, target, amountOf(spell), spellId);
  else if (effect == EFFECT_INTERRUPT) interrupt(caster, target, spell);
}

function amountOf(spell: usize): u32 {
  return randomBetween(Spell.get(spell, SPELL_AMOUNT_MIN), Spell.get(spell, SPELL_AMOUNT_MAX));
}

function strike(caster: u32, target: u32, spell: usize, spellId: u32): void {
  const level = U32.get(ENTITY_LEVEL, caster);
  const lands = rollSpell(<i32>U32.get(ENTITY_LEVEL, target) - <i32>level, !Row.isCreature(caster));
  if (lands == LANDS_MISS) {
    if (Row.isCreature(target)) provoke(caster, target, 0);
    return;
  }
  const rolled = amountOf(spell);
  const base = lands == LANDS_CRITICAL ? rolled + rolled / 2 : rolled;
  const physical = Spell.get(spell, SPELL_SCHOOL) == SCHOOL_PHYSICAL;
  const actual = physical
    ? throughArmor(base, U32.get(ENTITY_ARMOR, target), level)
    : throughResistance(base, U32.get(ENTITY_RESISTANCE, target), level);
  harm(caster, target, base, actual, physical ? DAMAGE_PHYSICAL : DAMAGE_MAGICAL, spellId);
}

/** Ends the target's cast and locks the school of what it cast, for as long as the interrupting spell says. */
function interrupt(caster: u32, target: u32, spell: usize): void {
  if (Row.isCreature(target)) provoke(caster, target, 0);
  if (U32.get(ENTITY_CAST_END, target) == 0) return;
  const school = Spell.get(spellOf(U32.get(ENTITY_CAST_SPELL, target)), SPELL_SCHOOL) & (SCHOOLS_MAX - 1);
  const until = Clock.now() + Spell.get(spell, SPELL_LOCKOUT_TICKS);
  const locks: usize = ENTITY_LOCKED + target * ENTITY_LOCKED_STRIDE;
  U32.set(locks, school, max<u32>(U32.get(locks, school), until));
  interruptCast(target, INTERRUPT_BY_SPELL);
}
