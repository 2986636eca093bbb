// The connection of one operator: the requests that wait and the answers not yet read, both bounded. Requests are
// handled one after the other, so answers have the order of the requests.
//
//   data ──► splitter ──► waiting ──► handler (may take its time) ──► outbox ──► socket
//
// When a peer sends faster than it is answered, or does not read, the server stops reading from it until it has caught
// up.

import type { Socket } from "bun";
import { LINES } from "../sockets/framing.ts";
import { MessageSplitter } from "../sockets/message-splitter.ts";
import { Outbox } from "../sockets/outbox.ts";
import type { ControlLimits } from "../../protocol/limits.ts";

export type ControlSocket = Socket<ControlConnection | undefined>;

/** Handles what the connections ask for. */
export interface RequestHandler {
  /** Answers one line; with `close`, the connection ends once the answer is sent. */
  answer(connection: ControlConnection, line: string): Promise<{ answer: object; close: boolean }>;
  /** A line was refused because it is too long; it gets no answer from the handler. */
  refusedTooLong(): void;
  /** The peer did not send the token in time. */
  refusedTooLate(connection: ControlConnection): void;
}

/** An item that waits: a request, or the end of the connection with an optional last message. */
type Item = { line: string } | { farewell: object | null };

/** How long a peer may take to read the last message before the connection is cut. */
const LINGER_MS = 1_000;
/** An overdue token is checked again after this time: when the server has paused, the token may still wait in the socket. */
const SECOND_LOOK_MS = 100;

export class ControlConnection {
  readonly #socket: ControlSocket;
  readonly #limits: ControlLimits;
  readonly #handler: RequestHandler;
  readonly #splitter: MessageSplitter;
  readonly #outbox: Outbox;
  #waiting: Item[] = [];
  /** Number of waiting items that were served. */
  #served = 0;
  #isServing = false;
  #isPaused = false;
  /** Everything that arrives is ignored. */
  #isDeaf = false;
  #isClosed = false;
  #onRoom: (() => void) | null = null;
  #linger: Timer | undefined;
  #authenticateBy: Timer | undefined;
  /** Every request may be handled: the peer sent the token with `auth`, or the server needs no token. */
  isAuthenticated: boolean;
  /** The peer sent the right token at least once. */
  isKnown = false;
  readonly remoteAddress: string;
  readonly remoteEndpoint: string;
  requests = 0;
  malformedRun = 0;
  wrongTokens = 0;

  constructor(socket: ControlSocket, limits: ControlLimits, isAuthenticated: boolean, handler: RequestHandler) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress;
    this.remoteEndpoint = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#limits = limits;
    this.#handler = handler;
    this.#splitter = new MessageSplitter(limits.lineBytesMax);
    this.#outbox = new Outbox(limits.answerBytesMax + limits.outboxBytesMax);
    this.isAuthenticated = isAuthenticated;
  }

  /** True when nobody will read any further answer. */
  get isGone(): boolean {
    return this.#isClosed;
  }

  /** Calls the handler when the token does not arrive in time. */
  expectToken(): void {
    this.#authenticateBy = setTimeout(() => {
      if (!this.isKnown) this.#authenticateBy = setTimeout(() => this.#secondLook(), SECOND_LOOK_MS);
    }, this.#limits.authenticateMsMax);
  }

  #secondLook(): void {
    if (!this.isKnown) this.#handler.refusedTooLate(this);
  }

  /** Closes the connection to free its place: sends the reason, and cuts when the peer does not read it in time. */
  evict(farewell: object): void {
    this.end(farewell);
    this.#linger ??= setTimeout(() => this.cut(), LINGER_MS);
  }

  /** Closes the connection without a message. */
  cut(): void {
    this.#socket.terminate();
  }

  /** True when everything was sent that the peer will ever get. */
  get isDone(): boolean {
    return this.#isClosed || this.#linger !== undefined;
  }

  /** Takes bytes that arrived. */
  read(chunk: Buffer): void {
    if (this.#isDeaf) return;
    const lineBytesMax = this.isAuthenticated ? this.#limits.lineBytesMax : this.#limits.strangerLineBytesMax;
    const result = this.#splitter.push(chunk, LINES, (bytes, start, end) => {
      if (end - start > lineBytesMax) return false;
      if (!LINES.isBlank(bytes, start, end)) this.#waiting.push({ line: bytes.toString("utf8", start, end) });
      return true;
    });
    if (result !== "ok" || this.#splitter.partialBytes > lineBytesMax) {
      this.#handler.refusedTooLong();
      const error = `A line may have up to ${lineBytesMax} bytes here. Send one JSON object a line, in smaller parts.`;
      this.end({ success: false, error, code: "line_too_long" });
    }
    void this.#serve();
  }

  /** The peer has ended its side; its last line needs no newline. */
  readEnd(): void {
    if (this.#splitter.partialBytes > 0) this.read(Buffer.from("\n"));
    this.end(null);
  }

  /** Closes the connection after all earlier requests are answered, with an optional last message. */
  end(farewell: object | null): void {
    if (this.#isDeaf) return;
    this.#isDeaf = true;
    this.#splitter.clear();
    this.#waiting.push({ farewell });
    void this.#serve();
  }

  /** The socket can take more bytes. */
  drain(): void {
    this.#outbox.unblock();
    this.#flush();
  }

  /** The socket is closed. */
  closed(): void {
    this.#isClosed = true;
    this.#isDeaf = true;
    this.#forgetWaiting();
    this.#splitter.clear();
    clearTimeout(this.#linger);
    clearTimeout(this.#authenticateBy);
    this.#onRoom?.();
  }

  /** Answers the waiting items one after the other; yields to other connections from time to time. */
  async #serve(): Promise<void> {
    this.#throttle();
    if (this.#isServing) return;
    this.#isServing = true;
    // A peer that stopped waiting resets the connection; after a pause, the server reads the request and the reset
    // together.
    await new Promise(setImmediate);
    for (let handled = 1; !this.#isClosed; handled++) {
      const item = this.#next();
      if (item === null) break;
      await this.#serveItem(item);
      if (handled % this.#limits.requestsPerTurnMax === 0) await new Promise(setImmediate);
      this.#throttle();
    }
    this.#isServing = false;
  }

  /** The next item. An index advances instead of a shift of the list, because one chunk can bring very many lines. */
  #next(): Item | null {
    const item = this.#waiting[this.#served] ?? null;
    if (item !== null) this.#served++;
    else this.#forgetWaiting();
    return item;
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#served = 0;
  }

  async #serveItem(item: Item): Promise<void> {
    if ("farewell" in item) {
      if (item.farewell !== null) this.#send(item.farewell);
      await this.#hasReadAllBut(0);
      this.#shutDown();
      return;
    }
    const { answer, close } = await this.#handler.answer(this, item.line);
    this.#send(answer);
    if (close) {
      this.#isDeaf = true;
      this.#forgetWaiting();
      this.#waiting.push({ farewell: null });
    }
    await this.#hasReadAllBut(this.#limits.outboxBytesMax);
  }

  #send(answer: object): void {
    let bytes = Buffer.from(`${JSON.stringify(answer)}\n`);
    if (bytes.length > this.#limits.answerBytesMax) {
      const error = `The answer has ${bytes.length} bytes, more than the ${this.#limits.answerBytesMax} allowed.`;
      bytes = Buffer.from(`${JSON.stringify({ success: false, error, code: "answer_too_long" })}\n`);
    }
    this.#outbox.append(bytes, bytes.length);
    this.#flush();
  }

  #flush(): void {
    if (!this.#isClosed) this.#outbox.flush(this.#socket);
    this.#onRoom?.();
  }

  /** Waits until the peer has read all but `bytes` of its answers. */
  async #hasReadAllBut(bytes: number): Promise<void> {
    while (this.#outbox.pendingBytes > bytes && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
    this.#onRoom = null;
  }

  /**
   * Ends the server's side. For a moment, what the peer still sends is read and dropped; else a reset could destroy the
   * answer.
   */
  #shutDown(): void {
    if (this.#isClosed) return;
    this.#setPaused(false);
    this.#socket.shutdown();
    this.#linger ??= setTimeout(() => this.cut(), LINGER_MS);
  }

  /** Pauses reading while too much waits, and resumes it afterwards. */
  #throttle(): void {
    const waiting = this.#waiting.length - this.#served;
    if (waiting > this.#limits.requestsWaitingMax && !this.#isDeaf) this.#setPaused(true);
    else if (waiting === 0) this.#setPaused(false);
  }

  #setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused || this.#isClosed) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }
}
