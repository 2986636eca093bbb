import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { Buckets, RecentWindow } from "../../../server/main/monitoring/histogram.ts";
import { Metrics } from "../../../server/main/monitoring/metrics.ts";
import { TestClock, tickReport } from "../../helpers/telemetry.ts";

interface ParsedMetric {
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g;

/** Parses Prometheus text format 0.0.4 as strictly as its specification; throws on what is none. */
function parse(text: string): Map<string, ParsedMetric> {
  expect(text).toEndWith("\n");
  const metrics = new Map<string, ParsedMetric>();
  let current: ParsedMetric | undefined;
  let currentName = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") {
      currentName = comment[2]!;
      expect(metrics.has(currentName)).toBe(false);
      current = { type: "", help: comment[3]!, samples: [] };
      metrics.set(currentName, current);
      continue;
    }
    if (comment?.[1] === "TYPE") {
      expect(comment[2]).toBe(currentName);
      expect(["counter", "gauge", "histogram"]).toContain(comment[3]!);
      current!.type = comment[3]!;
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null) throw new Error(`not a sample: ${line}`);
    const labels = Object.fromEntries([...(sample[2] ?? "").matchAll(LABEL)].map(([, name, value]) => [name, value]));
    const printed = [...(sample[2] ?? "").matchAll(LABEL)].map(([whole]) => whole).join("");
    expect(printed).toBe(sample[2] ?? "");
    const suffix = current!.type === "histogram" ? "_(bucket|sum|count)" : "";
    expect(sample[1]).toMatch(new RegExp(`^${currentName}${suffix}$`));
    current!.samples.push({ name: sample[1]!, labels, value: Number(sample[3]!.replace("Inf", "Infinity")) });
  }
  return metrics;
}

function setUp() {
  const clock = new TestClock(1_000_000);
  return { clock, metrics: new Metrics({ now: clock.now }) };
}

const oneValue = () => [{ value: 1 }];

const valueOf = (metrics: Map<string, ParsedMetric>, name: string, labels: Record<string, string> = {}) =>
  metrics.get(name)?.samples.find((sample) => Bun.deepEquals(sample.labels, labels))?.value;

describe("a scrape", () => {
  test("is valid Prometheus text in every line, each value once, whatever zones and labels are called", async () => {
    const { metrics } = setUp();
    metrics.zones.nameZone(1, 'back\\slash "quote" new\nline, {brace} é');
    for (const zoneId of [1, 2, 3, 4]) metrics.ticked(tickReport({ zoneId, durationMs: 1e-7 }));
    metrics.gauge("wowsim_huge", "Big.\nAnd \\ more.", [], () => [{ value: 1.5e300 }]);
    metrics.gauge("wowsim_tiny", "Small.", [], () => [{ value: -1e-12 }]);
    const parsed = parse(await metrics.text());
    for (const { samples, type, help } of parsed.values()) {
      expect(type).not.toBe("");
      expect(help).not.toBe("");
      const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
      expect(new Set(keys).size).toBe(keys.length);
    }
    expect(valueOf(parsed, "wowsim_tiny")).toBe(-1e-12);
    for (const [name, { type }] of parsed) {
      expect(name).toMatch(/^(wowsim|process)_[a-z0-9_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
    }
  });

  test("reads sources anew, and a source that fails costs its own metric only and is counted", async () => {
    const { metrics, clock } = setUp();
    let sessions = 3;
    metrics.gauge("wowsim_sessions", "Sessions.", ["state"], () => [
      { labels: { state: "IN_WORLD" }, value: sessions },
    ]);
    metrics.counter("wowsim_broken_total", "Broken.", [], () => {
      throw new Error("broken");
    });
    metrics.gauge("wowsim_wrong_labels", "Wrong.", ["zone"], () => [{ value: 1 }]);
    metrics.gauge("wowsim_no_number", "None.", [], () => [{ value: Number.NaN }, { value: Number.POSITIVE_INFINITY }]);
    expect(valueOf(parse(await metrics.text()), "wowsim_sessions", { state: "IN_WORLD" })).toBe(3);
    sessions = 4;
    clock.pass(1000);
    const parsed = parse(await metrics.text());
    expect(valueOf(parsed, "wowsim_sessions", { state: "IN_WORLD" })).toBe(4);
    for (const name of ["wowsim_broken_total", "wowsim_wrong_labels", "wowsim_no_number"])
      expect(parsed.get(name)?.samples).toEqual([]);
    expect(valueOf(parsed, "wowsim_metrics_source_errors_total")).toBeGreaterThanOrEqual(2);
  });

  test("costs once when many ask at the same time", async () => {
    const { metrics, clock } = setUp();
    let reads = 0;
    metrics.gauge("wowsim_reads", "Reads.", [], () => [{ value: ++reads }]);
    await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
    expect(reads).toBe(1);
    clock.pass(200);
    await metrics.text();
    expect(reads).toBe(2);
  });

  test("refuses names that break the rules, and a name twice, when they are registered", () => {
    const { metrics } = setUp();
    expect(() => metrics.gauge("sessions", "x", [], oneValue)).toThrow(RangeError);
    expect(() => metrics.gauge("wowsim_Sessions", "x", [], oneValue)).toThrow(RangeError);
    expect(() => metrics.gauge("wowsim_messages_total", "x", [], oneValue)).toThrow(RangeError);
    expect(() => metrics.counter("wowsim_messages", "x", [], oneValue)).toThrow(RangeError);
    metrics.gauge("wowsim_sessions", "x", [], oneValue);
    expect(() => metrics.gauge("wowsim_sessions", "x", [], oneValue)).toThrow("already been registered");
  });
});

describe("a zone's ticks", () => {
  test("are told apart below a millisecond, where kernel times lie", async () => {
    const { metrics } = setUp();
    for (const kernelMs of [0.015, 0.04, 0.09, 0.15, 0.4, 0.9]) metrics.ticked(tickReport({ kernelMs }));
    const { samples } = parse(await metrics.text()).get("wowsim_zone_kernel_seconds")!;
    const counts = samples.filter(({ name }) => name.endsWith("_bucket")).map(({ value }) => value);
    expect(counts.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("become a histogram whose buckets are cumulative and end in the count", async () => {
    const { metrics } = setUp();
    for (const durationMs of [0.5, 1, 1.1, 6, 51, 2000]) metrics.ticked(tickReport({ durationMs, kernelMs: 0.2 }));
    const samples = parse(await metrics.text()).get("wowsim_zone_tick_duration_seconds")!.samples;
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    expect(Object.fromEntries(buckets.map(({ labels, value }) => [labels["le"], value]))).toEqual({
      "0.00001": 0,
      "0.00002": 0,
      "0.00005": 0,
      "0.0001": 0,
      "0.0002": 0,
      "0.0005": 1,
      "0.001": 2,
      "0.0025": 3,
      "0.005": 3,
      "0.01": 4,
      "0.025": 4,
      "0.05": 4,
      "0.1": 5,
      "0.25": 5,
      "0.5": 5,
      "1": 5,
      "+Inf": 6,
    });
    expect(samples.find(({ name }) => name.endsWith("_count"))?.value).toBe(6);
    expect(samples.find(({ name }) => name.endsWith("_sum"))?.value).toBeCloseTo(2.0596, 9);
  });

  test("show exact percentiles of the last ten seconds, and none when there were no ticks", async () => {
    const { metrics, clock } = setUp();
    for (let tick = 1; tick <= 200; tick++) {
      metrics.ticked(tickReport({ tick, durationMs: tick <= 100 ? 500 : tick - 100 }));
      if (tick === 100) clock.pass(5001);
    }
    clock.pass(5000);
    let parsed = parse(await metrics.text());
    const zone = { zone: "1" };
    expect(valueOf(parsed, "wowsim_zone_tick_duration_p50_seconds", zone)).toBeCloseTo(0.05, 9);
    expect(valueOf(parsed, "wowsim_zone_tick_duration_p99_seconds", zone)).toBeCloseTo(0.099, 9);
    expect(valueOf(parsed, "wowsim_zone_tick_duration_max_seconds", zone)).toBeCloseTo(0.1, 9);
    clock.pass(10_001);
    parsed = parse(await metrics.text());
    expect(parsed.get("wowsim_zone_tick_duration_p99_seconds")?.samples).toEqual([]);
    expect(valueOf(parsed, "wowsim_zone_tick_age_seconds", zone)).toBeCloseTo(15.001, 9);
  });

  test("add the kernel's counters up and show the newest numbers as they are", async () => {
    const { metrics } = setUp();
    const counters = new Uint32Array(abi.COUNTERS);
    counters[abi.COUNTER_CASTS_COMPLETED] = 3;
    counters[abi.COUNTER_PLAYERS] = 5;
    counters[abi.COUNTER_REFUSED + abi.REFUSED_OUT_OF_RANGE] = 2;
    for (let tick = 1; tick <= 4; tick++) {
      metrics.ticked(
        tickReport({
          tick,
          counters,
          overrun: tick === 2,
          missedTicks: 7,
          recoveries: 1,
          commandsDropped: 2,
          queueDepth: tick,
        }),
      );
    }
    const parsed = parse(await metrics.text());
    const zone = { zone: "1" };
    expect(valueOf(parsed, "wowsim_zone_casts_completed_total", zone)).toBe(12);
    expect(valueOf(parsed, "wowsim_zone_refused_total", { ...zone, reason: "out_of_range" })).toBe(8);
    expect(valueOf(parsed, "wowsim_zone_players", zone)).toBe(5);
    expect(valueOf(parsed, "wowsim_zone_tick", zone)).toBe(4);
    expect(valueOf(parsed, "wowsim_zone_ticks_total", zone)).toBe(4);
    expect(valueOf(parsed, "wowsim_zone_overruns_total", zone)).toBe(1);
    expect(valueOf(parsed, "wowsim_zone_missed_ticks_total", zone)).toBe(7);
    expect(valueOf(parsed, "wowsim_zone_commands_dropped_total", zone)).toBe(8);
    expect(valueOf(parsed, "wowsim_zone_queue_depth", zone)).toBe(4);
  });

  test("tell the state, and a zone that is down tells it without ticking", async () => {
    const { metrics, clock } = setUp();
    metrics.ticked(tickReport({ state: "DEGRADED" }));
    const stateNow = async () =>
      parse(await metrics.text())
        .get("wowsim_zone_state")!
        .samples.filter(({ value }) => value === 1)
        .map(({ labels }) => labels["state"]);
    expect(await stateNow()).toEqual(["DEGRADED"]);
    metrics.zones.observeState(1, "DOWN");
    clock.pass(1000);
    expect(await stateNow()).toEqual(["DOWN"]);
  });
});

test("buckets put a value that equals a bound below it", () => {
  const buckets = new Buckets([1, 2]);
  for (const value of [1, 2, 3]) buckets.add(value);
  expect(buckets.cumulative()).toEqual([1, 2, 3]);
});

test("a window holds so many values at most, the newest", () => {
  const window = new RecentWindow(1000, 3);
  for (const value of [9, 1, 2, 3]) window.add(value, 0);
  expect(window.quantiles(0, 0, 0.5, 1)).toEqual([1, 2, 3]);
  expect(window.quantiles(1001, 0.5)).toBeNull();
});
