// The feed: telemetry lines as UDP datagrams to up to 64 watchers that subscribed (subscribers.ts) and, if there
// is an operators' token, showed it. A datagram has one line or, for watchers that asked for it, several.
//
//   recorder ─► ring ─► pump() ─► sendMany(line, port, address, line, ...) once for each watcher and batch
//   watcher  ─► {"subscribe":1} ─► challenge ─► {"subscribe":1,"challenge":...} ─► 30 s of lines
//
// The batch has consecutive lines in memory, like a file. A datagram is a part of it, from the beginning of a line to the end of
// a line: several lines together cost both ends one datagram and are not copied again.
//
// A watcher that does not read costs one system call a batch. Incoming datagrams are rate limited; and since a flood of
// them prevents timers from firing (docs/DECISIONS.md), their handler pumps too when a pump is due. A line that does not
// fit a datagram is skipped, and a line of the feed itself reports how many.

import { listenError } from "../shared/listen-error.ts";
import type { Ring } from "../shared/ring.ts";
import type { TelemetryCounters } from "../shared/telemetry-counters.ts";
import type { Secret } from "../shared/secret.ts";
import { WrongTokens } from "../shared/wrong-tokens.ts";
import { Handshake, parseRequest } from "./handshake.ts";
import { FeedSubscribers } from "./subscribers.ts";
import { FEED_LIMITS } from "../protocol/limits.ts";
import type { Subscriber } from "./subscribers.ts";
import type { FeedLimits } from "../protocol/limits.ts";
import { LineEncoder } from "../shared/telemetry-ring-line.ts";
import { at } from "../protocol/assert.ts";

/** Longer lines are not in the feed, only in the file. */
export const DATAGRAM_BYTES_MAX = 8000;
/** Requests that are read, of all senders together; the rest of a flood is dropped unread. */
const REQUESTS_PER_SECOND_MAX = 2000;
const BATCH_LINES_MAX = 64;
/** How late a pump may be before an incoming datagram starts it. */
const PUMP_INTERVAL_MS_MAX = 50;
/** The refusal of a watcher that is gone makes the next send fail once, whatever its destination. */
const SEND_ATTEMPTS_MAX = 3;
const NOTICE_INTERVAL_MS = 1000;
const NEWLINE = 10;

export interface FeedOptions {
  host: string;
  /** UDP port; 0: any free one. */
  port: number;
  /** The feed is its reader. */
  ring: Ring;
  counters: TelemetryCounters;
  /** Random, new at every start. */
  secret: Uint8Array;
  /** The token that watchers have to show; default: none. */
  token?: Secret | null;
  limits?: Partial<FeedLimits>;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Wall time in milliseconds since 1970. */
  wallClock: () => number;
}

type UdpSocket = Bun.udp.Socket<"uint8array">;

export class Feed {
  readonly #options: FeedOptions;
  readonly #handshake: Handshake;
  readonly #lines = new LineEncoder();
  readonly #tooLongKind = this.#lines.kind("health", "telemetry", "Lines too long for the feed");
  readonly #subscribers: FeedSubscribers;
  readonly #wrongTokens: WrongTokens;
  /** Lines, each with a newline after it. */
  readonly #batch = new Uint8Array(BATCH_LINES_MAX * (DATAGRAM_BYTES_MAX + 1));
  /** Offset of the end of each line in the batch, without its newline. */
  #lineEnds: number[] = [];
  #socket: UdpSocket | null = null;
  #requestsLeft = REQUESTS_PER_SECOND_MAX;
  #requestsSecond = 0;
  #pumpedAtMs = 0;
  #skipped = 0;
  #noticedAtMs = 0;

  /** Binds the socket. Throws WowsimError("port_in_use" or "listen_failed"). */
  static async open(options: FeedOptions): Promise<Feed> {
    const feed = new Feed(options);
    await feed.#bind();
    return feed;
  }

  private constructor(options: FeedOptions) {
    this.#options = options;
    this.#handshake = new Handshake(options.secret, options.now);
    this.#subscribers = new FeedSubscribers({ ...FEED_LIMITS, ...options.limits });
    this.#wrongTokens = new WrongTokens(options.now);
  }

  /** The bound port. */
  get port(): number {
    return this.#socket?.port ?? 0;
  }

  /** Sends the lines that are in the ring now; removes watchers that did not renew. */
  pump(): void {
    this.#pumpedAtMs = this.#options.now();
    this.#expire();
    this.#options.ring.drain((offset, length) => this.#take(offset, length));
    this.#notice();
    this.#send();
  }

  /** Sends the last lines and closes the socket. */
  close(): void {
    this.pump();
    this.#subscribers.clear();
    this.#options.counters.set("subscribers", 0);
    this.#socket?.close();
  }

  async #bind(): Promise<void> {
    const { host, port } = this.#options;
    try {
      this.#socket = await Bun.udpSocket({
        hostname: host,
        port,
        binaryType: "uint8array",
        socket: {
          data: (_socket, datagram, fromPort, fromAddress) => this.#onDatagram(datagram, fromPort, fromAddress),
          // The system of a watcher that is gone refuses its datagrams. Without a handler that would end the process.
          error: () => this.#options.counters.add("socketErrors", 1),
        },
      });
    } catch (error) {
      throw listenError(error, { host, port, name: "UDP port", flag: "--telemetry-port" });
    }
  }

  #onDatagram(datagram: Uint8Array, port: number, address: string): void {
    const nowMs = this.#options.now();
    if (nowMs - this.#pumpedAtMs > PUMP_INTERVAL_MS_MAX) this.pump();
    if (!this.#admits(nowMs)) {
      this.#options.counters.add("requestsRefused", 1);
      return;
    }
    const request = parseRequest(datagram);
    if (request === null) {
      this.#options.counters.add("requestsRefused", 1);
      return;
    }
    this.#options.counters.add("requests", 1);
    if (request.challenge !== null && this.#handshake.accepts(address, port, request.challenge)) {
      const refusal = this.#refusalOf(request.token, address);
      if (refusal !== null) this.#answer(JSON.stringify(refusal), port, address);
      else this.#subscribe(address, port, nowMs, request.datagramBytes);
    } else this.#answer(`{"challenge":"${this.#handshake.challenge(address, port)}"}`, port, address);
  }

  /** A fixed window, so there is no state for each sender. */
  #admits(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#requestsSecond) {
      this.#requestsSecond = second;
      this.#requestsLeft = REQUESTS_PER_SECOND_MAX;
    }
    return this.#requestsLeft-- > 0;
  }

  /** Why this watcher gets nothing; null when it showed the right token. Its address is genuine: it sent the challenge back. */
  #refusalOf(token: string | null, address: string): { error: string; code: string } | null {
    const { token: secret = null, counters } = this.#options;
    if (secret === null) return null;
    if (token === null) {
      const error = 'The feed is for operators: give --token or WOWSIM_TOKEN to a tool, or send "token" too.';
      return { error, code: "token_required" };
    }
    if (secret.matches(token)) return null;
    counters.add("wrongTokens", 1);
    const isGuesser = this.#wrongTokens.wrong(address) > 0;
    const error = isGuesser
      ? "That is not this server's token, and there were too many wrong ones from your address."
      : "That is not this server's token; it is what serve got as --token or WOWSIM_TOKEN.";
    return { error, code: "wrong_token" };
  }

  #subscribe(address: string, port: number, nowMs: number, datagramBytes: number): void {
    this.#expire();
    const leaving = this.#subscribers.subscribe({ address, port, datagramBytes }, nowMs);
    if (leaving !== null) {
      this.#options.counters.add("watchersEvicted", 1);
      const error = "Another watcher took this place, because all places are taken; subscribe again to get one.";
      this.#answer(JSON.stringify({ error }), leaving.port, leaving.address);
    }
    this.#options.counters.set("subscribers", this.#subscribers.size);
  }

  #expire(): void {
    if (this.#subscribers.expire(this.#options.now()))
      this.#options.counters.set("subscribers", this.#subscribers.size);
  }

  #take(offset: number, length: number): void {
    if (this.#subscribers.size === 0) return;
    if (length > DATAGRAM_BYTES_MAX) {
      this.#skipped++;
      this.#options.counters.add("linesTooLong", 1);
      return;
    }
    this.#put(this.#options.ring.bytes.subarray(offset, offset + length));
  }

  /** Copies a line into the batch, and sends the batch when it is full. */
  #put(line: Uint8Array): void {
    const from = startOf(this.#lineEnds, this.#lineEnds.length);
    const to = from + line.length;
    this.#batch.set(line, from);
    this.#batch[to] = NEWLINE;
    this.#lineEnds.push(to);
    if (this.#lineEnds.length === BATCH_LINES_MAX) this.#send();
  }

  #notice(): void {
    if (this.#skipped === 0 || this.#pumpedAtMs - this.#noticedAtMs < NOTICE_INTERVAL_MS) return;
    this.#noticedAtMs = this.#pumpedAtMs;
    const data = { count: this.#skipped, datagram_bytes_max: DATAGRAM_BYTES_MAX };
    this.#skipped = 0;
    const length = this.#lines.encode(this.#tooLongKind, data, this.#options.wallClock());
    this.#put(this.#lines.bytes.subarray(0, length));
  }

  #send(): void {
    if (this.#lineEnds.length === 0) return;
    for (const subscriber of this.#subscribers.values()) this.#sendTo(subscriber);
    this.#lineEnds = [];
  }

  #sendTo({ address, port, datagramBytes }: Subscriber): void {
    const bytesMax = Math.min(datagramBytes, DATAGRAM_BYTES_MAX);
    const datagrams = datagramsOf(this.#lineEnds, bytesMax).map(({ from, to }) => this.#batch.subarray(from, to));
    let sent = 0;
    for (let attempt = 0; attempt < SEND_ATTEMPTS_MAX && sent < datagrams.length; attempt++) {
      const packets = datagrams.slice(sent).flatMap((datagram) => [datagram, port, address]);
      sent += this.#attempt(() => this.#socket?.sendMany(packets)) ?? 0;
    }
    this.#options.counters.add("datagramsSent", sent);
    this.#options.counters.add("datagramsUnsent", datagrams.length - sent);
  }

  #answer(text: string, port: number, address: string): void {
    if (this.#attempt(() => this.#socket?.send(text, port, address)) !== true) {
      this.#options.counters.add("datagramsUnsent", 1);
    }
  }

  /** A send that throws (no route, no buffers) counts as a datagram that was not sent: UDP promises no more. */
  #attempt<Result>(send: () => Result): Result | undefined {
    try {
      return send();
    } catch {
      return undefined;
    }
  }
}

/** Offset after the newline of the previous line. */
const startOf = (lineEnds: readonly number[], line: number): number => (line === 0 ? 0 : at(lineEnds, line - 1) + 1);

/** Consecutive lines share a datagram as long as they fit into `bytesMax`; a longer line has its own. */
function datagramsOf(lineEnds: readonly number[], bytesMax: number): { from: number; to: number }[] {
  const datagrams: { from: number; to: number }[] = [];
  for (const [line, to] of lineEnds.entries()) {
    const last = datagrams.at(-1);
    if (last !== undefined && to - last.from <= bytesMax) last.to = to;
    else datagrams.push({ from: startOf(lineEnds, line), to });
  }
  return datagrams;
}
