// Whatever lines come, in whatever order: nothing throws, every line is counted once, and what is kept is bounded.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { TelemetryLine, TelemetryType } from "../../server/protocol/telemetry-line.ts";
import { AnomalyLog } from "../../tools/analysis/anomalies.ts";
import { diagnose } from "../../tools/analysis/diagnosis.ts";
import { assessHealth } from "../../tools/analysis/health.ts";
import { LogSummary } from "../../tools/analysis/log-summary.ts";
import { Series } from "../../tools/analysis/series.ts";
import { parseLine } from "../../tools/analysis/telemetry-text.ts";
import { Timeline } from "../../tools/analysis/timeline.ts";
import { diagnosesLines } from "../../tools/report/diagnosis-lines.ts";
import { healthLine, healthLines } from "../../tools/report/health-lines.ts";
import { mechanicsLines, summaryLines } from "../../tools/report/log-lines.ts";
import { Story } from "../helpers/telemetry-story.ts";

const START = Date.parse("2026-01-01T12:00:00Z");
const SECONDS_MAX = 20;

const KINDS = new Story().seconds(1).lines.concat(
  ["Zone tick exception", "Zone recovered", "Command quarantined", "Zone state changed", "Zone restart failed"].map(
    (message): TelemetryLine => ({
      v: 1,
      timestamp: "",
      type: "event",
      component: "zone",
      message,
      data: { zone_id: 1, tick: 1, error: "", op: 1, to_state: "DOWN" },
    }),
  ),
);

const strangeValue = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string(),
  fc.constantFrom<unknown>(null, true, [], {}, Number.MAX_VALUE, -1, "NaN", [1, "x"], { a: 1 }),
);

/** A line of a known kind, at a time of a few minutes, with some fields missing or strange. */
const knownLine = fc
  .tuple(
    fc.constantFrom(...KINDS),
    fc.integer({ min: -60_000, max: 60_000 }),
    fc.dictionary(fc.constantFrom(...KINDS.flatMap(({ data }) => Object.keys(data))), strangeValue, { maxKeys: 4 }),
    fc.integer({ min: 0, max: 5 }),
  )
  .map(([kind, offsetMs, strange, zone_id]): TelemetryLine => {
    const timestamp = new Date(START + offsetMs).toISOString();
    return { ...kind, timestamp, data: { ...kind.data, zone_id, ...strange } };
  });

const anyLine = fc.record({
  v: fc.constant(1 as const),
  timestamp: fc.oneof(
    fc.string(),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  ),
  type: fc.constantFrom<TelemetryType>("metric", "event", "health", "error"),
  component: fc.constantFrom("zone", "fault", "server", "game_loop", "gateway", "audit", "x"),
  message: fc.string(),
  data: fc.dictionary(fc.string(), strangeValue, { maxKeys: 5 }),
});

const lines = fc.array(fc.oneof({ weight: 8, arbitrary: knownLine }, anyLine), { maxLength: 400 });

test("no line in any order makes the analysis throw, and its counts add up", () => {
  fc.assert(
    fc.property(lines, (all) => {
      const [timeline, summary, anomalies] = [
        new Timeline({ secondsMax: SECONDS_MAX }),
        new LogSummary(),
        new AnomalyLog(),
      ];
      for (const line of all) {
        timeline.take(line);
        summary.take(line);
        anomalies.advance(timeline);
      }
      const { lines: total, read, fault, timeless, stray, incomplete } = timeline.counts;
      expect(total).toBe(all.length);
      expect(read + fault + timeless + stray + incomplete).toBe(total);
      expect(fault).toBe(all.filter(({ component }) => component === "fault").length);
      const diagnoses = diagnose(timeline, { confidenceMin: 0 });
      for (const { confidence } of diagnoses) expect(confidence >= 0 && confidence <= 1).toBe(true);
      const report = assessHealth(timeline, { anomalies });
      const logReport = summary.report();
      expect(logReport.lines).toBe(all.length);
      const shown = [
        ...diagnosesLines(diagnoses),
        ...healthLines(report),
        healthLine(report),
        ...summaryLines(logReport),
        ...mechanicsLines(logReport),
      ];
      expect(shown.every((line) => typeof line === "string")).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("what a timeline keeps lies within its seconds, in order", () => {
  fc.assert(
    fc.property(fc.array(knownLine, { maxLength: 300 }), (all) => {
      const timeline = new Timeline({ secondsMax: SECONDS_MAX });
      for (const line of all) timeline.take(line);
      for (const { ticks, events } of timeline.zones.values()) {
        for (const series of [ticks, events]) {
          const times = series.all().map(({ atMs }: { atMs: number }) => atMs);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          expect(times.every((atMs) => atMs >= timeline.fromMs! && atMs <= timeline.nowMs!)).toBe(true);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("a series is a sorted list that forgets, like the plain one it stands for", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ dropBefore: fc.integer({ min: 0, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 50 }), (steps, fromMs) => {
      const series = new Series<{ atMs: number }>(40);
      let plain: number[] = [];
      for (const each of steps) {
        if ("add" in each) {
          series.add({ atMs: each.add });
          plain = [...plain, each.add].toSorted((a, b) => a - b).slice(-40);
        } else {
          series.dropBefore(each.dropBefore);
          plain = plain.filter((atMs) => atMs >= each.dropBefore);
        }
      }
      expect(series.all().map(({ atMs }) => atMs)).toEqual(plain);
      expect(series.between(fromMs, fromMs + 9).map(({ atMs }) => atMs)).toEqual(
        plain.filter((atMs) => atMs >= fromMs && atMs < fromMs + 9),
      );
      expect(series.first?.atMs).toBe(plain[0]);
      expect(series.last?.atMs).toBe(plain.at(-1));
      expect(series.lastBefore(fromMs)?.atMs).toBe(plain.findLast((atMs) => atMs < fromMs));
    }),
  );
});

test("any text is a telemetry line or null", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const line = parseLine(text);
      expect(line === null || typeof line.component === "string").toBe(true);
    }),
  );
});
