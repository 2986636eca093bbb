// A player as the gateway knows it, from the connection to the end of its reconnection window, and the socket it speaks over.
//
//   Session      who it is, in which zone, what it was promised; outlives its sockets
//   Connection   one socket and what belongs to it alone: the encoding its first byte chose, the bytes of an unfinished
//                message, its rate limit, what it is owed
//
// Plain data; a session's state only changes through the session table, which knows the legal moves.

import type { Codec } from "./codec.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { FaultSession } from "../../protocol/faults/fault.ts";
import type { GatewayLimits, LimitName } from "../../protocol/game/limits.ts";
import type { SessionState } from "./session-states.ts";
import type { Socket } from "bun";
import { MessageSplitter } from "../sockets/message-splitter.ts";
import { Outbox } from "../sockets/outbox.ts";
import { TokenBucket } from "../sockets/token-bucket.ts";

/** Why a connection ended, as telemetry says it. */
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
  /** Its own provisional one at first; another after a resume. */
  session: Session;
  codec: Codec | null = null;
  /** It said hello: it reads, and is told things. */
  readsReplies = false;
  lastMessageAt: number;
  /** The limit in time that it was past at the last look. */
  overdue: LimitName | null = null;
  /** When the unfinished message began. */
  partialSince = 0;
  malformedRun = 0;
  /** Since when it has been behind on reading; 0: it is not. */
  blockedSince = 0;
  /** Frames were left out; when it has caught up it is told everything anew. */
  missedFrames = false;
  /** It is on the list of those to be written to at the end of the tick. */
  isDirty = false;
  /** Set once when the end is decided: nothing more is read, what it is owed is still written. */
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

  /** It can be told something: it said hello, or may still turn out to be one that reads. A guest in the world never does. */
  get hears(): boolean {
    const { state } = this.session;
    return this.readsReplies || state === "CONNECTING" || state === "AUTHENTICATING";
  }
}

export class Session implements FaultSession {
  /** Also the id of its entity. */
  readonly id: number;
  state: SessionState = "CONNECTING";
  connection: Connection | null = null;
  name = "";
  /** The name as JSON text in ASCII, for frames. */
  nameJson = '""';
  isGuest = true;
  classIndex = 0;
  /** What a hello gives as `resume` to take this session up again; "" for guests. */
  resumeToken = "";
  /** The one before: still good until the new one was used or the player acted, for its welcome may be lost. */
  formerResumeToken = "";
  /** Where its entity is; 0: in no zone. */
  zoneId = 0;
  /** The zone it returns to once that is back; the same as zoneId unless that went down. */
  homeZoneId = 0;
  /** All that is theirs, while they are between two zones: from one's departure until the other has let them in. */
  crossing: Crossing | null = null;
  /** It did something in the world, which a body that is only to fill a zone does not. */
  hasActed = false;
  /** Its link ended from the other side; not for a limit or a fault of ours. */
  hungUp = false;
  /** When it entered the world, in milliseconds of the gateway's clock. */
  enteredAt = 0;
  /** Whose it is for limits an address (address.ts). */
  address = "";
  /** Of the command that lets it into its zone, and whether the zone has said since that it is there. */
  ticket = 0;
  isThere = false;
  /** Censuses of its zone in a row that did not have it, or did not know of its ticket; that found it waiting for a reset. */
  absentRounds = 0;
  unwatchedRounds = 0;
  /** How often in a row it was not in the zone that was to let it in; until a census finds it. */
  entryFailures = 0;
  /** Highest sequence number given to a command. */
  lastSeq = 0;
  /** Frames are skipped until the kernel begins anew with a reset. */
  awaitsReset = false;
  /** A sequence number whose acknowledgement is being timed, and since when; 0: none. */
  probeSeq = 0;
  probeAt = 0;
  /** Since when the link is lost. */
  linkLostAt = 0;
  /** Its window was over at the last look. */
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

  /** Closes the socket at once, as a crash of the link would: no farewell, unsent bytes are lost. */
  crash(): void {
    const connection = this.connection;
    if (connection === null || connection.isClosed) return;
    connection.closing ??= "link_lost";
    connection.socket.terminate();
  }
}
