// The effect of a spell on its target, at completion or each time a channel takes effect.

import {
  AVOIDED_EVADE,
  AVOIDED_MISS,
  AVOIDED_RESIST,
  DAMAGE_CRITICAL,
  DAMAGE_MAGICAL,
  DAMAGE_PHYSICAL,
  ENTITY_DEAD,
  ENTITY_EVADING,
  EVENT_AVOIDED,
  INTERRUPT_BY_SPELL,
} from "../abi";
import { collectAround } from "./area-targets";
import { OUTCOME_CRITICAL, OUTCOME_MISS, rollSpell } from "../combat/attack-table";
import { applyAura } from "../combat/auras";
import { Flag, setPower } from "../state/changes";
import { Clock } from "../state/clock";
import { controlOf } from "../combat/control";
import { F32, U16, U32 } from "../memory/columns";
import { dealDamage, heal } from "../combat/damage";
import { provoke, taunt } from "../combat/aggro";
import { emit } from "../state/events";
import { interruptCast } from "../combat/interrupts";
import {
  AREA_ROW,
  ENTITY_ARMOR,
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_LEVEL,
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_LOCKED_UNTIL,
  ENTITY_MAX_POWER,
  ENTITY_POWER,
  ENTITY_RESISTANCE,
  PLAYER_THREAT_FACTOR,
  SCHOOLS_MAX,
  SPELL_AMOUNT_MAX,
  SPELL_AMOUNT_MIN,
  SPELL_AREA,
  SPELL_AURA_KIND,
  SPELL_EFFECT,
  SPELL_LOCKOUT_TICKS,
  SPELL_SCHOOL,
  SPELL_THREAT,
} from "../memory/memory";
import { resistsWholly, throughArmor, throughResistance } from "../combat/mitigation";
import { randomBetween } from "../state/random";
import { Row } from "../state/entity-rows";
import { PlayerClass } from "../combat/stats";
import {
  AURA_SLOW,
  EFFECT_DAMAGE,
  EFFECT_HARM,
  EFFECT_HEAL,
  EFFECT_HELP,
  EFFECT_INTERRUPT,
  EFFECT_POWER,
  EFFECT_STANCE,
  EFFECT_TAUNT,
  SCHOOL_PHYSICAL,
  Spell,
  spellOf,
} from "../state/content-tables";
import { addHealingThreat } from "../combat/threat";

/** Applies a known spell to its target, or to the enemies around it; if the target evades, an AVOIDED event says so. */
export function applySpell(caster: u32, target: u32, spell: usize, spellId: u32): void {
  const area = Spell.float(spell, SPELL_AREA);
  if (area > 0 && Spell.isHarmful(spell)) {
    if (target != caster && Flag.has(target, ENTITY_EVADING)) tellEvaded(caster, target, spellId);
    applyToArea(caster, target, area, spell, spellId);
  } else applyToOne(caster, target, spell, spellId);
}

/** Applies the spell to each enemy of the caster within `yards` (one cell of the grid at most) of the row at the centre. */
function applyToArea(caster: u32, centre: u32, yards: f32, spell: usize, spellId: u32): void {
  const count = collectAround(centre, yards, !Row.isCreature(caster));
  for (let index: u32 = 0; index < count; index++) applyToOne(caster, U16.get(AREA_ROW, index), spell, spellId);
}

/** Applies a known spell to one target. A dead target gets nothing; for one that evades, an AVOIDED event says so. */
function applyToOne(caster: u32, target: u32, spell: usize, spellId: u32): void {
  if (Flag.has(target, ENTITY_DEAD)) return;
  if (Flag.has(target, ENTITY_EVADING)) return tellEvaded(caster, target, spellId);
  const effect = Spell.get(spell, SPELL_EFFECT);
  if (effect == EFFECT_DAMAGE || effect == EFFECT_HARM) return applyHarmful(caster, target, spell, spellId, effect);
  if (effect == EFFECT_HEAL) heal(caster, target, amountOf(spell), spellId);
  else if (effect == EFFECT_INTERRUPT) interruptAndLock(caster, target, spell);
  else if (effect == EFFECT_TAUNT && Row.isCreature(target) && !Row.isCreature(caster)) taunt(caster, target);
  else if (effect == EFFECT_POWER) gainPower(caster, amountOf(spell));
  else if (effect == EFFECT_STANCE) F32.set(PLAYER_THREAT_FACTOR, caster, Spell.float(spell, SPELL_THREAT));
  if (effect == EFFECT_HEAL || effect == EFFECT_HELP || effect == EFFECT_INTERRUPT) {
    applyAura(caster, target, spell, spellId);
  }
}

/** A swing or spell at an evading creature has no effect; an AVOIDED event says so to everyone who sees it. */
function tellEvaded(caster: u32, target: u32, spellId: u32): void {
  emit(EVENT_AVOIDED, AVOIDED_EVADE, caster, target, spellId, 0, 0, 0, 0);
}

function amountOf(spell: usize): u32 {
  return randomBetween(Spell.get(spell, SPELL_AMOUNT_MIN), Spell.get(spell, SPELL_AMOUNT_MAX));
}

/** Damage, an aura, or both. One roll decides whether the spell hits; a spell with control has a second roll for resistance. */
function applyHarmful(caster: u32, target: u32, spell: usize, spellId: u32, effect: u32): void {
  const advantage = <i32>U32.get(ENTITY_LEVEL, target) - <i32>U32.get(ENTITY_LEVEL, caster);
  const outcome = rollSpell(advantage, effect == EFFECT_DAMAGE ? PlayerClass.critical(caster) : 0);
  if (outcome == OUTCOME_MISS) return tellAvoided(caster, target, spellId, AVOIDED_MISS);
  const resistance = U32.get(ENTITY_RESISTANCE, target);
  if (isBinary(spell) && resistsWholly(resistance, U32.get(ENTITY_LEVEL, caster))) {
    return tellAvoided(caster, target, spellId, AVOIDED_RESIST);
  }
  if (effect == EFFECT_DAMAGE) dealSpellDamage(caster, target, spell, spellId, outcome == OUTCOME_CRITICAL);
  else if (Row.isCreature(target)) provoke(caster, target, <f32>0);
  const bonus = Spell.float(spell, SPELL_THREAT);
  if (bonus > 0 && Row.isCreature(target)) provoke(caster, target, bonus);
  if (!Flag.has(target, ENTITY_DEAD | ENTITY_EVADING)) applyAura(caster, target, spell, spellId);
}

function tellAvoided(caster: u32, target: u32, spellId: u32, how: u32): void {
  emit(EVENT_AVOIDED, how, caster, target, spellId, 0, 0, 0, 0);
  if (Row.isCreature(target)) provoke(caster, target, <f32>0);
}

/** True for magic that slows, stuns, silences or roots: it is resisted completely or not at all. */
function isBinary(spell: usize): bool {
  if (Spell.get(spell, SPELL_SCHOOL) == SCHOOL_PHYSICAL) return false;
  const kind = Spell.get(spell, SPELL_AURA_KIND);
  return kind == AURA_SLOW || controlOf(kind) != 0;
}

function dealSpellDamage(caster: u32, target: u32, spell: usize, spellId: u32, critical: bool): void {
  const level = U32.get(ENTITY_LEVEL, caster);
  const physical = Spell.get(spell, SPELL_SCHOOL) == SCHOOL_PHYSICAL;
  const rolled = amountOf(spell);
  const base = critical ? (physical ? rolled * 2 : rolled + rolled / 2) : rolled;
  let through = base;
  if (physical) through = throughArmor(base, U32.get(ENTITY_ARMOR, target), level);
  else if (!isBinary(spell)) through = throughResistance(base, U32.get(ENTITY_RESISTANCE, target), level);
  const info = (physical ? DAMAGE_PHYSICAL : DAMAGE_MAGICAL) | (critical ? DAMAGE_CRITICAL : 0);
  dealDamage(caster, target, base, through, info, spellId);
}

/** Ends the target's cast and locks the school of what it cast, for as long as the interrupting spell says. */
function interruptAndLock(caster: u32, target: u32, spell: usize): void {
  if (Row.isCreature(target)) provoke(caster, target, <f32>0);
  if (U32.get(ENTITY_CAST_END, target) == 0) return;
  const school = Spell.get(spellOf(U32.get(ENTITY_CAST_SPELL, target)), SPELL_SCHOOL) & (SCHOOLS_MAX - 1);
  const until = Clock.now() + Spell.get(spell, SPELL_LOCKOUT_TICKS);
  const locks: usize = ENTITY_LOCKED + target * ENTITY_LOCKED_STRIDE;
  U32.set(locks, school, max<u32>(U32.get(locks, school), until));
  U32.set(ENTITY_LOCKED_UNTIL, target, max<u32>(U32.get(ENTITY_LOCKED_UNTIL, target), until));
  interruptCast(target, INTERRUPT_BY_SPELL);
}

/** Gives power; each point causes half a point of threat. */
function gainPower(row: u32, amount: u32): void {
  const power = U32.get(ENTITY_POWER, row);
  const gained = min<u32>(amount, U32.get(ENTITY_MAX_POWER, row) - power);
  setPower(row, power + gained);
  addHealingThreat(row, row, gained);
}
