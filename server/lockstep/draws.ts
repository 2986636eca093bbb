// How many random numbers a kernel drew in a tick: its generator (assembly/state/random.ts) is stepped from the state before the
// tick to the state after it.
//
//   const draws = new Draws()
//   draws.from(lane.view, at)              // before the tick
//   draws.until(lane.view, at)             // after it: 31, or null when no number of draws leads there
//
// The generator is a u64, kept as two u32, because a bigint for each step would take longer than the tick.

/** Steps that are tried. A tick of 2,000 players draws some thousands. */
const STEPS_MAX = 65_536;

export class Draws {
  #low = 0;
  #high = 0;
  #nextLow = 0;
  #nextHigh = 0;

  /** `at`: address of the generator's state. */
  from(view: DataView, at: number): void {
    this.#low = view.getUint32(at, true);
    this.#high = view.getUint32(at + 4, true);
  }

  /** Null: that state is not among the next 65,536. */
  until(view: DataView, at: number): number | null {
    const [low, high] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    this.#nextLow = this.#low;
    this.#nextHigh = this.#high;
    for (let steps = 0; steps <= STEPS_MAX; steps++) {
      if (this.#nextLow === low && this.#nextHigh === high) return steps;
      this.#step();
    }
    return null;
  }

  /** x ^= x >> 12; x ^= x << 25; x ^= x >> 27 */
  #step(): void {
    let [low, high] = [this.#nextLow, this.#nextHigh];
    low ^= (low >>> 12) | (high << 20);
    high ^= high >>> 12;
    high ^= (high << 25) | (low >>> 7);
    low ^= low << 25;
    low ^= (low >>> 27) | (high << 5);
    high ^= high >>> 27;
    this.#nextLow = low >>> 0;
    this.#nextHigh = high >>> 0;
  }
}
