// Characters on their way out of their zones. The zone is told to hand out the player's state, and answers with a departure to
// zone 0, or with one through a portal when the player went there first. Either is the record that is stored.
//
//   logouts.begin(session)         // OP_LEAVE with LEAVE_RECORDS, ticket 91
//   logouts.departed(crossing)     // true: it was the answer; the record is stored
//   logouts.observe(census)        // ticket 91 is handled, and there was no answer:
//                                  //   the player is still in the zone → told again, 8 times at most
//                                  //   the player is not in the zone   → it was never let in; the record of before holds
//
// A zone that goes DOWN loses its players. Its reports may still wait in its ring, so the record of before holds a second later.

import { LEAVE_RECORDS } from "../../../assembly/abi.ts";
import type { Character } from "../../shared/character-store.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { ZoneCensus } from "../../shared/ring-records.ts";
import type { Characters } from "./characters.ts";
import type { Session } from "./session.ts";
import type { SessionTable } from "./session-table.ts";
import type { ZoneOutlet } from "./zone-outlet.ts";

const TRIES_MAX = 8;
/** Censuses that may come before the zone has handled the leave. */
const UNANSWERED_ROUNDS_MAX = 5;
/** Seconds between the end of a zone and the end of the logouts there. */
const ABANDONED_ROUNDS = 2;

interface Logout {
  character: Character;
  sessionId: number;
  zoneId: number;
  ticket: number;
  tries: number;
  rounds: number;
  isAbandoned: boolean;
}

export class Logouts {
  readonly #characters: Characters;
  readonly #sessions: SessionTable;
  readonly #outlet: ZoneOutlet;
  /** By session. */
  readonly #pending = new Map<number, Logout>();

  constructor(characters: Characters, sessions: SessionTable, outlet: ZoneOutlet) {
    this.#characters = characters;
    this.#sessions = sessions;
    this.#outlet = outlet;
  }

  /** Number of characters on their way out. */
  get size(): number {
    return this.#pending.size;
  }

  has(sessionId: number): boolean {
    return this.#pending.has(sessionId);
  }

  /** Takes the session's character out of the world; false when it has none. The session is in no zone then. */
  begin(session: Session): boolean {
    const { id: sessionId, zoneId, lastSeq } = session;
    const character = this.#characters.leave(session);
    if (character === null) return false;
    if (zoneId === 0) {
      // It is between two zones or waits for one: its state was stored when it left the last one.
      this.#characters.ends(character);
      return true;
    }
    const ticket = this.#outlet.leave(zoneId, sessionId, lastSeq, LEAVE_RECORDS);
    this.#sessions.leaveZone(session);
    this.#pending.set(sessionId, { character, sessionId, zoneId, ticket, tries: 1, rounds: 0, isAbandoned: false });
    return true;
  }

  /** A player left a zone with its state. True when it is one of these. */
  departed(crossing: Crossing): boolean {
    const logout = this.#pending.get(crossing.session);
    if (logout === undefined || logout.zoneId !== crossing.from) return false;
    this.#characters.record(logout.character, crossing, 0);
    this.#end(logout);
    return true;
  }

  /** Who is in a zone; all it reported before has been heard. */
  observe({ zoneId, ticket, ids }: ZoneCensus): void {
    for (const logout of this.#pending.values()) {
      if (logout.zoneId !== zoneId || logout.isAbandoned) continue;
      if (logout.ticket > ticket && ++logout.rounds < UNANSWERED_ROUNDS_MAX) continue;
      if (logout.ticket > ticket || ids.has(logout.sessionId)) this.#repeat(logout);
      else this.#end(logout);
    }
  }

  /** The zone went DOWN with the players in it. */
  abandon(zoneId: number): void {
    for (const logout of this.#pending.values()) {
      if (logout.zoneId !== zoneId || logout.isAbandoned) continue;
      logout.isAbandoned = true;
      logout.rounds = 0;
    }
  }

  /** Called once per second: ends logouts from zones that went DOWN. */
  endAbandoned(): void {
    for (const logout of this.#pending.values()) {
      if (!logout.isAbandoned || ++logout.rounds < ABANDONED_ROUNDS) continue;
      this.#characters.unrecorded(logout.character, "zone_down");
      this.#end(logout);
    }
  }

  /** The server stops and waits no longer. */
  endAll(): void {
    for (const logout of this.#pending.values()) {
      this.#characters.unrecorded(logout.character, "shutdown");
      this.#end(logout);
    }
  }

  #repeat(logout: Logout): void {
    const { zoneId, sessionId } = logout;
    logout.rounds = 0;
    if (logout.tries++ < TRIES_MAX) {
      logout.ticket = this.#outlet.leave(zoneId, sessionId, 0, LEAVE_RECORDS);
      return;
    }
    this.#outlet.leave(zoneId, sessionId, 0);
    this.#characters.unrecorded(logout.character, "refused");
    this.#end(logout);
  }

  #end({ sessionId, character }: Logout): void {
    this.#pending.delete(sessionId);
    this.#characters.settle(character.key);
  }
}
