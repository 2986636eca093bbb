// Guessing a token has to cost time, on every port that takes one. The first few wrong tokens of an address are free, for
// people mistype; after each further one its next guess waits, longer and longer, and is not looked at before.
//
//   const guesses = new WrongTokens(now)
//   guesses.waitMs("203.0.113.7")     // 0: look at it
//   guesses.wrong("203.0.113.7")      // the sixth in a row: waitMs is 10 from now on, then 20, 40, 50
//
// A right token clears nothing: else an attacker behind the operator's address would be let off with every look of the
// operator's tools. What is remembered fades, and is bounded: past that many addresses the one quiet for longest goes.

import { addressKey } from "./address.ts";

const FREE = 5;
/** So small that an operator behind the address of a guesser is still looked at, and 20 guesses a second are all there are. */
const DELAY_MS_MIN = 10;
const DELAY_MS_MAX = 50;
/** After so much quiet an address begins anew. */
const FORGIVEN_AFTER_MS = 60_000;
const ADDRESSES_MAX = 4_096;

interface Guesses {
  wrong: number;
  lastAtMs: number;
  nextAtMs: number;
}

export class WrongTokens {
  readonly #now: () => number;
  /** Longest quiet first. */
  readonly #byAddress = new Map<string, Guesses>();

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** How long the address has to wait before a token of it is looked at. */
  waitMs(address: string): number {
    const guesses = this.#find(addressKey(address));
    return guesses === undefined ? 0 : Math.max(0, guesses.nextAtMs - this.#now());
  }

  /** The address showed a wrong token. */
  wrong(address: string): void {
    const key = addressKey(address);
    const nowMs = this.#now();
    const wrong = (this.#find(key)?.wrong ?? 0) + 1;
    const delayMs = wrong <= FREE ? 0 : Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (wrong - FREE - 1));
    this.#byAddress.delete(key);
    this.#byAddress.set(key, { wrong, lastAtMs: nowMs, nextAtMs: nowMs + delayMs });
    const [longestQuiet] = this.#byAddress.keys();
    if (this.#byAddress.size > ADDRESSES_MAX && longestQuiet !== undefined) this.#byAddress.delete(longestQuiet);
  }

  #find(key: string): Guesses | undefined {
    const guesses = this.#byAddress.get(key);
    if (guesses === undefined || this.#now() - guesses.lastAtMs <= FORGIVEN_AFTER_MS) return guesses;
    this.#byAddress.delete(key);
    return undefined;
  }
}
