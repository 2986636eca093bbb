// Connects players to the server. Inbound: sockets to kernel commands. Outbound: kernel frames to one write per session
// and tick.
//
//   bytes ─ splitter ─ codec ─ ClientMessage ─ admission | player-commands ─► ZoneLink.send
//   socket ◄─ outbox ◄─ codec.encodeFrame ◄─ FrameReader ◄─ ZoneListener.framed
//
// The main thread calls onServerTick 20 times per second; zones report the ends of their own ticks. Queued output of a
// session is written at the end of its zone's tick; when the zone is silent, at the server's tick.

import type { TCPSocketListener } from "bun";
import type { World, ZoneContent } from "../../protocol/content/content.ts";
import type { FaultSession } from "../../protocol/faults/fault.ts";
import { listenError } from "../../shared/listen-error.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { Admission } from "./admission.ts";
import type { PortalInfo } from "../../protocol/game/client-messages.ts";
import type { Connection } from "./session.ts";
import type { CharacterStore } from "../../shared/character-store.ts";
import { Characters } from "./characters.ts";
import { MemoryCharacters } from "./memory-characters.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { AdmissionHold } from "./admission-hold.ts";
import { KnownNames } from "./entity-names.ts";
import type { ByteHook, FaultPlayers } from "../../shared/fault-targets.ts";
import { FrameDelivery } from "./frame-delivery.ts";
import { GatewayCounters } from "./gateway-counters.ts";
import { limitsOf } from "../../protocol/game/limits.ts";
import type { GatewayLimits } from "../../protocol/game/limits.ts";
import { MessageIntake } from "./message-intake.ts";
import { Replies } from "./replies.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { Secret } from "../../shared/secret.ts";
import { restoreSessions } from "./session-restore.ts";
import { NO_STORE } from "../../shared/session-store.ts";
import type { RestoredSession, SessionStore } from "../../shared/session-store.ts";
import type { OtherGateways } from "../../shared/other-gateways.ts";
import { SessionMoves } from "./session-moves.ts";
import { SessionTable } from "./session-table.ts";
import { WrongTokens } from "../../shared/wrong-tokens.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";
import { WriteQueue } from "./write-queue.ts";
import { ZoneDurability } from "./zone-durability.ts";
import { ZoneRouter } from "./zone-router.ts";

export interface GatewayDeps {
  supervisor: ZoneLink;
  emitter: Emitter;
  world: World;
  tickRateHz: number;
  limits?: Partial<GatewayLimits>;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  /** Whether clients that never send a hello may enter; default true. */
  guests?: boolean;
  /** The token that every hello must contain; default none. */
  token?: string | undefined;
  /** Players without a session stay in their zones; default false. */
  keepsBodies?: boolean;
  /** Keeps sessions for the next server; default: nowhere. */
  store?: SessionStore;
  /** Sessions of an earlier server. */
  restored?: readonly RestoredSession[];
  /** Tickets up to this one were used by an earlier server. */
  lastTicket?: number;
  /** Session numbers up to this one were in use. */
  lastSession?: number;
  /** Shared with the other ports that use tokens; by default the gateway has its own. */
  wrongTokens?: WrongTokens;
  /** Level of players when they enter; default 10. */
  playerLevel?: number;
  /** Keeps characters; by default in memory. */
  characters?: CharacterStore;
  /** Of one of several gateways: the others. By default there are none. */
  others?: OtherGateways;
  /** Tokens must be impossible to guess; default random UUIDs. */
  newResumeToken?: () => string;
}

const PLAYER_LEVEL = 10;
const REPORT_MS = 1_000;
/** The longest that a stop waits for characters to leave their zones. */
const LOGOUT_MS_MAX = 1_000;
const LOGOUT_LOOK_MS = 10;
export class Gateway implements FaultPlayers {
  readonly sessions: SessionTable;
  readonly counters = new GatewayCounters();
  readonly characters: Characters;
  /** Takes sessions out, to go on at other gateways. */
  readonly moves: SessionMoves;
  readonly limits: GatewayLimits;
  readonly #emitter: Emitter;
  readonly #now: () => number;
  readonly #router: ZoneRouter;
  readonly #pool: ConnectionPool;
  readonly #queue: WriteQueue;
  readonly #keeper: SessionKeeper;
  readonly #intake: MessageIntake;
  readonly #admissionHold = new AdmissionHold();
  #listener: TCPSocketListener<Connection | undefined> | null = null;
  #isStopping = false;
  #reportedAt: number;

  constructor(deps: GatewayDeps) {
    this.limits = limitsOf(deps.limits);
    this.#emitter = deps.emitter;
    this.#now = deps.now ?? (() => performance.now());
    this.#reportedAt = this.#now();
    const store = deps.store ?? NO_STORE;
    const { supervisor: link, emitter, world, others = null } = deps;
    const ids = others === null ? [] : [{ ...others.ids, isTaken: (id: number) => others.isTaken(id) }];
    this.sessions = new SessionTable(emitter, store, deps.lastSession, ...ids);
    this.characters = new Characters(deps.characters ?? new MemoryCharacters(), emitter);
    const { sessions, counters, limits, characters } = this;
    const playerLevel = deps.playerLevel ?? PLAYER_LEVEL;
    const now = this.#now;
    const portals = new Map(world.zones.map((zone) => [zone.id, portalsOf(zone)]));
    const names = new KnownNames(sessions, world.content, others);
    this.#pool = new ConnectionPool({ limits, counters, emitter, now, admissionHold: this.#admissionHold, sessions });
    this.#queue = new WriteQueue(this.#pool, counters, now);
    const replies = new Replies(this.#queue, counters);
    this.#router = new ZoneRouter({
      link,
      sessions,
      emitter,
      playersPerZoneMax: limits.playersPerZoneMax,
      playerLevel,
      portals,
      replies,
      characters,
      store,
      isGhost: (id) => deps.keepsBodies !== true && (others === null || others.owns(id)),
      lastTicket: others?.lastTicket ?? deps.lastTicket ?? 0,
    });
    this.#keeper = new SessionKeeper({
      sessions,
      pool: this.#pool,
      router: this.#router,
      counters,
      limits,
      emitter,
      now,
      hasHeirs: others !== null,
    });
    this.moves = new SessionMoves({ sessions, characters, pool: this.#pool, router: this.#router, now });
    const admission = new Admission({
      sessions,
      router: this.#router,
      counters,
      limits,
      content: world.content,
      tickRateHz: deps.tickRateHz,
      guests: deps.guests ?? true,
      secret: Secret.of(deps.token),
      wrongTokens: deps.wrongTokens ?? new WrongTokens(now),
      now,
      keeper: this.#keeper,
      pool: this.#pool,
      others,
      store,
      newResumeToken: deps.newResumeToken ?? (() => crypto.randomUUID()),
      admissionHold: this.#admissionHold,
      portals,
      replies,
      characters,
      playerLevel,
    });
    this.#intake = new MessageIntake({
      link,
      sessions,
      router: this.#router,
      pool: this.#pool,
      admission,
      counters,
      limits,
      emitter,
      names,
      now,
      keeper: this.#keeper,
      replies,
    });
    link.listen(this.#router);
    const durability = new ZoneDurability();
    link.listen(durability);
    link.listen(
      new FrameDelivery({ sessions, counters, emitter, names, queue: this.#queue, pool: this.#pool, durability }),
    );
    this.restore(deps.restored ?? []);
  }

  /** Sessions that others had go on here, as players whose link is lost. */
  restore(found: readonly RestoredSession[]): void {
    this.#router.restored(restoreSessions(this.sessions, this.characters, found, this.#now()));
  }

  /** The newest ticket that was used. */
  get lastTicket(): number {
    return this.#router.lastTicket;
  }

  /** Listens; returns the actual port. Throws WowsimError("port_in_use" or "listen_failed"). */
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

  /**
   * Takes all characters out of the world and sends every player a farewell, waits up to a second until the zones have handed
   * out the characters and the players have read it, then closes all.
   */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#keeper.stop();
    this.#listener?.stop(false);
    const farewell = { code: "server_stopping", message: "The server stops; come back later." } as const;
    for (const connection of this.#pool.values()) this.#pool.close(connection, "shutdown", farewell);
    await Promise.all([
      Promise.race([this.#pool.empty(), Bun.sleep(this.limits.closeMsMax)]),
      this.#charactersLeft(performance.now() + LOGOUT_MS_MAX),
    ]);
    this.#pool.endAll();
    this.#listener?.stop(true);
    this.#listener = null;
  }

  /** Resolves when all characters have left the world and are safe, at the latest at `deadlineMs`. */
  async #charactersLeft(deadlineMs: number): Promise<void> {
    const { logouts } = this.#router;
    while (logouts.size > 0 && performance.now() < deadlineMs) {
      this.#router.retryOwed();
      await Bun.sleep(LOGOUT_LOOK_MS);
    }
    logouts.endAll();
    await Promise.race([this.characters.saved(), Bun.sleep(Math.max(0, deadlineMs - performance.now()))]);
  }

  /** Called once per server tick of 50 ms, whatever the zones do; `lateMs` is the delay of this call. */
  onServerTick(tick: number, lateMs = 0): void {
    this.#admissionHold.onServerTick(tick);
    this.#keeper.onServerTick(tick);
    this.counters.recordLoopLag(lateMs);
    const now = this.#now();
    this.#router.retryOwed();
    this.#queue.onServerTick(now);
    this.#pool.endClosing(now);
    if (now - this.#reportedAt < REPORT_MS) return;
    this.#pool.sweep(now);
    this.#keeper.expire(now);
    this.#router.rescueStranded();
    this.counters.report(this.#emitter, this.trafficNow(), now - this.#reportedAt);
    this.#reportedAt = now;
  }

  /** The current number of sessions. */
  trafficNow(): { sessions: number; connected: number; inWorld: number } {
    let inWorld = 0;
    for (const session of this.sessions.values()) if (session.isInWorld) inWorld++;
    return { sessions: this.sessions.size, connected: this.#pool.size, inWorld };
  }

  /**
   * Since the start: entities without a session in their zone, players missing from their zone, players that no zone
   * admitted.
   */
  get membership(): Pick<ZoneRouter, "ghosts" | "misses" | "expelled"> {
    return this.#router;
  }

  /** Players with an entity in one of `zones` (an empty list: in any zone), by id; includes those whose link is lost. */
  faultSessions(zones: readonly number[]): FaultSession[] {
    const wanted = new Set(zones);
    return [...this.sessions.values()]
      .filter((session) => session.isInWorld && (wanted.size === 0 || wanted.has(session.zoneId)))
      .toSorted((a, b) => a.id - b.id);
  }

  /** Refuses newcomers and resumes for `ticks` server ticks from now; 0 ends that. */
  holdConnections(ticks: number): void {
    this.#admissionHold.begin(ticks);
  }

  /** Sends all bytes from clients through `hook`; null removes the hook. */
  setIngress(hook: ByteHook | null): void {
    this.#intake.setIngress(hook);
  }

  /** Sends all messages to clients through `hook`; null removes the hook. */
  setEgress(hook: ByteHook | null): void {
    this.#queue.setEgress(hook);
  }

  #onSocketError(connection: Connection | undefined, error: Error): void {
    this.#emitter.emitSampled("event", "game_server", "Socket error", {
      session_id: connection?.session.id ?? 0,
      error: error.message,
    });
  }
}

/** Portals as clients see them: without the exit, which a player sees after passing through. */
function portalsOf({ portals }: ZoneContent): PortalInfo[] {
  return portals.map(({ to, x, y, radiusYd }) => ({ to, x, y, radius_yd: radiusYd }));
}
