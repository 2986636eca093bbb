import { describe, expect, test } from "bun:test";
import { AnomalyLog, findAnomalies } from "../../../tools/analysis/anomalies.ts";
import { assessHealth } from "../../../tools/analysis/health.ts";
import type { HealthReport } from "../../../tools/analysis/health-report.ts";
import { healthLines } from "../../../tools/report/health-lines.ts";
import { Timeline } from "../../../tools/analysis/timeline.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const health = (story: Story): HealthReport => assessHealth(story.timeline);
const reasons = (story: Story): string[] => health(story).reasons.map(({ level, text }) => `${level}: ${text}`);

describe("health", () => {
  test("of a healthy server has the numbers and no reasons", () => {
    const report = health(new Story().seconds(30));
    expect(report).toMatchObject({ status: "healthy", reasons: [], overruns: 0, errors: 0, anomalies: [] });
    expect(report.tickRateHz.meant).toBe(20);
    expect(report.tickRateHz.measured).toBeCloseTo(20, 0);
    expect(report.durationMs.p50).toBeLessThan(1);
    const [zone] = report.zones;
    expect(zone).toMatchObject({ id: 1, name: "Zone 1", state: "ACTIVE", players: 4, creatures: 32 });
    expect(zone!.damagePerS).toBeCloseTo(60, 0);
    expect(zone!.castsPerS).toBeCloseTo(2, 0);
  });

  test("of nothing is critical", () => {
    expect(assessHealth(new Timeline())).toMatchObject({
      status: "critical",
      reasons: [{ text: "no zone has ticked" }],
    });
  });

  test("of a server that stopped is critical", () => {
    const story = new Story().seconds(5);
    story.say("event", "game_server", "Server stopped", {});
    expect(reasons(story)).toEqual(["critical: the server has stopped"]);
  });

  test.each([
    [1, "degraded"],
    [4, "degraded"],
    [5, "critical"],
  ])("%p error lines in ten seconds make it %s", (count, status) => {
    const story = new Story().seconds(10);
    for (let n = 0; n < count; n++) story.say("error", "session", "Invalid state transition attempted", { n });
    expect(health(story)).toMatchObject({ status, errors: count });
    expect(reasons(story)[0]).toContain("session · Invalid state transition attempted");
    expect(health(story.seconds(11)).status).toBe("healthy");
  });

  test.each([
    ["DEGRADED", "degraded", "degraded: zone 2 Zone 2 is DEGRADED"],
    ["CRASHED", "critical", "critical: zone 2 Zone 2 is CRASHED"],
    ["DOWN", "critical", "critical: zone 2 Zone 2 is DOWN"],
  ])("a zone that is %s makes it %s", (state, status, reason) => {
    const story = new Story().seconds(5);
    story.say("event", "zone", "Zone state changed", { zone_id: 2, to_state: state }, 50);
    expect(health(story).status).toBe(status as HealthReport["status"]);
    expect(reasons(story)).toEqual([reason]);
  });

  test("a zone that is overloaded is degraded, with its level, and its slower time is not trouble of its own", () => {
    const story = new Story().seconds(5);
    const data = { zone_id: 2, zone_name: "Zone 2", state: "DEGRADED", overload_level: 4, game_time_rate: 0.5 };
    story.say("metric", "zone", "Zone tick completed", { ...data, tick: 5_000, duration_ms: 80, overrun: false }, 50);
    expect(reasons(story)).toEqual(["degraded: zone 2 Zone 2 is overloaded: level 4, game time at 0.50"]);
    const closed = { ...data, tick: 5_001, overload_level: 5, game_time_rate: 0.25 };
    story.say("metric", "zone", "Zone tick completed", { ...closed, duration_ms: 80, overrun: false }, 100);
    expect(reasons(story)).toEqual([
      "degraded: zone 2 Zone 2 is overloaded: level 5, game time at 0.25, nobody new is let in",
    ]);
  });

  test("where all game time is slowed down, so is the tick rate that is meant", () => {
    const story = new Story({ zones: 1 }).seconds(11, {
      ticksPerS: 10,
      tick: () => ({ overload_level: 4, game_time_rate: 0.5 }),
    });
    expect(reasons(story)).toEqual(["degraded: zone 1 Zone 1 is overloaded: level 4, game time at 0.50"]);
  });

  test("a zone that the server began with and that never ticked is critical", () => {
    const story = new Story({ zones: 1 });
    story.say("event", "server", "Zones initialized", { zone_count: 2 });
    expect(reasons(story.seconds(1))).toEqual(["degraded: 1 of the 2 zones that the server began with never ticked"]);
    expect(reasons(story.seconds(4))).toEqual(["critical: 1 of the 2 zones that the server began with never ticked"]);
    const whole = new Story();
    whole.say("event", "server", "Zones initialized", { zone_count: 2 });
    expect(reasons(whole.seconds(5))).toEqual([]);
  });

  test.each([
    ["BANANA", "BANANA"],
    [null, "UNKNOWN"],
    [7, "UNKNOWN"],
  ])("a state that is none (%p) is no health", (state, told) => {
    const story = new Story().seconds(5, { of: [2], tick: () => ({ state }) });
    expect(reasons(story)).toEqual([
      `degraded: zone 2 Zone 2 says that it is ${told}, which is no state that is known`,
    ]);
  });

  test("ticks that do not say whether they were late are not known to be in time", () => {
    const story = new Story().seconds(5);
    story.say("metric", "game_loop", "Tick completed", { tick: 101, duration_ms: 0.1, overrun: null });
    expect(health(story).overruns).toBeNull();
    expect(reasons(story)).toEqual([
      "degraded: of 101 ticks some do not say whether they took longer than their interval",
    ]);
    const zone = new Story().seconds(5, { of: [2], tick: () => ({ overrun: "no" }) });
    expect(health(zone).zones.map(({ overruns }) => overruns)).toEqual([0, null]);
  });

  test("a server that ticks once a second is not silent between two ticks", () => {
    const story = new Story();
    story.say("event", "game_loop", "Game loop started", { tick_rate_hz: 1 });
    story.seconds(10, { ticksPerS: 1 });
    story.say("metric", "server", "Other", {}, 2_000);
    expect(reasons(story)).toEqual([]);
    story.say("metric", "server", "Other", {}, 3_500);
    expect(reasons(story)).toContain("critical: zone 1 Zone 1 has not ticked for 4 s");
  });

  test("a zone that falls silent is critical, whatever it said of itself", () => {
    const story = new Story().seconds(5).seconds(3, { zones: [1] });
    expect(reasons(story)).toContain("critical: zone 2 Zone 2 has not ticked for 2 s");
    expect(health(story).zones[1]).toMatchObject({ state: "SILENT" });
  });

  test.each([
    [20, []],
    [17, ["degraded: the tick rate is 17.0 Hz instead of 20"]],
    [8, ["critical: the tick rate is 8.00 Hz instead of 20"]],
  ])("%p ticks a second", (ticksPerS, expected) => {
    const story = new Story().seconds(20, { ticksPerS });
    expect(reasons(story).map((text) => text.replace(/is (\d+)\.\d+ Hz/, (all) => all))).toHaveLength(expected.length);
    expect(health(story).status).toBe(expected.length === 0 ? "healthy" : (expected[0]!.split(":")[0] as "degraded"));
  });

  test.each([
    [100, "healthy"],
    [20, "degraded"],
  ])("one tick in %p over its budget is %s", (oneIn, status) => {
    const late = (data: Record<string, number>, n: number) => (n % oneIn === 0 ? { duration_ms: 60 } : data);
    expect(health(new Story().seconds(20, { tick: late })).status).toBe(status as HealthReport["status"]);
  });

  test("what else degrades it: dropped commands, doubled entities, lost telemetry, ticks given up", () => {
    expect(reasons(new Story().seconds(5, { tick: () => ({ commands_dropped: 1 }) }))[0]).toContain(
      "commands were dropped",
    );
    expect(reasons(new Story().seconds(5, { census: () => ({ duplicates: 2 }) }))).toEqual([
      "degraded: 2 entities are in more than one zone",
    ]);
    expect(reasons(new Story().seconds(5, { process: (_data, n) => ({ telemetry_lines_lost: n }) }))).toEqual([
      "degraded: 4 telemetry lines were lost",
    ]);
    expect(reasons(new Story().seconds(5, { tick: (_data, n) => ({ missed_ticks: n }) }))[0]).toContain(
      "ticks were dropped",
    );
  });

  test("what the server says over HTTP counts too: zones that are silent in telemetry, and whether it is ready", () => {
    const story = new Story({ zones: 1 }).seconds(5);
    const down = { id: 2, name: "Westfall", state: "DOWN", players: 0, creatures: 0 };
    const report = assessHealth(story.timeline, {
      status: { ready: false, reasons: ["No zone ticks."], zones: [down], isFileFailing: false },
    });
    expect(report.reasons.map(({ text }) => text)).toEqual(["not ready: No zone ticks.", "zone 2 Westfall is DOWN"]);
    expect(report.zones.map(({ id, state }) => `${id} ${state}`)).toEqual(["1 ACTIVE", "2 DOWN"]);
  });
});

describe("what goes through the server", () => {
  test("is messages, commands and bytes a second, and the share that was bad", () => {
    const story = new Story().seconds(20, {
      traffic: () => ({
        messages: 98,
        commands: 60,
        malformed: 2,
        commands_refused: 3,
        bytes_in: 4_000,
        bytes_out: 90_000,
      }),
    });
    const { throughput } = health(story);
    expect(throughput).toMatchObject({ messagesPerS: 98, commandsPerS: 60, bytesInPerS: 4_000, bytesOutPerS: 90_000 });
    expect(throughput.badShare).toBeCloseTo(0.05);
    expect(healthLines(health(story)).join("\n")).toMatch(
      /traffic {2}98 messages a second, 60 commands for zones; 4 KB\/s in, 90 out\nerrors {3}5\.0 % of messages bad \(\d+ malformed, \d+ refused as busy\), 0 error lines/,
    );
  });

  test("is missing where no line tells it, and no share of nothing", () => {
    const told = health(new Story().seconds(20, { traffic: () => ({ messages: null, bytes_in: "9" }) })).throughput;
    expect(told).toMatchObject({ messagesPerS: null, bytesInPerS: null, badShare: null });
    const idle = new Story().seconds(20, { traffic: () => ({ messages: 0, commands_refused: 0 }) });
    expect(health(idle).throughput).toMatchObject({ messagesPerS: 0, badShare: null });
  });
});

describe("a telemetry file that can not be written", () => {
  test("is a reason, from the first word of it to the word that it can", () => {
    const story = new Story().seconds(10);
    story.say("error", "telemetry", "Telemetry file not written", { error: "ENOSPC: no space left", attempts: 3 });
    const said =
      "degraded: the telemetry file can not be written (ENOSPC: no space left): what happens now may be in no file";
    expect(reasons(story)).toContain(said);
    // Long after the line itself is of no interest any more.
    expect(reasons(story.seconds(30))).toEqual([said]);
    story.say("health", "telemetry", "Telemetry file written again", { failing_ms: 30_000, lines_lost: 0 });
    expect(reasons(story)).toEqual([]);
  });

  test("is a reason also when only the server says so over HTTP", () => {
    const status = { ready: true, reasons: [], zones: [], isFileFailing: true };
    const { timeline } = new Story().seconds(10);
    expect(assessHealth(timeline, { status })).toMatchObject({ status: "degraded" });
    expect(assessHealth(timeline, { status: { ...status, isFileFailing: null } })).toMatchObject({ status: "healthy" });
  });
});

/** What the server says over HTTP of a second zone. */
const saysZone2 = (state: string) => {
  const zone = { id: 2, name: "Westfall", state, players: 0, creatures: 0 };
  return { ready: true, reasons: [], zones: [zone], isFileFailing: false };
};

describe("a zone of which nothing is heard", () => {
  test("is not ACTIVE because the server says so: after two seconds it is silent, before that unheard", () => {
    const long = assessHealth(new Story({ zones: 1 }).seconds(5).timeline, { status: saysZone2("ACTIVE") });
    expect(long.reasons).toEqual([{ level: "critical", text: "zone 2 Westfall has not ticked for 2 s" }]);
    const short = assessHealth(new Story({ zones: 1 }).seconds(1).timeline, { status: saysZone2("ACTIVE") });
    expect(short.reasons).toEqual([{ level: "degraded", text: "zone 2 Westfall was not heard: no tick of it came" }]);
  });

  test("has numbers that are missing, and not 0", () => {
    const { zones } = assessHealth(new Story({ zones: 1 }).seconds(5).timeline, { status: saysZone2("DOWN") });
    expect(zones[1]).toMatchObject({ state: "DOWN", ticksPerS: null, castsPerS: null, queueDepthMax: null });
  });
});

test.each([20, 19])("the tick rate is of intervals: %p ticks a second, whatever the window catches", (ticksPerS) => {
  const story = new Story().seconds(12, { ticksPerS });
  for (let n = 0; n < 20; n++) {
    story.say("metric", "server", "Other", {}, n * 3);
    expect(health(story).tickRateHz.measured).toBeCloseTo(ticksPerS, 1);
  }
});

const linesLost = (count: number) => ({ process: () => ({ telemetry_lines_lost: count }) });

describe("anomalies", () => {
  test("telemetry lines that were lost before anybody listened are none", () => {
    const story = new Story().seconds(10, linesLost(40));
    expect(findAnomalies(story.timeline)).toEqual([]);
    expect(findAnomalies(story.seconds(3, linesLost(41)).timeline)).toMatchObject([{ what: "telemetry lines lost" }]);
  });

  test("of a healthy server are none", () => {
    expect(findAnomalies(new Story().seconds(60).timeline)).toEqual([]);
  });

  test("name time, zone, value and what is usual; seconds in a row are one", () => {
    const story = new Story().seconds(20);
    const fromMs = story.atMs;
    story.seconds(4, { of: [2], tick: (data, n) => ({ duration_ms: data["duration_ms"]! + 10 + n / 20 }) });
    const found = findAnomalies(story.seconds(5).timeline);
    expect(found).toMatchObject([{ what: "tick time p50", zoneId: 2, fromMs, toMs: fromMs + 4_000, unit: "ms" }]);
    expect(found[0]!.value).toBeGreaterThan(13);
    expect(found[0]!.usual).toBeLessThan(0.2);
    expect(found[0]!.score).toBeGreaterThan(20);
  });

  test("need a past to differ from", () => {
    const story = new Story().seconds(4).seconds(4, { tick: () => ({ duration_ms: 30 }) });
    expect(findAnomalies(story.timeline)).toEqual([]);
  });

  test("are not what gets better", () => {
    const story = new Story().seconds(20, { tick: () => ({ duration_ms: 30 }) }).seconds(20);
    expect(findAnomalies(story.timeline)).toEqual([]);
  });

  test("are also a zone that does not tick, and what must not happen at all", () => {
    const story = new Story().seconds(20);
    story.say("error", "zone", "Zone tick exception", { zone_id: 1, tick: 7, error: "kernel trap" });
    story.seconds(3, { zones: [1] });
    expect(findAnomalies(story.timeline)).toMatchObject([
      { what: "tick exceptions", zoneId: 1, value: 1, usual: 0, score: null },
      { what: "ticks a second", zoneId: 2, value: 0, usual: 20 },
    ]);
  });

  test("are found the same by a log that goes along", () => {
    const story = new Story({ secondsMax: 60 });
    const log = new AnomalyLog();
    for (let n = 0; n < 40; n++) {
      story.seconds(1, n % 10 === 9 ? { tick: () => ({ duration_ms: 45 }) } : {});
      log.advance(story.timeline);
    }
    expect(log.anomalies).toEqual(findAnomalies(story.timeline));
    expect(log.count).toBe(6);
  });
});
