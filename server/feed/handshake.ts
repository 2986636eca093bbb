// The handshake of the feed: only a watcher that can receive at its address gets the feed. A stranger gets a challenge, a keyed
// hash of its address, its port and the time, and must send it back; the server stores nothing about it until then.
//
//   {"subscribe":1}                                 → {"challenge":"5f0c…"}     any number of times, no state
//   {"subscribe":1,"challenge":"5f0c…"}             → subscribed for 30 s, one line a datagram
//   {..., "token":"hush"}                           → the same, if the server has a token
//   {..., "datagram_bytes":8000}                    → the same, with as many lines in a datagram as fit into that size
//
// So a forged sender address gets one small answer and never the stream, and strangers cost no memory.

import { createHmac, timingSafeEqual } from "node:crypto";

/** Length of a time slot; a challenge is valid in the slot it was made in and in the next one. */
const SLOT_MS = 15_000;
const CHALLENGE_HEX_DIGITS = 16;
/** Longer datagrams are no request. */
export const REQUEST_BYTES_MAX = 1_024;

export interface FeedRequest {
  challenge: string | null;
  token: string | null;
  /** A datagram may have several lines, up to this many bytes; 0: one line each. */
  datagramBytes: number;
}

export class Handshake {
  readonly #secret: Uint8Array;
  readonly #now: () => number;

  /** `secret`: at least 16 random bytes, new at every start. `now`: milliseconds, monotonic. */
  constructor(secret: Uint8Array, now: () => number) {
    this.#secret = secret;
    this.#now = now;
  }

  /** The challenge that `address` and `port` must send back. */
  challenge(address: string, port: number): string {
    return this.#hash(address, port, this.#slot());
  }

  accepts(address: string, port: number, challenge: string): boolean {
    const slot = this.#slot();
    const given = Buffer.from(challenge.slice(0, CHALLENGE_HEX_DIGITS).padEnd(CHALLENGE_HEX_DIGITS), "latin1");
    const good = [slot, slot - 1].map((each) =>
      timingSafeEqual(given, Buffer.from(this.#hash(address, port, each), "latin1")),
    );
    return challenge.length === CHALLENGE_HEX_DIGITS && good.includes(true);
  }

  #slot(): number {
    return Math.floor(this.#now() / SLOT_MS);
  }

  #hash(address: string, port: number, slot: number): string {
    const text = `${address}|${port}|${slot}`;
    return createHmac("sha256", this.#secret).update(text).digest("hex").slice(0, CHALLENGE_HEX_DIGITS);
  }
}

/** The request in a datagram, or null when it is none. Never throws. */
export function parseRequest(datagram: Uint8Array): FeedRequest | null {
  if (datagram.length > REQUEST_BYTES_MAX) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(datagram));
    if (typeof value !== "object" || value === null || !("subscribe" in value) || value.subscribe !== 1) return null;
    const challenge = "challenge" in value ? value.challenge : null;
    const token = "token" in value ? value.token : null;
    const bytes = "datagram_bytes" in value ? value.datagram_bytes : 0;
    return {
      challenge: typeof challenge === "string" ? challenge : null,
      token: typeof token === "string" ? token : null,
      datagramBytes: typeof bytes === "number" ? bytes : 0,
    };
  } catch {
    return null;
  }
}
