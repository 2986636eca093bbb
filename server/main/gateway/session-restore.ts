// Puts the sessions of an earlier server into the table.

import type { Characters } from "./characters.ts";
import type { RestoredSession } from "../../shared/session-store.ts";
import type { Session } from "./session.ts";
import type { SessionTable } from "./session-table.ts";

/** Puts the sessions into the table, as players whose link is lost: they have the whole window to resume. */
export function restoreSessions(
  table: SessionTable,
  characters: Characters,
  restored: readonly RestoredSession[],
  nowMs: number,
): Session[] {
  return restored.map(({ id, kept, zoneId, ack, crossing }) => {
    const session = table.restore(id, kept.name);
    session.classIndex = kept.class;
    session.homeZoneId = kept.home;
    session.address = kept.address;
    session.hasActed = kept.acted;
    session.lastSeq = ack;
    session.crossing = crossing;
    session.linkLostAt = nowMs;
    const character = kept.character === "" ? undefined : characters.store.find(kept.character);
    if (character !== undefined) characters.enter(session, character);
    table.knowDigests(session, kept.token, kept.former);
    if (zoneId !== 0) {
      table.enterZone(session, zoneId);
      session.isThere = true;
    }
    return session;
  });
}
