// The metrics that Prometheus scrapes. Values are computed only at a scrape: each part registers a source to read from.
//
//   const metrics = new Metrics({ now: () => performance.now() })
//   metrics.gauge("wowsim_sessions", "Sessions by state.", ["state"], () => [{ labels: { state: "IN_WORLD" }, value: 5 }])
//   metrics.counter("wowsim_messages_total", "Messages read.", [], () => [{ value: gateway.messages }])
//   supervisor.listen(metrics)
//   await metrics.text()        // "# HELP wowsim_sessions Sessions by state.\n# TYPE ..."
//
// A source that throws or returns no number loses only its own metric in that scrape; the error is counted.

import Registry from "prom-client/lib/registry.js";
import type { Metric } from "prom-client";
import type { TickReport } from "../../shared/tick-report.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import { registerProcessMetrics } from "./process-metrics.ts";
import { ZoneMetrics } from "./zone-metrics.ts";
import type { Sample, HistogramSample, MetricsSink } from "./metrics-sink.ts";
import { at } from "../../protocol/assert.ts";

export interface MetricsOptions {
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Nominal ticks per second of the zones. Default: 20. */
  tickRateHz?: number;
}

const NAME = /^(wowsim|process)(_[a-z0-9]+)+$/;
/** Scrapes within this interval get the same text, so that many scrapers cost as much as one. */
export const SCRAPE_INTERVAL_MS = 200;

export class Metrics implements MetricsSink, ZoneListener {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly zones: ZoneMetrics;
  readonly #registry = new Registry();
  readonly #now: () => number;
  #sourceErrors = 0;
  #scrape: { text: Promise<string>; atMs: number } | null = null;

  constructor(options: MetricsOptions) {
    this.#now = options.now;
    this.zones = new ZoneMetrics(options.now, options.tickRateHz ?? 20);
    this.zones.register(this);
    registerProcessMetrics(this);
    const help = "Metrics left out of a scrape because their source failed.";
    this.counter("wowsim_metrics_source_errors_total", help, [], () => [{ value: this.#sourceErrors }]);
  }

  gauge(name: string, help: string, labelNames: string[], source: () => Sample[]): void {
    checkName(name, !name.endsWith("_total"));
    this.#register({ name, help, type: "gauge" }, () => samplesOf(labelNames, source));
  }

  counter(name: string, help: string, labelNames: string[], source: () => Sample[]): void {
    checkName(name, name.endsWith("_total"));
    this.#register({ name, help, type: "counter" }, () => samplesOf(labelNames, source));
  }

  histogram(name: string, help: string, source: () => HistogramSample[]): void {
    checkName(name, !name.endsWith("_total"));
    this.#register({ name, help, type: "histogram" }, () => source().flatMap((sample) => histogramOf(name, sample)));
  }

  /** Records one tick of one zone; takes a few dozen nanoseconds. */
  ticked(report: TickReport): void {
    this.zones.observe(report);
  }

  said(message: FromZoneWorker): void {
    if (message.type === "zone_state") this.zones.observeState(message.zoneId, message.to);
  }

  /** The whole page in Prometheus text format 0.0.4. Never rejects because of a source. */
  async text(): Promise<string> {
    const nowMs = this.#now();
    if (this.#scrape === null || nowMs - this.#scrape.atMs >= SCRAPE_INTERVAL_MS) {
      this.#scrape = { text: this.#registry.metrics(), atMs: nowMs };
    }
    return await this.#scrape.text;
  }

  #register(head: { name: string; help: string; type: string }, read: () => NamedSample[]): void {
    const get = async (): Promise<object> => {
      try {
        return { ...head, values: read().filter(({ value }) => Number.isFinite(value)) };
      } catch {
        this.#sourceErrors++;
        return { ...head, values: [] };
      }
    };
    // prom-client's own metrics store their values; the registry uses only the name and get of a metric.
    this.#registry.registerMetric({ name: head.name, get } as unknown as Metric);
  }
}

/** A sample as prom-client prints it. */
interface NamedSample extends Sample {
  metricName?: string;
}

/** Throws when the labels of a sample differ from the registered ones. */
function samplesOf(labelNames: string[], source: () => Sample[]): NamedSample[] {
  const samples = source();
  for (const { labels = {} } of samples) {
    const names = Object.keys(labels);
    if (names.length !== labelNames.length || !names.every((name) => labelNames.includes(name)))
      throw new RangeError(`Labels ${names.join()} instead of ${labelNames.join()}.`);
  }
  return samples;
}

function histogramOf(name: string, { labels, buckets }: HistogramSample): NamedSample[] {
  const counts = buckets.cumulative();
  const total = at(counts, counts.length - 1);
  const bounds = [...buckets.bounds.map(String), "+Inf"];
  return [
    ...bounds.map((le, index) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: at(counts, index),
    })),
    { metricName: `${name}_sum`, labels, value: buckets.sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}

function checkName(name: string, isOfKind: boolean): void {
  if (NAME.test(name) && isOfKind) return;
  throw new RangeError(`${name} is no metric name: snake case after wowsim_, and _total for counters and only there.`);
}
