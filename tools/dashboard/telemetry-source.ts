// Where the model's telemetry comes from: the feed, which is waited for as long as it takes, and before its first line
// what the server has told so far, from its telemetry file when that is at hand.
//
//   const source = new TelemetrySource(whereabouts, model)
//   source.start()
//   source.stop()
//
// A feed that falls silent is made anew, wherever the server is by then. A server that refuses our token is not asked again.
//
// A file counts only when the feed's first line is in it: then it is this server's, and ends where the feed begins.

import { messageOf } from "../../server/protocol/errors.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { readLines } from "../analysis/line-stream.ts";
import { FeedClient } from "../client/feed-client.ts";
import { fetchStatus } from "../client/server-status.ts";
import type { Model } from "./model.ts";
import { isTokenRefused } from "./whereabouts.ts";
import type { Whereabouts } from "./whereabouts.ts";

const TRY_AGAIN_MS = 500;
/** A feed that is silent for so long is made anew. */
const SILENT_MS_MAX = 3_000;
/** The recorder writes lines to the file and to the feed together; the disk may take its time. */
const FILE_MS = 300;
/** Some minutes of a busy server. */
const TAIL_BYTES = 16 << 20;
const STATUS_INTERVAL_MS = 5_000;

export class TelemetrySource {
  readonly #whereabouts: Whereabouts;
  readonly #model: Model;
  #feed: FeedClient | null = null;
  #isStopped = false;
  #statusTimer: Timer | null = null;
  #isHttpSilent = false;
  #remarked = "";

  constructor(whereabouts: Whereabouts, model: Model) {
    this.#whereabouts = whereabouts;
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

  /** Until it is stopped or refused: a feed, and another one when that has fallen silent. */
  async #listen(): Promise<void> {
    for (let isFirst = true; !this.#isStopped;) {
      try {
        const { host, telemetryPort: port, token } = this.#whereabouts.place;
        const feed = await FeedClient.connect({
          host,
          port,
          token,
          isWorthReading: (text) => this.#model.isWorthReading(text),
        });
        this.#feed = feed;
        if (this.#isStopped) return feed.close();
        if (isFirst) await this.#takeWithBefore(feed);
        else feed.onLine((line) => this.#model.take(line));
        isFirst = false;
        while (!this.#isStopped && feed.silentMs < SILENT_MS_MAX) await Bun.sleep(TRY_AGAIN_MS);
        feed.close();
        await this.#whereabouts.again();
      } catch (error) {
        if (this.#isRefused(error)) return;
        // Of one that was heard before, the model tells that it is gone.
        if (isFirst) this.#remark(messageOf(error));
        await Bun.sleep(TRY_AGAIN_MS);
        await this.#whereabouts.again().catch((problem: unknown) => this.#remark(messageOf(problem)));
      }
    }
  }

  #isRefused(error: unknown): boolean {
    if (!isTokenRefused(error)) return false;
    this.#model.refuse(error.message);
    return true;
  }

  /** Once, however often it happens again. */
  #remark(text: string): void {
    if (text !== this.#remarked) this.#model.note(text);
    this.#remarked = text;
  }

  /** Lines are held back until it is known what came before them. */
  async #takeWithBefore(feed: FeedClient): Promise<void> {
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
    const { telemetryFile } = this.#whereabouts.place;
    if (first === undefined || telemetryFile === null) return [];
    const wanted = JSON.stringify(first);
    const before: TelemetryLine[] = [];
    let isFound = false;
    const sinceMs = Date.parse(first.timestamp) - this.#model.timeline.secondsMax * 1_000;
    const onLine = (line: TelemetryLine): void => {
      isFound ||= line.timestamp === first.timestamp && JSON.stringify(line) === wanted;
      if (!isFound) before.push(line);
    };
    try {
      await readLines(telemetryFile, { onLine, sinceMs, tailBytes: TAIL_BYTES });
    } catch {
      // No file to read, as when the server runs elsewhere: then the story begins with the feed.
      return [];
    }
    return isFound ? before : [];
  }

  async #askStatus(): Promise<void> {
    if (this.#model.refusal !== "") return;
    const { host, httpPort: port, token } = this.#whereabouts.place;
    try {
      this.#model.status = await fetchStatus({ host, port, token });
      this.#isHttpSilent = false;
    } catch (error) {
      this.#model.status = undefined;
      if (this.#isRefused(error)) return;
      if (!this.#isHttpSilent && this.#model.isLive) this.#model.note(messageOf(error));
      this.#isHttpSilent = true;
    }
  }
}
