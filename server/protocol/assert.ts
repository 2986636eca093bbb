// For what only a mistake of this program can cause. Always on: a wrong number is found where it is made, not where it has spread to.
//
//   assert(next > this.#last, "tickets rise")     // Error: Broken: tickets rise
//   at(counters, COUNTER_PLAYERS)                 // the number there, or an error: never undefined, never a silent 0

/** Throws when the condition does not hold. `what` says what should be so. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`Broken: ${what}`);
}

/** The item at an index that has one. */
export function at<Item>(items: ArrayLike<Item>, index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`Broken: there is no item ${index} of ${items.length}`);
  return item;
}
