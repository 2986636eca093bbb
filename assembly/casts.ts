// Phase: casts advance and complete. How one begins, what it costs, and channels, which take effect while they last.
//
//   begun in tick 500, cast time 1.5 s:  CAST_END = 530, GCD_END = 530, "started"
//   phase casts, tick 530:               cost paid, cooldown set, effect, "completed"
//   a channel of 3 s, every 1 s:         paid at once; takes effect in ticks 520, 540 and 560, "completed" in 560

import {
  COUNTER_CASTS_COMPLETED,
  COUNTER_CASTS_STARTED,
  EVENT_CAST_COMPLETED,
  EVENT_CAST_STARTED,
  INTERRUPT_BY_MOVEMENT,
  INTERRUPT_TARGET_LOST,
  OP_CAST,
  PHASE_CASTS,
  REFUSED_NO_POWER,
} from "./abi";
import { PLAYER_GUEST } from "./arrivals";
import { interruptCast } from "./cancel";
import { clearCast, setCast, setGcdEnd, setPower } from "./changes";
import { Clock } from "./clock";
import { CONTROL_SILENCED, CONTROL_STUNNED, Control } from "./control";
import { Cell, U32 } from "./columns";
import { startCooldown } from "./cooldowns";
import { Counter } from "./counters";
import { applySpell } from "./effects";
import { emit, emitRefused } from "./events";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CAST_TARGET,
  ENTITY_CAST_TICKS,
  ENTITY_CHANNEL_NEXT,
  ENTITY_ID,
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_LOCKED_UNTIL,
  ENTITY_POWER,
  ENTITY_SPENT_TICK,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  PLAYER_FLAGS,
  SCHOOLS_MAX,
  SPELL_CAST_TICKS,
  SPELL_CHANNEL_PERIOD,
  SPELL_CHANNEL_TICKS,
  SPELL_COOLDOWN_TICKS,
  SPELL_COST,
  SPELL_FLAGS,
  SPELL_GCD_TICKS,
  SPELL_POWER_TYPE,
  SPELL_SCHOOL,
} from "./memory";
import { Note } from "./note";
import { requestMoved } from "./requests";
import { NO_ROW, Row, rowOf } from "./rows";
import { SCHOOL_PHYSICAL, SPELL_AT_WILL, Spell, powerTypeOf, spellOf } from "./tables";
import { REFUSAL, aim, isStillThere } from "./targets";

const GCD_MS: u32 = 1500;

/** Own movement: ends the cast in progress, and what starts in this tick may only be instant. */
export function moveCancelsCast(row: u32): void {
  if (U32.get(ENTITY_CAST_END, row) != 0 && !mayStep(row)) interruptCast(row, INTERRUPT_BY_MOVEMENT);
  requestMoved(row);
}

/**
 * A guest reads nothing, so it does not know that it casts, and steps all the time. In the second half of its cast that does no
 * harm; else hardly any would ever complete.
 */
function mayStep(row: u32): bool {
  if (!isGuest(row) || U32.get(ENTITY_CHANNEL_NEXT, row) != 0) return false;
  return (U32.get(ENTITY_CAST_END, row) - Clock.now()) * 2 <= U32.get(ENTITY_CAST_TICKS, row);
}

/** Phase: casts in progress lose their target, take effect or complete. */
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

/** A creature casts; false when it may not. */
export function startCreatureCast(creature: u32, spellId: u32): bool {
  const spell = spellOf(spellId);
  if (spell == 0 || isLocked(creature, spell)) return false;
  if (Control.has(creature, CONTROL_STUNNED)) return false;
  if (Control.has(creature, CONTROL_SILENCED) && Spell.get(spell, SPELL_SCHOOL) != SCHOOL_PHYSICAL) return false;
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

/** Starts a cast that nothing stands in the way of: the global cooldown, and the cast or, of an instant one, its effect. */
export function begin(row: u32, spell: usize, spellId: u32, target: u32, ticks: u32): void {
  const channel = Spell.get(spell, SPELL_CHANNEL_TICKS);
  const lasts = channel > 0 ? channel : ticks;
  Counter.add(COUNTER_CASTS_STARTED, 1);
  emit(EVENT_CAST_STARTED, 0, row, target, spellId, lasts, 0, 0, 0);
  const gcd = gcdTicks(spell);
  if (gcd > 0) setGcdEnd(row, Clock.now() + gcd);
  if (lasts == 0) return complete(row, spell, spellId, target, 0);
  setCast(row, spellId, target == NO_ROW ? 0 : U32.get(ENTITY_ID, target), lasts, Clock.now() + lasts);
  if (channel == 0) return;
  payFor(row, spell, spellId);
  U32.set(ENTITY_CHANNEL_NEXT, row, Clock.now() + max<u32>(Spell.get(spell, SPELL_CHANNEL_PERIOD), 1));
}

/** The cast is done: pay, cool down, take effect. Power that went elsewhere meanwhile leaves it without effect, and that is told. */
function complete(row: u32, spell: usize, spellId: u32, target: u32, ticks: u32): void {
  tellCompletion(row, spellId, target, ticks);
  if (spell == 0) return;
  if (!payFor(row, spell, spellId)) return emitRefused(row, REFUSED_NO_POWER, OP_CAST, 0, spellId);
  if (target != NO_ROW) applySpell(row, target, spell, spellId);
}

function tellCompletion(row: u32, spellId: u32, target: u32, ticks: u32): void {
  Counter.add(COUNTER_CASTS_COMPLETED, 1);
  emit(EVENT_CAST_COMPLETED, 0, row, target, spellId, ticks, 0, 0, 0);
}

/** Takes the cost and starts the cooldown; false when there is not enough. Creatures cast for nothing. */
function payFor(row: u32, spell: usize, spellId: u32): bool {
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

/** How long a player casts a known spell. */
export function castTicks(row: u32, spell: usize): u32 {
  return isAtWill(row, spell) ? 0 : Spell.get(spell, SPELL_CAST_TICKS);
}

/** How long a known spell is not ready after it was cast. */
export function cooldownTicks(row: u32, spell: usize): u32 {
  return isAtWill(row, spell) ? 0 : Spell.get(spell, SPELL_COOLDOWN_TICKS);
}

/** True for what guests cast as the earlier simulator had it: instant, for nothing, with no cooldown but the global one. */
function isAtWill(row: u32, spell: usize): bool {
  return (Spell.get(spell, SPELL_FLAGS) & SPELL_AT_WILL) != 0 && isGuest(row);
}

/** True for a client of the earlier simulator, which never says hello. */
export function isGuest(row: u32): bool {
  return !Row.isCreature(row) && (U32.get(PLAYER_FLAGS, row) & PLAYER_GUEST) != 0;
}

/** Ticks of the global cooldown a spell starts, and waits for. */
export function gcdTicks(spell: usize): u32 {
  return spell == 0 ? Clock.milliseconds(GCD_MS) : Spell.get(spell, SPELL_GCD_TICKS);
}

export function canPay(row: u32, spell: usize): bool {
  return costFor(row, spell) <= U32.get(ENTITY_POWER, row);
}

/** A spell of the common book costs nothing of those who have another power: old clients cast it whatever they are. */
function costFor(row: u32, spell: usize): u32 {
  if (isAtWill(row, spell)) return 0;
  return powerTypeOf(row) == Spell.get(spell, SPELL_POWER_TYPE) ? Spell.get(spell, SPELL_COST) : 0;
}

/** True while an interrupt keeps the spell's school locked. */
export function isLocked(row: u32, spell: usize): bool {
  if (Clock.now() >= U32.get(ENTITY_LOCKED_UNTIL, row)) return false;
  const school = Spell.get(spell, SPELL_SCHOOL) & (SCHOOLS_MAX - 1);
  return Clock.now() < U32.get(ENTITY_LOCKED + row * ENTITY_LOCKED_STRIDE, school);
}
