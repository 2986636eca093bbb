// Where players meet the server: sockets in, kernel commands out; kernel frames in, one write a session and tick out.
//
//   bytes ─ splitter ─ codec ─ ClientMessage ─ admission | player-commands ─► ZoneLink.command
//   socket ◄─ outbox ◄─ codec.encodeFrame ◄─ FrameReader ◄─ ZoneLink.onFrame
//
// The main thread calls onServerTick 20 times a second; zones report the ends of their own ticks. What a session is owed
// is written at the end of its zone's tick, and for those whose zone is silent, on the server's tick.

import type { TCPSocketListener } from "bun";
import type { World, ZoneContent } from "../../protocol/content/content.ts";
import type { FaultSession } from "../../protocol/faults/fault.ts";
import { listenError } from "../../shared/listen-error.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { Admission } from "./admission.ts";
import { asciiJson, ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { PortalInfo, ServerMessage } from "../../protocol/game/client-messages.ts";
import type { EntityNames } from "./codec.ts";
import type { CloseReason, Connection } from "./session.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { FrameDelivery } from "./frame-delivery.ts";
import { GatewayCounters } from "./gateway-counters.ts";
import { limitsOf } from "../../protocol/game/limits.ts";
import type { GatewayLimits } from "../../protocol/game/limits.ts";
import { leastMissed } from "./least-missed.ts";
import { MessageIntake } from "./message-intake.ts";
import type { ByteHook } from "./message-intake.ts";
import { Secret } from "../../shared/secret.ts";
import { SessionTable } from "./session-table.ts";
import type { Session } from "./session.ts";
import { WrongTokens } from "../../shared/wrong-tokens.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";
import { ZoneRouter } from "./zone-router.ts";

export interface GatewayDeps {
  supervisor: ZoneLink;
  emitter: Emitter;
  world: World;
  tickRateHz: number;
  limits?: Partial<GatewayLimits>;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  /** Whether clients that never say hello are let in; default true. */
  guests?: boolean;
  /** What every hello must name; default none. */
  token?: string | undefined;
  /** Shared with the other ports that ask for tokens; default: of its own. */
  wrongTokens?: WrongTokens;
  /** Level of players that enter; default 10. */
  playerLevel?: number;
  /** Must not be guessable; default random UUIDs. */
  newResumeToken?: () => string;
}

const PLAYER_LEVEL = 10;
const REPORT_MS = 1_000;
/** Closings after which the player may come back to its session. */
const RESUMABLE: ReadonlySet<CloseReason> = new Set([
  "client_closed",
  "link_lost",
  "timeout",
  "limit:slow_reader",
  "limit:idle",
  "limit:partial",
]);

export class Gateway {
  readonly sessions: SessionTable;
  readonly counters = new GatewayCounters();
  readonly limits: GatewayLimits;
  readonly #emitter: Emitter;
  readonly #now: () => number;
  readonly #router: ZoneRouter;
  readonly #pool: ConnectionPool;
  readonly #admission: Admission;
  readonly #delivery: FrameDelivery;
  readonly #writer = new ByteWriter();
  readonly #intake: MessageIntake;
  #listener: TCPSocketListener<Connection | undefined> | null = null;
  #serverTick = 0;
  #heldUntilTick = 0;
  /** Server ticks in which nobody was found to make room, by zone. */
  readonly #noRoomAt = new Map<number, number>();
  #isStopping = false;
  #reportedAt: number;

  constructor(deps: GatewayDeps) {
    this.limits = limitsOf(deps.limits);
    this.#emitter = deps.emitter;
    this.#now = deps.now ?? (() => performance.now());
    this.#reportedAt = this.#now();
    this.sessions = new SessionTable(deps.emitter);
    const portals = new Map(deps.world.zones.map((zone) => [zone.id, portalsOf(zone)]));
    const portalsOfZone = (zoneId: number): readonly PortalInfo[] => portals.get(zoneId) ?? [];
    this.#router = new ZoneRouter({
      link: deps.supervisor,
      sessions: this.sessions,
      emitter: deps.emitter,
      playersPerZoneMax: this.limits.playersPerZoneMax,
      playerLevel: deps.playerLevel ?? PLAYER_LEVEL,
      portalsOf: portalsOfZone,
      tell: (session, message) => this.#tellSession(session, message),
      expel: (session) => this.#expel(session),
    });
    const isHeld = (): boolean => this.#serverTick < this.#heldUntilTick;
    this.#pool = new ConnectionPool(
      {
        limits: this.limits,
        counters: this.counters,
        emitter: deps.emitter,
        now: this.#now,
        isHeld,
        newSession: () => this.sessions.create(),
        onClosed: (connection, reason) => this.#onClosed(connection, reason),
        onCaughtUp: (connection) => this.#onCaughtUp(connection),
      },
      this.#writer,
    );
    this.#admission = new Admission({
      sessions: this.sessions,
      router: this.#router,
      counters: this.counters,
      limits: this.limits,
      content: deps.world.content,
      tickRateHz: deps.tickRateHz,
      guests: deps.guests ?? true,
      secret: Secret.of(deps.token),
      wrongTokens: deps.wrongTokens ?? new WrongTokens(this.#now),
      now: this.#now,
      makeRoom: (zoneId) => this.#makeRoom(zoneId),
      pastLimit: (connection, limit, message) => this.#pool.pastLimit(connection, limit, message),
      newResumeToken: deps.newResumeToken ?? (() => crypto.randomUUID()),
      isHeld,
      portalsOf: portalsOfZone,
      tell: (connection, message) => this.#tell(connection, message),
      close: (connection, reason, farewell) => this.#pool.close(connection, reason, farewell),
    });
    const names = this.#names(deps.world);
    this.#intake = new MessageIntake({
      link: deps.supervisor,
      sessions: this.sessions,
      router: this.#router,
      pool: this.#pool,
      admission: this.#admission,
      counters: this.counters,
      limits: this.limits,
      emitter: deps.emitter,
      names,
      now: this.#now,
      onBye: (connection) => this.#onBye(connection),
      tell: (connection, message) => this.#tell(connection, message),
    });
    this.#delivery = new FrameDelivery({
      link: deps.supervisor,
      sessions: this.sessions,
      counters: this.counters,
      emitter: deps.emitter,
      names,
      now: this.#now,
      flush: (connection) => this.#pool.flush(connection),
      pass: (connection, source, at, length) => this.#pool.pass(connection, source, at, length),
    });
    deps.supervisor.onMessage((message) => this.#router.onMessage(message));
    deps.supervisor.onDeparture((crossing) => this.#router.onDeparture(crossing));
    deps.supervisor.onEntered((entered) => this.#router.onEntered(entered));
    deps.supervisor.onCensus((census) => this.#router.onCensus(census));
  }

  /** Listens; the port it got. Throws WowsimError("port_in_use" or "listen_failed"). */
  listen(hostname: string, port: number): number {
    try {
      this.#listener = Bun.listen<Connection | undefined>({
        hostname,
        port,
        socket: {
          open: (socket) => this.#pool.accept(socket),
          data: (socket, chunk) => {
            if (socket.data !== undefined) this.#intake.receive(socket.data, chunk);
          },
          drain: (socket) => {
            if (socket.data !== undefined) this.#pool.drained(socket.data);
          },
          close: (socket, error) => {
            if (socket.data !== undefined) this.#pool.closed(socket.data, error !== undefined && error !== null);
          },
          error: (socket, error) => this.#onSocketError(socket.data, error),
        },
      });
    } catch (cause) {
      throw listenError(cause, { host: hostname, port, name: "Port", flag: "--port" });
    }
    return this.#listener.port;
  }

  /** Tells every player, lets them read it for up to a second, closes all. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#listener?.stop(false);
    const farewell = { code: "server_stopping", message: "The server stops; come back later." } as const;
    for (const connection of this.#pool.values()) this.#pool.close(connection, "shutdown", farewell);
    await Promise.race([this.#pool.empty(), Bun.sleep(this.limits.closeMsMax)]);
    this.#pool.endAll();
    this.#listener?.stop(true);
    this.#listener = null;
  }

  /** Once a server tick, 50 ms, whatever the zones do; `lateMs` after its time. */
  onServerTick(tick: number, lateMs = 0): void {
    this.#serverTick = tick;
    this.counters.recordLoopLag(lateMs);
    const now = this.#now();
    this.#router.retryOwed();
    this.#delivery.onServerTick(now);
    this.#pool.endClosing(now);
    if (now - this.#reportedAt < REPORT_MS) return;
    this.#pool.sweep(now);
    this.#expireSessions(now);
    this.#router.rescueStranded();
    this.counters.report(this.#emitter, this.trafficNow(), now - this.#reportedAt);
    this.#reportedAt = now;
  }

  /** Sessions as they stand. */
  trafficNow(): { sessions: number; connected: number; inWorld: number } {
    let inWorld = 0;
    for (const session of this.sessions.values()) if (session.isInWorld) inWorld++;
    return { sessions: this.sessions.size, connected: this.#pool.size, inWorld };
  }

  /** Since the start: entities that had no session in their zone, players that were not in theirs, those no zone let in. */
  get membership(): Pick<ZoneRouter, "ghosts" | "misses" | "expelled"> {
    return this.#router;
  }

  /** Players with an entity in one of `zones` (none given: in any), by id; those whose link is lost included. */
  faultSessions(zones: readonly number[]): FaultSession[] {
    const wanted = new Set(zones);
    return [...this.sessions.values()]
      .filter((session) => session.isInWorld && (wanted.size === 0 || wanted.has(session.zoneId)))
      .toSorted((a, b) => a.id - b.id);
  }

  /** Lets nobody in, and no one resume, for so many server ticks from now; 0 ends that. */
  holdConnections(ticks: number): void {
    this.#heldUntilTick = this.#serverTick + ticks;
  }

  /** All bytes from clients go through `hook`; null: as they are. */
  setIngress(hook: ByteHook | null): void {
    this.#intake.setIngress(hook);
  }

  /** All messages to clients go through `hook`; null: as they are. */
  setEgress(hook: ByteHook | null): void {
    this.#delivery.setEgress(hook);
  }

  /** To clients that said hello or have no player yet; guests never read. */
  #tell(connection: Connection, message: ServerMessage): void {
    if (!connection.hears || connection.closing !== null || connection.codec === null) return;
    const writer = this.#writer.reset();
    connection.codec.encode(message, writer);
    if (!this.#delivery.queue(connection, writer)) this.counters.repliesDropped++;
  }

  #tellSession(session: Session, message: ServerMessage): void {
    if (session.connection !== null) this.#tell(session.connection, message);
  }

  #onSocketError(connection: Connection | undefined, error: Error): void {
    this.#emitter.emitSampled("event", "game_server", "Socket error", {
      session_id: connection?.session.id ?? 0,
      error: error.message,
    });
  }

  /** It missed frames and can take some again: the kernel tells it everything anew. */
  #onCaughtUp(connection: Connection): void {
    connection.missedFrames = false;
    this.#router.watch(connection.session, true);
  }

  #onClosed(connection: Connection, reason: CloseReason): void {
    const { session } = connection;
    this.#emitter.emitSampled("event", "game_server", "Client disconnected", {
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
      session.linkLostAt = this.#now();
      this.#router.unwatch(session);
      this.sessions.move(session, "link_lost");
    }
  }

  /** Said by its player: there is no way back, however long the socket still takes to close. */
  #onBye(connection: Connection): void {
    const { session } = connection;
    if (session.connection !== connection) return;
    session.connection = null;
    this.#leave(session);
  }

  #leave(session: Session): void {
    if (isProvisional(session)) this.sessions.move(session, "refused");
    else this.#endSession(session, "left");
  }

  /** At the second look only: when the process stood still, a resume that came in time still waits in its socket. */
  #expireSessions(nowMs: number): void {
    for (const session of this.sessions.values()) {
      if (session.state !== "DISCONNECTING") continue;
      const isOverdue = nowMs - session.linkLostAt > this.#windowMs(session);
      if (isOverdue && session.isOverdue) this.#endSession(session, "expired");
      session.isOverdue = isOverdue;
    }
  }

  /** How long its body waits for its player. */
  #windowMs({ hasActed, hungUp, linkLostAt, enteredAt }: Session): number {
    const { resumeMsMax, unactedResumeMsMax } = this.limits;
    if (hasActed || !hungUp) return resumeMsMax;
    return Math.min(resumeMsMax, Math.max(unactedResumeMsMax, linkLostAt - enteredAt));
  }

  /** A full zone (0: any) takes a newcomer in place of a body without a link: who holds most of those gives one up. */
  #makeRoom(zoneId: number): boolean {
    // That nobody can go is true until the next tick: a crowd before a full zone is not looked through for each of it.
    if (this.#noRoomAt.get(zoneId) === this.#serverTick) return false;
    const session = leastMissed(this.sessions.values(), zoneId);
    if (session === null) {
      this.#noRoomAt.set(zoneId, this.#serverTick);
      return false;
    }
    this.counters.refuse("room_made");
    this.#endSession(session, "expired");
    return true;
  }

  #endSession(session: Session, event: "left" | "expired"): void {
    if (!this.#isStopping) this.#router.leave(session);
    this.sessions.move(session, event);
  }

  /** No zone lets the player in. */
  #expel(session: Session): void {
    const { connection } = session;
    session.connection = null;
    this.#endSession(session, "left");
    if (connection === null) return;
    const message = "No zone could let you in; try again later.";
    this.counters.refuse("no_zone");
    this.#pool.close(connection, "refused", { code: "no_zone", message });
  }

  #names(world: World): EntityNames {
    const creatures = world.content.creatures.map((creature) => asciiJson(creature.name));
    return {
      player: (entityId) => {
        const session = this.sessions.get(entityId);
        return session === undefined || session.isGuest ? null : session.nameJson;
      },
      creature: (template) => creatures[template] ?? null,
    };
  }
}

/** It has no player in the world yet. */
function isProvisional({ state }: Session): boolean {
  return state === "CONNECTING" || state === "AUTHENTICATING";
}

/** As clients are told of them: where they come out shows once one is through. */
function portalsOf({ portals }: ZoneContent): PortalInfo[] {
  return portals.map(({ to, x, y, radiusYd }) => ({ to, x, y, radius_yd: radiusYd }));
}
