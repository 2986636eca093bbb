// What telemetry has told of the journal: when its disk refused writes, and when zones stopped and began to wait for it.

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { Series } from "./series.ts";
import type { Timed } from "./series.ts";
import { numbersOf, textOf } from "./telemetry-text.ts";

/** The disk began to refuse writes. */
export interface JournalFailure extends Timed {
  error: string;
}

/** What zones tell does not wait for the journal any more, or does so again. */
export interface JournalLoss extends Timed {
  zones: number[];
  isBack: boolean;
}

export class JournalHistory {
  readonly failures: Series<JournalFailure>;
  readonly losses: Series<JournalLoss>;
  /** Why nothing can be written now, by the newest line; null: it can. */
  error: string | null = null;
  /** When the newest failure was over. */
  endedAtMs: number | null = null;

  constructor(linesMax: number) {
    this.failures = new Series(linesMax);
    this.losses = new Series(linesMax);
  }

  take({ message, data }: TelemetryLine, atMs: number): void {
    if (message === "Journal not written") {
      this.error = textOf(data, "error", "no reason told");
      this.failures.add({ atMs, error: this.error });
    } else if (message === "Journal still not written") {
      // Whoever came later, or has just seen the server begin, hears only of this.
      const isNew = this.error === null;
      this.error = textOf(data, "error", "no reason told");
      if (isNew) this.failures.add({ atMs, error: this.error });
    } else if (message === "Journal written again") {
      this.error = null;
      this.endedAtMs = atMs;
    } else if (message === "Journal lost" || message === "Journal back")
      this.losses.add({ atMs, zones: numbersOf(data, "zones"), isBack: message === "Journal back" });
  }

  clear(): void {
    this.failures.clear();
    this.losses.clear();
    this.error = null;
    this.endedAtMs = null;
  }

  /** Old failures that still last are kept. */
  dropBefore(atMs: number): void {
    if (this.error === null) this.failures.dropBefore(atMs);
    this.losses.dropBefore(atMs);
  }
}
