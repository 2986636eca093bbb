// One socket and what belongs to it alone: the encoding its first byte chose, the bytes of an unfinished message, its
// rate limit, what it is owed. Who its player is lies in the session (session.ts), which outlives the socket.

import type { Socket } from "bun";
import { TokenBucket } from "./limits.ts";
import type { GatewayLimits, LimitName } from "./limits.ts";
import type { Codec } from "./codec.ts";
import { MessageSplitter } from "./message-splitter.ts";
import { Outbox } from "./outbox.ts";
import type { Session } from "./session.ts";

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
