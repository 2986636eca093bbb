// Auras: the lasting effects of spells on entities. Each entity has a list of up to AURAS_MAX, in the order of their application.
//
//   row 4100:  AURA_COUNT 2   { spell 110, stacks 1, caster 3, end 740, amount 12 }   a curse: 12 damage every 3 s
//                             { spell 120, stacks 1, caster 9, end 620, amount 40 }   a chill: 40 % slower
//
// A second application by the same caster refreshes the aura, and stacks up to the spell's limit; another caster's aura is a second entry.
// An aura ends when its time is over, when it is used up, when its target dies or evades, and when its caster leaves the zone.

import {
  AURA_ENDED_REMOVED,
  AVOIDED_IMMUNE,
  EVENT_AURA_APPLIED,
  EVENT_AURA_ENDED,
  EVENT_AVOIDED,
  INTERRUPT_BY_SPELL,
} from "../abi";
import { Changed } from "../state/changes";
import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import {
  CONTROL_ROOTED,
  CONTROL_SILENCED,
  CONTROL_STUNNED,
  controlEnded,
  controlOf,
  countApplication,
  diminishedTicks,
} from "./control";
import { emit } from "../state/events";
import { interruptCast } from "./interrupts";
import {
  AURAS_MAX,
  AURA_AMOUNT,
  AURA_BASE,
  AURA_BYTES,
  AURA_CASTER,
  AURA_END,
  AURA_SPELL,
  AURA_STACKS,
  ENTITY_AURA_COUNT,
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CHANGED_AURAS,
  ENTITY_CONTROL,
  ENTITY_ID,
  ENTITY_SLOWED,
  SPELL_AURA_KIND,
  SPELL_AURA_MAX,
  SPELL_AURA_MIN,
  SPELL_AURA_STACKS,
  SPELL_AURA_TICKS,
  SPELL_SCHOOL,
} from "../memory/memory";
import { randomBetween } from "../state/random";
import { rowOf } from "../state/entity-rows";
import { AURA_ABSORB, AURA_SLOW, SCHOOL_PHYSICAL, Spell, spellOf } from "../state/content-tables";
import { stopWalking } from "../space/walking";

/** Fields of an aura, by its address. */
export class Aura {
  @inline static at(row: u32, slot: u32): usize {
    return AURA_BASE + (row * AURAS_MAX + slot) * AURA_BYTES;
  }
  @inline static spell(aura: usize): u32 {
    return load<u16>(aura + AURA_SPELL);
  }
  @inline static stacks(aura: usize): u32 {
    return load<u16>(aura + AURA_STACKS);
  }
  /** Entity id. */
  @inline static caster(aura: usize): u32 {
    return load<u32>(aura + AURA_CASTER);
  }
  @inline static end(aura: usize): u32 {
    return load<u32>(aura + AURA_END);
  }
  @inline static amount(aura: usize): u32 {
    return load<u32>(aura + AURA_AMOUNT);
  }
  @inline static kind(aura: usize): u32 {
    return Spell.get(spellOf(Aura.spell(aura)), SPELL_AURA_KIND);
  }
}

/** Applies the spell's aura, if it has one, to a living target; an immune target gets an event AVOIDED instead. */
export function applyAura(caster: u32, target: u32, spell: usize, spellId: u32): void {
  const kind = Spell.get(spell, SPELL_AURA_KIND);
  if (kind == 0) return;
  const ticks = diminishedTicks(target, kind, Spell.get(spell, SPELL_AURA_TICKS));
  if (ticks == 0) return emit(EVENT_AVOIDED, AVOIDED_IMMUNE, caster, target, spellId, 0, 0, 0, 0);
  const end = Clock.now() + ticks;
  countApplication(target, kind, end);
  const amount = randomBetween(Spell.get(spell, SPELL_AURA_MIN), Spell.get(spell, SPELL_AURA_MAX));
  const stacks = putAura(target, U32.get(ENTITY_ID, caster), spell, spellId, end, amount);
  emit(EVENT_AURA_APPLIED, kind, caster, target, spellId, end, stacks, amount, 0);
  updateControl(target);
  enforceControl(target, controlOf(kind));
}

/** Writes the aura into its slot; returns its stacks. */
function putAura(target: u32, caster: u32, spell: usize, spellId: u32, end: u32, amount: u32): u32 {
  const count = U32.get(ENTITY_AURA_COUNT, target);
  let slot: u32 = 0;
  while (slot < count && !isSameAura(Aura.at(target, slot), spellId, caster)) slot++;
  let stacks: u32 = 1;
  if (slot < count) {
    stacks = min<u32>(Aura.stacks(Aura.at(target, slot)) + 1, max<u32>(Spell.get(spell, SPELL_AURA_STACKS), 1));
  } else {
    if (count == AURAS_MAX) removeAura(target, firstToEnd(target), AURA_ENDED_REMOVED);
    slot = U32.get(ENTITY_AURA_COUNT, target);
    U32.set(ENTITY_AURA_COUNT, target, slot + 1);
  }
  const aura = Aura.at(target, slot);
  store<u16>(aura + AURA_SPELL, <u16>spellId);
  store<u16>(aura + AURA_STACKS, <u16>stacks);
  store<u32>(aura + AURA_CASTER, caster);
  store<u32>(aura + AURA_END, end);
  store<u32>(aura + AURA_AMOUNT, amount);
  return stacks;
}

function isSameAura(aura: usize, spellId: u32, caster: u32): bool {
  return Aura.spell(aura) == spellId && Aura.caster(aura) == caster;
}

function firstToEnd(row: u32): u32 {
  let first: u32 = 0;
  for (let slot: u32 = 1; U32.get(ENTITY_AURA_COUNT, row) > slot; slot++) {
    if (Aura.end(Aura.at(row, first)) > Aura.end(Aura.at(row, slot))) first = slot;
  }
  return first;
}

/** Ends what a new control forbids: the cast in progress, the walk. */
function enforceControl(target: u32, control: u32): void {
  if (control == 0) return;
  const casts = U32.get(ENTITY_CAST_END, target) != 0;
  if (casts && (control == CONTROL_STUNNED || (control == CONTROL_SILENCED && castsMagic(target)))) {
    interruptCast(target, INTERRUPT_BY_SPELL);
  }
  if ((control & (CONTROL_STUNNED | CONTROL_ROOTED)) != 0) stopWalking(target);
}

function castsMagic(row: u32): bool {
  return Spell.get(spellOf(U32.get(ENTITY_CAST_SPELL, row)), SPELL_SCHOOL) != SCHOOL_PHYSICAL;
}

/** Removes the aura in a slot; the later ones move up. */
export function removeAura(row: u32, slot: u32, reason: u32): void {
  const aura = Aura.at(row, slot);
  const count = U32.get(ENTITY_AURA_COUNT, row) - 1;
  emit(EVENT_AURA_ENDED, reason, rowOf(Aura.caster(aura)), row, Aura.spell(aura), 0, 0, 0, 0);
  controlEnded(row, Aura.kind(aura));
  memory.copy(aura, aura + AURA_BYTES, (count - slot) * AURA_BYTES);
  U32.set(ENTITY_AURA_COUNT, row, count);
  updateControl(row);
}

/** Removes all auras of a row. */
export function removeAuras(row: u32, reason: u32): void {
  while (U32.get(ENTITY_AURA_COUNT, row) > 0) removeAura(row, U32.get(ENTITY_AURA_COUNT, row) - 1, reason);
}

/** Damage left after absorbing auras, the oldest first. A used-up aura ends with the next aura tick. */
export function throughAbsorption(row: u32, damage: u32): u32 {
  let left = damage;
  for (let slot: u32 = 0; left > 0 && U32.get(ENTITY_AURA_COUNT, row) > slot; slot++) {
    const aura = Aura.at(row, slot);
    if (Aura.kind(aura) != AURA_ABSORB) continue;
    const taken = min<u32>(left, Aura.amount(aura));
    left -= taken;
    store<u32>(aura + AURA_AMOUNT, Aura.amount(aura) - taken);
  }
  return left;
}

/** Recomputes the columns CONTROL and SLOWED from all auras on the row. */
export function updateControl(row: u32): void {
  let control: u32 = 0;
  let slowed: u32 = 0;
  for (let slot: u32 = 0; U32.get(ENTITY_AURA_COUNT, row) > slot; slot++) {
    const aura = Aura.at(row, slot);
    const kind = Aura.kind(aura);
    control |= controlOf(kind);
    if (kind == AURA_SLOW) slowed = max<u32>(slowed, min<u32>(Aura.amount(aura) * Aura.stacks(aura), 100));
  }
  U32.set(ENTITY_CONTROL, row, control);
  U32.set(ENTITY_SLOWED, row, slowed);
  Changed.mark(ENTITY_CHANGED_AURAS, row);
}
