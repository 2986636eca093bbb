// Phase: auras tick. An aura of damage or healing takes effect once in each period, the last time when it ends.
//
//   12 s, every 3 s, applied in tick 500: takes effect in ticks 560, 620, 680 and 740, and is gone in 740

import {
  AURA_ENDED_IN_TIME,
  AURA_ENDED_REMOVED,
  AURA_ENDED_USED_UP,
  DAMAGE_MAGICAL,
  DAMAGE_PERIODIC,
  DAMAGE_PHYSICAL,
  ENTITY_DEAD,
  PHASE_AURAS,
} from "../abi";
import { Aura, removeAura } from "./auras";
import { Flag } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, U32 } from "../memory/columns";
import { dealDamage, heal } from "./damage";
import {
  ENTITY_AURA_COUNT,
  ENTITY_ID,
  ENTITY_LEVEL,
  ENTITY_RESISTANCE,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  SPELL_AURA_KIND,
  SPELL_AURA_PERIOD,
  SPELL_AURA_TICKS,
  SPELL_SCHOOL,
} from "../memory/memory";
import { throughResistance } from "./mitigation";
import { Breadcrumb } from "../state/breadcrumb";
import { NO_ROW, rowOf } from "../state/entity-rows";
import { AURA_ABSORB, AURA_DAMAGE, AURA_HEAL, SCHOOL_PHYSICAL, Spell, spellOf } from "../state/content-tables";

export function tickAuras(): void {
  Breadcrumb.phase(PHASE_AURAS);
  tickRows(0, Cell.get(HEADER_PLAYERS_HIGH));
  tickRows(PLAYERS_MAX, PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH));
}

function tickRows(from: u32, to: u32): void {
  for (let row = from; row < to; row++) {
    if (U32.get(ENTITY_AURA_COUNT, row) != 0) tickRow(row);
  }
}

/** Goes from the newest aura to the oldest, so that the removal of one does not move the others; a death removes all. */
function tickRow(row: u32): void {
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  for (let slot = U32.get(ENTITY_AURA_COUNT, row); slot > 0; slot--) {
    if (slot > U32.get(ENTITY_AURA_COUNT, row)) return;
    const aura = Aura.at(row, slot - 1);
    Breadcrumb.spell(Aura.spell(aura));
    const caster = rowOf(Aura.caster(aura));
    if (caster == NO_ROW) removeAura(row, slot - 1, AURA_ENDED_REMOVED);
    else tickAura(caster, row, slot - 1);
  }
}

function tickAura(caster: u32, row: u32, slot: u32): void {
  const aura = Aura.at(row, slot);
  const spellId = Aura.spell(aura);
  const spell = spellOf(spellId);
  const end = Aura.end(aura);
  if (isDue(spell, end)) {
    takeEffect(caster, row, spell, spellId, Aura.amount(aura) * Aura.stacks(aura));
    if (Flag.has(row, ENTITY_DEAD)) return;
  }
  const usedUp = Spell.get(spell, SPELL_AURA_KIND) == AURA_ABSORB && Aura.amount(aura) == 0;
  if (usedUp) removeAura(row, slot, AURA_ENDED_USED_UP);
  else if (end <= Clock.now()) removeAura(row, slot, AURA_ENDED_IN_TIME);
}

/** True when the end is a whole number of periods away, but not in the tick of the application. */
function isDue(spell: usize, end: u32): bool {
  const period = Spell.get(spell, SPELL_AURA_PERIOD);
  if (period == 0 || end < Clock.now()) return false;
  const left = end - Clock.now();
  return left % period == 0 && left != Spell.get(spell, SPELL_AURA_TICKS);
}

function takeEffect(caster: u32, row: u32, spell: usize, spellId: u32, amount: u32): void {
  const kind = Spell.get(spell, SPELL_AURA_KIND);
  if (kind == AURA_HEAL) return heal(caster, row, amount, spellId);
  if (kind != AURA_DAMAGE) return;
  const physical = Spell.get(spell, SPELL_SCHOOL) == SCHOOL_PHYSICAL;
  const level = U32.get(ENTITY_LEVEL, caster);
  const actual = physical ? amount : throughResistance(amount, U32.get(ENTITY_RESISTANCE, row), level);
  dealDamage(caster, row, amount, actual, DAMAGE_PERIODIC | (physical ? DAMAGE_PHYSICAL : DAMAGE_MAGICAL), spellId);
}
