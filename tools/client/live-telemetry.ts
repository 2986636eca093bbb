// Watches a running server: its feed goes into a Timeline, and its status is fetched over HTTP.
//
//   await using live = await LiveTelemetry.open({ host: "127.0.0.1", telemetryPort: 9090, httpPort: 8082 })
//   await live.refresh()            // fetches the status again
//   live.health().status            // "healthy"
//   live.diagnoses()
//
// If one of the two fails, that is a reason in the health report. If both fail, the server is unreachable.

import { AnomalyLog } from "../analysis/anomalies.ts";
import { diagnose } from "../analysis/diagnosis.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import { assessHealth } from "../analysis/health.ts";
import type { HealthReason, HealthReport } from "../analysis/health-report.ts";
import { Timeline } from "../analysis/timeline.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { FeedClient } from "./feed-client.ts";
import { fetchStatus } from "./server-status.ts";
import type { ServerStatus } from "../analysis/server-status.ts";
import { isTokenCode } from "./token-error.ts";

export interface LiveTelemetryOptions {
  host: string;
  /** UDP. */
  telemetryPort: number;
  /** Null: the port is not known, and HTTP is not used. */
  httpPort: number | null;
  /** For servers that require one. */
  token?: string | undefined;
}

/** A working server's telemetry never pauses for so long. */
const FEED_SILENT_MS_MAX = 2_000;

export class LiveTelemetry implements AsyncDisposable {
  readonly timeline = new Timeline({ isLive: true });
  readonly #anomalies = new AnomalyLog();
  readonly #options: LiveTelemetryOptions;
  #feed: FeedClient | null = null;
  #feedError: Error | null = null;
  #status: ServerStatus | null = null;
  #statusError: Error | null = null;

  /** Throws WowsimError when neither the feed nor HTTP answers: unreachable, token_required, wrong_token. */
  static async open(options: LiveTelemetryOptions): Promise<LiveTelemetry> {
    const live = new LiveTelemetry(options);
    await Promise.all([live.#listen(), live.refresh()]);
    if (live.isReachable) return live;
    throw live.#unreachable();
  }

  private constructor(options: LiveTelemetryOptions) {
    this.#options = options;
  }

  /** Fetches the status again; a failure becomes a reason in the next health report. */
  async refresh(): Promise<void> {
    const { host, httpPort: port, token } = this.#options;
    if (port === null) return;
    try {
      this.#status = await fetchStatus({ host, port, token });
      this.#statusError = null;
    } catch (error) {
      this.#status = null;
      this.#statusError = asError(error);
    }
  }

  /** The server is there: its last HTTP request was answered, or its feed sends lines. */
  get isReachable(): boolean {
    return this.#status !== null || (this.#feed !== null && this.#feed.silentMs < FEED_SILENT_MS_MAX);
  }

  /** Why there is no feed; null when there is one. */
  get feedError(): Error | null {
    return this.#feedError;
  }

  /** Milliseconds since the feed's last line. */
  get silentMs(): number {
    return this.#feed?.silentMs ?? Number.POSITIVE_INFINITY;
  }

  /** A diagnosis for every reason of health. */
  diagnoses(): Diagnosis[] {
    return diagnose(this.timeline, { status: this.#status ?? undefined, reasons: this.#reasons() });
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
      this.#feedError = asError(error);
    }
  }

  #reasons(): HealthReason[] {
    const reasons: HealthReason[] = [];
    if (this.#feedError !== null) reasons.push({ level: "degraded", text: this.#feedError.message });
    else if (this.silentMs > FEED_SILENT_MS_MAX) {
      const seconds = Math.round(this.silentMs / 1_000);
      reasons.push({ level: "critical", text: `the telemetry feed has been silent for ${seconds} s` });
    }
    if (this.#statusError !== null) reasons.push({ level: "degraded", text: this.#statusError.message });
    return reasons;
  }

  /** When both ports refuse the token, the token is the error: the server is there. */
  #unreachable(): WowsimError {
    const errors = [this.#statusError, this.#feedError].filter((error) => error !== null);
    const refusal = errors.find((error) => error instanceof WowsimError && isTokenCode(error.code));
    if (refusal instanceof WowsimError) return refusal;
    return new WowsimError("unreachable", errors.map(({ message }) => message).join("\n"));
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(messageOf(error)));
