// The demo's operator on watch: knows the server only by its telemetry feed, like an operator in a night shift, and reports
// its health and its problems.
//
//   const lookout = new Lookout(feed)
//   const found = await lookout.until(() => lookout.health().status !== "healthy", 15_000, signal)
//   found?.tookMs          // 412
//
// The timeline discards the lines that say which fault is active, so a cause that is named here was really diagnosed.

import { AnomalyLog } from "../analysis/anomalies.ts";
import { diagnose } from "../analysis/diagnosis.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import { assessHealth } from "../analysis/health.ts";
import type { HealthReport } from "../analysis/health-report.ts";
import { Timeline } from "../analysis/timeline.ts";
import type { LineFeed } from "../deploy/feed-window.ts";
import { isLoss } from "../deploy/samples.ts";
import { sleep } from "../ui/sleep.ts";

const LOOK_MS = 100;

export class Lookout {
  readonly timeline = new Timeline({ isLive: true });
  readonly close: () => void;
  readonly #anomalies = new AnomalyLog();

  constructor(feed: LineFeed) {
    this.close = feed.onLine((line) => this.timeline.take(line));
  }

  health(): HealthReport {
    return assessHealth(this.timeline, { anomalies: this.#anomalies });
  }

  /** Best first. */
  diagnoses(): Diagnosis[] {
    return diagnose(this.timeline);
  }

  /** Sessions that lost their connection and did not close it themselves, as far back as the timeline reaches. */
  sessionsLost(): number {
    return this.timeline.disconnects.all().filter(({ reason }) => isLoss(reason)).length;
  }

  /** Polls ten times a second until there is a result; null when there is none in time. Rejects when aborted. */
  async until<Seen>(
    look: () => Seen | null,
    msMax: number,
    signal: AbortSignal,
  ): Promise<{ seen: Seen; tookMs: number } | null> {
    const startedMs = performance.now();
    for (;;) {
      const seen = look();
      const tookMs = performance.now() - startedMs;
      if (seen !== null) return { seen, tookMs };
      if (tookMs > msMax) return null;
      await sleep(LOOK_MS, signal);
    }
  }
}
