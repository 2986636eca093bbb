import { describe, expect, test } from "bun:test";
import { FullCollection } from "../../server/shared/full-collection.ts";

const MINUTE_MS = 60_000;

/** A collection on a clock of its own, each of which takes `costMs`; `runs` are the times at which they began. */
function collectionThatTakes(costMs: number, delayMs = 0): { at(ms: number, pauseMs: number): void; runs: number[] } {
  let nowMs = 0;
  const runs: number[] = [];
  const collect = (): void => {
    runs.push(nowMs);
    nowMs += costMs;
  };
  const collection = new FullCollection({ now: () => nowMs, collect, delayMs });
  return {
    at(ms, pauseMs) {
      nowMs = ms;
      collection.runWithin(pauseMs);
    },
    runs,
  };
}

describe("a full collection", () => {
  test("comes once a minute, in the first pause that is long enough", () => {
    const { at, runs } = collectionThatTakes(4);
    at(MINUTE_MS - 1, 40);
    at(MINUTE_MS + 10, 3);
    at(MINUTE_MS + 60, 40);
    at(MINUTE_MS + 110, 40);
    at(2 * MINUTE_MS + 70, 40);
    expect(runs).toEqual([MINUTE_MS + 60, 2 * MINUTE_MS + 70]);
  });

  test("begins later in a thread that is to wait for others, and keeps that distance", () => {
    const { at, runs } = collectionThatTakes(4, 3_000);
    for (let ms = 0; ms < 2.5 * MINUTE_MS; ms += 50) at(ms, 40);
    expect(runs).toEqual([63_000, 123_050]);
  });

  test("takes at most a two-thousandth of the time, however long it takes", () => {
    const { at, runs } = collectionThatTakes(60);
    for (let ms = 0; ms < 10 * MINUTE_MS; ms += 50) at(ms, 500);
    expect(runs).toEqual([60_000, 180_100, 300_200, 420_300, 540_400]);
  });

  test("never makes a tick late that begins before it could end", () => {
    const { at, runs } = collectionThatTakes(30);
    for (let ms = 0; ms < 10 * MINUTE_MS; ms += 50) at(ms, 45);
    expect(runs).toEqual([60_000]);
  });
});
