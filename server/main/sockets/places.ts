// A bounded number of places for connections; strangers can never take the last ones. A stranger is a connection that
// has not proven itself yet: it has sent no token or, where none is needed, no valid request. When no place is free for
// a newcomer, another connection is evicted: a stranger of the newcomer's own address when that address has its full
// share, else a stranger of the address with the most strangers, else the connection that has been idle longest. Of an
// address's strangers, those that sent a wrong token are evicted first, then the oldest; when the address has used its
// share, the choice among them is random. So a newcomer always gets in, and a client that only holds places can not
// keep anybody out. An attacker at an operator's own address can not surely push the operator out before the token has
// arrived either; if the oldest were evicted, a share of new connections would be enough.
//
//   const places = new Places<Connection>({ max: 64, reserved: 8, strangersPerAddressMax: 16 })
//   places.take(connection, "203.0.113.7")     // null, or the connection to evict
//   places.know(connection)                    // it sent the right token
//   places.suspect(connection)                 // it sent a wrong token
//   places.use(connection)                     // it was active: it is now the last to be evicted for idleness
//   places.leave(connection)

import { addressKey } from "../../shared/address.ts";

export interface PlacesLimits {
  /** The total number of places. */
  max: number;
  /** Places that strangers never get. */
  reserved: number;
  /** The most strangers of one address. */
  strangersPerAddressMax: number;
}

interface Strangers<Holder> {
  count: number;
  /** Among the first to be evicted: their number, the oldest, and one chosen at random, each with equal chance. */
  equals: number;
  oldest: Holder;
  any: Holder;
  isSuspect: boolean;
}

interface Place {
  address: string;
  isKnown: boolean;
  isSuspect: boolean;
}

export class Places<Holder> {
  readonly #limits: PlacesLimits;
  readonly #random: () => number;
  /** Least recently used first. */
  readonly #places = new Map<Holder, Place>();

  /** Throws RangeError when strangers would have no place at all. */
  constructor(limits: PlacesLimits, random: () => number = Math.random) {
    if (!(limits.max - limits.reserved >= 1 && limits.strangersPerAddressMax >= 1))
      throw new RangeError(`${limits.max} places, ${limits.reserved} of them reserved, leave none for a newcomer.`);
    this.#limits = limits;
    this.#random = random;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Gives the newcomer a place; returns the evicted connection, or null when a place was free. */
  take(newcomer: Holder, address: string): Holder | null {
    const key = addressKey(address);
    const leaves = this.#whoMakesRoom(key);
    if (leaves !== null) this.#places.delete(leaves);
    this.#places.set(newcomer, { address: key, isKnown: false, isSuspect: false });
    return leaves;
  }

  /** Marks it as no stranger any more. */
  know(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place === undefined) return;
    place.isKnown = true;
    this.use(holder);
  }

  /** Marks it as a connection that sent a wrong token: it is evicted before the other strangers of its address. */
  suspect(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place !== undefined) place.isSuspect = true;
  }

  /** Marks it as active. This has no effect for strangers: else a stranger could extend its stay by sending. */
  use(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place?.isKnown !== true) return;
    this.#places.delete(holder);
    this.#places.set(holder, place);
  }

  leave(holder: Holder): void {
    this.#places.delete(holder);
  }

  #whoMakesRoom(address: string): Holder | null {
    const { max, reserved, strangersPerAddressMax } = this.#limits;
    const strangers = new Map<string, Strangers<Holder>>();
    let count = 0;
    for (const [holder, place] of this.#places) {
      if (place.isKnown) continue;
      count++;
      const here = strangers.get(place.address);
      if (here === undefined) {
        strangers.set(place.address, {
          count: 1,
          equals: 1,
          oldest: holder,
          any: holder,
          isSuspect: place.isSuspect,
        });
        continue;
      }
      here.count++;
      if (here.isSuspect && !place.isSuspect) continue;
      if (!here.isSuspect && place.isSuspect) [here.isSuspect, here.equals, here.oldest] = [true, 0, holder];
      here.equals++;
      if (this.#random() * here.equals < 1) here.any = holder;
    }
    const own = strangers.get(address);
    if (own !== undefined && own.count >= strangersPerAddressMax) return own.any;
    if (count < max - reserved && this.#places.size < max) return null;
    let most = null;
    for (const each of strangers.values()) if (most === null || each.count > most.count) most = each;
    const [longestIdle = null] = this.#places.keys();
    return most?.oldest ?? longestIdle;
  }
}
