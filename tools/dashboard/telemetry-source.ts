// The source of the model's telemetry: the feed, for which it waits without limit, and, for the time before the feed's first
// line, the server's telemetry file if it is available.
//
//   const source = new TelemetrySource(whereabouts, model)
//   source.start()
//   source.stop()
//
// A silent feed is opened again, at the server's current address. A server that refuses our token is not asked again.
//
// A file is used only when the feed's first line is in it: then it is this server's file, and it is read up to that line.

import { messageOf } from "../../server/protocol/errors.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { readLines } from "../analysis/line-stream.ts";
import { FeedClient } from "../client/feed-client.ts";
import { fetchStatus } from "../client/server-status.ts";
import type { Model } from "./model.ts";
import { isTokenRefused } from "./whereabouts.ts";
import type { Whereabouts } from "./whereabouts.ts";

const TRY_AGAIN_MS = 500;
/** A feed that is silent for this long is opened again. */
const SILENT_MS_MAX = 3_000;
/** The recorder writes each line to the file and the feed at once; the disk may be slower. */
const FILE_MS = 300;
/** Holds some minutes of a busy server. */
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

  /** Until it is stopped or refused: opens a feed, and a new one when that falls silent. */
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
        // If it was received before, the model reports that it is gone.
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

  /** Shows a message once, however often it is repeated. */
  #remark(text: string): void {
    if (text !== this.#remarked) this.#model.note(text);
    this.#remarked = text;
  }

  /** Lines are held back until the earlier lines have been read. */
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

  /** The lines of the last minutes before this line, from the file; none when the line is not in the file. */
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
      // No file, as when the server runs on another machine: then the history begins with the feed.
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
