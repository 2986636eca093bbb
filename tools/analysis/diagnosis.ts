// From telemetry to a cause. Each rule looks for the signs of one cause (rules/). Findings that are only a consequence of
// another finding are removed; the rest is sorted, best first. A healthy server gives an empty list; an unhealthy server
// never does: when no rule knows the cause, the list says so (rules/unknown.ts).
//
//   diagnose(timeline)
//   // [{ cause: "latency-spike", confidence: 0.95, zones: [1], evidence: ["zone 1: duration_ms p50 0.06 → 200 ..."],
//   //    runbook: { text: "...", command: "wowsim inject-fault deactivate latency-spike" }, ... }]
//
// It reads only the Timeline, which never holds the audit lines that name the faults. The confidence of a diagnosis comes
// from its numbers alone: docs/RUNBOOK.md says how, for each cause.

import { assessHealth } from "./health.ts";
import type { HealthOptions } from "./health-report.ts";
import { badKernel } from "./rules/bad-kernel.ts";
import { cascadingZoneFailure } from "./rules/cascading-zone-failure.ts";
import { cpuStarved } from "./rules/cpu-starved.ts";
import { eventQueueFlood } from "./rules/event-queue-flood.ts";
import { diskFull, diskSlow, journalRefused } from "./rules/journal-disk.ts";
import { latencySpike } from "./rules/latency-spike.ts";
import { memoryPressure } from "./rules/memory-pressure.ts";
import { zoneRunaway, zoneTrap } from "./rules/poison-commands.ts";
import { processStandstill } from "./rules/process-standstill.ts";
import { CONFIDENCE_MIN } from "./rules/rule.ts";
import type { Rule } from "./rules/rule.ts";
import { sessionCrash } from "./rules/session-crash.ts";
import { slowLeak } from "./rules/slow-leak.ts";
import { splitBrain } from "./rules/split-brain.ts";
import { thunderingHerd } from "./rules/thundering-herd.ts";
import { UNKNOWN, UNKNOWN_RUNBOOK, UNKNOWN_TITLE, unknownFrom } from "./rules/unknown.ts";
import { zoneStandstill } from "./rules/zone-standstill.ts";
import { hasBegun } from "./timeline.ts";
import type { Timeline } from "./timeline.ts";

export interface Diagnosis {
  cause: string;
  title: string;
  /** 0 to 1, from the numbers in the evidence. */
  confidence: number;
  /** Empty: the diagnosis is about the server as a whole. */
  zones: number[];
  /** When it began, in milliseconds since 1970, by the telemetry's own timestamps. */
  sinceMs: number;
  /** The measured values, before and after, with the sample sizes. */
  evidence: string[];
  runbook: { text: string; command: string };
}

/** Facts from outside telemetry that health receives too: each reason of health must have a diagnosis. */
export interface DiagnoseOptions extends Pick<HealthOptions, "status" | "reasons"> {
  /** Less confident diagnoses are left out; default 0.5. */
  confidenceMin?: number;
}

export const RULES: readonly Rule[] = [
  latencySpike,
  slowLeak,
  eventQueueFlood,
  memoryPressure,
  splitBrain,
  cascadingZoneFailure,
  thunderingHerd,
  sessionCrash,
  zoneTrap,
  zoneRunaway,
  badKernel,
  diskSlow,
  diskFull,
  journalRefused,
  zoneStandstill,
  processStandstill,
  cpuStarved,
];

/** All causes that a diagnosis can name. */
export const CAUSES: readonly string[] = [...RULES.map(({ cause }) => cause), UNKNOWN];

/** The problems now, by the timeline's own clock; best first. Never throws. */
export function diagnose(timeline: Timeline, options: DiagnoseOptions = {}): Diagnosis[] {
  if (!hasBegun(timeline)) return [];
  const { confidenceMin = CONFIDENCE_MIN } = options;
  const found = RULES.flatMap((rule) => {
    const finding = rule.find(timeline);
    return finding === null || finding.confidence < confidenceMin ? [] : [{ rule, finding }];
  });
  const isExplained = ({ rule, finding }: (typeof found)[number]): boolean =>
    found.some(({ finding: other }) => {
      const covers = other.zones.length === 0 || finding.zones.every((zone) => other.zones.includes(zone));
      return other !== finding && covers && other.explains?.includes(rule.cause) === true;
    });
  const told = found.filter((entry) => !isExplained(entry));
  if (told.length === 0) return unknown(timeline, confidenceMin, options);
  return told
    .toSorted((a, b) => b.finding.confidence - a.finding.confidence)
    .map(({ rule: { cause, title, runbook }, finding: { confidence, zones, sinceMs, evidence } }) => {
      return { cause, title, confidence: Math.round(confidence * 100) / 100, zones, sinceMs, evidence, runbook };
    });
}

/** The diagnoses whose cause is inside the server: not the machine's, and not unknown. */
export const causesWithin = (diagnoses: readonly Diagnosis[]): Diagnosis[] =>
  diagnoses.filter(({ cause }) => cause !== UNKNOWN && cause !== cpuStarved.cause);

function unknown(timeline: Timeline, confidenceMin: number, { status, reasons }: DiagnoseOptions): Diagnosis[] {
  // A stopped server is not healthy, but that is no problem to diagnose.
  if (timeline.isStopped) return [];
  const finding = unknownFrom(assessHealth(timeline, { anomalies: null, status, reasons }));
  if (finding === null || finding.confidence < confidenceMin) return [];
  const { confidence, zones, sinceMs, evidence } = finding;
  return [{ cause: UNKNOWN, title: UNKNOWN_TITLE, confidence, zones, sinceMs, evidence, runbook: UNKNOWN_RUNBOOK }];
}
