// Limits how often the screen is drawn: at most ten times in any second, and yet at once after a key, when nothing was drawn
// for a while.
//
//   const budget = new DrawBudget()
//   budget.take(nowMs)      // 0: draw now; else the number of milliseconds to wait before the next call
//
// A token bucket: it holds two draws and refills eight a second. So at most ten in any second, at least one every eighth of it.

const SAVED_MAX = 2;
const PER_SECOND = 8;

export class DrawBudget {
  #saved = SAVED_MAX;
  #atMs = Number.NEGATIVE_INFINITY;

  /** `nowMs`: a monotonic clock. */
  take(nowMs: number): number {
    this.#saved = Math.min(SAVED_MAX, this.#saved + Math.max(0, nowMs - this.#atMs) * (PER_SECOND / 1_000));
    this.#atMs = nowMs;
    if (this.#saved < 1) return Math.ceil(((1 - this.#saved) * 1_000) / PER_SECOND);
    this.#saved--;
    return 0;
  }
}
