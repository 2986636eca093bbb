// The connections of the HTTP port, limited in number and in time. Without the limits, a stranger that holds
// connections with half a request, or none, could use up the open files that players and operators need.
//
//   const connections = new HttpConnections(limits, now)
//   connections.accept(socket)       // at the limit another connection is evicted (server/main/sockets/places.ts)
//   connections.answered(socket)     // a complete request: no stranger any more, and its time limit restarts

import type { Socket } from "node:net";
import { isLoopback } from "../../shared/address.ts";
import { Places } from "../sockets/places.ts";
import type { HttpLimits } from "../../protocol/limits.ts";

/** The interval of the check for late connections. */
const SWEEP_MS = 500;

interface Connection {
  sinceMs: number;
  /** It was late at the previous check; after a pause of the process, its request may still wait in the socket. */
  isLate: boolean;
}

const REASONS = ["connections", "request_timeout", "wrong_token", "wrong_tokens"] as const;
export type HttpRefusal = (typeof REASONS)[number];

export class HttpConnections {
  readonly refused: Record<HttpRefusal, number> = {
    connections: 0,
    request_timeout: 0,
    wrong_token: 0,
    wrong_tokens: 0,
  };
  readonly #limits: HttpLimits;
  readonly #now: () => number;
  readonly #places: Places<Socket>;
  readonly #open = new Map<Socket, Connection>();
  readonly #timer: Timer;

  /** `now`: milliseconds, monotonic. */
  constructor(limits: HttpLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    const { connectionsMax: max, connectionsReserved, strangersPerAddressMax } = limits;
    this.#places = new Places({
      max,
      reserved: Math.min(connectionsReserved, Math.floor(max / 2)),
      strangersPerAddressMax,
    });
    this.#timer = setInterval(() => this.sweep(), Math.min(SWEEP_MS, limits.requestMsMax));
  }

  get size(): number {
    return this.#open.size;
  }

  accept(socket: Socket): void {
    this.#open.set(socket, { sinceMs: this.#now(), isLate: false });
    socket.on("close", () => this.#forget(socket));
    // A peer that disconnects is not an error of the server; an unhandled event would end the process.
    socket.on("error", () => this.#forget(socket));
    const address = socket.remoteAddress ?? "";
    // All probes and scrapers of this machine share one address.
    const key = isLoopback(address) ? `${address}:${socket.remotePort}` : address;
    const leaving = this.#places.take(socket, key);
    if (leaving === null) return;
    this.refused.connections++;
    this.#close(leaving);
  }

  /** A complete request arrived and is answered. */
  answered(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    connection.sinceMs = this.#now();
    connection.isLate = false;
    this.#places.know(socket);
  }

  /** Closes connections that take too long, at the second check. */
  sweep(): void {
    const nowMs = this.#now();
    for (const [socket, connection] of this.#open) {
      const isLate = nowMs - connection.sinceMs > this.#limits.requestMsMax;
      if (isLate && connection.isLate) {
        this.refused.request_timeout++;
        this.#close(socket);
      } else connection.isLate = isLate;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#open.keys()) this.#close(socket);
  }

  /** Closes at once, without a message: an answer that nobody reads would hold the open file. */
  #close(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#places.leave(socket);
  }
}
