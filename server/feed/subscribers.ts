// The subscribers of the feed: a limited number in all and for each address, each for 30 s after its last renewal. A newcomer always gets
// in: if its address has reached its limit, it replaces the one of that address that renewed longest ago; if all places are taken, the
// one of the address that has most of them. So an operator's tool always gets a place.
//
//   const subscribers = new FeedSubscribers({ watchersMax: 64, watchersPerAddressMax: 16 })
//   subscribers.subscribe({ address, port, datagramBytes: 1400 }, nowMs)     // null, or the subscriber that was evicted

import { addressKey, isLoopback } from "../shared/address.ts";
import type { FeedLimits } from "../protocol/limits.ts";

export const SUBSCRIPTION_MS = 30_000;

export interface Subscriber {
  readonly address: string;
  readonly port: number;
  datagramBytes: number;
  expiresAtMs: number;
}

export class FeedSubscribers {
  readonly #limits: FeedLimits;
  /** In the order of renewal, the oldest first. */
  readonly #subscribers = new Map<string, Subscriber>();

  constructor(limits: FeedLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  values(): IterableIterator<Subscriber> {
    return this.#subscribers.values();
  }

  /** Adds or renews a subscriber; returns the one that was evicted for it, or null. */
  subscribe({ address, port, datagramBytes }: Omit<Subscriber, "expiresAtMs">, nowMs: number): Subscriber | null {
    const key = `${address}|${port}`;
    const leaving = this.#subscribers.has(key) ? null : this.#whoMakesRoom(address);
    if (leaving !== null) this.#subscribers.delete(`${leaving.address}|${leaving.port}`);
    this.#subscribers.delete(key);
    this.#subscribers.set(key, { address, port, datagramBytes, expiresAtMs: nowMs + SUBSCRIPTION_MS });
    return leaving;
  }

  /** Removes subscribers that did not renew; true when there were any. */
  expire(nowMs: number): boolean {
    const before = this.#subscribers.size;
    for (const [key, { expiresAtMs }] of this.#subscribers) if (expiresAtMs <= nowMs) this.#subscribers.delete(key);
    return this.#subscribers.size < before;
  }

  clear(): void {
    this.#subscribers.clear();
  }

  #whoMakesRoom(address: string): Subscriber | null {
    const { watchersMax, watchersPerAddressMax } = this.#limits;
    const byAddress = new Map<string, Subscriber[]>();
    for (const subscriber of this.#subscribers.values()) {
      const key = addressKey(subscriber.address);
      byAddress.set(key, [...(byAddress.get(key) ?? []), subscriber]);
    }
    const own = byAddress.get(addressKey(address)) ?? [];
    if (!isLoopback(address) && own.length >= watchersPerAddressMax) return own[0] ?? null;
    if (this.#subscribers.size < watchersMax) return null;
    const most = [...byAddress.values()].toSorted((a, b) => b.length - a.length)[0];
    return most?.[0] ?? null;
  }
}
