// Counts what the players of a zone hold, and reads the zone's own ledger of it (assembly/items/ledger.ts), between two ticks. The
// main thread compares the two (server/main/zones/item-audit.ts): the kernel that moves the items is not trusted to count them.
//
//   countItems(zone, record)      // { zoneId: 1, tick: 812, held: [250, 3, ...], created: [262, 3, ...], destroyed: ... }

import { STACK_COUNT_MASK, STACK_COUNT_MAX, STACK_KIND_SHIFT } from "../../assembly/abi.ts";
import { wordAt } from "../protocol/assert.ts";
import type { ItemCount } from "../shared/ring-records.ts";
import type { Zone } from "./zone.ts";

/** Fills `into`; numbers are u32, by item id. A stack of a kind that no ledger has is left out of `held`. */
export function countItems({ id, tick, view, at }: Zone, into: ItemCount): ItemCount {
  const words = new Uint32Array(view.buffer);
  const read = (column: Uint32Array, address: number): void =>
    column.set(words.subarray(address / 4, address / 4 + column.length));
  into.zoneId = id;
  into.tick = tick;
  read(into.created, at.ledgerCreated);
  read(into.destroyed, at.ledgerDestroyed);
  read(into.arrived, at.ledgerArrived);
  read(into.departed, at.ledgerDeparted);
  into.held.fill(0);
  const rows = Math.min(wordAt(words, at.playersHigh / 4), at.playersMax);
  for (let row = 0; row < rows; row++) {
    if (wordAt(words, at.entityId / 4 + row) !== 0) addBag(into.held, words, at.stacks / 4 + row * STACK_COUNT_MAX);
  }
  return into;
}

function addBag(held: Uint32Array, words: Uint32Array, first: number): void {
  for (let place = first; place < first + STACK_COUNT_MAX; place++) {
    const stack = wordAt(words, place);
    const kind = stack >>> STACK_KIND_SHIFT;
    if (stack !== 0 && kind < held.length) held[kind] = wordAt(held, kind) + (stack & STACK_COUNT_MASK);
  }
}
