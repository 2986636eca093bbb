// Finds anomalies in a Timeline, second by second: values far from their own usual values (robust z-score), and events that
// should not happen at all.
//
//   findAnomalies(timeline)
//   // [{ what: "tick time p50", zoneId: 1, fromMs, toMs, value: 200.3, usual: 0.06, unit: "ms", score: 400.5 }, ...]
//
// Usual is the median of up to 60 seconds before. The spread is their median absolute deviation, but at least the noise of
// that figure. Consecutive seconds with the same anomaly are one anomaly, reported with its worst second.
//
// An AnomalyLog follows a growing timeline, so a file of any length is searched with constant memory.

import { SERVER_FIGURES, ZONE_FIGURES } from "./anomaly-figures.ts";
import type { Figure, Second } from "./anomaly-figures.ts";
import { median } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { hasBegun } from "./timeline.ts";
import type { Timeline } from "./timeline.ts";

export interface Anomaly {
  what: string;
  /** Null: the server as a whole. */
  zoneId: number | null;
  /** Begin of its first second and end of its last, in milliseconds since 1970. */
  fromMs: number;
  toMs: number;
  /** The value of the worst second. */
  value: number;
  /** The usual value, from the seconds before; 0 for events that should not happen at all. */
  usual: number;
  unit: string;
  /** Robust z-score of the worst second; null for events that should not happen at all. */
  score: number | null;
}

const SCORE_MIN = 8;
const USUAL_SECONDS_MAX = 60;
const USUAL_SECONDS_MIN = 8;
/** Factor from the median absolute deviation of a normal distribution to its standard deviation. */
const MAD_TO_SIGMA = 1.4826;
/** Lines of a second may arrive up to this long after its end. */
const LATE_MS_MAX = 500;
const ANOMALIES_MAX = 1_000;
const SECOND_MS = 1_000;

/** The anomalies of all finished seconds of the timeline, in the order of their begin. */
export function findAnomalies(timeline: Timeline): Anomaly[] {
  const log = new AnomalyLog();
  log.advance(timeline);
  return log.anomalies;
}

export class AnomalyLog {
  /** In the order of their begin; after 1,000, more anomalies are only counted. */
  readonly anomalies: Anomaly[] = [];
  /** The number of all anomalies found. */
  count = 0;
  /** The last values of each figure of each zone. */
  readonly #usual = new Map<string, number[]>();
  /** The newest anomaly of each figure of each zone, whether it is kept or not. */
  readonly #newest = new Map<string, Anomaly>();
  #nextMs: Measured = null;

  /** Checks the seconds that were finished since the last call. */
  advance(timeline: Timeline): void {
    if (!hasBegun(timeline)) return;
    const firstMs = Math.ceil(timeline.fromMs / SECOND_MS) * SECOND_MS;
    let fromMs = this.#nextMs ?? firstMs;
    if (fromMs < firstMs || fromMs > timeline.nowMs) fromMs = firstMs;
    while (fromMs + SECOND_MS + LATE_MS_MAX <= timeline.nowMs) {
      this.#look(timeline, { fromMs, toMs: fromMs + SECOND_MS });
      fromMs += SECOND_MS;
    }
    this.#nextMs = fromMs;
  }

  #look(timeline: Timeline, second: Second): void {
    for (const zone of timeline.zones.values()) {
      for (const figure of ZONE_FIGURES) this.#judge(figure, zone.id, figure.read(zone, second), second);
    }
    for (const figure of SERVER_FIGURES) this.#judge(figure, null, figure.read(timeline, second), second);
  }

  #judge(figure: Figure<never>, zoneId: number | null, value: Measured, second: Second): void {
    if (value === null) return;
    const key = `${figure.what} ${zoneId ?? ""}`;
    if (figure.kind === "forbidden") {
      if (value > 0) this.#add(key, figure, zoneId, { value, usual: 0, score: null }, second);
      return;
    }
    const values = this.#usual.get(key) ?? [];
    if (values.length >= USUAL_SECONDS_MIN) {
      const usual = median(values);
      const score = usual === null ? null : scoreOf(figure, value, usual, values);
      if (usual !== null && score !== null && score >= SCORE_MIN)
        this.#add(key, figure, zoneId, { value, usual, score }, second);
    }
    values.push(value);
    if (values.length > USUAL_SECONDS_MAX) values.shift();
    this.#usual.set(key, values);
  }

  #add(
    key: string,
    { what, unit }: Figure<never>,
    zoneId: number | null,
    seen: Pick<Anomaly, "value" | "usual" | "score">,
    { fromMs, toMs }: Second,
  ): void {
    const newest = this.#newest.get(key);
    if (newest !== undefined && newest.toMs === fromMs) {
      newest.toMs = toMs;
      if (Math.abs(seen.value - seen.usual) > Math.abs(newest.value - newest.usual)) Object.assign(newest, seen);
      return;
    }
    const anomaly: Anomaly = { what, zoneId, fromMs, toMs, unit, ...seen };
    this.#newest.set(key, anomaly);
    this.count++;
    if (this.anomalies.length < ANOMALIES_MAX) this.anomalies.push(anomaly);
  }
}

/** How far `value` is on the worse side of usual, in spreads; a difference of deltaMin is just enough. */
function scoreOf({ kind, deltaMin }: Figure<never>, value: number, usual: number, values: readonly number[]): number {
  const deviation = MAD_TO_SIGMA * (median(values.map((each) => Math.abs(each - usual))) ?? 0);
  const spread = Math.max(deviation, deltaMin / SCORE_MIN);
  return (kind === "rises" ? value - usual : usual - value) / spread;
}
