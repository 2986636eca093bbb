// The interface through which parts of the server register their numbers with Metrics (metrics.ts).

import type { Buckets } from "./histogram.ts";

/** One value of a metric. Values that are not finite are omitted. */
export interface Sample {
  labels?: Record<string, string | number>;
  value: number;
}

export interface HistogramSample {
  labels: Record<string, string | number>;
  buckets: Pick<Buckets, "bounds" | "sum" | "cumulative">;
}

/** Accepts the numbers of the parts of the server. */
export interface MetricsSink {
  /** `name`: wowsim_ prefix, snake case, base unit last; the source is read at every scrape. */
  gauge(name: string, help: string, labelNames: string[], source: () => Sample[]): void;
  /** Like gauge, for totals that only grow; the name ends in _total. */
  counter(name: string, help: string, labelNames: string[], source: () => Sample[]): void;
  histogram(name: string, help: string, source: () => HistogramSample[]): void;
}
