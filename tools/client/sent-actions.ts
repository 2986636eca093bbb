// A player's actions by their numbers: which were sent, and which are not acknowledged yet. Actions sent on a
// link that broke are sent again on the next link, with the same numbers: so every action counts once.
//
//   actions.sent(words); actions.ack(7)         // all up to number 7 are acknowledged
//   actions.unheard(5)                          // the actions to send again when the server has received up to 5

import type { ClientStats } from "./client-stats.ts";
import type { ClientWords } from "./wire.ts";

/** The most unacknowledged actions; when there are more, the oldest are dropped. */
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

  /** Number of the newest action. */
  get seq(): number {
    return this.#seq;
  }

  /** Number of the newest acknowledged action. */
  get acked(): number {
    return this.#acked;
  }

  /** Actions sent and not acknowledged yet. */
  get pending(): number {
    return this.#unacked.length;
  }

  /** Records an action that was sent with the next number. */
  sent(words: ClientWords): void {
    this.#seq++;
    this.#stats.actions++;
    if (this.#unacked.length >= UNACKED_MAX) {
      this.#unacked.shift();
      this.#stats.lost++;
    }
    this.#unacked.push({ seq: this.#seq, at: this.#now(), words });
  }

  /** All actions up to this number are acknowledged. */
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

  /** The server had no room for this action: it will not be acknowledged. */
  busy(seq: number): void {
    this.#stats.busy++;
    const at = this.#unacked.findIndex((action) => action.seq === seq);
    if (at >= 0) this.#unacked.splice(at, 1);
  }

  /** These actions arrived after the player had left their zone. */
  lose(from: number, to: number): void {
    const kept = this.#unacked.filter(({ seq }) => seq < from || seq > to);
    this.#stats.lost += this.#unacked.length - kept.length;
    this.#unacked = kept;
  }

  /** For a new session, which knows no earlier action. */
  beginAnew(seq: number): void {
    this.#stats.lost += this.#unacked.length;
    this.#unacked = [];
    this.#seq = seq;
    this.#acked = 0;
  }

  /** For the same session: the actions that the server has not received, all after `taken`. New numbers follow them. */
  unheard(taken: number): ClientWords[] {
    this.#seq = Math.max(taken, this.#unacked.at(-1)?.seq ?? 0);
    if (taken < this.#acked)
      this.#stats.protocolError(
        `the server has forgotten the actions ${taken + 1} to ${this.#acked}, acknowledged before`,
      );
    this.#acked = Math.min(this.#acked, taken);
    return this.#unacked.filter(({ seq }) => seq > taken).map(({ words }) => words);
  }
}
