// The tools' end of the telemetry feed: subscribes, keeps renewing the subscription, and passes each line to its listeners.
//
//   await using feed = await FeedClient.connect({ host: "127.0.0.1", port: 9090 })
//   const stop = feed.onLine((line) => ...)       // {"v":1,"type":"metric","component":"zone",...}
//   feed.silentMs                                 // since the last line: increases while the server is gone
//
// Every request gets a challenge, which the client sends back (server/feed/handshake.ts). A silent feed is asked more often
// than a live one, so a server that comes back on the same port is heard again within a second. The socket is
// connected: only that server's datagrams reach it. Lost datagrams are not requested again.
//
// The client asks for several lines in a datagram: receiving one costs more than reading its lines.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { parseOutsideJson } from "../../server/protocol/printable.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { parseLine } from "../analysis/telemetry-text.ts";
import { forOperators } from "./operator-words.ts";
import { hostAndPort } from "./server-name.ts";
import { isTokenCode } from "./token-error.ts";

export interface FeedClientOptions {
  host: string;
  /** The server's telemetry port (UDP). */
  port: number;
  /** For servers that require one. */
  token?: string | undefined;
  /** How long to wait for the first line. */
  timeoutMs?: number;
  /** Called with each datagram's text before it is parsed; if false, the lines are only counted. */
  isWorthReading?(text: string): boolean;
}

const TIMEOUT_MS = 3_000;
/** The server drops a subscriber that has not renewed for 30 s. */
const RENEW_MS = 8_000;
/** How often a silent feed is asked again. */
const ASK_AGAIN_MS = 200;
/** A working server is never silent for so long: it sends 20 ticks a second. */
const SILENT_MS_MAX = 1_000;
/** Fits into one Ethernet frame: of a fragmented datagram, one lost fragment loses the whole. */
const DATAGRAM_BYTES = 1_400;

type Answer = { challenge: string } | { error: string; code: string };

export class FeedClient implements AsyncDisposable {
  readonly #listeners = new Set<(line: TelemetryLine) => void>();
  readonly #name: string;
  readonly #token: string | undefined;
  readonly #isWorthReading: (text: string) => boolean;
  readonly #firstLine = Promise.withResolvers<void>();
  #socket: Bun.udp.ConnectedSocket<"buffer"> | null = null;
  #timer: Timer | null = null;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #lineAtMs = performance.now();
  #lines = 0;
  #malformed = 0;
  #wasAnswered = false;

  /** Resolves at the first line. Throws WowsimError: no_feed, feed_silent, feed_refused, token_required, wrong_token. */
  static async connect(options: FeedClientOptions): Promise<FeedClient> {
    const client = new FeedClient(options);
    try {
      await client.#open(options);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  private constructor({ host, port, token, isWorthReading }: FeedClientOptions) {
    this.#token = token;
    this.#name = hostAndPort(host, port);
    this.#isWorthReading = isWorthReading ?? (() => true);
  }

  /** The local port that the requests come from; 0 when closed. */
  get port(): number {
    return this.#socket?.port ?? 0;
  }

  /** Lines received so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Datagrams that were not telemetry. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Milliseconds since the last line. */
  get silentMs(): number {
    return performance.now() - this.#lineAtMs;
  }

  /** Calls the listener with every telemetry line from now on, in order of arrival; returns a function that stops this. */
  onLine(listener: (line: TelemetryLine) => void): () => void {
    // A separate entry, so that a function passed twice is called twice and removed once.
    const entry = (line: TelemetryLine): void => listener(line);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Stops; the server drops the subscription by itself. May be called again. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#listeners.clear();
    this.#socket?.close();
    this.#socket = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #open({ host, port, timeoutMs = TIMEOUT_MS }: FeedClientOptions): Promise<void> {
    try {
      this.#socket = await Bun.udpSocket({
        hostname: host.includes(":") ? "::" : "0.0.0.0",
        connect: { hostname: host, port },
        binaryType: "buffer",
        // A missing server refuses; it may still come, so this is not the end. An unhandled error would end the process.
        socket: { data: (_socket, datagram) => this.#onDatagram(datagram), error: () => {} },
      });
    } catch (cause) {
      throw this.#unreachable(messageOf(cause), cause);
    }
    this.#ask();
    this.#timer = setInterval(() => this.#askWhenDue(), ASK_AGAIN_MS);
    const late = setTimeout(() => this.#firstLine.reject(this.#nothingCame(timeoutMs)), timeoutMs);
    await this.#firstLine.promise.finally(() => clearTimeout(late));
  }

  #askWhenDue(): void {
    const isSilent = this.#lines === 0 || this.silentMs > SILENT_MS_MAX;
    if (isSilent || performance.now() - this.#askedAtMs > RENEW_MS) this.#ask();
  }

  #ask(): void {
    this.#askedAtMs = performance.now();
    this.#send({ subscribe: 1 });
  }

  #send(request: Record<string, unknown>): void {
    try {
      this.#socket?.send(JSON.stringify(request));
    } catch {
      // No route now: like a lost datagram, and asked again in the same way.
    }
  }

  #onDatagram(datagram: Buffer): void {
    const linesBefore = this.#lines;
    for (const text of datagram.toString("utf8").split("\n")) this.#onText(text);
    if (this.#lines > linesBefore) this.#lineAtMs = performance.now();
  }

  #onText(text: string): void {
    if (!this.#isWorthReading(text)) {
      this.#lines++;
      return;
    }
    const line = parseLine(text);
    if (line !== null) this.#onTelemetry(line);
    else this.#onAnswer(parseAnswer(text));
  }

  #onAnswer(answer: Answer | null): void {
    if (answer === null) this.#malformed++;
    else if ("challenge" in answer) {
      this.#wasAnswered = true;
      this.#send({ subscribe: 1, challenge: answer.challenge, datagram_bytes: DATAGRAM_BYTES, token: this.#token });
    } else
      this.#firstLine.reject(
        new WowsimError(answer.code, `${this.#name} refuses the feed: ${forOperators(answer.error)}`),
      );
  }

  #onTelemetry(line: TelemetryLine): void {
    this.#lines++;
    this.#firstLine.resolve();
    for (const listener of this.#listeners) listener(line);
  }

  #nothingCame(timeoutMs: number): WowsimError {
    if (!this.#wasAnswered) return this.#unreachable(`nothing within ${timeoutMs / 1_000} s`, undefined);
    const message = `The server at UDP ${this.#name} answers but sends no telemetry; see whether its zones tick: wowsim health.`;
    return new WowsimError("feed_silent", message);
  }

  #unreachable(why: string, cause: unknown): WowsimError {
    const message =
      `No telemetry feed answers on UDP ${this.#name} (${why}). ` +
      "Start a server with wowsim serve, or say where it is with --server or --telemetry-port.";
    return new WowsimError("no_feed", message, { cause });
  }
}

/** The parsed answer, or null when it is not an answer of this protocol. */
function parseAnswer(text: string): Answer | null {
  let value: unknown;
  try {
    value = parseOutsideJson(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  if ("challenge" in value && typeof value.challenge === "string") return { challenge: value.challenge };
  if ("error" in value && typeof value.error === "string") {
    const code = "code" in value && isTokenCode(value.code) ? value.code : "feed_refused";
    return { error: value.error, code };
  }
  return null;
}
