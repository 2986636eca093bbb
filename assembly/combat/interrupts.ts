// Effects of others on a cast in progress: they interrupt it, or a hit pushes it back. Each further hit delays a cast by
// less, or shortens a channel by the same amount.
//
//   a cast of 2 s, begun in tick 500:   CAST_END 540; hit in tick 510: CAST_END 550; hit in tick 520: CAST_END 560 (at most 2 s from now)
//   delays: 1st hit 1.0 s, 2nd 0.8, 3rd 0.6, 4th 0.4, from then on 0.2

import { COUNTER_CASTS_INTERRUPTED, EVENT_CAST_INTERRUPTED } from "../abi";
import { clearCast, setCastEnd, setGcdEnd } from "../state/changes";
import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { emit } from "../state/events";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CAST_TARGET,
  ENTITY_CAST_TICKS,
  ENTITY_CHANNEL_NEXT,
  ENTITY_PUSHED,
} from "../memory/memory";
import { isGuest } from "../state/player-flags";
import { rowOf } from "../state/entity-rows";

const FIRST_MS: u32 = 1000;
const LESS_MS: u32 = 200;
const LEAST_MS: u32 = 200;

/** Cancels the cast in progress, if any; reason is an INTERRUPT_*. The global cooldown is cleared with it, but not a channel's. */
export function interruptCast(row: u32, reason: u32): void {
  if (U32.get(ENTITY_CAST_END, row) == 0) return;
  const spell = U32.get(ENTITY_CAST_SPELL, row);
  const ticks = U32.get(ENTITY_CAST_TICKS, row);
  Counter.add(COUNTER_CASTS_INTERRUPTED, 1);
  emit(EVENT_CAST_INTERRUPTED, reason, row, rowOf(U32.get(ENTITY_CAST_TARGET, row)), spell, ticks, 0, 0, 0);
  const channelled = U32.get(ENTITY_CHANNEL_NEXT, row) != 0;
  clearCast(row);
  if (!channelled) setGcdEnd(row, 0);
}

/** A direct hit that was not fully absorbed pushes the cast back. Guests have no pushback, as in the earlier simulator. */
export function pushBack(row: u32): void {
  const end = U32.get(ENTITY_CAST_END, row);
  const now = Clock.now();
  if (end <= now || isGuest(row)) return;
  const pushed = U32.get(ENTITY_PUSHED, row);
  U32.set(ENTITY_PUSHED, row, pushed + 1);
  const less = min<u32>(pushed * LESS_MS, FIRST_MS - LEAST_MS);
  const ticks = Clock.milliseconds(FIRST_MS - less);
  if (U32.get(ENTITY_CHANNEL_NEXT, row) == 0)
    setCastEnd(row, min<u32>(end + ticks, now + U32.get(ENTITY_CAST_TICKS, row)));
  else setCastEnd(row, max<u32>(end - min<u32>(ticks, end), now + 1));
}
