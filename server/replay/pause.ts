// Lets a long computation draw its progress and hear an interruption: some times a second it gives the event loop a turn.
//
//   if (pause.isDue) { draw(pause.share); await pause.take() }

/** Between two turns of the event loop. Progress is drawn as often. */
const INTERVAL_MS = 50;

export class Pause {
  /** Ticks that were run. */
  ticks = 0;
  readonly #ticksMax: number;
  readonly #signal: AbortSignal | undefined;
  #nextMs = performance.now() + INTERVAL_MS;

  /** `ticksMax`: about how many ticks there will be. */
  constructor(ticksMax: number, signal: AbortSignal | undefined) {
    this.#ticksMax = ticksMax;
    this.#signal = signal;
  }

  get isDue(): boolean {
    return performance.now() >= this.#nextMs;
  }

  /** 0 to 1. */
  get share(): number {
    return this.#ticksMax === 0 ? 1 : Math.min(1, this.ticks / this.#ticksMax);
  }

  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  async take(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#nextMs = performance.now() + INTERVAL_MS;
  }
}
