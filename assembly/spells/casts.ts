// Phase: casts advance and complete. Also how a cast begins and is paid, and channels, which take effect while they last.
//
//   begun in tick 500, cast time 1.5 s:  CAST_END = 530, GCD_END = 530, "started"
//   phase casts, tick 530:               cost paid, cooldown set, effect, "completed"
//   a channel of 3 s, every 1 s:         paid at its start; takes effect in ticks 520, 540 and 560, "completed" in 560

import {
  COUNTER_CASTS_COMPLETED,
  COUNTER_CASTS_STARTED,
  EVENT_CAST_COMPLETED,
  EVENT_CAST_STARTED,
  INTERRUPT_TARGET_LOST,
  OP_CAST,
  PHASE_CASTS,
  REFUSED_NO_POWER,
} from "../abi";
import { gcdTicks, isSchoolLocked, payCost } from "./cast-costs";
import { clearCast, setCast, setGcdEnd } from "../state/changes";
import { Clock } from "../state/clock";
import { CONTROL_SILENCED, CONTROL_STUNNED, Control } from "../combat/control";
import { Cell, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { applySpell } from "./effects";
import { emit, emitRefused } from "../state/events";
import { interruptCast } from "../combat/interrupts";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CAST_TARGET,
  ENTITY_CAST_TICKS,
  ENTITY_CHANNEL_NEXT,
  ENTITY_ID,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  SPELL_CAST_TICKS,
  SPELL_CHANNEL_PERIOD,
  SPELL_CHANNEL_TICKS,
  SPELL_SCHOOL,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { NO_ROW, rowOf } from "../state/entity-rows";
import { SCHOOL_PHYSICAL, Spell, spellOf } from "../state/content-tables";
import { REFUSAL_BIT, chooseTarget, isStillInReach } from "./targets";

/** Phase: casts in progress lose their target, take effect or complete. */
export function advanceCasts(): void {
  Breadcrumb.phase(PHASE_CASTS);
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < players; row++) {
    if (U32.get(ENTITY_CAST_END, row) != 0) advanceCast(row);
  }
  const end = PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH);
  for (let row: u32 = PLAYERS_MAX; row < end; row++) {
    if (U32.get(ENTITY_CAST_END, row) != 0) advanceCast(row);
  }
}

/** A creature casts; false when it may not. */
export function startCreatureCast(creature: u32, spellId: u32): bool {
  const spell = spellOf(spellId);
  if (spell == 0 || isSchoolLocked(creature, spell)) return false;
  if (Control.has(creature, CONTROL_STUNNED)) return false;
  if (Control.has(creature, CONTROL_SILENCED) && Spell.get(spell, SPELL_SCHOOL) != SCHOOL_PHYSICAL) return false;
  const target = chooseTarget(creature, spell, 0);
  if (target == NO_ROW || target >= REFUSAL_BIT) return false;
  beginCast(creature, spell, spellId, target, Spell.get(spell, SPELL_CAST_TICKS));
  return true;
}

function advanceCast(row: u32): void {
  const spellId = U32.get(ENTITY_CAST_SPELL, row);
  const spell = spellOf(spellId);
  const targetId = U32.get(ENTITY_CAST_TARGET, row);
  const target = rowOf(targetId);
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  Breadcrumb.spell(spellId);
  if (targetId != 0 && spell != 0 && (target == NO_ROW || !isStillInReach(row, target, spell))) {
    return interruptCast(row, INTERRUPT_TARGET_LOST);
  }
  if (U32.get(ENTITY_CHANNEL_NEXT, row) != 0) return advanceChannel(row, spell, spellId, target);
  if (Clock.now() < U32.get(ENTITY_CAST_END, row)) return;
  const ticks = U32.get(ENTITY_CAST_TICKS, row);
  clearCast(row);
  complete(row, spell, spellId, target, ticks);
}

function advanceChannel(row: u32, spell: usize, spellId: u32, target: u32): void {
  const next = U32.get(ENTITY_CHANNEL_NEXT, row);
  const end = U32.get(ENTITY_CAST_END, row);
  if (Clock.now() >= next && next <= end) {
    U32.set(ENTITY_CHANNEL_NEXT, row, next + Spell.get(spell, SPELL_CHANNEL_PERIOD));
    if (target != NO_ROW) applySpell(row, target, spell, spellId);
  }
  if (Clock.now() < end || U32.get(ENTITY_CAST_END, row) == 0) return;
  const ticks = U32.get(ENTITY_CAST_TICKS, row);
  clearCast(row);
  tellCompletion(row, spellId, target, ticks);
}

/** Starts a cast that passed all checks: starts the global cooldown, and the cast or, for an instant spell, its effect. */
export function beginCast(row: u32, spell: usize, spellId: u32, target: u32, ticks: u32): void {
  const channel = Spell.get(spell, SPELL_CHANNEL_TICKS);
  const lasts = channel > 0 ? channel : ticks;
  Counter.add(COUNTER_CASTS_STARTED, 1);
  emit(EVENT_CAST_STARTED, 0, row, target, spellId, lasts, 0, 0, 0);
  const gcd = gcdTicks(spell);
  if (gcd > 0) setGcdEnd(row, Clock.now() + gcd);
  if (lasts == 0) return complete(row, spell, spellId, target, 0);
  setCast(row, spellId, target == NO_ROW ? 0 : U32.get(ENTITY_ID, target), lasts, Clock.now() + lasts);
  if (channel == 0) return;
  payCost(row, spell, spellId);
  U32.set(ENTITY_CHANNEL_NEXT, row, Clock.now() + max<u32>(Spell.get(spell, SPELL_CHANNEL_PERIOD), 1));
}

/** Completes a cast: takes the cost, starts the cooldown, applies the effect. If the power was spent meanwhile, it is refused with no effect. */
function complete(row: u32, spell: usize, spellId: u32, target: u32, ticks: u32): void {
  tellCompletion(row, spellId, target, ticks);
  if (spell == 0) return;
  if (!payCost(row, spell, spellId)) return emitRefused(row, REFUSED_NO_POWER, OP_CAST, 0, spellId);
  if (target != NO_ROW) applySpell(row, target, spell, spellId);
}

function tellCompletion(row: u32, spellId: u32, target: u32, ticks: u32): void {
  Counter.add(COUNTER_CASTS_COMPLETED, 1);
  emit(EVENT_CAST_COMPLETED, 0, row, target, spellId, ticks, 0, 0, 0);
}
