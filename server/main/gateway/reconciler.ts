// Compares the sessions with the census of each zone, once per second and zone. When they differ, the router is right:
//
//   in the zone, without a session or with its session elsewhere → OP_LEAVE; again after 1, 2, 4, ... 32 rounds
//   a session whose JOIN was never answered, for 5 rounds        → treated as refused
//   a session that is missing from its zone, for 2 rounds        → joined again
//   a session that waits for a reset, for 2 rounds               → OP_WATCH again
//
// A census contains the newest ticket that its zone has processed, so commands on their way are waited for. Only ids
// that sessions can have are checked: creatures, and the phantoms of a fault, do not belong to the router.

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { ZoneCensus } from "../../shared/ring-records.ts";
import type { Logouts } from "./logouts.ts";
import { SESSION_ID_MAX } from "./session-table.ts";
import type { SessionTable } from "./session-table.ts";
import type { Session } from "./session.ts";
import type { ZoneOutlet } from "./zone-outlet.ts";

const ABSENT_ROUNDS_MAX = 2;
const UNANSWERED_ROUNDS_MAX = 5;
const WATCH_ROUNDS_MAX = 2;
const GHOST_PAUSE_ROUNDS_MAX = 32;
const IDS_PER_LINE_MAX = 5;

/** Is told whether sessions are where they should be. */
export interface PresenceListener {
  /** The zone of the session reports it as present. */
  present(session: Session): void;
  /** The zone of the session never answered its JOIN. */
  unanswered(session: Session): void;
  /** The session was in its zone and is missing now. */
  absent(session: Session): void;
  /** The session waits for a reset that does not come. */
  unwatched(session: Session): void;
}

export interface ReconcilerDeps {
  sessions: SessionTable;
  outlet: ZoneOutlet;
  /** Characters that leave are no ghosts: they are asked for their state until it comes. */
  logouts: Pick<Logouts, "has">;
  emitter: Emitter;
  listener: PresenceListener;
  /** Whether an entity without a session here is a ghost, and not another gateway's player or something to look at. */
  isGhost(id: number): boolean;
}

/** An id that is in a zone by mistake: rounds until the next OP_LEAVE, and the interval after that. */
interface Ghost {
  rounds: number;
  pause: number;
}

export class Reconciler {
  /** Entities without a session in their zone that got an OP_LEAVE, since the start. */
  ghosts = 0;
  readonly #deps: ReconcilerDeps;
  readonly #ghosts = new Map<number, Map<number, Ghost>>();

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  observe(census: ZoneCensus): void {
    const takenOut = this.#takeOutGhosts(census);
    const putBack = this.#checkSessions(census);
    this.#deps.outlet.settle(census.zoneId, census.ticket);
    if (takenOut.length === 0 && putBack.length === 0) return;
    this.#deps.emitter.emit("event", "audit", "Membership mended", {
      zone_id: census.zoneId,
      tick: census.tick,
      taken_out: takenOut.length,
      put_back: putBack.length,
      entity_ids: [...takenOut, ...putBack].slice(0, IDS_PER_LINE_MAX),
    });
  }

  /** Forgets a zone that is DOWN: it has no players. */
  forget(zoneId: number): void {
    this.#ghosts.delete(zoneId);
  }

  #takeOutGhosts({ zoneId, ticket, ids }: ZoneCensus): number[] {
    const { sessions, outlet, logouts, isGhost } = this.#deps;
    const before = this.#ghosts.get(zoneId);
    const ghosts = new Map<number, Ghost>();
    const takenOut: number[] = [];
    for (const id of ids) {
      if (id > SESSION_ID_MAX || sessions.get(id)?.zoneId === zoneId || outlet.isLeaving(zoneId, id, ticket)) continue;
      if (logouts.has(id) || !isGhost(id)) continue;
      const ghost = before?.get(id) ?? { rounds: 0, pause: 1 };
      ghosts.set(id, ghost);
      if (ghost.rounds-- > 0) continue;
      ghost.rounds = ghost.pause;
      ghost.pause = Math.min(ghost.pause * 2, GHOST_PAUSE_ROUNDS_MAX);
      outlet.leave(zoneId, id, 0);
      takenOut.push(id);
    }
    if (ghosts.size > 0) this.#ghosts.set(zoneId, ghosts);
    else if (before !== undefined) this.#ghosts.delete(zoneId);
    this.ghosts += takenOut.length;
    return takenOut;
  }

  /** Checks the sessions of a zone; returns the ids it reported as absent. */
  #checkSessions({ zoneId, ticket, ids }: ZoneCensus): number[] {
    const putBack: number[] = [];
    for (const session of this.#deps.sessions.values()) {
      if (session.zoneId !== zoneId) continue;
      if (session.ticket > ticket) this.#waitForAnswer(session);
      else if (ids.has(session.id)) this.#found(session);
      else if (++session.absentRounds >= ABSENT_ROUNDS_MAX) {
        putBack.push(session.id);
        this.#deps.listener.absent(session);
      }
    }
    return putBack;
  }

  #waitForAnswer(session: Session): void {
    if (++session.absentRounds >= UNANSWERED_ROUNDS_MAX) this.#deps.listener.unanswered(session);
  }

  #found(session: Session): void {
    session.absentRounds = 0;
    session.entryFailures = 0;
    if (!session.isThere) this.#deps.listener.present(session);
    const { connection } = session;
    const isWaiting = session.awaitsReset && session.connected && connection?.missedFrames === false;
    session.unwatchedRounds = isWaiting ? session.unwatchedRounds + 1 : 0;
    if (session.unwatchedRounds < WATCH_ROUNDS_MAX) return;
    session.unwatchedRounds = 0;
    this.#deps.listener.unwatched(session);
  }
}
