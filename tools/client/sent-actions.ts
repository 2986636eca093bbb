// A player's actions by their numbers: which have been sent, and whose effects have not been told yet. What was sent on a
// link that broke is said again on the next, under the same numbers: so every action counts once.
//
//   actions.sent(words); actions.ack(7)         // all up to number 7 have come to something
//   actions.unheard(5)                          // what to say again when the server has heard 5

import type { ClientStats } from "./client-stats.ts";
import type { ClientWords } from "./wire.ts";

/** Actions whose acknowledgement is waited for at once; older ones are given up. */
const UNACKED_MAX = 1_024;

interface Unacked {
  seq: number;
  at: number;
  words: ClientWords;
}

export class SentActions {
  readonly #stats: ClientStats;
  readonly #now: () => number;
  #unacked: Unacked[] = [];
  #seq = 0;
  #acked = 0;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(stats: ClientStats, now: () => number) {
    this.#stats = stats;
    this.#now = now;
  }

  /** Number of the newest. */
  get seq(): number {
    return this.#seq;
  }

  /** Number of the newest whose effects have been told. */
  get acked(): number {
    return this.#acked;
  }

  /** Those that are still on their way there or back. */
  get pending(): number {
    return this.#unacked.length;
  }

  /** It went out under the next number. */
  sent(words: ClientWords): void {
    this.#seq++;
    this.#stats.actions++;
    if (this.#unacked.length >= UNACKED_MAX) {
      this.#unacked.shift();
      this.#stats.lost++;
    }
    this.#unacked.push({ seq: this.#seq, at: this.#now(), words });
  }

  /** The effects of all up to this one have been told. */
  ack(seq: number): void {
    if (seq <= this.#acked) return;
    this.#acked = seq;
    const now = this.#now();
    for (let oldest = this.#unacked[0]; oldest !== undefined && oldest.seq <= seq; oldest = this.#unacked[0]) {
      this.#unacked.shift();
      this.#stats.acks++;
      this.#stats.recordRoundTrip(now - oldest.at);
    }
  }

  /** The server had no room for it: nothing will acknowledge it. */
  busy(seq: number): void {
    this.#stats.busy++;
    const at = this.#unacked.findIndex((action) => action.seq === seq);
    if (at >= 0) this.#unacked.splice(at, 1);
  }

  /** They came when the player had left their zone. */
  lose(from: number, to: number): void {
    const kept = this.#unacked.filter(({ seq }) => seq < from || seq > to);
    this.#stats.lost += this.#unacked.length - kept.length;
    this.#unacked = kept;
  }

  /** A session that knows nothing of what was sent before. */
  beginAnew(seq: number): void {
    this.#stats.lost += this.#unacked.length;
    this.#unacked = [];
    this.#seq = seq;
    this.#acked = 0;
  }

  /** Of the same session, what the server has not heard: all beyond `taken`. The next number follows the last of them. */
  unheard(taken: number): ClientWords[] {
    this.#seq = Math.max(taken, this.#unacked.at(-1)?.seq ?? 0);
    return this.#unacked.filter(({ seq }) => seq > taken).map(({ words }) => words);
  }
}
