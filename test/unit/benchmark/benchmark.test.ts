// What the benchmark makes of what it measured: the verdict, the search for the largest load, the figures of a window, and
// the reports.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { TelemetryLine } from "../../../server/protocol/telemetry-line.ts";
import { findMax } from "../../../tools/benchmark/find-max.ts";
import { htmlReport } from "../../../tools/benchmark/report-html.ts";
import { markdownReport, textReport } from "../../../tools/benchmark/report.ts";
import type { BenchmarkReport } from "../../../tools/benchmark/report.ts";
import { judge, show } from "../../../tools/benchmark/result.ts";
import type { StepResult } from "../../../tools/benchmark/result.ts";
import { TickWindow } from "../../../tools/benchmark/tick-window.ts";

const limits = { avgTickMs: 50, p99TickMs: 100, overrunPct: 5 };
const good: StepResult = {
  clients: 200,
  seconds: 10,
  tick_ms: { avg: 1, p50: 0.9, p90: 1.5, p99: 3, max: 7 },
  jitter_ms: { avg: 0.5, p50: 0.4, p90: 1, p99: 2, max: 3 },
  ticks: 200,
  ticks_expected: 200,
  overruns: 0,
  overrun_pct: 0,
  actions: 400,
  messages: 600,
  round_trip_ms: { p50: 27, p90: 45, p99: 52, max: 60 },
  bytes_to_clients: 1_000_000,
  bytes_from_clients: 30_000,
  server: { cores: 0.2, rss_mb: 180 },
  players: { cores: 0.3, rss_mb: 90 },
  connects: 200,
  drops: 0,
  protocol_errors: 0,
};

describe("the verdict", () => {
  test("a step within its limits holds, also exactly at them", () => {
    expect(judge(good, limits)).toEqual({ holds: true, reasons: [] });
    const edge = { ...good, tick_ms: { ...good.tick_ms, avg: 50, p99: 100 }, overrun_pct: 5 };
    expect(judge(edge, limits).holds).toBe(true);
  });

  test.each([
    ["the average", { tick_ms: { ...good.tick_ms, avg: 50.1 } }, "average tick 50.1 ms, above 50"],
    ["the p99", { tick_ms: { ...good.tick_ms, p99: 101 } }, "p99 tick 101 ms, above 100"],
    ["overruns", { overrun_pct: 5.1 }, "5.1 % overruns, above 5"],
    ["clients who never got in", { connects: 190 }, "10 clients never got in"],
    ["drops", { drops: 1 }, "1 players were dropped"],
    ["protocol errors", { protocol_errors: 2 }, "2 protocol errors"],
    ["ticks that nobody saw", { ticks: 100 }, "only 100 of 200 ticks were seen"],
    [
      "nothing seen at all",
      { ticks: 0, tick_ms: { avg: null, p50: null, p90: null, p99: null, max: null } },
      "only 0 of 200",
    ],
    ["tick times that no line told", { tick_ms: { ...good.tick_ms, p99: null } }, "the p99 tick was not measured"],
    ["overruns that no line told", { overrun_pct: null }, "the share of overruns was not measured"],
  ])("%s can fail it", (_name, wrong, reason) => {
    const { holds, reasons } = judge({ ...good, ...wrong }, limits);
    expect(holds).toBe(false);
    expect(reasons.join()).toContain(reason);
  });
});

describe("the largest load", () => {
  test("is found to within 5 % or 10 of the truth, in few steps, whatever was known", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 10_000 }), fc.nat(10_000), async (truth, tried) => {
        const asked: number[] = [];
        const holds = async (count: number): Promise<boolean> => {
          asked.push(count);
          return count <= truth;
        };
        const known = tried <= truth ? { held: tried, failed: null } : { held: 0, failed: tried };
        const found = await findMax({ ...known, countMax: 10_000 }, holds);
        expect(found).toBeLessThanOrEqual(truth);
        expect(truth - found).toBeLessThanOrEqual(Math.max(10, found * 0.05));
        expect(new Set(asked).size).toBe(asked.length);
        expect(asked.length).toBeLessThan(25);
      }),
    );
  });
});

test.each([
  [0.25634, "0.256"],
  [99.97, "100"],
  [1_000, "1000"],
  [50, "50"],
  [0, "0"],
  [3.6, "3.6"],
  [Number.NaN, "-"],
])("%p is shown as %p", (value, text) => {
  expect(show(value)).toBe(text);
});

function told(component: string, message: string, data: Record<string, unknown>): TelemetryLine {
  return { v: 1, timestamp: "2026-01-01T00:00:00.000Z", type: "metric", component, message, data };
}

test("a window adds up what the server says of itself", () => {
  const window = new TickWindow();
  for (const [at, ms] of [2, 4, 60, 2].entries())
    window.take(
      told("game_loop", "Tick completed", { tick: at, duration_ms: ms, overrun: ms > 50, interval_ms: 50 + at }),
    );
  window.take(told("server", "Process", { cpu_share: 0.4, rss_mb: 170 }));
  window.take(told("gateway", "Traffic", { messages: 30, interval_ms: 1_000 }));
  window.take(told("zone", "Zone tick completed", { duration_ms: 500 }));
  expect(window.figures(0.2)).toMatchObject({
    tick_ms: { avg: 17, max: 60 },
    jitter_ms: { max: 3 },
    ticks: 4,
    ticks_expected: 4,
    overruns: 1,
    overrun_pct: 25,
    messages: 30,
    server: { cores: 0.4, rss_mb: 170 },
  });
});

describe("the report", () => {
  const report: BenchmarkReport = {
    command: "wowsim benchmark --counts 0,200",
    started_at: "2026-01-01T00:00:00.000Z",
    machine: "2 × <a processor>",
    limits,
    steps: [
      { ...good, clients: 0, players: null, verdict: { holds: true, reasons: [] } },
      { ...good, verdict: { holds: false, reasons: ["p99 tick 101 ms, above 100"] } },
    ],
    max_clients: null,
    pass: false,
  };

  test("as text fits 80 columns and names what fails", () => {
    const lines = textReport(report);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContain("200 clients: p99 tick 101 ms, above 100");
    expect(lines.at(-1)).toStartWith("FAIL: 1 of 2 steps");
  });

  test("as Markdown is a table with a row a step", () => {
    const rows = markdownReport(report).filter((line) => line.startsWith("|"));
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map((row) => row.split("|").length)).size).toBe(1);
  });

  test("as a page needs nothing else, and carries its numbers", () => {
    const page = htmlReport(report);
    expect(page).not.toMatch(/(?:src|href)=/);
    expect(page).toContain("uPlot");
    expect(page).toContain("2 × &lt;a processor&gt;");
    const data = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page)?.[1] ?? "";
    expect(JSON.parse(data)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  test("the page's own script draws every plot, a point a step, and again when window or scheme change", () => {
    const [, , drawing = ""] = [...htmlReport(report).matchAll(/<script(?: [^>]*)?>(.*?)<\/script>/gs)].map(
      ([, text]) => text ?? "",
    );
    const plots: { title: string; data: (number | null)[][] }[] = [];
    const uPlot = function (options: { title: string }, data: (number | null)[][]) {
      plots.push({ title: options.title, data });
    };
    const element = {
      textContent: JSON.stringify(report),
      clientWidth: 500,
      replaceChildren: () => void plots.splice(0),
      appendChild: (child: unknown) => child,
    };
    const listeners: (() => void)[] = [];
    const addEventListener = (_: string, listener: () => void): void => void listeners.push(listener);
    const browser = {
      uPlot,
      document: { getElementById: () => element, createElement: () => element, documentElement: element },
      getComputedStyle: () => ({ getPropertyValue: (name: string) => name }),
      matchMedia: () => ({ addEventListener }),
      addEventListener,
    };
    // What a browser would do with the page.
    new Function(...Object.keys(browser), drawing)(...Object.values(browser));
    expect(plots.length).toBe(8);
    // The window's size, and the system's scheme.
    expect(listeners.length).toBe(2);
    for (const listener of listeners) {
      plots.splice(0, 3);
      listener();
      expect(plots.length).toBe(8);
    }
    for (const { data } of plots) expect(data.map((line) => line.length)).toEqual(data.map(() => 2));
    expect(plots[0]?.data.slice(0, 2)).toEqual([
      [0, 200],
      [0.9, 0.9],
    ]);
  });
});
