// The socket side of the gateway: every connection from accept to close, its limits in time and number, and how it
// ends. It knows nothing of messages; its listener does (session-keeper.ts).
//
// The end of a connection: the reason is decided once (`close`), the farewell and all queued bytes are written, then
// the write side is shut; the socket closes when the peer closes too or `closeMsMax` is over. Never call end() with
// data: the data can be lost.

import type { Emitter } from "../../protocol/telemetry-line.ts";
import { addressKey, isLoopback } from "../../shared/address.ts";
import { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { ErrorCode } from "../../protocol/game/client-messages.ts";
import { Connection } from "./session.ts";
import type { CloseReason, GameSocket } from "./session.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import type { GatewayLimits, LimitName } from "../../protocol/game/limits.ts";
import type { AdmissionHold } from "./admission-hold.ts";
import type { SessionTable } from "./session-table.ts";
import type { FlushOutcome } from "../sockets/outbox.ts";
import { entryOf } from "../../protocol/assert.ts";

export interface ConnectionPoolDeps {
  limits: GatewayLimits;
  counters: GatewayCounters;
  emitter: Emitter;
  now(): number;
  admissionHold: AdmissionHold;
  sessions: SessionTable;
}

/** Is notified of what happens to connections. */
export interface ConnectionListener {
  /** The socket is closed. */
  closed(connection: Connection, reason: CloseReason): void;
  /** A connection that missed frames has been sent everything that was queued. */
  caughtUp(connection: Connection): void;
}

export interface Farewell {
  code: ErrorCode;
  message: string;
}

/** The time limits, and the message for clients that exceed them. */
const TOO_LATE = {
  authenticate: "Say hello sooner after connecting.",
  partial: "A message was begun and not finished in time.",
  idle: "Nothing was said for too long; send ping now and then.",
  slow_reader: "What was sent was not read in time; resume when you can.",
} as const satisfies Partial<Record<LimitName, string>>;
type TimeLimit = keyof typeof TOO_LATE;

/** The connection has no player in the world yet. */
function isStranger({ session }: Connection): boolean {
  return !session.isInWorld && session.homeZoneId === 0;
}

/** It has not said a hello that may let it in. */
function isSilent(connection: Connection): boolean {
  return isStranger(connection) && !connection.isLoggingIn;
}

export class ConnectionPool {
  readonly #deps: ConnectionPoolDeps;
  readonly #writer = new ByteWriter();
  #listener: ConnectionListener | null = null;
  readonly #open = new Set<Connection>();
  readonly #closing = new Set<Connection>();
  /** Oldest first; a connection that has entered the world is removed when a loop meets it. */
  readonly #strangers = new Set<Connection>();
  readonly #perAddress = new Map<string, number>();
  #whenEmpty: (() => void) | null = null;

  constructor(deps: ConnectionPoolDeps) {
    this.#deps = deps;
  }

  /** Sets the listener. */
  listen(listener: ConnectionListener): void {
    this.#listener = listener;
  }

  get size(): number {
    return this.#open.size;
  }

  values(): IterableIterator<Connection> {
    return this.#open.values();
  }

  /** Resolves when the last connection is closed. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  /** Handles a new socket: it gets a connection with a provisional session, or it is closed. */
  accept(socket: GameSocket): void {
    const { limits, admissionHold, emitter, counters } = this.#deps;
    const address = socket.remoteAddress;
    const key = addressKey(address);
    const fromAddress = this.#perAddress.get(key) ?? 0;
    const perAddressMax = isLoopback(address) ? limits.connectionsFromLoopbackMax : limits.connectionsPerAddressMax;
    if (admissionHold.isActive) return this.#turnAway(socket, "held");
    if (fromAddress >= perAddressMax) return this.#turnAway(socket, "connections_per_address");
    if (this.#open.size >= limits.connectionsMax && !this.#makeRoom()) return this.#turnAway(socket, "connections");
    const session = this.#deps.sessions.create();
    const connection = new Connection(socket, session, limits, this.#deps.now());
    session.connection = connection;
    socket.data = connection;
    this.#open.add(connection);
    this.#strangers.add(connection);
    this.#perAddress.set(key, fromAddress + 1);
    counters.accepted++;
    emitter.emitSampled("event", "game_server", "Connection accepted", {
      session_id: session.id,
      remote_endpoint: `${address}:${connection.remotePort}`,
    });
  }

  /** Writes everything that is queued for the connection, in one write. */
  flush(connection: Connection): void {
    if (connection.isClosed || connection.isHeld) return;
    const { outbox } = connection;
    const { counters } = this.#deps;
    if (outbox.pendingBytes > counters.outboxBytesMax) counters.outboxBytesMax = outbox.pendingBytes;
    const { state, bytes } = outbox.flush(connection.socket);
    counters.bytesOut += bytes;
    this.#onWritten(connection, state);
  }

  /** Writes nothing to the connection until the promise is resolved. */
  hold(connection: Connection, until: Promise<unknown> | null): void {
    if (until === null) return;
    connection.isHeld = true;
    void until.then(() => {
      connection.isHeld = false;
      this.flush(connection);
    });
  }

  /** Writes one message directly, not through the outbox, which must be empty. */
  pass(connection: Connection, source: Uint8Array, at: number, length: number): void {
    if (connection.isClosed) return;
    const state = connection.outbox.pass(connection.socket, source, at, length);
    if (state !== "closed") this.#deps.counters.bytesOut += length - connection.outbox.pendingBytes;
    if (state !== "drained") this.#onWritten(connection, state);
  }

  #onWritten(connection: Connection, state: FlushOutcome): void {
    if (state === "blocked" && connection.blockedSince === 0) connection.blockedSince = this.#deps.now();
    if (state !== "drained") return;
    connection.blockedSince = 0;
    if (connection.closing !== null) this.#shutDown(connection);
    else if (connection.missedFrames) this.#listener?.caughtUp(connection);
  }

  /** The socket can take more bytes. */
  drained(connection: Connection): void {
    connection.outbox.unblock();
    this.flush(connection);
  }

  /** Closes the connection in order. Only the first reason counts. */
  close(connection: Connection, reason: CloseReason, farewell?: Farewell | Uint8Array): void {
    if (connection.isClosed || connection.closing !== null) return;
    connection.closing = reason;
    connection.closeBy = this.#deps.now() + this.#deps.limits.closeMsMax;
    connection.splitter.clear();
    this.#closing.add(connection);
    if (farewell instanceof Uint8Array) connection.outbox.appendFarewell(farewell, farewell.length);
    else if (connection.hears && farewell !== undefined && connection.codec !== null) {
      const writer = this.#writer.reset();
      connection.codec.encode({ type: "error", ...farewell }, writer);
      connection.outbox.appendFarewell(writer.bytes, writer.length);
    }
    this.flush(connection);
  }

  /** Closes a connection that exceeded a limit: counts it and sends it an error. */
  pastLimit(connection: Connection, limit: LimitName, message: string): void {
    if (connection.closing !== null) return;
    this.#deps.counters.refuse(limit);
    this.close(connection, `limit:${limit}`, { code: `limit_${limit}`, message });
  }

  /** The socket is closed; `failed` when it did not end in order. */
  closed(connection: Connection, failed: boolean): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    this.#open.delete(connection);
    this.#strangers.delete(connection);
    this.#closing.delete(connection);
    const key = addressKey(connection.remoteAddress);
    const left = entryOf(this.#perAddress, key) - 1;
    if (left > 0) this.#perAddress.set(key, left);
    else this.#perAddress.delete(key);
    this.#deps.counters.disconnected++;
    this.#listener?.closed(connection, connection.closing ?? (failed ? "link_lost" : "client_closed"));
    if (this.#open.size === 0) this.#whenEmpty?.();
  }

  /** Called once per server tick: closes connections whose time to close in order is over. */
  endClosing(nowMs: number): void {
    for (const connection of this.#closing) {
      if (nowMs < connection.closeBy) continue;
      this.#closing.delete(connection);
      connection.socket.end();
    }
  }

  /**
   * Called once per second: checks the time limits. A connection is closed at the second check after its limit: when
   * the process has paused, data that arrived in time still waits in the socket at the first check.
   */
  sweep(nowMs: number): void {
    for (const connection of this.#open) {
      if (connection.closing !== null) continue;
      const limit = this.#overdue(connection, nowMs);
      if (limit !== null && connection.overdue === limit) this.pastLimit(connection, limit, TOO_LATE[limit]);
      connection.overdue = limit;
    }
  }

  #overdue(connection: Connection, nowMs: number): TimeLimit | null {
    const { limits } = this.#deps;
    const { splitter, blockedSince } = connection;
    if (isSilent(connection) && nowMs - connection.acceptedAt > limits.authenticateMsMax) return "authenticate";
    if (splitter.partialBytes > 0 && nowMs - connection.partialSince > limits.partialMsMax) return "partial";
    if (nowMs - connection.lastMessageAt > limits.idleMsMax) return "idle";
    return blockedSince !== 0 && nowMs - blockedSince > limits.slowReaderMsMax ? "slow_reader" : null;
  }

  /** Evicts the oldest connection without a player; false when there is none. */
  #makeRoom(): boolean {
    for (const connection of this.#strangers) {
      this.#strangers.delete(connection);
      if (connection.isClosed || !isStranger(connection)) continue;
      this.#deps.counters.refuse("connections");
      connection.closing ??= "limit:connections";
      connection.socket.terminate();
      return true;
    }
    return false;
  }

  /** Closes all remaining connections at once. */
  endAll(): void {
    for (const connection of this.#open) connection.socket.terminate();
  }

  #turnAway(socket: GameSocket, reason: "held" | LimitName): void {
    this.#deps.counters.refuse(reason);
    this.#deps.emitter.emitSampled("event", "game_server", "Connection refused", {
      reason: reason === "held" ? reason : `limit:${reason}`,
      remote_endpoint: `${socket.remoteAddress}:${socket.remotePort}`,
    });
    socket.terminate();
  }

  /**
   * Shuts the write side after everything was written. A client that never reads would not see that, so it is closed at
   * once.
   */
  #shutDown(connection: Connection): void {
    if (connection.isShutDown) return;
    connection.isShutDown = true;
    if (connection.hears) connection.socket.shutdown();
    else connection.socket.end();
  }
}
