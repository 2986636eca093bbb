// How long to wait before the next attempt: exponential backoff with jitter, so that clients that lost their links together
// do not all come back together.
//
//   const backoff = new Backoff(random); backoff.nextMs()   // 125..250, then 250..500, ... up to 5 s

const FIRST_MS = 250;
const MS_MAX = 5_000;

export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  /** `random` is uniform in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A random time between half and all of the attempt's span, in milliseconds; the span doubles with each attempt. */
  nextMs(): number {
    const span = Math.min(MS_MAX, FIRST_MS * 2 ** this.#attempts++);
    return span * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
