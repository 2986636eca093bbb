// Whose body in the world gives up its place when a zone is full and somebody new comes: of those whose link is lost,
// first the ones that never acted, then those of the address that has left most bodies behind. So a zone can not be filled
// by coming and going, however fast, and a player whose link broke loses the way back to nobody but a crowd of such.

import type { Session } from "./session.ts";
import { entryOf } from "../../protocol/assert.ts";

/** Bodies of players who did act are left to an address up to this many. */
const LEFT_BEHIND_MAX = 16;

/** In the zone; in any for 0. Null when nobody has to. */
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
