// The server as one game loop: as slow as its slowest zone, and no line too few or too many.

import { expect, test } from "bun:test";
import { GameLoop } from "../../../server/main/zones/game-loop.ts";
import type { ZoneState } from "../../../server/shared/zone-messages.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { TestClock, tickReport } from "../../helpers/telemetry.ts";

function loopOf(zones: number[]): { loop: GameLoop; emitter: MemoryEmitter; clock: TestClock } {
  const [emitter, clock] = [new MemoryEmitter(), new TestClock(0)];
  return { loop: new GameLoop({ emitter, tickRateHz: 20, zones, now: clock.now }), emitter, clock };
}

const moved = (zoneId: number, from: ZoneState, to: ZoneState) =>
  ({ type: "zone_state", zoneId, from, to, reason: "", tick: 0 }) as const;

const lines = (emitter: MemoryEmitter) => emitter.messages("Tick completed").map(({ data }) => data);

test("a tick is complete when every zone has completed it; its duration is the longest", () => {
  const { loop, emitter, clock } = loopOf([1, 2]);
  loop.ticked(tickReport({ zoneId: 1, tick: 1, durationMs: 3 }));
  expect(loop.tick).toBe(0);
  clock.pass(50);
  loop.ticked(tickReport({ zoneId: 2, tick: 1, durationMs: 7.1234 }));
  loop.ticked(tickReport({ zoneId: 2, tick: 2, durationMs: 60, overrun: true }));
  loop.ticked(tickReport({ zoneId: 1, tick: 2, durationMs: 3 }));
  expect(loop.tick).toBe(2);
  expect(lines(emitter)).toMatchObject([
    { tick: 1, duration_ms: 7.123, overrun: false, interval_ms: 50 },
    { tick: 2, duration_ms: 60, overrun: true, interval_ms: 0 },
  ]);
});

test("a zone that is DOWN keeps nobody waiting, and joins where the loop is when it is back", () => {
  const { loop } = loopOf([1, 2]);
  for (const zoneId of [1, 2]) loop.ticked(tickReport({ zoneId, tick: 1 }));
  loop.said(moved(2, "CRASHED", "DOWN"));
  for (let tick = 2; tick <= 10; tick++) loop.ticked(tickReport({ zoneId: 1, tick }));
  expect(loop.tick).toBe(10);
  loop.said(moved(2, "DOWN", "ACTIVE"));
  loop.ticked(tickReport({ zoneId: 1, tick: 11 }));
  expect(loop.tick).toBe(10);
  loop.ticked(tickReport({ zoneId: 2, tick: 25 }));
  expect(loop.tick).toBe(11);
  loop.ticked(tickReport({ zoneId: 1, tick: 12 }));
  loop.ticked(tickReport({ zoneId: 2, tick: 26 }));
  expect(loop.tick).toBe(12);
});

test("when all zones are DOWN it stands still", () => {
  const { loop } = loopOf([1]);
  loop.ticked(tickReport({ tick: 1 }));
  loop.said(moved(1, "ACTIVE", "DOWN"));
  expect(loop.tick).toBe(1);
});

test("a zone whose game time is slowed down keeps nobody waiting, and joins where the loop is at full rate", () => {
  const { loop } = loopOf([1, 2]);
  for (const zoneId of [1, 2]) loop.ticked(tickReport({ zoneId, tick: 1 }));
  loop.ticked(tickReport({ zoneId: 2, tick: 2, gameTimeRate: 0.5 }));
  for (let tick = 2; tick <= 9; tick++) loop.ticked(tickReport({ zoneId: 1, tick }));
  expect(loop.tick).toBe(9);
  loop.ticked(tickReport({ zoneId: 2, tick: 3, gameTimeRate: 0.5 }));
  loop.ticked(tickReport({ zoneId: 2, tick: 4, gameTimeRate: 1 }));
  loop.ticked(tickReport({ zoneId: 1, tick: 10 }));
  expect(loop.tick).toBe(10);
  loop.ticked(tickReport({ zoneId: 1, tick: 11 }));
  expect(loop.tick).toBe(10);
  loop.ticked(tickReport({ zoneId: 2, tick: 5, gameTimeRate: 1 }));
  expect(loop.tick).toBe(11);
});

test("when all are slowed down it goes as the fastest of them do", () => {
  const { loop } = loopOf([1, 2]);
  for (const zoneId of [1, 2]) loop.ticked(tickReport({ zoneId, tick: 1, gameTimeRate: zoneId / 4 }));
  for (let tick = 2; tick <= 5; tick++) loop.ticked(tickReport({ zoneId: 2, tick, gameTimeRate: 0.5 }));
  expect(loop.tick).toBe(5);
});

test("a report that was lost is no tick that was lost", () => {
  const { loop, emitter } = loopOf([1, 2]);
  for (const zoneId of [1, 2]) loop.ticked(tickReport({ zoneId, tick: 1 }));
  loop.ticked(tickReport({ zoneId: 1, tick: 2 }));
  loop.ticked(tickReport({ zoneId: 1, tick: 3 }));
  loop.ticked(tickReport({ zoneId: 2, tick: 3 })); // that of tick 2 found the ring full
  expect(loop.tick).toBe(3);
  expect(lines(emitter).map(({ tick }) => tick)).toEqual([1, 2, 3]);
});

test("it tells its start and its end, and once a second the process's memory", () => {
  const { loop, emitter, clock } = loopOf([1]);
  clock.pass(1_000);
  loop.ticked(tickReport({ tick: 1 }));
  loop.ticked(tickReport({ tick: 2 }));
  expect(lines(emitter).map((data) => "rss_mb" in data)).toEqual([true, false]);
  loop.stop();
  expect(emitter.messages("Game loop started")[0]?.data).toEqual({ tick_rate_hz: 20, tick_interval_ms: 50 });
  expect(emitter.messages("Game loop stopped")[0]?.data).toEqual({ total_ticks: 2 });
});
