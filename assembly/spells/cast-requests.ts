// The cast requests of players: one for each player, kept in the player's row until its phase.
//
//   OP_CAST spell 200 in tick 500   PLAYER_REQUEST 1 (ASKED), _SPELL 200, _TARGET 1000001, _SEQ 17
//   its player moves in this tick   PLAYER_REQUEST 2 (MOVED): only an instant spell may start now
//   the global cooldown still runs  PLAYER_REQUEST 3 (QUEUED): tried again in each tick

import { COUNTER_GCD_BLOCKED, EVENT_CAST_BLOCKED_GCD, OP_CAST, REFUSED_CASTING, REFUSED_GCD } from "../abi";
import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { emit, emitRefused } from "../state/events";
import {
  ENTITY_GCD_END,
  PLAYER_REQUEST,
  PLAYER_REQUEST_SEQ,
  PLAYER_REQUEST_SPELL,
  PLAYER_REQUEST_TARGET,
  PLAYER_REQUEST_TICKS,
} from "../memory/memory";
import { NO_ROW } from "../state/entity-rows";

export const REQUEST_NONE: u32 = 0;
export const REQUEST_ASKED: u32 = 1;
/** The caster moved in this tick. */
export const REQUEST_MOVED: u32 = 2;
/** From an earlier tick: waits for a cast or cooldown to end. */
export const REQUEST_QUEUED: u32 = 3;

/** Records a player's cast request. It replaces a queued request; of two requests in one tick the first counts. */
export function requestCast(row: u32, spellId: u32, target: u32, ticks: u32, seq: u32): void {
  const request = U32.get(PLAYER_REQUEST, row);
  if (request == REQUEST_QUEUED) refuseRequest(row, REFUSED_CASTING);
  else if (request != REQUEST_NONE) return blockByGcd(row, spellId);
  U32.set(PLAYER_REQUEST, row, REQUEST_ASKED);
  U32.set(PLAYER_REQUEST_SPELL, row, spellId);
  U32.set(PLAYER_REQUEST_TARGET, row, target);
  U32.set(PLAYER_REQUEST_TICKS, row, ticks);
  U32.set(PLAYER_REQUEST_SEQ, row, seq);
}

/** The caster moves: only an instant spell may start in this tick. */
export function markRequestMoved(row: u32): void {
  if (U32.get(PLAYER_REQUEST, row) != REQUEST_NONE) U32.set(PLAYER_REQUEST, row, REQUEST_MOVED);
}

/** Refuses the request in the player's row. */
export function refuseRequest(row: u32, reason: u32): void {
  const spellId = U32.get(PLAYER_REQUEST_SPELL, row);
  if (reason == REFUSED_GCD) return blockByGcd(row, spellId);
  emitRefused(row, reason, OP_CAST, U32.get(PLAYER_REQUEST_SEQ, row), spellId);
}

/** Counts and reports a cast that the global cooldown blocks. */
function blockByGcd(row: u32, spellId: u32): void {
  Counter.add(COUNTER_GCD_BLOCKED, 1);
  Counter.refused(REFUSED_GCD);
  emit(EVENT_CAST_BLOCKED_GCD, 0, row, NO_ROW, spellId, U32.get(ENTITY_GCD_END, row), Clock.now(), 0, 0);
}
