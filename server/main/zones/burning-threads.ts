// Threads of ended workers that go on: an endless loop of WebAssembly can not be ended from outside. Such a thread holds a
// processor and its memory until the process ends, so after two seconds the process has to be started again.
//
//   const burning = new BurningThreads(100, (reason) => restart(reason))
//   burning.look([0, 1])      // at each look of the watchdog: the burning threads of each worker's place
//   // after 20 looks in a row: restart("The thread of zone worker 2 is in an endless loop and can not be ended.")
//
// Looks are counted and not time: while this thread stands still, the other one may as well.

/** How long the thread of an ended worker may go on, in milliseconds. One that can be ended takes about 12. */
export const BURNING_MS_MAX = 2_000;

export class BurningThreads {
  readonly #looksMax: number;
  readonly #tell: (reason: string) => void;
  /** Looks in a row with a burning thread, for each worker's place. */
  readonly #looks: number[] = [];
  #isTold = false;

  /** `tell` is called at most once. */
  constructor(lookMs: number, tell: (reason: string) => void) {
    this.#looksMax = Math.ceil(BURNING_MS_MAX / lookMs);
    this.#tell = tell;
  }

  /** `counts`: the threads of each worker's place that were ended and still run. */
  look(counts: readonly number[]): void {
    for (const [worker, count] of counts.entries()) {
      const looks = count === 0 ? 0 : (this.#looks[worker] ?? 0) + 1;
      this.#looks[worker] = looks;
      if (looks < this.#looksMax || this.#isTold) continue;
      this.#isTold = true;
      this.#tell(`The thread of zone worker ${worker + 1} is in an endless loop and can not be ended.`);
    }
  }
}
