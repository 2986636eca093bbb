// A rate limit: an average number of events per second, and a burst after a pause.
//
//   const bucket = new TokenBucket(100, 200, nowMs)
//   if (!bucket.take(nowMs)) refuse()

/** Allows `perSecond` on average and `burst` at once. Times are milliseconds of any monotonic clock. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = nowMs;
  }

  /** Takes one token; false when there is none. */
  take(nowMs: number): boolean {
    if (nowMs > this.#filledAt) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAt) * this.#perMs);
      this.#filledAt = nowMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
