// Sessions on their way to another gateway. While one is moved, nobody resumes it here, and its player's last commands come to their
// tick; then it is the other gateway's, and the zone is told nothing of it.
//
//   moves.begin(session)                 // its connection ends with taken_over
//   moves.isSettled(session)             // its zone has it; no crossing is under way
//   moves.end(session)                   // { kept, zoneId: 1, seq: 17 }; it is gone here
//   moves.cancel(session)                // it stays after all
//   moves.lose(17)                       // it is another gateway's already

import type { MovedSession } from "../../shared/session-store.ts";
import type { Characters } from "./characters.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { keptOf } from "./session.ts";
import type { Session } from "./session.ts";
import type { SessionTable } from "./session-table.ts";
import type { ZoneRouter } from "./zone-router.ts";

export interface SessionMovesDeps {
  sessions: SessionTable;
  characters: Characters;
  pool: ConnectionPool;
  router: ZoneRouter;
  now(): number;
}

export class SessionMoves {
  readonly #deps: SessionMovesDeps;

  constructor(deps: SessionMovesDeps) {
    this.#deps = deps;
  }

  /** The session with this number that a token of this hash resumes, or that has this character. */
  find(id: number, proof: { digest: string } | { character: string }): Session | null {
    const session = this.#deps.sessions.get(id);
    if (session === undefined || session.isGuest) return null;
    const { tokenDigest, formerDigest, character } = session;
    if ("character" in proof) return character?.key === proof.character ? session : null;
    return proof.digest !== "" && [tokenDigest, formerDigest].includes(proof.digest) ? session : null;
  }

  begin(session: Session): void {
    const { sessions, pool, now } = this.#deps;
    const { connection } = session;
    session.connection = null;
    session.linkLostAt = now();
    session.isOverdue = false;
    session.hungUp = false;
    if (session.state !== "DISCONNECTING") sessions.move(session, "link_lost");
    sessions.hideTokens(session);
    if (connection === null) return;
    const message = "This session was taken up on another connection.";
    pool.close(connection, "superseded", { code: "taken_over", message });
  }

  /** False also when it has ended meanwhile. */
  isSettled(session: Session): boolean {
    return this.isHere(session) && session.zoneId !== 0 && session.isThere && session.crossing === null;
  }

  isHere(session: Session): boolean {
    return this.#deps.sessions.get(session.id) === session;
  }

  cancel(session: Session): void {
    if (!this.isHere(session)) return;
    this.#deps.sessions.knowDigests(session, session.tokenDigest, session.formerDigest);
    this.#deps.router.unwatch(session);
  }

  /** Another gateway took the session. */
  lose(id: number): void {
    const session = this.#deps.sessions.get(id);
    if (session === undefined) return;
    this.begin(session);
    this.end(session);
  }

  end(session: Session): MovedSession {
    const { sessions, characters } = this.#deps;
    const moved = { id: session.id, kept: keptOf(session), zoneId: session.zoneId, seq: session.lastSeq };
    characters.release(session);
    sessions.release(session);
    return moved;
  }
}
