// The pace of a load: as many visits as were asked for, client after client, and what is left out is counted.

import { expect, test } from "bun:test";
import { forEachAtOnce, pace } from "../../../tools/client/pacer.ts";
import { until } from "../../helpers/command.ts";

test("visits client after client, as many as the time asks for", async () => {
  let nowMs = 0;
  const visits: number[] = [];
  const stop = pace({ count: 3, perSecond: 10, now: () => nowMs, visit: (index) => visits.push(index) });
  nowMs = 200;
  await until(() => visits.length > 0, "the first visits");
  stop();
  expect(visits).toEqual([0, 1, 2, 0, 1, 2]);
});

test("after a long pause it makes up for a quarter of a second, and says what it left out", async () => {
  let nowMs = 0;
  let visits = 0;
  let late = 0;
  const stop = pace({
    count: 2,
    perSecond: 10,
    now: () => nowMs,
    visit: () => visits++,
    onLate: (more) => {
      late += more;
    },
  });
  nowMs = 10_000;
  await until(() => visits > 0, "visits");
  stop();
  expect({ visits, late }).toEqual({ visits: 5, late: 195 });
});

test("tasks run so many at once and no more, each once", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await forEachAtOnce(20, 4, async (index) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    done.push(index);
  });
  expect(most).toBe(4);
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});
