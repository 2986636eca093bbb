// A seeded random generator: the same seed gives the same sequence on every machine, so that a drill can be repeated.
//
//   const random = seededRandom(seedOf(1, "split-brain", 3))   // server seed, fault, third activation
//   random()                                                   // 0.7338...

/** A generator of uniform numbers in [0, 1) with 32 bits of resolution (mulberry32, Tommy Ettinger). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One u32 seed from several parts (FNV-1a over their text): changing any part changes the whole sequence. */
export function seedOf(...parts: (number | string)[]): number {
  let hash = 0x811c9dc5;
  for (const char of parts.join("/")) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash;
}
