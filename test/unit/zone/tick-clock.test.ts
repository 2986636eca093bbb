// The clock of a zone: deadlines that do not drift, a few ticks caught up, the rest given up and counted.

import { expect, test } from "bun:test";
import { CATCH_UP_TICKS_MAX, TickClock } from "../../../server/zone/tick-clock.ts";

test("deadlines are an interval apart whenever ticks end, as long as they end in time", () => {
  const clock = new TickClock(1_000, 50);
  const deadlines = [1_001, 1_099.9, 1_100, 1_180].map((endedAt) => {
    clock.done(endedAt);
    return clock.deadline;
  });
  expect(deadlines).toEqual([1_050, 1_100, 1_150, 1_200]);
  expect(clock.missed).toBe(0);
});

test("a late tick is made up for", () => {
  const clock = new TickClock(1_000, 50);
  clock.done(1_120);
  expect(clock.deadline).toBe(1_050);
  clock.done(1_121);
  clock.done(1_122);
  expect(clock.deadline).toBe(1_150);
  expect(clock.missed).toBe(0);
});

test("after a long stall a few ticks are caught up, the others are given up and counted", () => {
  const clock = new TickClock(1_000, 50);
  clock.done(1_390);
  expect([clock.missed, clock.deadline]).toEqual([4, 1_250]);
  let caughtUp = 0;
  for (; clock.deadline <= 1_390; caughtUp++) clock.done(1_390);
  expect(caughtUp).toBe(CATCH_UP_TICKS_MAX);
  expect(clock.missed).toBe(4);
});

test("after ten hours at 30 Hz it is where ten hours at 30 Hz end", () => {
  const start = 1_767_225_600_000;
  const clock = new TickClock(start, 1_000 / 30);
  for (let tick = 0; tick < 36_000 * 30; tick++) clock.done(clock.deadline);
  expect(clock.deadline).toBe(start + 36_000_000);
});

test("at another rate deadlines are further apart, from the tick at hand on, and back to where they were meant to be", () => {
  const clock = new TickClock(1_000, 50);
  clock.done(1_001);
  clock.rate = 0.5;
  const deadlines = [1_051, 1_152, 1_252].map((endedAt) => {
    clock.done(endedAt);
    return clock.deadline;
  });
  expect(deadlines).toEqual([1_150, 1_250, 1_350]);
  clock.rate = 1;
  clock.done(1_351);
  expect([clock.deadline, clock.missed, clock.intervalMs]).toEqual([1_400, 0, 50]);
});

test("ticks are given up by the interval they have: at half the rate half as many", () => {
  const clock = new TickClock(1_000, 50);
  clock.rate = 0.5;
  clock.done(1_650);
  expect([clock.missed, clock.deadline]).toEqual([3, 1_400]);
});
