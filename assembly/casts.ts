// Phases: interrupts, casts that advance and complete, casts that start.
//
//   OP_CAST spell 200 in tick 500     request in the player's row
//   phase cast starts, tick 500       checks; CAST_END = 530, GCD_END = 530, "started"
//   phase casts, tick 530             cost paid, cooldown set, effect, "completed"
//
// An instant interrupt spell is let through in the interrupt phase, so it beats the completion of what it interrupts.

import {
  COUNTER_CASTS_COMPLETED,
  COUNTER_CASTS_STARTED,
  COUNTER_GCD_BLOCKED,
  ENTITY_DEAD,
  EVENT_CAST_BLOCKED_GCD,
  EVENT_CAST_COMPLETED,
  EVENT_CAST_STARTED,
  INTERRUPT_BY_MOVEMENT,
  INTERRUPT_TARGET_LOST,
  OP_CAST,
  PHASE_CASTS,
  PHASE_CAST_STARTS,
  PHASE_INTERRUPTS,
  REFUSED_CASTING,
  REFUSED_DEAD,
  REFUSED_GCD,
  REFUSED_LOCKED_OUT,
  REFUSED_MOVED,
  REFUSED_NO_POWER,
  REFUSED_ON_COOLDOWN,
} from "./abi";
import { interruptCast } from "./cancel";
import { Flag, clearCast, setCast, setGcdEnd, setPower } from "./changes";
import { Clock } from "./clock";
import { Cell, U32 } from "./columns";
import { isCoolingDown, startCooldown } from "./cooldowns";
import { Counter } from "./counters";
import { applySpell } from "./effects";
import { emit, emitRefused } from "./events";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CAST_TARGET,
  ENTITY_CAST_TICKS,
  ENTITY_GCD_END,
  ENTITY_ID,
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_POWER,
  ENTITY_SPENT_TICK,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  PLAYER_REQUEST,
  PLAYER_REQUEST_SEQ,
  PLAYER_REQUEST_SPELL,
  PLAYER_REQUEST_TARGET,
  PLAYER_REQUEST_TICKS,
  SCHOOLS_MAX,
  SPELL_CAST_TICKS,
  SPELL_COOLDOWN_TICKS,
  SPELL_COST,
  SPELL_EFFECT,
  SPELL_GCD_TICKS,
  SPELL_POWER_TYPE,
  SPELL_SCHOOL,
} from "./memory";
import { Note } from "./note";
import { NO_ROW, Row, rowOf } from "./rows";
import { EFFECT_INTERRUPT, Spell, powerTypeOf, spellOf } from "./tables";
import { REFUSAL, aim, isStillThere } from "./targets";

export const REQUEST_NONE: u32 = 0;
export const REQUEST_ASKED: u32 = 1;
/** Its caster was displaced by its own movement in the same tick. */
export const REQUEST_MOVED: u32 = 2;

/** Cast time a client may claim for a spell nobody knows. */
export const UNKNOWN_CAST_TICKS_MAX: u32 = 200;
const GCD_MS: u32 = 1500;

/** Own movement: ends the cast in progress, and what was asked for in this tick may only be instant. */
export function moveCancelsCast(row: u32): void {
  if (U32.get(ENTITY_CAST_END, row) != 0) interruptCast(row, INTERRUPT_BY_MOVEMENT);
  if (U32.get(PLAYER_REQUEST, row) == REQUEST_ASKED) U32.set(PLAYER_REQUEST, row, REQUEST_MOVED);
}

/** Phase: instant interrupts take effect. */
export function letInterruptsThrough(): void {
  Note.phase(PHASE_INTERRUPTS);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    if (U32.get(PLAYER_REQUEST, row) == REQUEST_NONE) continue;
    const spell = spellOf(U32.get(PLAYER_REQUEST_SPELL, row));
    if (Spell.get(spell, SPELL_EFFECT) == EFFECT_INTERRUPT && Spell.get(spell, SPELL_CAST_TICKS) == 0) fulfil(row);
  }
}

/** Phase: casts in progress lose their target or complete. */
export function advanceCasts(): void {
  Note.phase(PHASE_CASTS);
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < players; row++) {
    if (U32.get(ENTITY_CAST_END, row) != 0) advanceCast(row);
  }
  const end = PLAYERS_MAX + Cell.get(HEADER_CREATURES_HIGH);
  for (let row: u32 = PLAYERS_MAX; row < end; row++) {
    if (U32.get(ENTITY_CAST_END, row) != 0) advanceCast(row);
  }
}

/** Phase: what was asked for in this tick starts, or is refused. */
export function startCasts(): void {
  Note.phase(PHASE_CAST_STARTS);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    if (U32.get(PLAYER_REQUEST, row) != REQUEST_NONE) fulfil(row);
  }
}

/** A creature casts; false when it may not. */
export function startCreatureCast(creature: u32, spellId: u32): bool {
  const spell = spellOf(spellId);
  if (spell == 0 || isLocked(creature, spell)) return false;
  const target = aim(creature, spell, 0);
  if (target == NO_ROW || target >= REFUSAL) return false;
  begin(creature, spell, spellId, target, Spell.get(spell, SPELL_CAST_TICKS));
  return true;
}

function advanceCast(row: u32): void {
  const spellId = U32.get(ENTITY_CAST_SPELL, row);
  const spell = spellOf(spellId);
  const targetId = U32.get(ENTITY_CAST_TARGET, row);
  const target = rowOf(targetId);
  Note.entity(U32.get(ENTITY_ID, row));
  Note.spell(spellId);
  if (targetId != 0 && spell != 0 && (target == NO_ROW || !isStillThere(row, target, spell))) {
    return interruptCast(row, INTERRUPT_TARGET_LOST);
  }
  if (Clock.now() < U32.get(ENTITY_CAST_END, row)) return;
  const ticks = U32.get(ENTITY_CAST_TICKS, row);
  clearCast(row);
  complete(row, spell, spellId, target, ticks);
}

function fulfil(row: u32): void {
  const request = U32.get(PLAYER_REQUEST, row);
  const spellId = U32.get(PLAYER_REQUEST_SPELL, row);
  const spell = spellOf(spellId);
  U32.set(PLAYER_REQUEST, row, REQUEST_NONE);
  Note.session(U32.get(ENTITY_ID, row));
  Note.spell(spellId);
  const claimed = min<u32>(U32.get(PLAYER_REQUEST_TICKS, row), UNKNOWN_CAST_TICKS_MAX);
  const ticks = spell == 0 ? claimed : Spell.get(spell, SPELL_CAST_TICKS);
  const refusal = refusalOf(row, spell, ticks, request);
  if (refusal != 0) return refuse(row, spellId, refusal);
  const target = spell == 0 ? NO_ROW : aim(row, spell, U32.get(PLAYER_REQUEST_TARGET, row));
  if (target != NO_ROW && (target & REFUSAL) != 0) return refuse(row, spellId, target & 0xff);
  begin(row, spell, spellId, target, ticks);
}

/** Why a cast may not start, 0 when it may. The target is looked at later. */
function refusalOf(row: u32, spell: usize, ticks: u32, request: u32): u32 {
  if (Flag.has(row, ENTITY_DEAD)) return REFUSED_DEAD;
  if (U32.get(ENTITY_CAST_END, row) != 0) return REFUSED_CASTING;
  if (Clock.now() < U32.get(ENTITY_GCD_END, row) && gcdTicks(spell) > 0) return REFUSED_GCD;
  if (request == REQUEST_MOVED && ticks > 0) return REFUSED_MOVED;
  if (spell == 0) return 0;
  if (isCoolingDown(row, U32.get(PLAYER_REQUEST_SPELL, row))) return REFUSED_ON_COOLDOWN;
  if (isLocked(row, spell)) return REFUSED_LOCKED_OUT;
  return canPay(row, spell) ? 0 : REFUSED_NO_POWER;
}

function refuse(row: u32, spellId: u32, reason: u32): void {
  if (reason == REFUSED_GCD) return blockByGcd(row, spellId);
  emitRefused(row, reason, OP_CAST, U32.get(PLAYER_REQUEST_SEQ, row), spellId);
}

/** Counts and tells that the global cooldown is in the way. */
export function blockByGcd(row: u32, spellId: u32): void {
  Counter.add(COUNTER_GCD_BLOCKED, 1);
  Counter.refused(REFUSED_GCD);
  emit(EVENT_CAST_BLOCKED_GCD, 0, row, NO_ROW, spellId, U32.get(ENTITY_GCD_END, row), Clock.now(), 0, 0);
}

function begin(row: u32, spell: usize, spellId: u32, target: u32, ticks: u32): void {
  Counter.add(COUNTER_CASTS_STARTED, 1);
  emit(EVENT_CAST_STARTED, 0, row, target, spellId, ticks, 0, 0, 0);
  const gcd = gcdTicks(spell);
  if (gcd > 0) setGcdEnd(row, Clock.now() + gcd);
  if (ticks == 0) return complete(row, spell, spellId, target, 0);
  setCast(row, spellId, target == NO_ROW ? 0 : U32.get(ENTITY_ID, target), ticks, Clock.now() + ticks);
}

/** The cast is done: pay, cool down, take effect. Power that went elsewhere meanwhile leaves it without effect. */
function complete(row: u32, spell: usize, spellId: u32, target: u32, ticks: u32): void {
  Counter.add(COUNTER_CASTS_COMPLETED, 1);
  emit(EVENT_CAST_COMPLETED, 0, row, target, spellId, ticks, 0, 0, 0);
  if (spell == 0) return;
  if (!Row.isCreature(row)) {
    if (!canPay(row, spell)) return;
    pay(row, spell);
    const cooldown = Spell.get(spell, SPELL_COOLDOWN_TICKS);
    if (cooldown > 0) startCooldown(row, spellId, Clock.now() + cooldown);
  }
  if (target != NO_ROW) applySpell(row, target, spell, spellId);
}

function gcdTicks(spell: usize): u32 {
  return spell == 0 ? Clock.milliseconds(GCD_MS) : Spell.get(spell, SPELL_GCD_TICKS);
}

function canPay(row: u32, spell: usize): bool {
  const cost = Spell.get(spell, SPELL_COST);
  return cost == 0 || (powerTypeOf(row) == Spell.get(spell, SPELL_POWER_TYPE) && U32.get(ENTITY_POWER, row) >= cost);
}

function pay(row: u32, spell: usize): void {
  const cost = Spell.get(spell, SPELL_COST);
  if (cost == 0) return;
  setPower(row, U32.get(ENTITY_POWER, row) - cost);
  U32.set(ENTITY_SPENT_TICK, row, Clock.now());
}

function isLocked(row: u32, spell: usize): bool {
  const school = Spell.get(spell, SPELL_SCHOOL) & (SCHOOLS_MAX - 1);
  return Clock.now() < U32.get(ENTITY_LOCKED + row * ENTITY_LOCKED_STRIDE, school);
}
