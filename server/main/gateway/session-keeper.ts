// How sessions end: with their link or some time after it, by their player's word, to make room for others, or because no zone
// lets the player in.
//
//   link lost          → DISCONNECTING; DESTROYED 30 s later (5 s for some who never acted), unless resumed
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
}

/** Closings after which the player may come back to its session. */
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
  /** Server ticks in which nobody was found to make room, by zone. */
  readonly #noRoomAt = new Map<number, number>();
  #isStopping = false;

  constructor(deps: SessionKeeperDeps) {
    this.#deps = deps;
    deps.pool.listen(this);
    deps.router.listen(this);
  }

  /** Zones are not told any more of those who leave: they end themselves. */
  stop(): void {
    this.#isStopping = true;
  }

  onServerTick(tick: number): void {
    this.#serverTick = tick;
  }

  /** It missed frames and can take some again: the kernel tells it everything anew. */
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
    if (session.isGuest || isProvisional(session) || !RESUMABLE.has(reason)) this.#leave(session);
    else {
      session.isOverdue = false;
      session.hungUp = connection.closing === null;
      session.linkLostAt = this.#deps.now();
      this.#deps.router.unwatch(session);
      this.#deps.sessions.move(session, "link_lost");
    }
  }

  /** No zone lets the player in. */
  expelled(session: Session): void {
    const { connection } = session;
    session.connection = null;
    this.#endSession(session, "left");
    if (connection === null) return;
    const message = "No zone could let you in; try again later.";
    this.#deps.counters.refuse("no_zone");
    this.#deps.pool.close(connection, "refused", { code: "no_zone", message });
  }

  /** Said by its player: there is no way back, however long the socket still takes to close. */
  bye(connection: Connection): void {
    const { session } = connection;
    if (session.connection !== connection) return;
    session.connection = null;
    this.#leave(session);
  }

  /** A full zone (0: any) takes a newcomer in place of a body without a link: who holds most of those gives one up. */
  makeRoom(zoneId: number): boolean {
    // That nobody can go is true until the next tick: a crowd before a full zone is not looked through for each of it.
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

  /** Once a second: ends those whose time to resume is over. At the second look only: when the process stood still, a resume that came in time still waits in its socket. */
  expire(nowMs: number): void {
    for (const session of this.#deps.sessions.values()) {
      if (session.state !== "DISCONNECTING") continue;
      const isOverdue = nowMs - session.linkLostAt > this.#windowMs(session);
      if (isOverdue && session.isOverdue) this.#endSession(session, "expired");
      session.isOverdue = isOverdue;
    }
  }

  /** How long its body waits for its player. */
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
    if (!this.#isStopping) this.#deps.router.leave(session);
    this.#deps.sessions.move(session, event);
  }
}

/** It has no player in the world yet. */
function isProvisional({ state }: Session): boolean {
  return state === "CONNECTING" || state === "AUTHENTICATING";
}
