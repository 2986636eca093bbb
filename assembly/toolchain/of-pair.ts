// Remembers what a function makes of two objects, for as long as both are there.
//
//   const differences = ofPair((before: KernelLayout, after: KernelLayout) => ...)

export function ofPair<A extends object, B extends object, Result>(
  make: (one: A, other: B) => Result,
): (one: A, other: B) => Result {
  const made = new WeakMap<A, WeakMap<B, { result: Result }>>();
  return (one, other) => {
    let ofOne = made.get(one);
    if (ofOne === undefined) made.set(one, (ofOne = new WeakMap()));
    let known = ofOne.get(other);
    if (known === undefined) ofOne.set(other, (known = { result: make(one, other) }));
    return known.result;
  };
}
