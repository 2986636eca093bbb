// What a zone is called by whoever asks: what it said last, but for one that is ACTIVE and whose next tick is overdue. Nobody
// knows yet why; the watchdog, or the tick's end, says it later.

import type { ZoneState } from "../../shared/zone-messages.ts";

/** Ticks that are due and have not come. */
export const OVERDUE_TICKS_MAX = 5;

/** `ageMs`: since the newest tick, null before the first. `intervalMs`: from one tick to the next, by game time's present rate. */
export function stateSeen(state: ZoneState, ageMs: number | null, intervalMs: number): ZoneState {
  const isOverdue = ageMs !== null && ageMs > (1 + OVERDUE_TICKS_MAX) * intervalMs;
  return state === "ACTIVE" && isOverdue ? "DEGRADED" : state;
}
