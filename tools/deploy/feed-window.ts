// The telemetry feed as the deploy tool sees it: a window of samples that can be begun anew, and how long the feed has
// been silent. Keeps listening from its making to close().

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { SampleWindow } from "./samples.ts";

export interface LineFeed {
  /** Every telemetry line from now on; returns how to end that. */
  onLine(listener: (line: TelemetryLine) => void): () => void;
}

export class FeedWindow {
  readonly close: () => void;
  #samples = new SampleWindow(performance.now());
  #lastLineMs = performance.now();

  constructor(feed: LineFeed) {
    this.close = feed.onLine((line) => {
      this.#lastLineMs = performance.now();
      this.#samples.take(line, this.#lastLineMs);
    });
  }

  /** The window as it is now: what has not come until this moment is missing in it. */
  get samples(): SampleWindow {
    this.#samples.observedUntil(performance.now());
    return this.#samples;
  }

  /** Milliseconds since the last line. */
  get silentMs(): number {
    return performance.now() - this.#lastLineMs;
  }

  /** Begins a new window; the old one, unchanged from now on. */
  restart(): SampleWindow {
    const finished = this.samples;
    this.#samples = new SampleWindow(performance.now());
    return finished;
  }
}
