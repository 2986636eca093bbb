// How many new players may enter in a second, in all and from one address: each takes a place in a zone, and a place in
// the world costs whoever wants to fill it nothing else. Who comes back to a session is no newcomer.
//
//   const newcomers = new Newcomers(limits)
//   newcomers.refusal("203.0.113.7", nowMs)     // null, "new_sessions_per_address" or "new_sessions"

import { addressKey, isLoopback } from "../../shared/address.ts";
import { TokenBucket } from "../sockets/token-bucket.ts";
import type { GatewayLimits, LimitName } from "../../protocol/game/limits.ts";

/** An address may save up so many seconds of its newcomers, all of them together so many of theirs. */
const ADDRESS_BURST_S = 4;
const BURST_S = 5;
/** Addresses remembered; past them the one that had a newcomer longest ago is forgotten. */
const ADDRESSES_MAX = 4_096;

export class Newcomers {
  readonly #limits: GatewayLimits;
  readonly #all: TokenBucket;
  /** Longest ago first. */
  readonly #byAddress = new Map<string, TokenBucket>();

  constructor(limits: GatewayLimits, nowMs: number) {
    this.#limits = limits;
    const { newSessionsPerSecondMax: perSecond } = limits;
    this.#all = new TokenBucket(perSecond, perSecond * BURST_S, nowMs);
  }

  /** Counts one in and returns null, or names the limit that keeps it out. */
  refusal(address: string, nowMs: number): LimitName | null {
    const bucket = this.#bucketOf(address, nowMs);
    if (bucket !== null && !bucket.take(nowMs)) return "new_sessions_per_address";
    return this.#all.take(nowMs) ? null : "new_sessions";
  }

  #bucketOf(address: string, nowMs: number): TokenBucket | null {
    const { newSessionsPerAddressMax, newSessionsFromLoopbackMax } = this.#limits;
    const perSecond = isLoopback(address) ? newSessionsFromLoopbackMax : newSessionsPerAddressMax;
    if (perSecond === Number.POSITIVE_INFINITY) return null;
    const key = addressKey(address);
    const bucket = this.#byAddress.get(key) ?? new TokenBucket(perSecond, perSecond * ADDRESS_BURST_S, nowMs);
    this.#byAddress.delete(key);
    this.#byAddress.set(key, bucket);
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size > ADDRESSES_MAX && oldest !== undefined) this.#byAddress.delete(oldest);
    return bucket;
  }
}
