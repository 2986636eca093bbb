// What the journal thread measures of itself, in memory that the main thread reads for /metrics. It outlives the thread, which
// is started again when it dies.
//
//   const figures = new JournalFigures(JournalFigures.allocate())
//   figures.committed(0.8)       // the journal thread: a burst is safe, 0.8 ms after it began
//   figures.commits              // any thread: 1
//   figures.buckets              // { bounds: [0.00025, ...], sum: 0.0008, cumulative: () => [0, 0, 1, ...] }

/** Upper bounds of the buckets in milliseconds; the last bucket has no bound. */
export const COMMIT_BOUNDS_MS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] as const;

const FAILURES = 0;
const CPU_MS = 1;
const SUM_MS = 2;
const COUNTS = 3;
const WORDS = COUNTS + COMMIT_BOUNDS_MS.length + 1;

/** One thread writes, the others read; a reader may see a burst in one number and not yet in another. */
export class JournalFigures {
  readonly #words: Float64Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 8);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Float64Array(buffer);
  }

  committed(ms: number): void {
    const bucket = COMMIT_BOUNDS_MS.findIndex((bound) => ms <= bound);
    this.#add(COUNTS + (bucket < 0 ? COMMIT_BOUNDS_MS.length : bucket), 1);
    this.#add(SUM_MS, ms);
  }

  failed(): void {
    this.#add(FAILURES, 1);
  }

  /** The thread has used so much more processor time. */
  used(ms: number): void {
    this.#add(CPU_MS, ms);
  }

  /** Bursts that are safe. */
  get commits(): number {
    return this.#cumulative().at(-1) ?? 0;
  }

  /** Times that the disk refused a burst. */
  get failures(): number {
    return this.#words[FAILURES] ?? 0;
  }

  /** Processor time of the thread in milliseconds, measured once a second or so. */
  get cpuMs(): number {
    return this.#words[CPU_MS] ?? 0;
  }

  /** How long bursts took, in the form of a Prometheus histogram, in seconds. */
  get buckets(): { bounds: readonly number[]; sum: number; cumulative: () => number[] } {
    const bounds = COMMIT_BOUNDS_MS.map((ms) => ms / 1_000);
    return { bounds, sum: (this.#words[SUM_MS] ?? 0) / 1_000, cumulative: () => this.#cumulative() };
  }

  #cumulative(): number[] {
    let total = 0;
    return Array.from(this.#words.subarray(COUNTS), (count) => (total += count));
  }

  #add(word: number, amount: number): void {
    this.#words[word] = (this.#words[word] ?? 0) + amount;
  }
}
