// Where the model's telemetry comes from: the feed, which is waited for as long as it takes, and before its first line
// what the server has told so far, from its telemetry file when that is at hand.
//
//   const source = new TelemetrySource({ host, telemetryPort, httpPort, telemetryFile }, model)
//   source.start()
//   source.stop()
//
// A file counts only when the feed's first line is in it: then it is this server's, and ends where the feed begins.

import { messageOf } from "../../server/protocol/errors.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { readLines } from "../analysis/line-stream.ts";
import { FeedClient } from "../client/feed-client.ts";
import { fetchStatus } from "../client/server-status.ts";
import type { Model } from "./model.ts";

export interface TelemetrySourceOptions {
  host: string;
  /** UDP. */
  telemetryPort: number;
  httpPort: number;
  telemetryFile: string;
  token: string | undefined;
}

const TRY_AGAIN_MS = 500;
/** The recorder writes lines to the file and to the feed together; the disk may take its time. */
const FILE_MS = 300;
/** Some minutes of a busy server. */
const TAIL_BYTES = 16 << 20;
const STATUS_INTERVAL_MS = 5_000;

export class TelemetrySource {
  readonly #options: TelemetrySourceOptions;
  readonly #model: Model;
  #feed: FeedClient | null = null;
  #isStopped = false;
  #statusTimer: Timer | null = null;
  #isHttpSilent = false;
  #remarked = "";

  constructor(options: TelemetrySourceOptions, model: Model) {
    this.#options = options;
    this.#model = model;
  }

  start(): void {
    void this.#listen();
    void this.#askStatus();
    this.#statusTimer = setInterval(() => void this.#askStatus(), STATUS_INTERVAL_MS);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.#feed?.close();
  }

  /** Until there is a feed. One that is there once finds its server again by itself. */
  async #listen(): Promise<void> {
    const { host, telemetryPort: port, token } = this.#options;
    while (!this.#isStopped) {
      try {
        const feed = await FeedClient.connect({
          host,
          port,
          token,
          isWorthReading: (text) => this.#model.isWorthReading(text),
        });
        if (this.#isStopped) feed.close();
        else await this.#take(feed);
        return;
      } catch (error) {
        this.#remark(messageOf(error));
        await Bun.sleep(TRY_AGAIN_MS);
      }
    }
  }

  /** Once, however often it happens again. */
  #remark(text: string): void {
    if (text !== this.#remarked) this.#model.note(text);
    this.#remarked = text;
  }

  /** Lines are held back until it is known what came before them. */
  async #take(feed: FeedClient): Promise<void> {
    this.#feed = feed;
    let held: TelemetryLine[] | null = [];
    feed.onLine((line) => {
      if (held === null) this.#model.take(line);
      else held.push(line);
    });
    await Bun.sleep(FILE_MS);
    const before = await this.#linesBefore(held[0]);
    for (const line of before) this.#model.backfill(line);
    for (const line of held) this.#model.take(line);
    held = null;
  }

  /** What the file has from the last minutes before this line; nothing when it is not there. */
  async #linesBefore(first: TelemetryLine | undefined): Promise<TelemetryLine[]> {
    if (first === undefined) return [];
    const wanted = JSON.stringify(first);
    const before: TelemetryLine[] = [];
    let isFound = false;
    const sinceMs = Date.parse(first.timestamp) - this.#model.timeline.secondsMax * 1_000;
    const onLine = (line: TelemetryLine): void => {
      isFound ||= line.timestamp === first.timestamp && JSON.stringify(line) === wanted;
      if (!isFound) before.push(line);
    };
    try {
      await readLines(this.#options.telemetryFile, { onLine, sinceMs, tailBytes: TAIL_BYTES });
    } catch {
      // No file to read, as when the server runs elsewhere: then the story begins with the feed.
      return [];
    }
    return isFound ? before : [];
  }

  async #askStatus(): Promise<void> {
    const { host, httpPort: port, token } = this.#options;
    try {
      this.#model.status = await fetchStatus({ host, port, token });
      this.#isHttpSilent = false;
    } catch (error) {
      this.#model.status = undefined;
      if (!this.#isHttpSilent && this.#model.isLive) this.#model.note(messageOf(error));
      this.#isHttpSilent = true;
    }
  }
}
