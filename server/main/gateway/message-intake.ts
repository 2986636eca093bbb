// Turns a connection's bytes into requests: splits them into messages, decodes these, checks the limits of the
// connection, and passes each message to the admission (hello, a guest's first action) or to the player's zone.
//
//   chunk {"type":"movement",...}\n{"type":"com    → one command; the rest waits for the next chunk

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { Admission } from "./admission.ts";
import { binaryCodec } from "./binary-codec.ts";
import { actionOf } from "../../protocol/game/actions.ts";
import { ClientMessage } from "../../protocol/game/client-messages.ts";
import type { NamedId } from "../../protocol/game/client-messages.ts";
import { codecFor } from "./codec.ts";
import type { EntityNames } from "./codec.ts";
import type { Connection } from "./session.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { ByteHook } from "../../shared/fault-targets.ts";
import { FOREIGN_ANSWERS, isHttpRequest, isTls } from "./foreign-protocols.ts";
import type { ForeignProtocol } from "./foreign-protocols.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import { jsonCodec } from "./json-codec.ts";
import type { GatewayLimits } from "../../protocol/game/limits.ts";
import { nextSeq, sendCommand, startProbe } from "./player-commands.ts";
import type { Replies } from "./replies.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { SessionTable } from "./session-table.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";
import type { ZoneRouter } from "./zone-router.ts";
import { at } from "../../protocol/assert.ts";

export interface MessageIntakeDeps {
  link: ZoneLink;
  sessions: SessionTable;
  router: ZoneRouter;
  pool: ConnectionPool;
  admission: Admission;
  counters: GatewayCounters;
  limits: GatewayLimits;
  emitter: Emitter;
  names: EntityNames;
  now(): number;
  keeper: SessionKeeper;
  replies: Replies;
}

/** The first byte of a byte order mark in UTF-8, which some editors and languages write before a text. */
const BYTE_ORDER_MARK = 0xef;
const NO_ENCODING = "The first byte begins neither a JSON line, as { does, nor a binary message (b1).";
const NO_BYTE_ORDER_MARK = "The first byte is that of a byte order mark; send JSON lines without one.";

const CODECS = { json: jsonCodec, binary: binaryCodec };

export class MessageIntake {
  readonly #deps: MessageIntakeDeps;
  readonly #message = new ClientMessage();
  #ingress: ByteHook | null = null;
  // The connection of the current chunk: a field, so that no closure is created per chunk.
  #reading: Connection | null = null;
  #readAt = 0;

  constructor(deps: MessageIntakeDeps) {
    this.#deps = deps;
  }

  setIngress(hook: ByteHook | null): void {
    this.#ingress = hook;
  }

  /** Handles bytes from the connection. */
  receive(connection: Connection, chunk: Buffer): void {
    if (connection.closing !== null) return;
    const { counters, pool, limits } = this.#deps;
    counters.bytesIn += chunk.length;
    this.#readAt = this.#deps.now();
    const bytes = this.#ingress === null ? chunk : asBuffer(this.#ingress(connection.session, chunk));
    if (bytes.length === 0) return;
    connection.codec ??= codecFor(at(bytes, 0), CODECS);
    if (connection.codec === null) return this.#refuseEncoding(connection, bytes);
    const { splitter } = connection;
    const before = splitter.partialBytes;
    this.#reading = connection;
    const outcome = splitter.push(bytes, connection.codec, this.#visit);
    if (outcome === "too_long") {
      this.#countMalformed(connection, `A message of more than ${limits.lineBytesMax} bytes.`);
      pool.pastLimit(connection, "line_bytes", `A message has at most ${limits.lineBytesMax} bytes.`);
      return;
    }
    const isBegun = splitter.partialBytes > 0 && (before === 0 || connection.lastMessageAt === this.#readAt);
    if (isBegun) connection.partialSince = this.#readAt;
  }

  /** Handles one complete message of the current connection; false when no more messages are wanted from it. */
  readonly #visit = (bytes: Buffer, start: number, end: number): boolean => {
    const connection = this.#reading;
    if (connection === null || connection.codec === null) return false;
    const { pool, limits } = this.#deps;
    connection.lastMessageAt = this.#readAt;
    if (!connection.bucket.take(this.#readAt)) {
      pool.pastLimit(connection, "messages", `At most ${limits.messagesPerSecondMax} messages a second.`);
      return false;
    }
    if (connection.codec.isBlank(bytes, start, end)) return true;
    if (connection.codec.decode(bytes, start, end, this.#message)) this.#onMessage(connection, this.#message);
    else if (isFirst(connection) && isHttpRequest(bytes, start, end)) this.#refuseForeign(connection, "http");
    else this.#onMalformed(connection, this.#message.problem);
    return connection.closing === null;
  };

  #onMessage(connection: Connection, message: ClientMessage): void {
    const { counters, sessions, admission, pool, router, replies } = this.#deps;
    const { session } = connection;
    counters.messages++;
    if (session.state === "CONNECTING") sessions.move(session, "first_message");
    if (actionOf(message.kind) !== undefined) return this.#onAction(connection, message);
    connection.malformedRun = 0;
    if (message.kind === "hello") return admission.hello(connection, message.hello);
    if (message.kind === "ping")
      return replies.tell(connection, { type: "pong", t: message.echo, tick: router.zone(session.zoneId)?.tick ?? 0 });
    if (message.kind === "names") return this.#onNames(connection, message);
    this.#deps.keeper.bye(connection);
    pool.close(connection, "client_closed");
  }

  /** Binary frames contain no names: a client requests the names it does not know. */
  #onNames(connection: Connection, { players, creatures }: ClientMessage): void {
    const { names, replies } = this.#deps;
    const answer = {
      players: named(players, (id) => names.player(id)),
      creatures: named(creatures, (kind) => names.creature(kind)),
    };
    replies.tell(connection, { type: "names", ...answer });
  }

  #onAction(connection: Connection, message: ClientMessage): void {
    const { link, router, admission, counters, replies } = this.#deps;
    const { session } = connection;
    if (session.state === "AUTHENTICATING") {
      if (connection.readsReplies) return this.#onMalformed(connection, "You are not in the world; say hello again.");
      if (!admission.admitGuest(connection)) return;
    }
    const seq = nextSeq(session, message);
    if (seq === 0) return this.#onMalformed(connection, `seq must rise; the last was ${session.lastSeq}.`);
    connection.malformedRun = 0;
    if (router.owedTo(session.zoneId) === 0 && sendCommand(link, session, seq, message)) {
      session.lastSeq = seq;
      counters.commands++;
      session.hasActed = true;
      if (session.formerDigest !== "") this.#deps.sessions.settleToken(session);
      startProbe(session, seq, this.#readAt);
      return;
    }
    counters.commandsRefused++;
    replies.tell(connection, { type: "error", code: "busy", message: "The zone takes no more just now.", seq });
  }

  /** Counts a malformed message, answers it and drops it; too many in a row end the connection. */
  #onMalformed(connection: Connection, problem: string): void {
    this.#countMalformed(connection, problem);
    connection.malformedRun++;
    if (connection.malformedRun < this.#deps.limits.malformedRunMax)
      return this.#deps.replies.tell(connection, { type: "error", code: "malformed", message: problem });
    this.#deps.pool.pastLimit(connection, "malformed", `${connection.malformedRun} broken messages in a row.`);
  }

  #refuseForeign(connection: Connection, protocol: ForeignProtocol): void {
    this.#deps.counters.refuse(protocol);
    this.#deps.pool.close(connection, protocol, FOREIGN_ANSWERS[protocol]);
  }

  #refuseEncoding(connection: Connection, bytes: Buffer): void {
    if (isTls(bytes)) return this.#refuseForeign(connection, "tls");
    this.#deps.counters.refuse("encoding");
    const problem = bytes[0] === BYTE_ORDER_MARK ? NO_BYTE_ORDER_MARK : NO_ENCODING;
    this.#countMalformed(connection, problem);
    // The encoding is unknown, so the answer is JSON, which most clients of this port can read.
    connection.codec = jsonCodec;
    this.#deps.pool.close(connection, "encoding", { code: "malformed", message: problem });
  }

  #countMalformed(connection: Connection, problem: string): void {
    this.#deps.counters.malformed++;
    const isBinary = connection.codec?.name === "binary";
    const message = isBinary ? "Malformed message from client" : "Malformed JSON from client";
    this.#deps.emitter.emitSampled("event", "game_server", message, {
      session_id: connection.session.id,
      problem,
    });
  }
}

/** The connection has sent nothing readable yet. */
function isFirst({ session, malformedRun, codec }: Connection): boolean {
  return session.state === "CONNECTING" && malformedRun === 0 && codec?.name === "json";
}

/** The ids that have a name; `nameOf` returns it as JSON text. */
function named(ids: number[], nameOf: (id: number) => string | null): NamedId[] {
  return ids.flatMap((id) => {
    const name = nameOf(id);
    return name === null ? [] : [{ id, name: JSON.parse(name) as string }];
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
