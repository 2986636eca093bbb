// A running server, watched: its feed runs into a Timeline, and it is asked over HTTP what it says of itself.
//
//   await using live = await LiveTelemetry.open({ host: "127.0.0.1", telemetryPort: 9090, httpPort: 8082 })
//   await live.refresh()            // asks over HTTP anew
//   live.health().status            // "healthy"
//   diagnose(live.timeline)
//
// One of the two may fail: that is a reason for worry and not the end. Both failing is: nobody is there.

import { AnomalyLog } from "../analysis/anomalies.ts";
import { assessHealth } from "../analysis/health.ts";
import type { HealthReason, HealthReport } from "../analysis/health-report.ts";
import { Timeline } from "../analysis/timeline.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { FeedClient } from "./feed-client.ts";
import { fetchStatus } from "./server-status.ts";
import type { ServerStatus } from "../analysis/server-status.ts";

export interface LiveTelemetryOptions {
  host: string;
  /** UDP. */
  telemetryPort: number;
  httpPort: number;
  /** For servers that have one. */
  token?: string | undefined;
}

/** Telemetry never pauses for so long by itself. */
const FEED_SILENT_MS_MAX = 2_000;

export class LiveTelemetry implements AsyncDisposable {
  readonly timeline = new Timeline({ isLive: true });
  readonly #anomalies = new AnomalyLog();
  readonly #options: LiveTelemetryOptions;
  #feed: FeedClient | null = null;
  #feedError = "";
  #status: ServerStatus | null = null;
  #statusError = "";

  /** Throws WowsimError("unreachable") when neither the feed nor HTTP answers. */
  static async open(options: LiveTelemetryOptions): Promise<LiveTelemetry> {
    const live = new LiveTelemetry(options);
    await Promise.all([live.#listen(), live.refresh()]);
    if (live.isReachable) return live;
    throw new WowsimError("unreachable", `${live.#statusError}\n${live.#feedError}`);
  }

  private constructor(options: LiveTelemetryOptions) {
    this.#options = options;
  }

  /** Asks over HTTP anew; what fails is a reason in the next health report. */
  async refresh(): Promise<void> {
    const { host, httpPort: port, token } = this.#options;
    try {
      this.#status = await fetchStatus({ host, port, token });
      this.#statusError = "";
    } catch (error) {
      this.#status = null;
      this.#statusError = messageOf(error);
    }
  }

  /** Somebody is there: it answered over HTTP when it was last asked, or its feed speaks. */
  get isReachable(): boolean {
    return this.#status !== null || (this.#feed !== null && this.#feed.silentMs < FEED_SILENT_MS_MAX);
  }

  health(): HealthReport {
    const status = this.#status ?? undefined;
    return assessHealth(this.timeline, { anomalies: this.#anomalies, status, reasons: this.#reasons() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feed?.close();
  }

  async #listen(): Promise<void> {
    const { host, telemetryPort: port, token } = this.#options;
    try {
      this.#feed = await FeedClient.connect({ host, port, token });
      this.#feed.onLine((line) => this.timeline.take(line));
    } catch (error) {
      this.#feedError = messageOf(error);
    }
  }

  #reasons(): HealthReason[] {
    const reasons: HealthReason[] = [];
    if (this.#feed === null) reasons.push({ level: "degraded", text: this.#feedError });
    else if (this.#feed.silentMs > FEED_SILENT_MS_MAX) {
      const seconds = Math.round(this.#feed.silentMs / 1_000);
      reasons.push({ level: "critical", text: `the telemetry feed has been silent for ${seconds} s` });
    }
    if (this.#status === null) reasons.push({ level: "degraded", text: this.#statusError });
    return reasons;
  }
}
