// How a cast ends before its time.

import { COUNTER_CASTS_INTERRUPTED, EVENT_CAST_INTERRUPTED } from "./abi";
import { clearCast, setGcdEnd } from "./changes";
import { U32 } from "./columns";
import { Counter } from "./counters";
import { emit } from "./events";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CAST_TARGET,
  ENTITY_CAST_TICKS,
  ENTITY_CHANNEL_NEXT,
} from "./memory";
import { rowOf } from "./rows";

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
