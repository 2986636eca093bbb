// What is read off a server's telemetry: only the stretch asked for, and each figure from its own line.

import { expect, test } from "bun:test";
import { quantile } from "../../../server/testing/statistics.ts";
import { readWindow, spanWithPlayers, ticksOff } from "../../../server/testing/telemetry-window.ts";
import type { TelemetryLine } from "../../../server/protocol/telemetry-line.ts";

const START = Date.parse("2026-01-01T00:00:00.000Z");

function line(atMs: number, component: string, message: string, data: Record<string, unknown>): TelemetryLine {
  const timestamp = new Date(START + atMs).toISOString();
  return { v: 1, timestamp, type: "metric", component, message, data };
}

async function* lines(seconds: number): AsyncGenerator<TelemetryLine> {
  for (let tick = 0; tick < seconds * 20; tick++) {
    const atMs = tick * 50;
    const times = { tick: tick + 1, duration_ms: tick % 10, overrun: tick === 45 };
    yield line(atMs, "game_loop", "Tick completed", times);
    yield line(atMs, "zone", "Zone tick completed", {
      ...times,
      zone_id: 3,
      zone_name: "Elwynn",
      kernel_ms: 0.5,
      players: 4,
    });
    if (tick % 20 === 10) {
      const connected = atMs >= 1_000 && atMs < 4_000 ? 5 : 2;
      yield line(atMs, "gateway", "Traffic", {
        connected,
        messages: 10,
        interval_ms: 1_000,
        malformed: 0,
        bytes_out: 1,
      });
      yield line(atMs, "server", "Process", {
        rss_mb: 100 + tick,
        heap_mb: 10,
        cpu_share: 0.5,
        telemetry_lines_lost: 0,
      });
    }
  }
}

test("the stretch with all players connected is found", async () => {
  expect(await spanWithPlayers(lines(6), 5)).toEqual({ fromMs: START + 1_500, toMs: START + 3_500 });
  expect(await spanWithPlayers(lines(6), 50)).toBeNull();
});

test("figures are those of the stretch alone", async () => {
  const window = await readWindow(lines(6), { fromMs: START + 1_500, toMs: START + 3_500 });
  expect(window.loop.durationMs.length).toBe(41);
  expect(window.loop.overruns).toBe(1);
  expect(window.zones.get(3)).toMatchObject({ name: "Elwynn", firstTick: 31, lastTick: 71, playersMax: 4 });
  expect(window.traffic).toMatchObject({ messages: 30, intervalMs: 3_000 });
  expect(window.process.map(({ rssMb }) => rssMb)).toEqual([130, 150, 170]);
});

test("a clock that loses ticks is seen", async () => {
  const { loop } = await readWindow(lines(6), { fromMs: START, toMs: START + 5_000 });
  expect(ticksOff(loop, 20)).toBeCloseTo(0, 9);
  expect(ticksOff({ ...loop, lastTick: loop.lastTick! - 3 }, 20)).toBeCloseTo(-3, 9);
});

async function* without(field: string, message: string): AsyncGenerator<TelemetryLine> {
  for await (const each of lines(2)) {
    if (each.message !== message) yield each;
    else yield { ...each, data: { ...each.data, [field]: null } };
  }
}

test("what a line does not say makes the figure missing, and so does no line at all", async () => {
  const span = { fromMs: START, toMs: START + 9_000 };
  const whole = await readWindow(lines(2), span);
  expect(whole.zones.get(3)).toMatchObject({ missedTicks: null, overruns: 0, commands: null });
  expect(whole.traffic).toMatchObject({ malformed: 0, refused: null });
  const mute = await readWindow(without("overrun", "Zone tick completed"), span);
  expect(mute.zones.get(3)?.overruns).toBeNull();
  const timeless = await readWindow(without("duration_ms", "Tick completed"), span);
  expect(quantile(timeless.loop.durationMs, 0.99)).toBeNull();
  const nothing = await readWindow(lines(0), span);
  expect(Object.values(nothing.traffic)).toEqual(Object.values(nothing.traffic).map(() => null));
  expect([nothing.loop.overruns, ticksOff(nothing.loop, 20)]).toEqual([null, null]);
});
