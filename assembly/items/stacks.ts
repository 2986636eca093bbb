// What players hold: a bag of STACKS_MAX words for each player, one stack a word. Gold is an item like any other, but its place is
// the first one, so a bag full of items still takes gold. No kind is in two places.
//
//   a bag with 250 gold and 3 pieces of item 2:   [250, 2 << 24 | 3, 0, 0, 0, 0, 0, 0, 0]
//   give(bag, 2 << 24 | 4)                        [250, 2 << 24 | 7, 0, ...]
//   take(bag, 300)                                false, and nothing has changed

import { ITEM_GOLD, STACK_COUNT_MASK, STACK_KIND_SHIFT } from "../abi";
import { ITEMS_MAX, ITEM_BASE, ITEM_STACK, ITEM_STRIDE, STACKS_MAX, STACK_BASE } from "../memory/memory";

/** Bytes of a bag. */
export const BAG_BYTES: usize = STACKS_MAX * 4;

export class Stack {
  @inline static of(kind: u32, count: u32): u32 {
    return (kind << STACK_KIND_SHIFT) | count;
  }
  @inline static kind(stack: u32): u32 {
    return stack >> STACK_KIND_SHIFT;
  }
  @inline static count(stack: u32): u32 {
    return stack & STACK_COUNT_MASK;
  }
  /** Most pieces in a stack of the kind, 0 for an unknown kind. */
  static limit(kind: u32): u32 {
    return kind < ITEMS_MAX ? min<u32>(load<u32>(ITEM_BASE + kind * ITEM_STRIDE + ITEM_STACK), STACK_COUNT_MASK) : 0;
  }
  /** True for a stack that a bag can have: of a known kind, with 1 to limit pieces. */
  static isWhole(stack: u32): bool {
    const count = Stack.count(stack);
    return count > 0 && count <= Stack.limit(Stack.kind(stack));
  }
}

export class Bag {
  /** Address of the player's bag. */
  @inline static of(row: u32): usize {
    return STACK_BASE + <usize>row * BAG_BYTES;
  }
}

/** Address of the place that has the kind, or else of a free place for it; 0 when there is none. */
export function placeOf(bag: usize, kind: u32): usize {
  if (kind == ITEM_GOLD) return bag;
  let free: usize = 0;
  for (let at = bag + 4; at < bag + BAG_BYTES; at += 4) {
    const stack = load<u32>(at);
    if (stack == 0) {
      if (free == 0) free = at;
    } else if (Stack.kind(stack) == kind) return at;
  }
  return free;
}

/** Pieces of a kind in the bag. */
export function heldOf(bag: usize, kind: u32): u32 {
  const place = placeOf(bag, kind);
  return place == 0 ? 0 : Stack.count(load<u32>(place));
}

/** Adds a stack (0 = nothing); false, with nothing changed, when the bag has no room for all of it. */
export function give(bag: usize, stack: u32): bool {
  if (stack == 0) return true;
  const kind = Stack.kind(stack);
  const place = placeOf(bag, kind);
  if (place == 0) return false;
  const count = Stack.count(load<u32>(place)) + Stack.count(stack);
  if (count > Stack.limit(kind)) return false;
  store<u32>(place, Stack.of(kind, count));
  return true;
}

/** Takes a stack out (0 = nothing); false, with nothing changed, when the bag does not have all of it. */
export function take(bag: usize, stack: u32): bool {
  const kind = Stack.kind(stack);
  const place = placeOf(bag, kind);
  const held: u32 = place == 0 ? 0 : Stack.count(load<u32>(place));
  const count = Stack.count(stack);
  if (held < count) return false;
  if (count > 0) store<u32>(place, held == count ? 0 : Stack.of(kind, held - count));
  return true;
}

/** Another zone's module wrote the bag: what this zone does not know is taken out, and no stack exceeds its limit. */
export function boundBag(bag: usize): void {
  for (let at = bag; at < bag + BAG_BYTES; at += 4) {
    const kind = Stack.kind(load<u32>(at));
    const count = min<u32>(Stack.count(load<u32>(at)), Stack.limit(kind));
    store<u32>(at, count == 0 || placeOf(bag, kind) != at ? 0 : Stack.of(kind, count));
  }
}
