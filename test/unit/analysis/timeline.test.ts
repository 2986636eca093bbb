import { describe, expect, test } from "bun:test";
import type { TelemetryLine } from "../../../server/protocol/telemetry-line.ts";
import { Timeline } from "../../../tools/analysis/timeline.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const START = Date.parse("2026-01-01T12:00:00.000Z");

const line = (atMs: number, component: string, message: string, data: Record<string, unknown> = {}): TelemetryLine => {
  return { v: 1, timestamp: new Date(atMs).toISOString(), type: "event", component, message, data };
};

const tick = (atMs: number, number: number, data: Record<string, unknown> = {}): TelemetryLine =>
  line(atMs, "zone", "Zone tick completed", { zone_id: 1, tick: number, duration_ms: 1, ...data });

const loop = (atMs: number, number: number): TelemetryLine =>
  line(atMs, "game_loop", "Tick completed", { tick: number, duration_ms: 1 });

test("lines that say which fault is active are never looked at", () => {
  const timeline = new Timeline();
  timeline.take(line(START, "fault", "Fault activated", { fault_id: "latency-spike", zone_id: 1 }));
  expect(timeline.counts).toMatchObject({ lines: 1, fault: 1, read: 0 });
  expect([timeline.nowMs, timeline.fromMs]).toEqual([null, null]);
  expect(JSON.stringify([...timeline.zones])).toBe("[]");
  timeline.take({ ...line(START, "fault", "Fault hook failed"), type: "error" });
  expect(timeline.errors.length).toBe(0);
});

test("what a tick line says is kept, and what it does not say is missing", () => {
  const timeline = new Timeline();
  timeline.take(tick(START, 7, { duration_ms: 3, kernel_ms: 1, zone_name: "Westfall", state: "DEGRADED" }));
  timeline.take(tick(START + 50, 8, { duration_ms: 4 }));
  const zone = timeline.zones.get(1);
  expect(zone).toMatchObject({ id: 1, name: "Westfall", state: "DEGRADED" });
  const [first, second] = zone!.ticks.all();
  expect(first).toMatchObject({ tick: 7, durationMs: 3, kernelMs: 1, overheadMs: 2 });
  expect(second!.kernelMs).toBeNull();
  expect(second!.overheadMs).toBe(4);
  expect(second!.players).toBeNull();
});

test("lines that come late are put in their place", () => {
  const timeline = new Timeline();
  for (const [offset, number] of [
    [0, 1],
    [100, 3],
    [50, 2],
    [150, 4],
  ] as const)
    timeline.take(tick(START + offset, number));
  expect(
    timeline.zones
      .get(1)!
      .ticks.all()
      .map(({ tick: each }) => each),
  ).toEqual([1, 2, 3, 4]);
  expect(timeline.nowMs).toBe(START + 150);
});

test("it forgets what is older than its seconds, however long it goes on", () => {
  const story = new Story({ secondsMax: 30 });
  story.seconds(200);
  const { timeline } = story;
  expect(timeline.zones.get(1)!.ticks.length).toBeLessThanOrEqual(31 * 20);
  expect(timeline.traffic.length).toBeLessThanOrEqual(31);
  expect(timeline.nowMs! - timeline.fromMs!).toBeLessThan(31_000);
  expect(timeline.zones.get(1)!.ticks.first!.atMs).toBeGreaterThanOrEqual(timeline.fromMs!);
});

describe("time", () => {
  test("one line from the far future or past changes nothing", () => {
    const story = new Story().seconds(3);
    const before = story.timeline.nowMs;
    story.timeline.take(tick(START + 1e12, 1));
    story.timeline.take(tick(0, 1));
    expect(story.timeline.nowMs).toBe(before);
    expect(story.timeline.counts.stray).toBe(2);
  });

  test("many in a row do: the clock was set, and the story begins anew", () => {
    const story = new Story().seconds(3);
    for (let n = 0; n < 40; n++) story.timeline.take(tick(START - 1e9 + n * 50, n));
    expect(story.timeline.nowMs).toBe(START - 1e9 + 39 * 50);
    expect(story.timeline.traffic.length).toBe(0);
    expect(story.timeline.zones.get(1)!.ticks.length).toBe(21);
  });

  test("a line without a time is counted, and no more", () => {
    const timeline = new Timeline();
    timeline.take({ ...tick(START, 1), timestamp: "yesterday" });
    expect(timeline.counts).toMatchObject({ lines: 1, timeless: 1 });
    expect(timeline.zones.size).toBe(0);
  });
});

test("a server that starts anew begins a new story", () => {
  const story = new Story().seconds(5);
  expect(story.timeline.zones.size).toBe(2);
  story.say("event", "game_server", "Server stopped", {});
  expect(story.timeline.isStopped).toBe(true);
  story.say("event", "server", "Server starting", { tick_rate_hz: 10 });
  expect(story.timeline.zones.size).toBe(0);
  expect(story.timeline).toMatchObject({ tickRateHz: 10, starts: 2, isStopped: false });
});

test("a server whose begin was not heard is told by its ticks, which begin anew", () => {
  const story = new Story();
  story.seconds(10);
  const { timeline } = story;
  // One that was overtaken on the way is no sign of that.
  timeline.take(loop(story.atMs, 190));
  expect(timeline.zones.size).toBe(2);
  timeline.take(loop(story.atMs + 3_000, 12));
  expect(timeline.zones.size).toBe(0);
  expect(timeline.loop.all()).toMatchObject([{ tick: 12 }]);
  expect(timeline.starts).toBe(2);
});

test("a zone's state is the newest that any line told", () => {
  const timeline = new Timeline();
  timeline.take(tick(START, 1, { state: "ACTIVE" }));
  timeline.take(
    line(START + 100, "zone", "Zone state changed", { zone_id: 1, from_state: "CRASHED", to_state: "DOWN" }),
  );
  timeline.take(tick(START + 50, 2, { state: "CRASHED" }));
  expect(timeline.zones.get(1)!.state).toBe("DOWN");
});

test("a value that is null, a text or not there is missing, and never 0", () => {
  const timeline = new Timeline();
  const strange = { events_processed: null, casts_started: "5", kernel_ms: null, players: "12", queue_depth: {} };
  timeline.take(tick(START, 7, { duration_ms: 3, ...strange }));
  expect(timeline.zones.get(1)!.ticks.last).toMatchObject({
    commands: null,
    castsStarted: null,
    kernelMs: null,
    players: null,
    queueDepth: null,
    damage: null,
  });
  timeline.take(line(START, "gateway", "Traffic", { interval_ms: 1_000, messages: null, connected: "8" }));
  expect(timeline.traffic.last).toMatchObject({ messages: null, connected: null, malformed: null });
  timeline.take(line(START, "server", "Process", { rss_mb: null }));
  expect(timeline.process.last).toMatchObject({ rssMb: null, linesLost: null });
});

test.each([{ duration_ms: null }, { duration_ms: "4" }, { tick: null, duration_ms: 4 }, { zone_id: null }])(
  "a tick without its zone, number or duration is none, and is counted: %p",
  (wrong) => {
    const timeline = new Timeline();
    timeline.take(tick(START, 7, { duration_ms: 3, ...wrong }));
    expect(timeline.zones.get(1)?.ticks.length ?? 0).toBe(0);
    expect(timeline.counts).toMatchObject({ lines: 1, read: 0, incomplete: 1 });
  },
);
