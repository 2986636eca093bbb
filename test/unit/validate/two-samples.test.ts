// Statistics of free runs: deviates of Student's t against tables, false alarms counted, what is constant, missing, or shifted.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";
import { intervalOf, medianOf } from "../../../server/validate/bootstrap.ts";
import { distributionOf, normalOf, Z_TOLD_MAX, zOf } from "../../../server/validate/two-samples.ts";

describe("the normal deviate of t", () => {
  // Two-sided points of Student's t from printed tables, and those of the normal distribution for the same chance.
  test.each([
    [2.571, 5, 1.96],
    [4.032, 5, 2.576],
    [2.228, 10, 1.96],
    [4.587, 10, 3.291],
    [2.074, 22, 1.96],
    [3.792, 22, 3.291],
    [1.96, 1e9, 1.96],
  ])("%d with %d degrees is %d", (t, degrees, z) => {
    expect(Math.abs(normalOf(t, degrees) / z - 1)).toBeLessThan(0.02);
    expect(normalOf(-t, degrees)).toBe(-normalOf(t, degrees));
  });
});

const random = seededRandom(12);
/** Sums of twelve are nearly normal; of one, raised to the fourth, very skewed. */
const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, 0);
const normals = (count: number): number[] => Array.from({ length: count }, normal);
const skewed = (): number => random() ** 4 * 100;
const rare = (): number => (random() < 0.1 ? 1 : 0);

describe("z", () => {
  test.each([
    ["normal", normal],
    ["skewed", skewed],
    ["rare", rare],
  ])(
    "of %s values of the same kind is over 4.5 in none of 4,000 trials, and over 2 as often as it should be",
    (_, draw) => {
      const sample = (): number[] => Array.from({ length: 12 }, draw);
      const zs = Array.from({ length: 4_000 }, () => Math.abs(zOf([{ one: sample(), other: sample() }])));
      expect(zs.filter((z) => z > 4.5)).toHaveLength(0);
      expect(zs.filter((z) => z > 1.96).length).toBeLessThan(4_000 * 0.065);
    },
  );

  test("of strata that differ much from each other sees a shift within each", () => {
    const shifted = [10, 1_000, 100_000].map((level) => ({
      one: Array.from({ length: 4 }, () => level + normal()),
      other: Array.from({ length: 4 }, () => level + normal() + 5),
    }));
    expect(zOf(shifted)).toBeGreaterThan(4.5);
    // All together they hardly say anything.
    expect(
      zOf([{ one: shifted.flatMap(({ one }) => one), other: shifted.flatMap(({ other }) => other) }]),
    ).toBeLessThan(1);
  });

  test("of constants is nothing, or all", () => {
    expect(zOf([{ one: [4, 4, 4], other: [4, 4, 4] }])).toBe(0);
    expect(zOf([{ one: [4, 4, 4], other: [5, 5, 5] }])).toBe(Z_TOLD_MAX);
    expect(zOf([{ one: [4, 4, 4], other: [0, 0, 0] }])).toBe(-Z_TOLD_MAX);
    const third = 0.1 + 0.2;
    expect(zOf([{ one: [0.3, 0.3], other: [third, third] }])).toBe(0);
  });

  test("without values, or of what is none, is none", () => {
    for (const strata of [
      [],
      [{ one: [1], other: [1, 2] }],
      [{ one: [1, 2], other: [] }],
      [{ one: [1, Number.NaN], other: [1, 2] }],
      [{ one: [1, 2], other: [1, Number.POSITIVE_INFINITY] }],
    ])
      expect(zOf(strata)).toBeNaN();
    expect(() => distributionOf([])).toThrow(RangeError);
  });

  test("does not depend on unit and origin, and turns around with the samples", () => {
    const value = fc.integer({ min: -1_000, max: 1_000 });
    const sample = fc.array(value, { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(sample, sample, fc.integer({ min: 1, max: 99 }), value, (one, other, unit, origin) => {
        const z = zOf([{ one, other }]);
        const moved = (values: number[]): number[] => values.map((each) => each * unit + origin);
        expect(Math.abs(zOf([{ one: moved(one), other: moved(other) }]) - z)).toBeLessThan(1e-6 + Math.abs(z) * 1e-6);
        expect(Math.abs(zOf([{ one: other, other: one }]) + z)).toBeLessThan(1e-9);
      }),
    );
  });
});

describe("an interval of medians", () => {
  const options = { sure: 0.99, draws: 500, seed: 1 };

  test("lies around the median, is the same for the same seed, and narrows with more values", () => {
    const [few, many] = [
      intervalOf([normals(20), normals(20), normals(20)], options),
      intervalOf([normals(2_000)], options),
    ];
    for (const { lower, middle, upper } of [few, many]) {
      expect(lower).toBeLessThanOrEqual(middle);
      expect(upper).toBeGreaterThanOrEqual(middle);
    }
    expect(many.upper - many.lower).toBeLessThan((few.upper - few.lower) / 3);
    const group = [[1, 2, 3, 4, 9]];
    expect(intervalOf(group, options)).toEqual(intervalOf(group, options));
  });

  test("is not moved by one group that is far off, nor by outliers", () => {
    const group = Array.from({ length: 50 }, () => random() / 100);
    const spoilt = group.map((value, index) => (index % 5 === 0 ? value + 100 : value));
    const { lower, upper } = intervalOf([group, spoilt, group.map((value) => value + 5)], options);
    expect(lower).toBeGreaterThanOrEqual(0);
    expect(upper).toBeLessThan(0.02);
  });

  test("of nothing is none", () => {
    for (const groups of [[], [[]], [[1, 2], []]]) expect(intervalOf(groups, options).middle).toBeNaN();
    expect(medianOf(new Float64Array())).toBeNaN();
    expect(medianOf(Float64Array.of(3))).toBe(3);
    expect(medianOf(Float64Array.of(5, 3))).toBe(4);
  });
});
