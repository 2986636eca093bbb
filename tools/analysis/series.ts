// Samples of one kind in the order of their times, limited in time and number. A Timeline consists of these.
//
//   const ticks = new Series<ZoneTick>(36_000)
//   ticks.add({ atMs: 1_767_225_600_050, tick: 7, ... })
//   ticks.between(fromMs, toMs)        // those with fromMs <= atMs < toMs, oldest first
//
// Lines of several threads arrive slightly out of order; a late sample is inserted at its place.

export interface Timed {
  /** Milliseconds since 1970, by the line's own timestamp. */
  readonly atMs: number;
}

/** When this many entries at the front are dropped, the array is copied to free them. */
const COMPACT_AT = 1_024;

export class Series<Sample extends Timed> {
  readonly #samplesMax: number;
  #samples: Sample[] = [];
  /** The index of the first sample that is kept. */
  #start = 0;

  /** Beyond `samplesMax` samples the oldest are dropped. */
  constructor(samplesMax: number) {
    this.#samplesMax = samplesMax;
  }

  get length(): number {
    return this.#samples.length - this.#start;
  }

  get first(): Sample | undefined {
    return this.#samples[this.#start];
  }

  get last(): Sample | undefined {
    return this.length === 0 ? undefined : this.#samples.at(-1);
  }

  add(sample: Sample): void {
    const newest = this.last;
    if (newest === undefined || sample.atMs >= newest.atMs) this.#samples.push(sample);
    else this.#samples.splice(this.#indexAfter(sample.atMs), 0, sample);
    if (this.length > this.#samplesMax) this.#drop(1);
  }

  /** Drops the samples older than `atMs`. */
  dropBefore(atMs: number): void {
    const first = this.first;
    if (first !== undefined && first.atMs < atMs) this.#drop(this.#indexOf(atMs) - this.#start);
  }

  clear(): void {
    this.#samples = [];
    this.#start = 0;
  }

  /** Samples with fromMs <= atMs < toMs, oldest first. */
  between(fromMs: number, toMs = Number.POSITIVE_INFINITY): Sample[] {
    return this.#samples.slice(this.#indexOf(fromMs), this.#indexOf(toMs));
  }

  /** The newest `count` samples, oldest first. */
  newest(count: number): Sample[] {
    return this.#samples.slice(Math.max(this.#start, this.#samples.length - count));
  }

  /** The newest sample before `atMs`. */
  lastBefore(atMs: number): Sample | undefined {
    const index = this.#indexOf(atMs) - 1;
    return index < this.#start ? undefined : this.#samples[index];
  }

  all(): Sample[] {
    return this.#samples.slice(this.#start);
  }

  /** The first index whose sample is at or after `atMs`. */
  #indexOf(atMs: number): number {
    return this.#search((sample) => sample.atMs >= atMs);
  }

  #indexAfter(atMs: number): number {
    return this.#search((sample) => sample.atMs > atMs);
  }

  /** The first index for which `isThere` is true; it must be false before that index and true after it. */
  #search(isThere: (sample: Sample) => boolean): number {
    let low = this.#start;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const sample = this.#samples[middle];
      if (sample !== undefined && !isThere(sample)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(count: number): void {
    this.#start += count;
    if (this.#start < COMPACT_AT || this.#start < this.#samples.length / 2) return;
    this.#samples = this.#samples.slice(this.#start);
    this.#start = 0;
  }
}
