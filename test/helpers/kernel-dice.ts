// The zone's generator (assembly/state/random.ts) once more, to find a state of it that rolls what a test needs.

const MASK = (1n << 64n) - 1n;
const CANDIDATES_MAX = 200_000n;

/** A state whose next rolls of 0 to 9,999 fall into these ranges, both ends included. Throws when none is found. */
export function stateThatRolls(ranges: readonly (readonly [from: number, to: number])[]): bigint {
  for (let candidate = 1n; candidate < CANDIDATES_MAX; candidate++) {
    const first = (candidate * 0x9e3779b97f4a7c15n) & MASK;
    let state = first;
    const fits = ranges.every(([from, to]) => {
      state = advance(state);
      const roll = Number((outputOf(state) * 10_000n) >> 32n);
      return roll >= from && roll <= to;
    });
    if (fits) return first;
  }
  throw new Error(`No state of the generator rolls ${JSON.stringify(ranges)}.`);
}

function advance(state: bigint): bigint {
  let x = state;
  x ^= x >> 12n;
  x ^= (x << 25n) & MASK;
  x ^= x >> 27n;
  return x;
}

function outputOf(state: bigint): bigint {
  return ((state * 0x2545f4914f6cdd1dn) & MASK) >> 32n;
}
