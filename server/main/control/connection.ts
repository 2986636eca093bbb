// One operator's connection: the requests it sent that still wait, the answers it has not yet read, both bounded. Requests
// are answered one after the other, so the order of answers is that of the requests.
//
//   data ──► splitter ──► waiting ──► handler (may take its time) ──► outbox ──► socket
//
// A peer that sends faster than it is answered, or does not read, is not read from until it has caught up.

import type { Socket } from "bun";
import { LINES } from "../sockets/framing.ts";
import { MessageSplitter } from "../sockets/message-splitter.ts";
import { Outbox } from "../sockets/outbox.ts";
import type { ControlLimits } from "../../protocol/limits.ts";

export type ControlSocket = Socket<ControlConnection | undefined>;

/** Does what connections ask for. */
export interface RequestHandler {
  /** Answers one line; `close` ends the connection once the answer is sent. */
  answer(connection: ControlConnection, line: string): Promise<{ answer: object; close: boolean }>;
  /** A line was refused for its length: it is not to be answered. */
  refusedTooLong(): void;
  /** The token was not shown in time. */
  refusedTooLate(connection: ControlConnection): void;
}

/** What waits its turn: a request, or the end, with a last word. */
type Item = { line: string } | { farewell: object | null };

/** How long a peer may take to read the last word before the connection is cut. */
const LINGER_MS = 1_000;
/**
 * A token that is overdue gets a second look so much later: after a pause of the server it may still wait in the socket.
 */
const SECOND_LOOK_MS = 100;

export class ControlConnection {
  readonly #socket: ControlSocket;
  readonly #limits: ControlLimits;
  readonly #handler: RequestHandler;
  readonly #splitter: MessageSplitter;
  readonly #outbox: Outbox;
  #waiting: Item[] = [];
  /** How many of those waiting have been served. */
  #served = 0;
  #isServing = false;
  #isPaused = false;
  /** Nothing that arrives is looked at any more. */
  #isDeaf = false;
  #isClosed = false;
  #onRoom: (() => void) | null = null;
  #linger: Timer | undefined;
  #authenticateBy: Timer | undefined;
  /** Every request is handled: the token was shown with `auth`, or none is asked for. */
  isAuthenticated: boolean;
  /** It showed the token at least once. */
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

  /** Nobody will read what would still be said. */
  get isGone(): boolean {
    return this.#isClosed;
  }

  /** The handler is told when the token has not been shown in time. */
  expectToken(): void {
    this.#authenticateBy = setTimeout(() => {
      if (!this.isKnown) this.#authenticateBy = setTimeout(() => this.#secondLook(), SECOND_LOOK_MS);
    }, this.#limits.authenticateMsMax);
  }

  #secondLook(): void {
    if (!this.isKnown) this.#handler.refusedTooLate(this);
  }

  /** Makes room for others: told why, and cut if it does not read that in time. */
  evict(farewell: object): void {
    this.end(farewell);
    this.#linger ??= setTimeout(() => this.cut(), LINGER_MS);
  }

  /** Closes it without a word. */
  cut(): void {
    this.#socket.terminate();
  }

  /** Its peer has been sent everything it will ever be. */
  get isDone(): boolean {
    return this.#isClosed || this.#linger !== undefined;
  }

  /** Bytes arrived. */
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

  /** The peer has sent all it will; its last line needs no newline. */
  readEnd(): void {
    if (this.#splitter.partialBytes > 0) this.read(Buffer.from("\n"));
    this.end(null);
  }

  /** Closes the connection when all that came before is answered, with a last word. */
  end(farewell: object | null): void {
    if (this.#isDeaf) return;
    this.#isDeaf = true;
    this.#splitter.clear();
    this.#waiting.push({ farewell });
    void this.#serve();
  }

  /** The socket has room again. */
  drain(): void {
    this.#outbox.unblock();
    this.#flush();
  }

  /** The socket is gone. */
  closed(): void {
    this.#isClosed = true;
    this.#isDeaf = true;
    this.#forgetWaiting();
    this.#splitter.clear();
    clearTimeout(this.#linger);
    clearTimeout(this.#authenticateBy);
    this.#onRoom?.();
  }

  /** Answers what waits, one after the other, with a turn for everybody else now and then. */
  async #serve(): Promise<void> {
    this.#throttle();
    if (this.#isServing) return;
    this.#isServing = true;
    // A peer that gave up waiting resets the connection, and a server that stood still meanwhile reads both at once.
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

  /** The item whose turn it is. A place in the list moves on instead of the list: one chunk can bring very many lines. */
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

  /** Waits until the peer has read all but so many bytes of its answers. */
  async #hasReadAllBut(bytes: number): Promise<void> {
    while (this.#outbox.pendingBytes > bytes && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
    this.#onRoom = null;
  }

  /** Ends our side. What the peer still sends is taken and dropped for a moment: else a reset could eat the answer. */
  #shutDown(): void {
    if (this.#isClosed) return;
    this.#setPaused(false);
    this.#socket.shutdown();
    this.#linger ??= setTimeout(() => this.cut(), LINGER_MS);
  }

  /** Stops reading while too much waits, and reads on when that is done. */
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
