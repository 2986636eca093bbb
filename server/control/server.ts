// The control port: JSON lines over TCP for operators and scripts, docs/PROTOCOL.md. It runs on the main thread and
// reads only what is there (registry, shared memory), so it answers at once whatever the zones do.
//
//   const control = new ControlServer({ emitter, token })
//   registerFaultCommands(control, registry)
//   control.listen("127.0.0.1", 8081)
//   > {"command":"list","id":1}
//   < {"success":true,"command":"list","faults":[...],"id":1}
//
// Off loopback it needs a token. A connection shows it once ({"command":"auth","token":"..."}) or in each request.

import { createHash, timingSafeEqual } from "node:crypto";
import type { TCPSocketListener } from "bun";
import type { z } from "zod";
import { WowsimError } from "../errors.ts";
import { listenError } from "../listen-error.ts";
import type { Emitter } from "../telemetry/schema.ts";
import { ControlCommands } from "./commands.ts";
import type { ControlHandler } from "./commands.ts";
import { CONTROL_LIMITS, ControlConnection } from "./connection.ts";
import type { ControlLimits, ControlSocket } from "./connection.ts";

/** How long requests that are being handled may take when the server stops. */
const STOP_MS_MAX = 500;
const HTTP_REQUEST = /^[A-Z]+ \S+ HTTP\/\d/;

export interface ControlServerOptions {
  emitter: Emitter;
  token?: string;
  limits?: Partial<ControlLimits>;
}

/** Exact numbers since the start. */
export interface ControlCounters {
  accepted: number;
  refusedConnections: number;
  requests: number;
  malformed: number;
  failed: number;
  wrongTokens: number;
}

export class ControlServer {
  readonly counters: ControlCounters = {
    accepted: 0,
    refusedConnections: 0,
    requests: 0,
    malformed: 0,
    failed: 0,
    wrongTokens: 0,
  };
  readonly #emitter: Emitter;
  readonly #limits: ControlLimits;
  readonly #tokenDigest: Buffer | null;
  readonly #commands: ControlCommands;
  readonly #connections = new Set<ControlConnection>();
  #listener: TCPSocketListener<ControlConnection | undefined> | null = null;

  constructor({ emitter, token, limits }: ControlServerOptions) {
    this.#emitter = emitter;
    this.#limits = { ...CONTROL_LIMITS, ...limits };
    this.#tokenDigest = token === undefined || token === "" ? null : digestOf(token);
    this.#commands = new ControlCommands(emitter);
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Adds a command; its handler gets the fields of `schema`, and answers with the fields after success and command. */
  register<Shape extends z.ZodRawShape>(
    name: string,
    schema: z.ZodObject<Shape>,
    handler: ControlHandler<z.infer<z.ZodObject<Shape>>>,
  ): void {
    this.#commands.register(name, schema, handler);
  }

  /** Listens; returns the port, which is another one for 0. Throws WowsimError: no token off loopback, port in use. */
  listen(host: string, port: number): number {
    if (this.#tokenDigest === null && !isLoopback(host)) {
      const message = `The control port on ${host} would let anybody break this server. Give it a --token (or WOWSIM_TOKEN), or listen on 127.0.0.1.`;
      throw new WowsimError("token_required", message);
    }
    try {
      this.#listener = Bun.listen<ControlConnection | undefined>({
        hostname: host,
        port,
        allowHalfOpen: true,
        data: undefined,
        socket: {
          open: (socket) => this.#open(socket),
          data: (socket, bytes) => socket.data?.read(bytes),
          end: (socket) => socket.data?.readEnd(),
          drain: (socket) => socket.data?.drain(),
          close: (socket) => this.#closed(socket.data),
          error: (socket) => this.#closed(socket.data),
        },
      });
    } catch (cause) {
      throw listenError(cause, { host, port, name: "Control port", flag: "--control-port" });
    }
    return this.#listener.port;
  }

  /** Answers what has come in so far, then closes all connections. */
  async stop(): Promise<void> {
    this.#listener?.stop();
    for (const connection of this.#connections) connection.end(null);
    const deadline = performance.now() + STOP_MS_MAX;
    const isBusy = (): boolean => [...this.#connections].some((connection) => !connection.isDone);
    while (isBusy() && performance.now() < deadline) await Bun.sleep(5);
    this.#listener?.stop(true);
    this.#listener = null;
  }

  #open(socket: ControlSocket): void {
    const connection = new ControlConnection(
      socket,
      this.#limits,
      this.#tokenDigest === null,
      (from, line) => this.#answer(from, line),
      () => this.#countTooLong(),
    );
    socket.data = connection;
    this.counters.accepted++;
    this.#connections.add(connection);
    if (this.#connections.size > 2 * this.#limits.connectionsMax) {
      // Too many to be told one by one that there are too many.
      this.counters.refusedConnections++;
      socket.terminate();
    } else if (this.#connections.size > this.#limits.connectionsMax) {
      this.counters.refusedConnections++;
      const error = `All ${this.#limits.connectionsMax} control connections are taken; close one.`;
      connection.end({ success: false, error, code: "too_many_connections" });
    }
  }

  #closed(connection: ControlConnection | undefined): void {
    if (connection === undefined) return;
    this.#connections.delete(connection);
    connection.closed();
  }

  async #answer(connection: ControlConnection, line: string): Promise<{ answer: object; close: boolean }> {
    const isFirst = connection.requests++ === 0;
    this.counters.requests++;
    const { answer, isMalformed } = await this.#commands.answer(line, (request) => this.#gate(connection, request));
    connection.malformedRun = isMalformed ? connection.malformedRun + 1 : 0;
    if (isMalformed) this.counters.malformed++;
    if (!answer.success) this.counters.failed++;
    // A web page can make a browser send an HTTP request here, with commands in its body.
    const isHttp = isFirst && isMalformed && HTTP_REQUEST.test(line);
    const { malformedRunMax, wrongTokensMax } = this.#limits;
    const close = isHttp || connection.malformedRun >= malformedRunMax || connection.wrongTokens >= wrongTokensMax;
    return { answer, close };
  }

  #countTooLong(): void {
    this.counters.requests++;
    this.counters.malformed++;
    this.counters.failed++;
  }

  #gate(connection: ControlConnection, request: Record<string, unknown>): Record<string, unknown> | null {
    if (this.#tokenDigest !== null && (!connection.isAuthenticated || request["command"] === "auth")) {
      this.#checkToken(connection, request["token"]);
      if (request["command"] === "auth") connection.isAuthenticated = true;
    }
    return request["command"] === "auth" ? {} : null;
  }

  #checkToken(connection: ControlConnection, token: unknown): void {
    if (token === undefined) {
      const message =
        'This server wants its token: give --token or WOWSIM_TOKEN to a tool; or send {"command":"auth","token":"..."} first, or "token" in each request.';
      throw new WowsimError("token_required", message);
    }
    if (this.#tokenDigest !== null && typeof token === "string" && timingSafeEqual(digestOf(token), this.#tokenDigest))
      return;
    this.counters.wrongTokens++;
    connection.wrongTokens++;
    this.#emitter.emitSampled("event", "control", "Wrong token", { remote_endpoint: connection.remoteEndpoint });
    throw new WowsimError(
      "wrong_token",
      "That is not this server's token; it is what serve got as --token or WOWSIM_TOKEN.",
    );
  }
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
