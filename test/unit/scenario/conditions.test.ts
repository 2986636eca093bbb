// Conditions on telemetry: what holds, what does not, and what can not be known.

import { describe, expect, test } from "bun:test";
import { ClientStats } from "../../../tools/client/client-stats.ts";
import { describe as inWords, read } from "../../../tools/scenario/conditions.ts";
import type { Mark, View } from "../../../tools/scenario/conditions.ts";
import type { Felt } from "../../../tools/scenario/measures.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const NOTHING_FELT = { drops: 0, resumed: 0, restarted: 0, protocolErrors: 0 };

const times = (p50: number) => ({ count: 10, p50, p90: p50, p99: p50, max: p50 });

/** The view of a step that began so many milliseconds ago. */
function view(story: Story, stepMsAgo: number, marks: Record<string, Mark> = {}, felt: Felt | null = null): View {
  const { timeline } = story;
  return {
    timeline,
    silentMs: 0,
    step: { atMs: timeline.nowMs! - stepMsAgo, felt: NOTHING_FELT },
    markOf: (name) => marks[name] ?? null,
    feltSince: () => felt,
  };
}

const slowed = { of: [1], tick: () => ({ duration_ms: 200, missed_ticks: 5 }) };

describe("measures", () => {
  test("are of the stretch before now, and of the zone that is asked for", () => {
    const story = new Story().seconds(10).seconds(3, slowed);
    const spike = { measure: "tick_ms_p50", zone: 1, above: 150, over: 2_000 } as const;
    expect(read(spike, view(story, 5_000))).toMatchObject({ holds: true, numbers: { value: 200 } });
    expect(read({ ...spike, zone: 2 }, view(story, 5_000)).holds).toBe(false);
    expect(read({ ...spike, over: 10_000 }, view(story, 20_000)).holds).toBe(false);
    expect(read({ measure: "tick_ms_p50", above: 150, over: 2_000 }, view(story, 5_000)).holds).toBe(true);
  });

  test("never reach back before the step, and wait until their stretch is full", () => {
    const story = new Story().seconds(10);
    const rate = { measure: "tick_rate_hz", zone: 1, at_least: 19, over: 2_000 } as const;
    expect(read(rate, view(story, 1_000))).toMatchObject({ holds: null, text: "not measured yet: 1.0 s of 2.0 s" });
    expect(read(rate, view(story, 2_000)).holds).toBe(true);
  });

  test("since a step are of all the time from then on", () => {
    const story = new Story().seconds(5);
    const spike = { atMs: story.timeline.nowMs!, felt: NOTHING_FELT };
    story.seconds(1, slowed).seconds(5);
    const missed = { measure: "missed_ticks", zone: 1, since: "spike", equals: 0 } as const;
    story.say("error", "zone", "Zone tick exception", { zone_id: 1, tick: 7, error: "kernel trap" });
    expect(read({ measure: "exceptions", since: "spike", equals: 1 }, view(story, 100, { spike })).holds).toBe(true);
    expect(read(missed, view(story, 100, { spike }))).toMatchObject({ holds: true });
    expect(read({ ...missed, since: "never" }, view(story, 100, { spike })).holds).toBeNull();
  });

  test("that nobody measured are not zero", () => {
    const story = new Story().seconds(10);
    const look = (condition: Parameters<typeof read>[0]) => read(condition, view(story, 5_000));
    expect(look({ measure: "player_drops", equals: 0 })).toMatchObject({
      holds: null,
      text: "player_drops was not measured over 1.0 s",
    });
    expect(look({ measure: "recoveries", zone: 9, equals: 0 }).holds).toBeNull();
    expect(look({ measure: "tick_ms_p50", zone: 9, below: 50 }).holds).toBeNull();
    expect(look({ measure: "cast_success_pct", zone: 9, above: 1 }).holds).toBeNull();
    expect(look({ measure: "recoveries", zone: 1, equals: 0 }).holds).toBe(true);
  });

  test("of players are what our own players felt", () => {
    const story = new Story().seconds(3);
    const felt = { ...NOTHING_FELT, playing: 6, drops: 2, roundTripMs: times(31) };
    const look = (condition: Parameters<typeof read>[0], heard: Felt = felt) =>
      read(condition, view(story, 2_000, {}, heard));
    expect(look({ measure: "player_drops", equals: 2 }).holds).toBe(true);
    expect(look({ measure: "round_trip_ms_p50", below: 30 }).text).toBe(
      "round_trip_ms_p50 is 31 ms over 1.0 s, wanted below 30 ms",
    );
    const silent = { ...felt, roundTripMs: new ClientStats().roundTripMs };
    expect(look({ measure: "round_trip_ms_p50", below: 30 }, silent).holds).toBeNull();
  });

  test("all of them read something from a healthy server with players", async () => {
    const { MEASURES } = await import("../../../tools/scenario/measures.ts");
    const story = new Story().seconds(10);
    const { timeline } = story;
    const felt = { ...NOTHING_FELT, playing: 6, roundTripMs: times(31) };
    const look = { timeline, fromMs: timeline.nowMs! - 5_000, toMs: timeline.nowMs!, zone: null, felt };
    const unread = Object.entries(MEASURES).filter(([, measure]) => !Number.isFinite(measure.read(look)));
    expect(unread.map(([name]) => name)).toEqual([]);
  });
});

describe("words", () => {
  test("a diagnosis is the likeliest one, in the zone that is asked for", () => {
    const story = new Story().seconds(10).seconds(6, slowed);
    const look = (condition: Parameters<typeof read>[0]) => read(condition, view(story, 1_000)).holds;
    expect(look({ diagnosis: "latency-spike" })).toBe(true);
    expect(look({ diagnosis: "latency-spike", zone: 1 })).toBe(true);
    expect(look({ diagnosis: "latency-spike", zone: 2 })).toBe(false);
    expect(look({ diagnosis: "latency-spike", confidence: 0.999 })).toBe(false);
    expect(look({ diagnosis: "none" })).toBe(false);
    expect(look({ diagnosis: "none", zone: 2 })).toBe(true);
    expect(look({ diagnosis: "slow-leak" })).toBe(false);
  });

  test("health and a zone's state are told by telemetry", () => {
    const story = new Story().seconds(10);
    const look = (condition: Parameters<typeof read>[0]) => read(condition, view(story, 1_000)).holds;
    expect(look({ health: "healthy" })).toBe(true);
    expect(look({ health: "critical" })).toBe(false);
    story.say("event", "zone", "Zone state changed", { zone_id: 1, from_state: "ACTIVE", to_state: "DOWN" });
    expect(look({ zone_state: "DOWN", zone: 1 })).toBe(true);
    expect(look({ zone_state: "DOWN", zone: 2 })).toBe(false);
    expect(look({ zone_state: "DOWN", zone: 3 })).toBeNull();
    expect(look({ health: "critical" })).toBe(true);
  });
});

test("silence is no sign of health", () => {
  const story = new Story().seconds(10);
  const silent = { ...view(story, 5_000), silentMs: 4_000 };
  for (const condition of [
    { diagnosis: "none" },
    { health: "healthy" },
    { zone_state: "ACTIVE", zone: 1 },
    { measure: "exceptions", equals: 0 },
  ] as const)
    expect(read(condition, silent)).toMatchObject({
      holds: null,
      text: "not measured: telemetry has been silent for 4.0 s",
    });
});

test("a moment of telemetry says nothing about what is not in it", () => {
  const story = new Story().seconds(1);
  expect(read({ diagnosis: "none" }, view(story, 500)).holds).toBeNull();
  expect(read({ health: "healthy" }, view(story, 500)).holds).toBeNull();
});

test("a condition is told in words", () => {
  expect(inWords({ measure: "tick_ms_p50", zone: 1, above: 150 })).toBe("tick_ms_p50 of zone 1 above 150 ms");
  expect(inWords({ measure: "players", at_least: 1, at_most: 9 })).toBe("players at least 1 and at most 9");
  expect(inWords({ diagnosis: "none", zone: 2 })).toBe("nothing is diagnosed in zone 2");
  expect(inWords({ zone_state: "DOWN", zone: 2 })).toBe("zone 2 is DOWN");
});

test("what has no name, and what the machine does, is no cause in the server, and hides none", () => {
  const taken = { process: () => ({ cpu_wait_share: 2, machine_busy: 2, machine_cores: 2, cpu_share: 0.1 }) };
  const fits = { jitter: (n: number) => (n % 4 === 0 ? 30 : 0) };
  const starved = new Story().seconds(12, { ...taken, ...fits });
  expect(read({ diagnosis: "none-in-server" }, view(starved, 0))).toMatchObject({
    holds: true,
    text: "nothing in the server is diagnosed, only cpu-starved",
  });
  expect(read({ diagnosis: "none" }, view(starved, 0))).toMatchObject({
    holds: false,
    text: expect.stringMatching(/^diagnosed: cpu-starved/) as string,
  });
  expect(read({ diagnosis: "cpu-starved" }, view(starved, 0)).holds).toBe(true);
  starved.seconds(3, { ...taken, ...fits, census: () => ({ duplicates: 2 }) });
  expect(read({ diagnosis: "split-brain" }, view(starved, 0)).holds).toBe(true);
  expect(read({ diagnosis: "none-in-server" }, view(starved, 0)).holds).toBe(false);
  const dropping = new Story().seconds(12, { tick: () => ({ commands_dropped: 1 }) });
  expect(read({ diagnosis: "none-in-server" }, view(dropping, 0)).holds).toBe(true);
  expect(read({ diagnosis: "none" }, view(dropping, 0)).holds).toBe(false);
  expect(read({ diagnosis: "unknown" }, view(dropping, 0)).holds).toBe(true);
  expect(read({ health: "healthy" }, view(dropping, 0)).holds).toBe(false);
});
