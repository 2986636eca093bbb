// How sure a median is: values are drawn again from the values themselves, with a seed, and the medians of the draws spread as the
// median itself would.
//
//   intervalOf([[0.02, 0.03, ...], [0.01, ...], [0.025, ...]], { sure: 0.99, draws: 1_000, seed: 1 })
//   // { middle: 0.021, lower: 0.018, upper: 0.024 }      99 % sure above 0.018, and 99 % sure below 0.024

import { seededRandom } from "../protocol/seeded-random.ts";

export interface Interval {
  /** The median of the groups' medians. */
  middle: number;
  /** With the given certainty it lies above, and with the same certainty below. */
  lower: number;
  upper: number;
}

export interface BootstrapOptions {
  /** From 0.5 to less than 1. */
  sure: number;
  draws: number;
  seed: number;
}

/** Of groups of values, each drawn again within itself. All NaN when there is no group, or an empty one. */
export function intervalOf(groups: readonly (readonly number[])[], { sure, draws, seed }: BootstrapOptions): Interval {
  if (groups.length === 0 || groups.some((values) => values.length === 0))
    return { middle: Number.NaN, lower: Number.NaN, upper: Number.NaN };
  const random = seededRandom(seed);
  const columns = groups.map((values) => Float64Array.from(values));
  const spare = columns.map((values) => new Float64Array(values.length));
  const medians = new Float64Array(columns.length);
  const found = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    for (const [index, values] of columns.entries()) {
      const drawn = spare[index] ?? values;
      for (let place = 0; place < drawn.length; place++)
        drawn[place] = values[Math.floor(random() * values.length)] ?? 0;
      medians[index] = medianOf(drawn);
    }
    found[draw] = medianOf(medians);
  }
  found.sort();
  const middle = medianOf(Float64Array.from(columns, medianOf));
  const at = (share: number): number => found[Math.round(share * (draws - 1))] ?? Number.NaN;
  return { middle, lower: at(1 - sure), upper: at(sure) };
}

/** NaN without values. Sorts them. */
export function medianOf(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  const upper = values[middle] ?? Number.NaN;
  return values.length % 2 === 1 ? upper : ((values[middle - 1] ?? Number.NaN) + upper) / 2;
}
