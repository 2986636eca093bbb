// Two ways to store durations. Adding a value takes a few nanoseconds in both; they are read only at a scrape.
//
//   Buckets        counts since the start, in the form of Prometheus histograms: 0.005 s ≤ 1,201 values, ...
//   RecentWindow   the values of the last ten seconds, for exact percentiles: the current p99, not that of all time

import { at } from "../../protocol/assert.ts";

/**
 * Upper bounds in seconds; the last bucket, +Inf, is implied. A kernel tick takes 20 to 1,000 µs, so the bounds begin
 * below that: values within one bucket can not be told apart.
 */
export const TICK_BUCKETS_SECONDS = [
  0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
] as const;

/** A cumulative histogram. */
export class Buckets {
  readonly bounds: readonly number[];
  /** The number of values at or below each bound, then the number of all values. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > at(bounds, bucket)) bucket++;
    this.#counts[bucket] = at(this.#counts, bucket) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  /** The number of values at or below each bound; the last element counts all. */
  cumulative(): number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => (total += count));
  }
}

/** The newest values, at most `valuesMax` of them and none older than `windowMs`. */
export class RecentWindow {
  readonly #windowMs: number;
  readonly #values: Float64Array;
  readonly #atMs: Float64Array;
  #next = 0;

  constructor(windowMs: number, valuesMax: number) {
    this.#windowMs = windowMs;
    this.#values = new Float64Array(valuesMax);
    this.#atMs = new Float64Array(valuesMax).fill(Number.NEGATIVE_INFINITY);
  }

  add(value: number, nowMs: number): void {
    this.#values[this.#next] = value;
    this.#atMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#values.length;
  }

  /** The values since a time, in no order. */
  since(fromMs: number): Float64Array {
    return this.#values.filter((_, index) => at(this.#atMs, index) >= fromMs);
  }

  /** Nearest-rank quantiles (0 to 1) of the window, or null when it is empty. */
  quantiles(nowMs: number, ...shares: number[]): number[] | null {
    const recent = this.#values.filter((_, index) => nowMs - at(this.#atMs, index) <= this.#windowMs).toSorted();
    if (recent.length === 0) return null;
    return shares.map((share) => at(recent, Math.max(0, Math.ceil(share * recent.length) - 1)));
  }
}
