// The demo's operator on watch: knows the server by its telemetry feed alone, as somebody in a night shift would, and says
// how it is and what is wrong with it.
//
//   const lookout = new Lookout(feed)
//   const found = await lookout.until(() => lookout.health().status !== "healthy", 15_000, signal)
//   found?.tookMs          // 412
//
// The timeline turns away the lines that say which fault is active, so a cause that is named here was found.

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

  /** Sessions that lost their connection other than by their own wish, as far as the timeline reaches back. */
  sessionsLost(): number {
    return this.timeline.disconnects.all().filter(({ reason }) => isLoss(reason)).length;
  }

  /** Looks ten times a second until there is something; null when there is not in that time. Rejects when called off. */
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
