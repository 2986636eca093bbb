// A lease on an activation: whoever holds it renews it all the time, or the fault ends by itself. So a tool that is killed
// in the middle, or whose network is gone, leaves nothing broken.
//
//   const lease = new Lease(1_800, now())
//   lease.renew(now())          // every few hundred milliseconds
//   lease.hasEnded(now())       // looked at once a server tick
//
// An overdue lease ends at the second look, not at the first: after a pause of the whole process the renewals are still in
// the sockets, and get read between the two.

export class Lease {
  readonly #ms: number;
  #endsAtMs: number;
  #wasOverdue = false;

  constructor(ms: number, nowMs: number) {
    this.#ms = ms;
    this.#endsAtMs = nowMs + ms;
  }

  /** Its full time again. */
  renew(nowMs: number): void {
    this.#endsAtMs = nowMs + this.#ms;
    this.#wasOverdue = false;
  }

  msLeft(nowMs: number): number {
    return Math.max(0, Math.round(this.#endsAtMs - nowMs));
  }

  /** Whether it was overdue at the look before and still is. */
  hasEnded(nowMs: number): boolean {
    if (nowMs < this.#endsAtMs) return false;
    if (this.#wasOverdue) return true;
    this.#wasOverdue = true;
    return false;
  }
}
