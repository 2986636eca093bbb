// The limits on new players per second, in total and per address: each takes a place in a zone, and filling the world
// costs an attacker nothing else. A client that resumes a session is not a newcomer.
//
//   const newcomers = new Newcomers(limits)
//   newcomers.refusal("203.0.113.7", nowMs)     // null, "new_sessions_per_address" or "new_sessions"

import { addressKey, isLoopback } from "../../shared/address.ts";
import { TokenBucket } from "../sockets/token-bucket.ts";
import type { GatewayLimits, LimitName } from "../../protocol/game/limits.ts";

/** The bursts, in seconds of the rate: that of one address, and that of all addresses together. */
const ADDRESS_BURST_S = 4;
const BURST_S = 5;
/** The most addresses remembered; beyond that, the address whose last newcomer is the oldest is forgotten. */
const ADDRESSES_MAX = 4_096;

export class Newcomers {
  readonly #limits: GatewayLimits;
  readonly #all: TokenBucket;
  /** Oldest last newcomer first. */
  readonly #byAddress = new Map<string, TokenBucket>();

  constructor(limits: GatewayLimits, nowMs: number) {
    this.#limits = limits;
    const { newSessionsPerSecondMax: perSecond } = limits;
    this.#all = new TokenBucket(perSecond, perSecond * BURST_S, nowMs);
  }

  /** Counts one newcomer and returns null, or returns the name of the limit that refuses it. */
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
