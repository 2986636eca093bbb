// A bounded number of places for connections, of which strangers can never take the last ones. A stranger is who has shown
// nothing yet: no token, or, where none is asked for, no request that was one. When there is no place left for a newcomer,
// the one that has the least claim makes room: the oldest stranger of the newcomer's own address when that has its share,
// else the oldest stranger, else whoever has been idle for longest. So a newcomer always gets in, and whoever only holds
// places can not keep anybody out.
//
//   const places = new Places<Connection>({ max: 64, reserved: 8, strangersPerAddressMax: 16 })
//   places.take(connection, "203.0.113.7")     // null, or the connection that has to go
//   places.know(connection)                    // it showed the token
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

interface Place {
  address: string;
  isKnown: boolean;
}

export class Places<Holder> {
  readonly #limits: PlacesLimits;
  /** Longest unused first. */
  readonly #places = new Map<Holder, Place>();

  /** Throws RangeError when strangers would have no place at all. */
  constructor(limits: PlacesLimits) {
    if (!(limits.max - limits.reserved >= 1 && limits.strangersPerAddressMax >= 1))
      throw new RangeError(`${limits.max} places, ${limits.reserved} of them reserved, leave none for a newcomer.`);
    this.#limits = limits;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Gives the newcomer a place; whose it was, or null when one was free. */
  take(newcomer: Holder, address: string): Holder | null {
    const key = addressKey(address);
    const leaves = this.#whoMakesRoom(key);
    if (leaves !== null) this.#places.delete(leaves);
    this.#places.set(newcomer, { address: key, isKnown: false });
    return leaves;
  }

  /** It is no stranger any more. */
  know(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place === undefined) return;
    place.isKnown = true;
    this.use(holder);
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
    let [strangers, strangersHere] = [0, 0];
    let [oldest, oldestHere]: [Holder | null, Holder | null] = [null, null];
    for (const [holder, place] of this.#places) {
      if (place.isKnown) continue;
      strangers++;
      oldest ??= holder;
      if (place.address !== address) continue;
      strangersHere++;
      oldestHere ??= holder;
    }
    if (strangersHere >= strangersPerAddressMax) return oldestHere;
    if (strangers < max - reserved && this.#places.size < max) return null;
    const [longestIdle = null] = this.#places.keys();
    return oldest ?? longestIdle;
  }
}
