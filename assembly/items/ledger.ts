// The ledger of items: by kind, how many pieces came into being and vanished in this zone, and how many crossed its border. So at
// the end of every tick, for each kind, gold included (modulo 2^32):
//
//   pieces held by all players = created - destroyed + arrived - departed
//
//   a boar gives 12 gold to session 7:     CREATED[0] += 12
//   session 7 goes through a portal:       DEPARTED[0] += 12, and in the other zone ARRIVED[0] += 12
//   session 7 leaves the game for good:    DESTROYED[0] += 12
//
// A trade moves pieces between two players, so it changes nothing here. The host checks the equation (server/main/zones).

import { U32 } from "../memory/columns";
import { LEDGER_ARRIVED, LEDGER_CREATED, LEDGER_DEPARTED, LEDGER_DESTROYED } from "../memory/memory";
import { BAG_BYTES, Bag, Stack } from "./stacks";

/** A stack has come into being. */
export function countCreated(stack: u32): void {
  U32.add(LEDGER_CREATED, Stack.kind(stack), Stack.count(stack));
}

/** The player arrives with its bag, which is within its bounds. */
export function countArrived(row: u32): void {
  countBag(LEDGER_ARRIVED, Bag.of(row));
}

/** The player's bag is on its way to another zone: from now on it is empty here. */
export function countDeparted(row: u32): void {
  countBag(LEDGER_DEPARTED, Bag.of(row));
  memory.fill(Bag.of(row), 0, BAG_BYTES);
}

/** The player leaves for good, with all it holds. */
export function countDestroyed(row: u32): void {
  countBag(LEDGER_DESTROYED, Bag.of(row));
  memory.fill(Bag.of(row), 0, BAG_BYTES);
}

function countBag(column: usize, bag: usize): void {
  for (let at = bag; at < bag + BAG_BYTES; at += 4) {
    const stack = load<u32>(at);
    U32.add(column, Stack.kind(stack), Stack.count(stack));
  }
}
