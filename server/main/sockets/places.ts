// A bounded number of places for connections, of which strangers can never take the last ones. A stranger is who has shown
// nothing yet: no token, or, where none is asked for, no request that was one. When there is no place left for a newcomer,
// the one that has the least claim makes room: a stranger of the newcomer's own address when that has its share, else one of
// the address that has most strangers, else whoever has been idle for longest. Of the strangers of an address those go
// first that showed something wrong, then the oldest; where an address has used up its share, any of them, by chance. So a
// newcomer always gets in, and whoever only holds places can not keep anybody out. Nor can a guesser at an operator's own
// address push the operator out for sure before the token has come, as it could by age, with a share of new connections.
//
//   const places = new Places<Connection>({ max: 64, reserved: 8, strangersPerAddressMax: 16 })
//   places.take(connection, "203.0.113.7")     // null, or the connection that has to go
//   places.know(connection)                    // it showed the token
//   places.suspect(connection)                 // it showed a wrong one
//   places.use(connection)                     // it did something: last in the line of those that make room
//   places.leave(connection)

import { addressKey } from "../../shared/address.ts";

export interface PlacesLimits {
  /** Places in all. */
  max: number;
  /** Of them, those that strangers never get. */
  reserved: number;
  /** Strangers of one address. */
  strangersPerAddressMax: number;
}

interface Strangers<Holder> {
  count: number;
  /** Of those with the least claim: how many, the oldest, and any, each as likely as any other. */
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
  /** Longest unused first. */
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

  /** Gives the newcomer a place; whose it was, or null when one was free. */
  take(newcomer: Holder, address: string): Holder | null {
    const key = addressKey(address);
    const leaves = this.#whoMakesRoom(key);
    if (leaves !== null) this.#places.delete(leaves);
    this.#places.set(newcomer, { address: key, isKnown: false, isSuspect: false });
    return leaves;
  }

  /** It is no stranger any more. */
  know(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place === undefined) return;
    place.isKnown = true;
    this.use(holder);
  }

  /** It showed something wrong: of the strangers of its address it goes before those who did not. */
  suspect(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place !== undefined) place.isSuspect = true;
  }

  /** It did something. Of a stranger that counts for nothing: it would else talk itself to a longer stay. */
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
