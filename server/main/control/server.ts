// The control port: JSON lines over TCP for operators and scripts, docs/PROTOCOL.md. It runs on the main thread and
// only reads data that is already there (registry, shared memory), so it answers at once even when zones are stuck.
//
//   const control = new ControlServer({ emitter, token })
//   registerFaultCommands(control, registry)
//   control.listen("127.0.0.1", 8081)
//   > {"command":"list","id":1}
//   < {"success":true,"command":"list","faults":[...],"id":1}
//
// Off loopback it needs a token. A connection sends it once ({"command":"auth","token":"..."}) or in each request. A
// connection that has not sent the token yet is a stranger: it has a few seconds to send it, never gets the reserved
// places, and is evicted for newcomers (server/main/sockets/places.ts), so nobody keeps an operator out by holding
// connections. The answer to a wrong token is delayed (server/shared/wrong-tokens.ts); a right token is accepted at
// once. When no token is needed, a connection that has sent no request yet is the stranger.

import type { TCPSocketListener } from "bun";
import type { z } from "zod";
import { WowsimError } from "../../protocol/errors.ts";
import { listenError } from "../../shared/listen-error.ts";
import { isLoopback } from "../../shared/address.ts";
import { Places } from "../sockets/places.ts";
import { Secret } from "../../shared/secret.ts";
import { WrongTokens } from "../../shared/wrong-tokens.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { ControlCommands } from "./commands.ts";
import type { ControlHandler } from "./commands.ts";
import { ControlConnection } from "./connection.ts";
import { CONTROL_LIMITS } from "../../protocol/limits.ts";
import type { ControlSocket, RequestHandler } from "./connection.ts";
import type { ControlLimits } from "../../protocol/limits.ts";

/** How long running requests may take when the server stops. */
const STOP_MS_MAX = 500;
const HTTP_REQUEST = /^[A-Z]+ \S+ HTTP\/\d/;

export interface ControlServerOptions {
  emitter: Emitter;
  token?: string;
  limits?: Partial<ControlLimits>;
  /** Shared with the other ports that use this token; by default the port has its own. */
  wrongTokens?: WrongTokens;
}

/** Exact numbers since the start. */
export interface ControlCounters {
  accepted: number;
  /** Connections that were closed by the server, by reason: "connections", "authenticate", ... */
  refused: Map<string, number>;
  requests: number;
  malformed: number;
  failed: number;
  wrongTokens: number;
}

export class ControlServer implements RequestHandler {
  readonly counters: ControlCounters = {
    accepted: 0,
    refused: new Map(),
    requests: 0,
    malformed: 0,
    failed: 0,
    wrongTokens: 0,
  };
  readonly #emitter: Emitter;
  readonly #limits: ControlLimits;
  readonly #secret: Secret | null;
  readonly #wrongTokens: WrongTokens;
  readonly #places: Places<ControlConnection>;
  readonly #commands: ControlCommands;
  readonly #connections = new Set<ControlConnection>();
  #listener: TCPSocketListener<ControlConnection | undefined> | null = null;

  constructor({ emitter, token, limits, wrongTokens }: ControlServerOptions) {
    this.#emitter = emitter;
    this.#limits = { ...CONTROL_LIMITS, ...limits };
    this.#secret = Secret.of(token);
    this.#wrongTokens = wrongTokens ?? new WrongTokens(() => performance.now());
    const { connectionsMax: max, connectionsReserved, strangersPerAddressMax } = this.#limits;
    this.#places = new Places({
      max,
      reserved: Math.min(connectionsReserved, Math.floor(max / 2)),
      // Without a token, only programs of this machine connect, all from one address.
      strangersPerAddressMax: this.#secret === null ? max : strangersPerAddressMax,
    });
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

  /**
   * Listens; returns the actual port, which differs when `port` is 0. Throws WowsimError: no token off loopback, port
   * in use.
   */
  listen(host: string, port: number): number {
    if (this.#secret === null && !isLoopback(host)) {
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

  /** Answers the requests that have arrived, then closes all connections. */
  async stop(): Promise<void> {
    this.#listener?.stop();
    for (const connection of this.#connections) connection.end(null);
    const deadline = performance.now() + STOP_MS_MAX;
    const isBusy = (): boolean => [...this.#connections].some((connection) => !connection.isDone);
    while (isBusy() && performance.now() < deadline) await Bun.sleep(5);
    this.#listener?.stop(true);
    this.#listener = null;
  }

  async answer(connection: ControlConnection, line: string): Promise<{ answer: object; close: boolean }> {
    const isFirst = connection.requests++ === 0;
    this.counters.requests++;
    const { answer, isMalformed } = await this.#commands.answer(line, (request) => this.#gate(connection, request));
    connection.malformedRun = isMalformed ? connection.malformedRun + 1 : 0;
    if (isMalformed) this.counters.malformed++;
    if (!answer.success) this.counters.failed++;
    if (answer.success) this.#use(connection);
    const why = this.#whyClose(connection, line, isFirst && isMalformed);
    if (why !== null) this.#refuse(why);
    return { answer, close: why !== null };
  }

  refusedTooLate(connection: ControlConnection): void {
    this.#refuse("authenticate");
    const error = `Show the token within ${this.#limits.authenticateMsMax / 1_000} s of connecting.`;
    connection.evict({ success: false, error, code: "authenticate_timeout" });
  }

  refusedTooLong(): void {
    this.#refuse("line_bytes");
    this.counters.requests++;
    this.counters.malformed++;
    this.counters.failed++;
  }

  #open(socket: ControlSocket): void {
    const connection = new ControlConnection(socket, this.#limits, this.#secret === null, this);
    socket.data = connection;
    this.counters.accepted++;
    this.#connections.add(connection);
    this.#makeRoom(this.#places.take(connection, connection.remoteAddress));
    if (this.#secret !== null) connection.expectToken();
  }

  /** Evicts this connection to free its place for a newcomer. */
  #makeRoom(leaving: ControlConnection | null): void {
    if (leaving === null) return;
    const { connectionsMax } = this.#limits;
    this.#refuse("connections");
    // When very many connections are closing, they are cut without a message.
    if (this.#connections.size > 2 * connectionsMax) return leaving.cut();
    const claim = this.#secret === null ? "the one that did nothing for longest" : "those without the token";
    const error = `At most ${connectionsMax} control connections; for a newcomer room is made by ${claim}.`;
    leaving.evict({ success: false, error, code: "too_many_connections" });
  }

  /** Counts a closed connection by reason. */
  #refuse(reason: string): void {
    this.counters.refused.set(reason, (this.counters.refused.get(reason) ?? 0) + 1);
  }

  #closed(connection: ControlConnection | undefined): void {
    if (connection === undefined) return;
    this.#connections.delete(connection);
    this.#places.leave(connection);
    connection.closed();
  }

  /** When no token is needed, a valid request shows that the peer is a tool and not just holding a place. */
  #use(connection: ControlConnection): void {
    if (this.#secret === null) this.#places.know(connection);
    else this.#places.use(connection);
  }

  /** The reason to close the connection here, or null. */
  #whyClose(connection: ControlConnection, line: string, isFirstMalformed: boolean): string | null {
    const { malformedRunMax, wrongTokensMax } = this.#limits;
    // A web page can make a browser send an HTTP request here, with commands in its body.
    if (isFirstMalformed && HTTP_REQUEST.test(line)) return "http";
    if (connection.malformedRun >= malformedRunMax) return "malformed";
    return connection.wrongTokens >= wrongTokensMax ? "wrong_tokens" : null;
  }

  async #gate(
    connection: ControlConnection,
    request: Record<string, unknown>,
  ): Promise<Record<string, unknown> | null> {
    const isAuth = request["command"] === "auth";
    if (this.#secret !== null && (!connection.isAuthenticated || isAuth)) {
      if (request["token"] === undefined) this.#askForToken();
      if (!this.#secret.matches(request["token"])) await this.#refuseToken(connection);
      connection.isAuthenticated ||= isAuth;
      connection.isKnown = true;
      this.#places.know(connection);
    }
    return isAuth ? {} : null;
  }

  #askForToken(): never {
    const message =
      'This server wants its token: give --token or WOWSIM_TOKEN to a tool; or send {"command":"auth","token":"..."} first, or "token" in each request.';
    throw new WowsimError("token_required", message);
  }

  /** Refuses the token, after the delay that the earlier wrong tokens of this address cause. */
  async #refuseToken(connection: ControlConnection): Promise<never> {
    const waitMs = this.#wrongTokens.wrong(connection.remoteAddress);
    this.counters.wrongTokens++;
    connection.wrongTokens++;
    this.#places.suspect(connection);
    this.#emitter.emitSampled("event", "control", "Wrong token", { remote_endpoint: connection.remoteEndpoint });
    if (waitMs > 0) await Bun.sleep(waitMs);
    throw new WowsimError(
      "wrong_token",
      "That is not this server's token; it is what serve got as --token or WOWSIM_TOKEN.",
    );
  }
}
