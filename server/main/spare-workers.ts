// Workers that have loaded their program already and wait for their start message: a start, and the successor of a lost worker,
// do not have to wait for that.
//
//   const spare = new SpareWorkers(workers.zone)
//   spare.prepare(8)             // they load in the background, while this thread does other things
//   const worker = spare.take()  // one of them, or a new one
//   spare.stop()                 // ends those that nobody has taken

import type { WorkerFactory } from "../shared/worker-factory.ts";

/** After one was taken, the next one is loaded when the taken one has had time to begin. */
const PREPARE_DELAY_MS = 1_000;

export class SpareWorkers {
  readonly #newWorker: WorkerFactory;
  #spares: Worker[] = [];
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(newWorker: WorkerFactory) {
    this.#newWorker = newWorker;
  }

  /** Sees to it that so many are ready. */
  prepare(count: number): void {
    while (!this.#isStopped && this.#spares.length < count) {
      const worker = this.#newWorker();
      this.#spares.push(worker);
      const drop = (): void => {
        this.#spares = this.#spares.filter((spare) => spare !== worker);
      };
      worker.addEventListener("error", drop);
      worker.addEventListener("close", drop);
    }
  }

  /** A worker that nobody has sent a message. `keep`: so many are to be ready for later. */
  take(keep = 0): Worker {
    const worker = this.#spares.shift() ?? this.#newWorker();
    if (keep > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.prepare(keep), PREPARE_DELAY_MS);
    }
    return worker;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const spare of this.#spares) spare.terminate();
    this.#spares = [];
  }
}
