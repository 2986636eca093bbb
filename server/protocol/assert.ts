// Assertions: for errors that only a mistake in this program can cause. They are always on, so that a wrong number is found where it is made.
//
//   assert(next > this.#last, "tickets rise")     // Error: Broken: tickets rise
//   at(names, index)                              // the item there, or an error: never undefined, never a silent ""
//   wordAt(words, row)                            // the same for loops of the tick path
//   entryOf(zones, 3)                             // the value of a map's key
//
// at() is called with arrays of every kind, and what the engine makes of it for all of them takes 4 ns. wordAt() and
// floatAt() see one kind each: 0.6 ns, as a bare access. Where even that shows in a bench, the file says so (zone/output-check.ts).

/** Throws when the condition does not hold. `what` states the condition. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`Broken: ${what}`);
}

/** The item at an index. Throws RangeError when there is none. */
export function at<Item>(items: ArrayLike<Item>, index: number): Item {
  const item = items[index];
  if (item === undefined) throw none(index, items.length);
  return item;
}

/** The u32 at an index that has one. */
export function wordAt(words: Uint32Array, index: number): number {
  const word = words[index];
  if (word === undefined) throw none(index, words.length);
  return word;
}

/** The f32 at an index that has one. */
export function floatAt(floats: Float32Array, index: number): number {
  const float = floats[index];
  if (float === undefined) throw none(index, floats.length);
  return float;
}

/** The value of a key that has one. */
export function entryOf<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`Broken: there is no entry ${String(key)} of ${map.size}`);
  return value;
}

function none(index: number, length: number): RangeError {
  return new RangeError(`Broken: there is no item ${index} of ${length}`);
}
