// The fuel of both kernels over the same ticks from the same states. Fuel counts loop rounds and calls, so it is the same in each
// run and on each machine, and needs no statistics.
//
//   account.add(4711, 31_890n, 32_410n)
//   account.sums      // { incumbent: 38_112_000, candidate: 38_731_000, worst: { tick: 4711, incumbent: 31890, candidate: 32410 }, ... }

/** Plain data, which threads can send. */
export interface FuelSums {
  incumbent: number;
  candidate: number;
  /** The tick in which the candidate used most beyond the incumbent; null: in none did it use more. */
  worst: { tick: number; incumbent: number; candidate: number } | null;
}

export class FuelAccount {
  readonly #sums: FuelSums = { incumbent: 0, candidate: 0, worst: null };

  add(tick: number, incumbentUnits: bigint, candidateUnits: bigint): void {
    const [incumbent, candidate] = [Number(incumbentUnits), Number(candidateUnits)];
    this.#sums.incumbent += incumbent;
    this.#sums.candidate += candidate;
    const { worst } = this.#sums;
    const excess = candidate - incumbent;
    if (excess > (worst === null ? 0 : worst.candidate - worst.incumbent))
      this.#sums.worst = { tick, incumbent, candidate };
  }

  get sums(): FuelSums {
    return { ...this.#sums };
  }
}
