// A lease on an activation: its holder renews it regularly, or the fault ends by itself. So a tool that is killed in
// the middle, or loses its network, leaves no fault behind.
//
//   const lease = new Lease(1_800, now())
//   lease.renew(now())          // every few hundred milliseconds
//   lease.hasEnded(now())       // checked once per server tick
//
// An overdue lease ends at the second check, not at the first: after a pause of the whole process, the renewals are
// still in the sockets and are read between the two checks.

export class Lease {
  readonly #ms: number;
  #endsAtMs: number;
  #wasOverdue = false;

  constructor(ms: number, nowMs: number) {
    this.#ms = ms;
    this.#endsAtMs = nowMs + ms;
  }

  /** Gives the lease its full time again. */
  renew(nowMs: number): void {
    this.#endsAtMs = nowMs + this.#ms;
    this.#wasOverdue = false;
  }

  msLeft(nowMs: number): number {
    return Math.max(0, Math.round(this.#endsAtMs - nowMs));
  }

  /** Whether the lease was overdue at the previous check and still is. */
  hasEnded(nowMs: number): boolean {
    if (nowMs < this.#endsAtMs) return false;
    if (this.#wasOverdue) return true;
    this.#wasOverdue = true;
    return false;
  }
}
