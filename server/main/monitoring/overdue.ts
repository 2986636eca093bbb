// The state of a zone as shown to clients: the state it last reported, but DEGRADED for an ACTIVE zone whose next tick
// is overdue. The reason is not known yet; the watchdog, or the end of the tick, reports it later.

import type { ZoneState } from "../../shared/zone-messages.ts";

/** Number of ticks that are due but have not come. */
export const OVERDUE_TICKS_MAX = 5;

/**
 * `ageMs`: time since the newest tick, null before the first. `intervalMs`: time between two ticks at the current rate
 * of game time.
 */
export function stateSeen(state: ZoneState, ageMs: number | null, intervalMs: number): ZoneState {
  const isOverdue = ageMs !== null && ageMs > (1 + OVERDUE_TICKS_MAX) * intervalMs;
  return state === "ACTIVE" && isOverdue ? "DEGRADED" : state;
}
