// The telemetry feed for the deploy tool: a window of samples that can be restarted, and how long the feed has
// been silent. It listens from its construction to close().

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { SampleWindow } from "./samples.ts";

export interface LineFeed {
  /** Calls the listener with every telemetry line from now on; returns a function that stops this. */
  onLine(listener: (line: TelemetryLine) => void): () => void;
}

export class FeedWindow {
  readonly close: () => void;
  #samples = new SampleWindow(performance.now());
  #lastLineMs = performance.now();
  /** In windows before the present one, since the last `forgetLosses`. */
  #lostBefore = 0;

  constructor(feed: LineFeed) {
    this.close = feed.onLine((line) => {
      this.#lastLineMs = performance.now();
      this.#samples.take(line, this.#lastLineMs);
    });
  }

  /** The window as of now: ticks that have not come by this moment count as missing. */
  get samples(): SampleWindow {
    this.#samples.observedUntil(performance.now());
    return this.#samples;
  }

  /** Milliseconds since the last line. */
  get silentMs(): number {
    return performance.now() - this.#lastLineMs;
  }

  /** Sessions lost since the last `forgetLosses`. */
  get sessionsLost(): number {
    return this.#lostBefore + this.#samples.sessionsLost;
  }

  /** Sessions that were lost up to now count no more. */
  forgetLosses(): void {
    this.#lostBefore = -this.#samples.sessionsLost;
  }

  /** Begins a new window; returns the old one, which does not change any more. */
  restart(): SampleWindow {
    const finished = this.samples;
    this.#lostBefore += finished.sessionsLost;
    this.#samples = new SampleWindow(performance.now());
    return finished;
  }
}
