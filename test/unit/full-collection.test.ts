import { describe, expect, test } from "bun:test";
import { FullCollection } from "../../server/shared/full-collection.ts";

const MINUTE_MS = 60_000;

/**
 * A collection on a clock of its own, each of which takes `costMs`, and `cpuMs` of the processors; `runs` are the times at
 * which they began.
 */
function collectionThatTakes(
  costMs: number,
  { delayMs = 0, cpuMs = costMs } = {},
): { at(ms: number, pauseMs: number): void; runs: number[] } {
  let nowMs = 0;
  let usedMs = 0;
  const runs: number[] = [];
  const collect = (): void => {
    runs.push(nowMs);
    nowMs += costMs;
    usedMs += cpuMs;
  };
  const collection = new FullCollection({ now: () => nowMs, cpuMs: () => usedMs, collect, delayMs });
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
    const { at, runs } = collectionThatTakes(4, { delayMs: 3_000 });
    for (let ms = 0; ms < 2.5 * MINUTE_MS; ms += 50) at(ms, 40);
    expect(runs).toEqual([63_000, 123_050]);
  });

  test("takes at most a two-thousandth of the time, however long it takes", () => {
    const { at, runs } = collectionThatTakes(60);
    for (let ms = 0; ms < 10 * MINUTE_MS; ms += 50) at(ms, 500);
    expect(runs).toEqual([60_000, 180_100, 300_200, 420_300, 540_400]);
  });

  test("makes no tick late that begins before it could end, for two minutes after it was due", () => {
    const { at, runs } = collectionThatTakes(30);
    for (let ms = 0; ms < 12 * MINUTE_MS; ms += 50) at(ms, 45);
    expect(runs).toEqual([1 * MINUTE_MS, 4 * MINUTE_MS + 50, 7 * MINUTE_MS + 100, 10 * MINUTE_MS + 150]);
  });

  test("goes on in a thread that waited for a processor while it collected", () => {
    const { at, runs } = collectionThatTakes(320, { cpuMs: 20 });
    for (let ms = 0; ms < 3.5 * MINUTE_MS; ms += 50) at(ms, 45);
    expect(runs).toEqual([60_000, 120_350, 180_700]);
  });

  test("leaves a thread alone that has no pauses at all", () => {
    const { at, runs } = collectionThatTakes(4);
    for (let ms = 0; ms < 14 * MINUTE_MS; ms += 50) at(ms, 3);
    expect(runs).toEqual([]);
  });
});
