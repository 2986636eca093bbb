// The connections of the HTTP port: so many and no more, and none for longer than a request takes. Half a request, or
// none, held by a stranger would else take open files until there is none left for players and operators.
//
//   const connections = new HttpConnections(limits, now)
//   connections.accept(socket)       // room is made where there is none (net/places.ts)
//   connections.answered(socket)     // a whole request: no stranger any more, and its time begins anew

import type { Socket } from "node:net";
import { isLoopback } from "../../shared/address.ts";
import { Places } from "../sockets/places.ts";
import type { HttpLimits } from "../../protocol/limits.ts";

/** How often is looked for those that are late. */
const SWEEP_MS = 500;

interface Connection {
  sinceMs: number;
  /** It was late at the last look; after a pause of the process its request may still wait in the socket. */
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
    // A peer that is gone is no error of ours; unhandled it would end the process.
    socket.on("error", () => this.#forget(socket));
    const address = socket.remoteAddress ?? "";
    // Whoever probes and scrapes from this machine shares one address.
    const key = isLoopback(address) ? `${address}:${socket.remotePort}` : address;
    const leaving = this.#places.take(socket, key);
    if (leaving === null) return;
    this.refused.connections++;
    this.#close(leaving);
  }

  /** A whole request came, and is answered. */
  answered(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    connection.sinceMs = this.#now();
    connection.isLate = false;
    this.#places.know(socket);
  }

  /** Closes those that take too long, at the second look. */
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

  /** At once and without a word: an answer that is not read would hold the file that this is about. */
  #close(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#places.leave(socket);
  }
}
