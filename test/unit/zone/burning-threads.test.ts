// A thread that goes on after it was ended is told once, after two seconds of looks.

import { expect, test } from "bun:test";
import { BURNING_MS_MAX, BurningThreads } from "../../../server/main/zones/burning-threads.ts";

function looked(rounds: readonly (readonly number[])[]): string[] {
  const told: string[] = [];
  const burning = new BurningThreads(100, (reason) => told.push(reason));
  for (const counts of rounds) burning.look(counts);
  return told;
}
const times = (count: number, counts: readonly number[]) => Array.from({ length: count }, () => counts);
const LOOKS = BURNING_MS_MAX / 100;

test("it is told with its worker's number, once", () => {
  expect(looked(times(LOOKS - 1, [0, 1]))).toEqual([]);
  const told = looked([...times(LOOKS, [0, 1]), ...times(2 * LOOKS, [1, 2])]);
  expect(told).toEqual(["The thread of zone worker 2 is in an endless loop and can not be ended."]);
});

test("one that ends in time is not, nor are two workers that burn by turns", () => {
  expect(looked([...times(LOOKS - 1, [1]), [0], ...times(LOOKS - 1, [1])])).toEqual([]);
  expect(looked(times(LOOKS, [1, 0]).map((counts, index) => (index % 2 === 0 ? counts : [0, 1])))).toEqual([]);
});
