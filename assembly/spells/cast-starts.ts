// Phases: interrupts, casts that start. A cast request waits in its player's row until its phase. If it comes at most 0.4 s before a
// cast or a cooldown ends, it waits for that end.
//
//   OP_CAST spell 200 in tick 500       REQUEST_ASKED; checked and begun in the phase of cast starts
//   requested in tick 524, GCD_END 530  REQUEST_QUEUED, tried again in each tick, begun in tick 530
//
// An instant interrupt spell starts in the interrupt phase, so it comes before the completion of the cast that it interrupts.

import {
  ENTITY_DEAD,
  PHASE_CAST_STARTS,
  PHASE_INTERRUPTS,
  REFUSED_CASTING,
  REFUSED_DEAD,
  REFUSED_GCD,
  REFUSED_LOCKED_OUT,
  REFUSED_MOVED,
  REFUSED_NO_POWER,
  REFUSED_ON_COOLDOWN,
  REFUSED_SILENCED,
  REFUSED_STUNNED,
  REFUSED_UNKNOWN_SPELL,
} from "../abi";
import { canPay, castTicks, cooldownTicks, gcdTicks, isSchoolLocked } from "./cast-costs";
import { REQUEST_MOVED, REQUEST_NONE, REQUEST_QUEUED, refuseRequest } from "./cast-requests";
import { beginCast } from "./casts";
import { Flag } from "../state/changes";
import { Clock } from "../state/clock";
import { CONTROL_SILENCED, CONTROL_STUNNED, Control } from "../combat/control";
import { Cell, U32 } from "../memory/columns";
import { hasNoRoom, readyTick } from "./cooldowns";
import {
  ENTITY_CAST_END,
  ENTITY_GCD_END,
  ENTITY_ID,
  HEADER_PLAYERS_HIGH,
  PLAYER_REQUEST,
  PLAYER_REQUEST_SPELL,
  PLAYER_REQUEST_TARGET,
  PLAYER_REQUEST_TICKS,
  SPELL_EFFECT,
  SPELL_SCHOOL,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { isGuest } from "../state/player-flags";
import { NO_ROW } from "../state/entity-rows";
import { PlayerClass } from "../combat/stats";
import { EFFECT_INTERRUPT, SCHOOL_PHYSICAL, Spell, spellOf } from "../state/content-tables";
import { REFUSAL_BIT, chooseTarget } from "./targets";

/** Longest cast time that a client may send for an unknown spell, in ticks. */
const UNKNOWN_CAST_TICKS_MAX: u32 = 200;
const QUEUE_MS: u32 = 400;
/** Result of refusalOf: not refused, the request has to wait. */
const MUST_WAIT: u32 = 0xff;

/** Phase: instant interrupts take effect. */
export function startInterrupts(): void {
  Breadcrumb.phase(PHASE_INTERRUPTS);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    if (U32.get(PLAYER_REQUEST, row) == REQUEST_NONE) continue;
    const spell = spellOf(U32.get(PLAYER_REQUEST_SPELL, row));
    if (Spell.get(spell, SPELL_EFFECT) == EFFECT_INTERRUPT && castTicks(row, spell) == 0) startRequested(row);
  }
}

/** Phase: each request starts, keeps waiting, or is refused. */
export function startCasts(): void {
  Breadcrumb.phase(PHASE_CAST_STARTS);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    if (U32.get(PLAYER_REQUEST, row) != REQUEST_NONE) startRequested(row);
  }
}

function startRequested(row: u32): void {
  const request = U32.get(PLAYER_REQUEST, row);
  const spellId = U32.get(PLAYER_REQUEST_SPELL, row);
  const spell = spellOf(spellId);
  Breadcrumb.session(U32.get(ENTITY_ID, row));
  Breadcrumb.spell(spellId);
  const claimed = min<u32>(U32.get(PLAYER_REQUEST_TICKS, row), UNKNOWN_CAST_TICKS_MAX);
  const ticks = spell == 0 ? claimed : castTicks(row, spell);
  const refusal = refusalOf(row, spell, spellId, ticks, request);
  if (refusal == MUST_WAIT) return U32.set(PLAYER_REQUEST, row, REQUEST_QUEUED);
  U32.set(PLAYER_REQUEST, row, REQUEST_NONE);
  if (refusal != 0) return refuseRequest(row, refusal);
  const target = spell == 0 ? NO_ROW : chooseTarget(row, spell, U32.get(PLAYER_REQUEST_TARGET, row));
  if (target != NO_ROW && (target & REFUSAL_BIT) != 0) return refuseRequest(row, target & 0xff);
  beginCast(row, spell, spellId, target, ticks);
}

/** REFUSED_* when a cast may not start, MUST_WAIT when not yet, 0 when it may. Does not check the target. */
function refusalOf(row: u32, spell: usize, spellId: u32, ticks: u32, request: u32): u32 {
  if (Flag.has(row, ENTITY_DEAD)) return REFUSED_DEAD;
  if (Control.has(row, CONTROL_STUNNED)) return REFUSED_STUNNED;
  if (spell != 0 && !PlayerClass.knows(row, spell)) return REFUSED_UNKNOWN_SPELL;
  const busy = busyReason(row, spell, spellId);
  if (busy != 0) return busy;
  if (request == REQUEST_MOVED && ticks > 0) return REFUSED_MOVED;
  if (spell == 0) return 0;
  if (Control.has(row, CONTROL_SILENCED) && Spell.get(spell, SPELL_SCHOOL) != SCHOOL_PHYSICAL) return REFUSED_SILENCED;
  if (isSchoolLocked(row, spell)) return REFUSED_LOCKED_OUT;
  if (cooldownTicks(row, spell) > 0 && hasNoRoom(row, spellId)) return REFUSED_ON_COOLDOWN;
  return canPay(row, spell) ? 0 : REFUSED_NO_POWER;
}

/**
 * Whether a caster is busy: REFUSED_* when a cast or cooldown lasts beyond the queue window, MUST_WAIT within the window, 0 = free.
 * Guests have no window: their clients do not know of a queue, and move before the queued cast starts.
 */
function busyReason(row: u32, spell: usize, spellId: u32): u32 {
  const soon = Clock.now() + (isGuest(row) ? 0 : Clock.milliseconds(QUEUE_MS));
  const castEnd = U32.get(ENTITY_CAST_END, row);
  if (castEnd > soon) return REFUSED_CASTING;
  const gcdEnd: u32 = gcdTicks(spell) > 0 ? U32.get(ENTITY_GCD_END, row) : 0;
  if (gcdEnd > soon) return REFUSED_GCD;
  const ready: u32 = spell == 0 ? 0 : readyTick(row, spellId);
  if (ready > soon) return REFUSED_ON_COOLDOWN;
  return castEnd > Clock.now() || gcdEnd > Clock.now() || ready > Clock.now() ? MUST_WAIT : 0;
}
