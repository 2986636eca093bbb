// All sessions, by id and by resume token, and the number of sessions per zone. Session states change only here: a
// transition that is not in the table (session-states.ts) is refused and reported.
//
//   const session = table.create()                    // CONNECTING, ids from 1
//   table.move(session, "first_message")              // true; emits "State transition"
//   table.enterZone(session, 2)                       // table.playersIn(2) is one more

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { PlayerNames } from "../../shared/player-names.ts";
import { nextState } from "./session-states.ts";
import type { SessionEvent } from "./session-states.ts";
import { Session } from "./session.ts";

/** Creature ids begin above this. */
export const SESSION_ID_MAX = 1_000_000;

export class SessionTable implements PlayerNames {
  readonly #emitter: Emitter;
  readonly #byId = new Map<number, Session>();
  readonly #byToken = new Map<string, Session>();
  readonly #players = new Map<number, number>();
  #lastId = 0;
  /** Transitions refused since the start: each is a bug of the server. */
  invalidMoves = 0;

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  get size(): number {
    return this.#byId.size;
  }

  values(): IterableIterator<Session> {
    return this.#byId.values();
  }

  get(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  nameOf(id: number): string | null {
    return this.#byId.get(id)?.name || null;
  }

  byToken(token: string): Session | undefined {
    return this.#byToken.get(token);
  }

  /** A new session in CONNECTING. Ids rise; above SESSION_ID_MAX they restart at 1 and skip the ids in use. */
  create(): Session {
    do this.#lastId = this.#lastId >= SESSION_ID_MAX ? 1 : this.#lastId + 1;
    while (this.#byId.has(this.#lastId));
    const session = new Session(this.#lastId);
    this.#byId.set(session.id, session);
    return session;
  }

  /**
   * Gives the session a new token. The token it was resumed with, if any, stays valid until `settleToken`; all others
   * end.
   */
  rotateToken(session: Session, token: string, usedToken = ""): void {
    for (const old of [session.resumeToken, session.formerResumeToken])
      if (old !== usedToken) this.#byToken.delete(old);
    session.formerResumeToken = usedToken;
    session.resumeToken = token;
    this.#byToken.set(token, session);
  }

  /** The player is active, so it has read the welcome with the new token: the previous token ends. */
  settleToken(session: Session): void {
    this.#byToken.delete(session.formerResumeToken);
    session.formerResumeToken = "";
  }

  /** Players whose entities are in the zone, including those that wait for a resume. */
  playersIn(zoneId: number): number {
    return this.#players.get(zoneId) ?? 0;
  }

  enterZone(session: Session, zoneId: number): void {
    this.leaveZone(session);
    session.zoneId = zoneId;
    this.#players.set(zoneId, this.playersIn(zoneId) + 1);
  }

  leaveZone(session: Session): void {
    if (session.zoneId === 0) return;
    this.#players.set(session.zoneId, this.playersIn(session.zoneId) - 1);
    session.zoneId = 0;
  }

  /** Makes the transition if it is legal; a session that ends is removed from the table. */
  move(session: Session, event: SessionEvent): boolean {
    const from = session.state;
    const to = nextState(from, event);
    if (to === null) {
      this.invalidMoves++;
      this.#emitter.emit("error", "session", "Invalid state transition attempted", {
        session_id: session.id,
        current_state: from,
        event,
      });
      return false;
    }
    session.state = to;
    this.#emitter.emitSampled("event", "session", "State transition", {
      session_id: session.id,
      from_state: from,
      to_state: to,
      event,
    });
    if (to === "DESTROYED") this.#forget(session);
    return true;
  }

  #forget(session: Session): void {
    this.leaveZone(session);
    this.#byId.delete(session.id);
    this.#byToken.delete(session.resumeToken);
    this.#byToken.delete(session.formerResumeToken);
  }
}
