// Tick times of any number of ticks in constant memory: a histogram of microseconds, exact to about a tenth of a percent.

import { createHistogram } from "node:perf_hooks";
import type { RecordableHistogram } from "node:perf_hooks";
import type { Measured } from "./measured.ts";

export interface DurationSummary {
  ticks: number;
  msP50: Measured;
  msP99: Measured;
  msMax: Measured;
  /** Missing when some tick line does not say. */
  overruns: Measured;
}

const US_PER_MS = 1_000;

export class DurationSums {
  readonly #histogram: RecordableHistogram = createHistogram();
  #maxMs = 0;
  #overruns = 0;
  #untold = 0;

  /** `ms`: at most TICK_MS_MAX. `isOverrun`: null where the line does not say. */
  add(ms: number, isOverrun: boolean | null): void {
    this.#histogram.record(Math.max(1, Math.round(ms * US_PER_MS)));
    this.#maxMs = Math.max(this.#maxMs, ms);
    if (isOverrun === true) this.#overruns++;
    else if (isOverrun === null) this.#untold++;
  }

  report(): DurationSummary {
    const ticks = this.#histogram.count;
    const quantileMs = (percent: number): Measured =>
      ticks === 0 ? null : Math.min(this.#maxMs, this.#histogram.percentile(percent) / US_PER_MS);
    return {
      ticks,
      msP50: quantileMs(50),
      msP99: quantileMs(99),
      msMax: ticks === 0 ? null : this.#maxMs,
      overruns: ticks === 0 || this.#untold > 0 ? null : this.#overruns,
    };
  }
}
