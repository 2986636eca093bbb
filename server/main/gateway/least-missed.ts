// Chooses the body that is evicted when a zone is full and a newcomer arrives, among the sessions whose link is lost:
// first those that never acted, then those of the address that has left the most bodies. So nobody can fill a zone by
// entering and leaving, however fast, and a player whose link broke can lose the session only to a crowd of such
// players.

import type { Session } from "./session.ts";
import { entryOf } from "../../protocol/assert.ts";

/** An address keeps up to this many bodies of players who did act. */
const LEFT_BEHIND_MAX = 16;

/** The session to evict in the zone, or in any zone for 0. Null when there is none. */
export function leastMissed(sessions: Iterable<Session>, zoneId: number): Session | null {
  const leftBehind = new Map<string, number>();
  const candidates: Session[] = [];
  for (const session of sessions) {
    if (session.state !== "DISCONNECTING") continue;
    leftBehind.set(session.address, (leftBehind.get(session.address) ?? 0) + 1);
    if (zoneId !== 0 && session.zoneId !== zoneId) continue;
    if (!session.hasActed) return session;
    candidates.push(session);
  }
  let least: Session | null = null;
  let most = LEFT_BEHIND_MAX;
  for (const session of candidates) {
    const count = entryOf(leftBehind, session.address);
    if (count <= most) continue;
    [least, most] = [session, count];
  }
  return least;
}
