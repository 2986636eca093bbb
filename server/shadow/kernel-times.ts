// Kernel time of two modules that run the same ticks from the same states in one thread, one after the other, now the one first and
// now the other: what the second finds in the caches, and what else the machine does, cancels out.
//
//   times.add(true, 0.041, 0.043)     // the incumbent ran first; milliseconds
//   times.ratio                       // 1.012: the candidate over the incumbent; null: too few ticks
//   times.blocks                      // [{ n: 0, log_ratio: 0.011, incumbent_us: 41, candidate_us: 42, ... }, ...]
//
// A tick of 40 us is interrupted, or meets a collection, or a slow page, so only medians of the ratio of each tick count: of the
// ticks with each order by themselves, and then their mean. What stays is that of a compile: the same module compiled twice makes up
// to 1.5 % of difference, which more ticks do not remove, and one memory lies better than another. `bun bench/shadow.ts` prints what
// the same module measures against itself.

import { TIME_BLOCK_TICKS, TIME_BLOCKS_MAX, TIME_WARM_UP_TICKS } from "../protocol/shadow.ts";
import type { TimeBlock } from "../protocol/shadow.ts";

/** Of fewer ticks there is no ratio. */
const TICKS_MIN = 100;
/** Bins of the logs of ratios, a thousandth each, from a quarter to four times. */
const LOG_MAX = Math.log(4);
const BIN = 0.001;
const BINS = Math.ceil((2 * LOG_MAX) / BIN) + 1;

export class KernelTimes {
  /** Newest last. */
  readonly blocks: TimeBlock[] = [];
  readonly #bins = [new Uint32Array(BINS), new Uint32Array(BINS)] as const;
  readonly #counts: [number, number] = [0, 0];
  readonly #logs: [number[], number[]] = [[], []];
  readonly #incumbentMs: number[] = [];
  readonly #candidateMs: number[] = [];
  #ticks = 0;
  #blocks = 0;

  add(isIncumbentFirst: boolean, incumbentMs: number, candidateMs: number): void {
    if (++this.#ticks <= TIME_WARM_UP_TICKS || !(incumbentMs > 0) || !(candidateMs > 0)) return;
    const log = Math.max(-LOG_MAX, Math.min(LOG_MAX, Math.log(candidateMs / incumbentMs)));
    const order = isIncumbentFirst ? 0 : 1;
    const [bins, bin] = [this.#bins[order], Math.round((log + LOG_MAX) / BIN)];
    bins[bin] = (bins[bin] ?? 0) + 1;
    this.#counts[order]++;
    this.#logs[order].push(log);
    this.#incumbentMs.push(incumbentMs);
    this.#candidateMs.push(candidateMs);
    if (this.#incumbentMs.length === TIME_BLOCK_TICKS) this.#endBlock();
  }

  /** Null: too few ticks. */
  get ratio(): number | null {
    const [one, other] = this.#counts;
    if (one + other < TICKS_MIN || one === 0 || other === 0) return null;
    const [first, second] = this.#bins.map((bins, order) => medianOf(bins, this.#counts[order] ?? 0));
    return Math.exp(((first ?? 0) + (second ?? 0)) / 2);
  }

  #endBlock(): void {
    const medians = this.#logs.filter((logs) => logs.length > 0).map(median);
    this.blocks.push({
      n: this.#blocks++,
      log_ratio: medians.reduce((sum, each) => sum + each, 0) / medians.length,
      incumbent_us: median(this.#incumbentMs) * 1_000,
      candidate_us: median(this.#candidateMs) * 1_000,
      incumbent_max_us: Math.max(...this.#incumbentMs) * 1_000,
      candidate_max_us: Math.max(...this.#candidateMs) * 1_000,
    });
    if (this.blocks.length > TIME_BLOCKS_MAX) this.blocks.shift();
    for (const list of [...this.#logs, this.#incumbentMs, this.#candidateMs]) list.length = 0;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function medianOf(bins: Uint32Array, count: number): number {
  let seen = 0;
  for (let bin = 0; bin < bins.length; bin++) {
    seen += bins[bin] ?? 0;
    if (seen * 2 >= count) return bin * BIN - LOG_MAX;
  }
  return 0;
}
