// How sessions end: with their link or some time after it, by their player's bye, by eviction, or because no zone
// admits the player.
//
//   link lost          → DISCONNECTING; DESTROYED 30 s later (from 5 s on, if it hung up and never acted), unless resumed
//   bye, guest's link  → DESTROYED at once

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { GatewayLimits } from "../../protocol/game/limits.ts";
import type { ConnectionListener, ConnectionPool } from "./connection-pool.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import { leastMissed } from "./least-missed.ts";
import type { CloseReason, Connection, Session } from "./session.ts";
import type { SessionTable } from "./session-table.ts";
import type { RouterListener, ZoneRouter } from "./zone-router.ts";

export interface SessionKeeperDeps {
  sessions: SessionTable;
  pool: ConnectionPool;
  router: ZoneRouter;
  counters: GatewayCounters;
  limits: GatewayLimits;
  emitter: Emitter;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Another gateway takes the players up when this one stops. */
  hasHeirs: boolean;
}

/** The close reasons after which the player may resume its session. */
const RESUMABLE: ReadonlySet<CloseReason> = new Set([
  "client_closed",
  "link_lost",
  "timeout",
  "limit:slow_reader",
  "limit:idle",
  "limit:partial",
]);

export class SessionKeeper implements ConnectionListener, RouterListener {
  readonly #deps: SessionKeeperDeps;
  #serverTick = 0;
  /** By zone: the server tick in which no session was found to evict. */
  readonly #noRoomAt = new Map<number, number>();
  #isStopping = false;

  constructor(deps: SessionKeeperDeps) {
    this.#deps = deps;
    deps.pool.listen(this);
    deps.router.listen(this);
  }

  /**
   * Characters leave their zones. From now on, zones are not told of other players that leave: the zones end themselves. With
   * heirs, all players but guests stay where they are.
   */
  stop(): void {
    this.#isStopping = true;
    if (this.#deps.hasHeirs) return;
    for (const session of this.#deps.sessions.values()) this.#deps.router.logouts.begin(session);
  }

  onServerTick(tick: number): void {
    this.#serverTick = tick;
  }

  /** The connection missed frames and can take frames again: the kernel sends it everything as a reset. */
  caughtUp(connection: Connection): void {
    connection.missedFrames = false;
    this.#deps.router.watch(connection.session, true);
  }

  closed(connection: Connection, reason: CloseReason): void {
    const { session } = connection;
    this.#deps.emitter.emitSampled("event", "game_server", "Client disconnected", {
      session_id: session.id,
      zone_id: session.zoneId,
      reason,
    });
    if (session.connection !== connection) return;
    session.connection = null;
    const isLeftToHeirs = reason === "shutdown" && this.#deps.hasHeirs;
    if (session.isGuest || isProvisional(session) || !(RESUMABLE.has(reason) || isLeftToHeirs)) this.#leave(session);
    else {
      session.isOverdue = false;
      session.hungUp = connection.closing === null;
      session.linkLostAt = this.#deps.now();
      this.#deps.router.unwatch(session);
      this.#deps.sessions.move(session, "link_lost");
    }
  }

  /** No zone admits the player. */
  expelled(session: Session): void {
    const { connection } = session;
    session.connection = null;
    this.#endSession(session, "left");
    if (connection === null) return;
    const message = "No zone could let you in; try again later.";
    this.#deps.counters.refuse("no_zone");
    this.#deps.pool.close(connection, "refused", { code: "no_zone", message });
  }

  /** The player said bye: it can not resume, however long the socket still takes to close. */
  bye(connection: Connection): void {
    const { session } = connection;
    if (session.connection !== connection) return;
    session.connection = null;
    this.#leave(session);
  }

  /**
   * Evicts a body without a link from a full zone (0: any zone) for a newcomer: the address with the most such bodies
   * loses one.
   */
  makeRoom(zoneId: number): boolean {
    // When nobody can be evicted, that stays true until the next tick; so a crowd before a full zone causes one search
    // per tick.
    if (this.#noRoomAt.get(zoneId) === this.#serverTick) return false;
    const session = leastMissed(this.#deps.sessions.values(), zoneId);
    if (session === null) {
      this.#noRoomAt.set(zoneId, this.#serverTick);
      return false;
    }
    this.#deps.counters.refuse("room_made");
    this.#endSession(session, "expired");
    return true;
  }

  /**
   * Called once per second: ends sessions whose time to resume is over, at the second check. After a pause of the
   * process, a resume that came in time still waits in its socket.
   */
  expire(nowMs: number): void {
    for (const session of this.#deps.sessions.values()) {
      if (session.state !== "DISCONNECTING") continue;
      const isOverdue = nowMs - session.linkLostAt > this.#windowMs(session);
      if (isOverdue && session.isOverdue) this.#endSession(session, "expired");
      session.isOverdue = isOverdue;
    }
  }

  /** How long the body of this session waits for its player, in milliseconds. */
  #windowMs({ hasActed, hungUp, linkLostAt, enteredAt }: Session): number {
    const { resumeMsMax, unactedResumeMsMax } = this.#deps.limits;
    if (hasActed || !hungUp) return resumeMsMax;
    return Math.min(resumeMsMax, Math.max(unactedResumeMsMax, linkLostAt - enteredAt));
  }

  #leave(session: Session): void {
    if (isProvisional(session)) this.#deps.sessions.move(session, "refused");
    else this.#endSession(session, "left");
  }

  #endSession(session: Session, event: "left" | "expired"): void {
    if (!this.#isStopping || this.#deps.hasHeirs) this.#deps.router.leave(session);
    this.#deps.sessions.move(session, event);
  }
}

/** The session has no player in the world yet. */
function isProvisional({ state }: Session): boolean {
  return state === "CONNECTING" || state === "AUTHENTICATING";
}
