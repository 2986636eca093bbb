// A wrong token delays the answers to its address, on every port that uses tokens: the first few are answered at once,
// because people mistype; each further answer is delayed longer. Only answers to wrong tokens wait. A token is compared
// before any delay is considered, so a client with the right token gets in at once, whatever others do from the same
// address.
//
//   const guesses = new WrongTokens(now)
//   guesses.wrong("203.0.113.7")      // the sixth in a row: its answer waits 10 ms; the next ones 20, 40, 50
//
// The answers to one address are sent one after the other, however many connections ask. That slows down an attacker
// who reads them; an attacker who drops the connection instead can try as many tokens as it can open connections. Only
// the strength of the token stops that attacker (docs/SECURITY.md).
//
// A right token resets nothing: else an attacker behind the operator's address would be reset by every request of the
// operator's tools. The counts expire and are bounded: beyond that many addresses, the one without a wrong token for
// longest is forgotten.

import { addressKey } from "./address.ts";

const FREE = 5;
const DELAY_MS_MIN = 10;
const DELAY_MS_MAX = 50;
/** No answer waits longer, however many answers to the address wait. */
const WAIT_MS_MAX = 1_000;
/** After this time without a wrong token, an address starts anew. */
const FORGIVEN_AFTER_MS = 60_000;
const ADDRESSES_MAX = 4_096;

interface Guesses {
  wrong: number;
  lastAtMs: number;
  /** When the last of its waiting answers is due. */
  answerAtMs: number;
}

export class WrongTokens {
  readonly #now: () => number;
  /** Longest without a wrong token first. */
  readonly #byAddress = new Map<string, Guesses>();

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Number of addresses remembered. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** The address sent a wrong token; returns how many milliseconds its answer must wait. */
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
