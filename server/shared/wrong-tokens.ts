// A wrong token costs its address time, on every port that takes one: the first few are free, for people mistype; each
// further one is told later and later that it was wrong. Only the answer waits. A token is compared before anything of
// this is looked at, so whoever has the right one gets in at once, whatever others do from the same address.
//
//   const guesses = new WrongTokens(now)
//   guesses.wrong("203.0.113.7")      // the sixth in a row: 10, the milliseconds that its answer waits; then 20, 40, 50
//
// The answers of one address come one after the other, however many connections ask. That slows a guesser down who reads
// them; one who drops the connection instead tries as many tokens as it can open connections. The strength of the
// token is what keeps that one out (docs/SECURITY.md).
//
// A right token clears nothing: else a guesser behind the operator's address would be let off with every look of the
// operator's tools. What is remembered fades, and is bounded: past that many addresses the one quiet for longest goes.

import { addressKey } from "./address.ts";

const FREE = 5;
const DELAY_MS_MIN = 10;
const DELAY_MS_MAX = 50;
/** No answer waits longer, however many of the address are waiting. */
const WAIT_MS_MAX = 1_000;
/** After so much quiet an address begins anew. */
const FORGIVEN_AFTER_MS = 60_000;
const ADDRESSES_MAX = 4_096;

interface Guesses {
  wrong: number;
  lastAtMs: number;
  /** When the last of its answers is due. */
  answerAtMs: number;
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

  /** The address showed a wrong token; how many milliseconds its answer waits. */
  wrong(address: string): number {
    const key = addressKey(address);
    const nowMs = this.#now();
    const before = this.#find(key);
    const wrong = (before?.wrong ?? 0) + 1;
    const delayMs = wrong <= FREE ? 0 : Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (wrong - FREE - 1));
    const lineMs = Math.max(0, (before?.answerAtMs ?? nowMs) - nowMs);
    const waitMs = Math.min(WAIT_MS_MAX, lineMs + delayMs);
    this.#byAddress.delete(key);
    this.#byAddress.set(key, { wrong, lastAtMs: nowMs, answerAtMs: nowMs + waitMs });
    const [longestQuiet] = this.#byAddress.keys();
    if (this.#byAddress.size > ADDRESSES_MAX && longestQuiet !== undefined) this.#byAddress.delete(longestQuiet);
    return waitMs;
  }

  #find(key: string): Guesses | undefined {
    const guesses = this.#byAddress.get(key);
    if (guesses === undefined || this.#now() - guesses.lastAtMs <= FORGIVEN_AFTER_MS) return guesses;
    this.#byAddress.delete(key);
    return undefined;
  }
}
