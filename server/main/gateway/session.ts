// A player as the gateway knows it, from its connection to the end of its reconnection window, and the socket it uses.
//
//   Session      its identity, its zone, its tokens; outlives its sockets
//   Connection   one socket and its own data: the encoding its first byte selected, the bytes of an unfinished
//                message, its rate limit, its outbox
//
// Plain data; a session's state changes only through the session table, which knows the legal transitions.

import type { Codec } from "./codec.ts";
import type { Character } from "../../shared/character-store.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { FaultSession } from "../../protocol/faults/fault.ts";
import type { GatewayLimits, LimitName } from "../../protocol/game/limits.ts";
import type { KeptSession } from "../../shared/session-store.ts";
import type { SessionState } from "./session-states.ts";
import type { Socket } from "bun";
import { MessageSplitter } from "../sockets/message-splitter.ts";
import { Outbox } from "../sockets/outbox.ts";
import { TokenBucket } from "../sockets/token-bucket.ts";

/** Why a connection ended, in the words of telemetry. */
export type CloseReason =
  | "client_closed"
  | "server_closed"
  | "link_lost"
  | "timeout"
  | "shutdown"
  | "superseded"
  | "guests_off"
  | "encoding"
  | "http"
  | "tls"
  | "held"
  | "refused"
  | `limit:${string}`;

export type GameSocket = Socket<Connection | undefined>;

export class Connection {
  readonly socket: GameSocket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly splitter: MessageSplitter;
  readonly bucket: TokenBucket;
  readonly outbox: Outbox;
  /** Milliseconds of the gateway's clock. */
  readonly acceptedAt: number;
  /** Its own provisional session at first; another one after a resume. */
  session: Session;
  codec: Codec | null = null;
  /** The client said hello: it reads replies. */
  readsReplies = false;
  lastMessageAt: number;
  /** The time limit it exceeded at the previous check. */
  overdue: LimitName | null = null;
  /** When the unfinished message began, in milliseconds of the gateway's clock. */
  partialSince = 0;
  malformedRun = 0;
  /** Its secret is being compared, or its character is on its way out of the world: nothing is decided yet. */
  isLoggingIn = false;
  /** Since when its client has been slow to read; 0 when it is not. */
  blockedSince = 0;
  /** Nothing is written to it until what it is about to be told is safe. */
  isHeld = false;
  /** Frames were dropped; once the client has caught up, it gets everything as a reset. */
  missedFrames = false;
  /** It is on the list of connections that are written to at the end of the tick. */
  isDirty = false;
  /** Set once, when the end is decided: nothing more is read; what is queued is still written. */
  closing: CloseReason | null = null;
  closeBy = 0;
  isShutDown = false;
  isClosed = false;

  constructor(socket: GameSocket, session: Session, limits: GatewayLimits, nowMs: number) {
    this.socket = socket;
    this.session = session;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.splitter = new MessageSplitter(limits.lineBytesMax);
    this.bucket = new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, nowMs);
    this.outbox = new Outbox(limits.outboxBytesMax);
    this.acceptedAt = nowMs;
    this.lastMessageAt = nowMs;
  }

  /** Whether it may get messages: it said hello, or may still do so. A guest in the world never gets any. */
  get hears(): boolean {
    const { state } = this.session;
    return this.readsReplies || state === "CONNECTING" || state === "AUTHENTICATING";
  }
}

export class Session implements FaultSession {
  /** This is also the id of its entity. */
  readonly id: number;
  state: SessionState = "CONNECTING";
  connection: Connection | null = null;
  name = "";
  /** The name as JSON text in ASCII, for frames. */
  nameJson = '""';
  isGuest = true;
  classIndex = 0;
  /** The token that resumes this session, sent as `resume` in a hello; "" for guests, and after a restart of the server. */
  resumeToken = "";
  /** The hash of that token, by which the session is found; "" for guests. */
  tokenDigest = "";
  /** That of the previous token: valid until the new one was used or the player acted, because the welcome may be lost. */
  formerDigest = "";
  /** The zone its entity is in; 0 when it is in no zone. */
  zoneId = 0;
  /** The zone it returns to when that zone is back; differs from zoneId only while that zone is down. */
  homeZoneId = 0;
  /** The player's data between two zones: from its departure from one until the other has admitted it. */
  crossing: Crossing | null = null;
  /** The character that it plays; null for a player who does not persist. */
  character: Character | null = null;
  /** It acted in the world; a body that only fills a zone does not. */
  hasActed = false;
  /** The other side ended its link; not a limit, and not a fault of the server. */
  hungUp = false;
  /** When it entered the world, in milliseconds of the gateway's clock. */
  enteredAt = 0;
  /** The key of its address, for limits per address (address.ts). */
  address = "";
  /** The ticket of the command that puts it into its zone, and whether the zone has since reported it as present. */
  ticket = 0;
  isThere = false;
  /** Consecutive censuses of its zone that did not contain it, did not know its ticket, or showed it waiting for a reset. */
  absentRounds = 0;
  unwatchedRounds = 0;
  /** Consecutive failures to enter a zone; a census that finds it resets this. */
  entryFailures = 0;
  /** Highest sequence number given to a command. */
  lastSeq = 0;
  /** Frames are skipped until the kernel sends a reset. */
  awaitsReset = false;
  /** The sequence number whose acknowledgement is being timed, and the start time; 0 when none is. */
  probeSeq = 0;
  probeAt = 0;
  /** When the link was lost, in milliseconds of the gateway's clock. */
  linkLostAt = 0;
  /** Its reconnection window was over at the previous check. */
  isOverdue = false;

  constructor(id: number) {
    this.id = id;
  }

  get connected(): boolean {
    return this.connection !== null && !this.connection.isClosed;
  }

  /** Its entity is in a zone. */
  get isInWorld(): boolean {
    return this.zoneId !== 0;
  }

  /** Closes the socket at once, as if the link had broken: no farewell, unsent bytes are lost. */
  crash(): void {
    const connection = this.connection;
    if (connection === null || connection.isClosed) return;
    connection.closing ??= "link_lost";
    connection.socket.terminate();
  }
}

/** What the next server must know of a session. */
export function keptOf(session: Session): KeptSession {
  const { name, classIndex, zoneId, homeZoneId, address, hasActed, tokenDigest, formerDigest, character } = session;
  return {
    name,
    class: classIndex,
    zone: zoneId,
    home: homeZoneId,
    address,
    acted: hasActed,
    token: tokenDigest,
    former: formerDigest,
    character: character?.key ?? "",
  };
}
