// How much fuel a tick gets that runs again after its trap: a multiple of what ticks used lately. It is enough for most ticks,
// and an endless loop is found early.

/** This multiple of the most fuel that a recent tick used. */
const FACTOR = 8n;
/** At least the fuel of a tick divided by this. */
export const RERUN_FUEL_FLOOR = 32n;

export class RerunFuel {
  readonly #perTick: bigint;
  /** Most fuel that one tick used, in the current segment and in the previous one. */
  #max = 0n;
  #maxBefore = 0n;

  constructor(fuelPerTick: bigint) {
    this.#perTick = fuelPerTick;
  }

  /** A tick has used this much. */
  used(fuel: bigint): void {
    if (fuel > this.#max) this.#max = fuel;
  }

  /** A new segment begins. */
  nextSegment(): void {
    this.#maxBefore = this.#max;
    this.#max = 0n;
  }

  get little(): bigint {
    const most = this.#max > this.#maxBefore ? this.#max : this.#maxBefore;
    const wanted = most * FACTOR;
    const floor = this.#perTick / RERUN_FUEL_FLOOR;
    const fuel = wanted > floor ? wanted : floor;
    return fuel < this.#perTick ? fuel : this.#perTick;
  }
}
