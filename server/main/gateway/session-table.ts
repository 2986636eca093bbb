// All sessions, by id and by resume token, and the number of sessions per zone. Session states change only here: a
// transition that is not in the table (session-states.ts) is refused and reported.
//
//   const session = table.create()                    // CONNECTING, ids from 1
//   table.move(session, "first_message")              // true; emits "State transition"
//   table.enterZone(session, 2)                       // table.playersIn(2) is one more

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { PlayerNames } from "../../shared/player-names.ts";
import { assert } from "../../protocol/assert.ts";
import { nextState } from "./session-states.ts";
import type { SessionEvent } from "./session-states.ts";
import { asciiJson } from "../../protocol/game/byte-writer.ts";
import { keptOf, Session } from "./session.ts";
import { digestOf, NO_STORE } from "../../shared/session-store.ts";
import type { SessionStore } from "../../shared/session-store.ts";

/** Creature ids begin above this. */
export const SESSION_ID_MAX = 1_000_000;

/** The numbers that a table gives, both ends included, except those that are in use elsewhere. */
export interface SessionIds {
  readonly first: number;
  readonly last: number;
  isTaken?(id: number): boolean;
}

const ALL_IDS: SessionIds = { first: 1, last: SESSION_ID_MAX };

export class SessionTable implements PlayerNames {
  readonly #emitter: Emitter;
  readonly #byId = new Map<number, Session>();
  /** By the hash of a token. */
  readonly #byDigest = new Map<string, Session>();
  readonly #store: SessionStore;
  readonly #players = new Map<number, number>();
  readonly #ids: SessionIds;
  #lastId: number;
  /** Transitions refused since the start: each is a bug of the server. */
  invalidMoves = 0;

  /** Ids up to `lastId` were used by an earlier server. */
  constructor(emitter: Emitter, store: SessionStore = NO_STORE, lastId = 0, ids: SessionIds = ALL_IDS) {
    this.#ids = ids;
    this.#lastId = Math.max(lastId, ids.first - 1);
    this.#emitter = emitter;
    this.#store = store;
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
    return token === "" ? undefined : this.#byDigest.get(digestOf(token));
  }

  /** A new session in CONNECTING. Ids rise; above the last they restart at the first and skip the ids in use. */
  create(): Session {
    const { first, last, isTaken } = this.#ids;
    let tries = 0;
    do {
      this.#lastId = this.#lastId >= last ? first : this.#lastId + 1;
      assert(tries++ <= last - first, "a session number is free");
    } while (this.#byId.has(this.#lastId) || isTaken?.(this.#lastId) === true);
    const session = new Session(this.#lastId);
    this.#byId.set(session.id, session);
    return session;
  }

  /** A session of an earlier server, whose link is lost. */
  restore(id: number, name: string): Session {
    const session = new Session(id);
    session.name = name;
    session.nameJson = asciiJson(name);
    session.isGuest = false;
    session.state = "DISCONNECTING";
    this.#byId.set(id, session);
    if (id >= this.#ids.first && id <= this.#ids.last) this.#lastId = Math.max(this.#lastId, id);
    return session;
  }

  /** The session is found by tokens with these hashes. */
  knowDigests(session: Session, digest: string, former: string): void {
    session.tokenDigest = digest;
    session.formerDigest = former;
    for (const known of [digest, former]) if (known !== "") this.#byDigest.set(known, session);
  }

  /** Nobody resumes the session here by its tokens: it is on its way to another gateway. It keeps them. */
  hideTokens(session: Session): void {
    this.#byDigest.delete(session.tokenDigest);
    this.#byDigest.delete(session.formerDigest);
  }

  /** The session goes on at another gateway: nothing of it is here any more. */
  release(session: Session): void {
    this.leaveZone(session);
    this.hideTokens(session);
    session.state = "DESTROYED";
    this.#byId.delete(session.id);
  }

  /**
   * Gives the session a new token. The token it was resumed with, if any, stays valid until `settleToken`; all others
   * end.
   */
  rotateToken(session: Session, token: string, usedToken = ""): void {
    const used = usedToken === "" ? "" : digestOf(usedToken);
    for (const old of [session.tokenDigest, session.formerDigest]) if (old !== used) this.#byDigest.delete(old);
    session.resumeToken = token;
    this.knowDigests(session, digestOf(token), used);
    this.#keep(session);
  }

  /** The player is active, so it has read the welcome with the new token: the previous token ends. */
  settleToken(session: Session): void {
    this.#byDigest.delete(session.formerDigest);
    session.formerDigest = "";
    this.#keep(session);
  }

  /** Players whose entities are in the zone, including those that wait for a resume. */
  playersIn(zoneId: number): number {
    return this.#players.get(zoneId) ?? 0;
  }

  enterZone(session: Session, zoneId: number): void {
    this.leaveZone(session);
    session.zoneId = zoneId;
    this.#players.set(zoneId, this.playersIn(zoneId) + 1);
    this.#keep(session);
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

  #keep(session: Session): void {
    if (!session.isGuest) this.#store.changed(session.id, keptOf(session));
  }

  #forget(session: Session): void {
    this.leaveZone(session);
    this.#byId.delete(session.id);
    this.#byDigest.delete(session.tokenDigest);
    this.#byDigest.delete(session.formerDigest);
    if (session.isGuest) return;
    if (session.crossing !== null) this.#store.arrived(session.id, session.crossing.from);
    this.#store.gone(session.id);
  }
}
