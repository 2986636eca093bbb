// A rule of the diagnosis: one cause, one file; it reads only a BegunTimeline. Its confidence is a product of ramps over
// measured numbers (measures.ts), times the highest confidence that the cause allows; each file describes its own.
//
//   rule.find(timeline)
//   // { confidence: 0.93, zones: [1], sinceMs: 1767225612000, evidence: ["zone 1: duration_ms p50 0.06 → 200 ..."] }

import { difference, isAbove } from "../measured.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import type { ZoneTick } from "../samples.ts";

export interface Finding {
  /** 0 to 1. */
  confidence: number;
  /** Empty: the finding is about the server as a whole. */
  zones: number[];
  /** When it began, by the lines' timestamps. */
  sinceMs: number;
  /** Measured numbers, before and after, with sample sizes; one sentence each. */
  evidence: string[];
  /** Causes whose signs in these zones are only a consequence of this one. */
  explains?: readonly string[];
}

export interface Rule {
  cause: string;
  title: string;
  runbook: { text: string; command: string };
  /** Null when there is no sign of it. Never throws. */
  find(timeline: BegunTimeline): Finding | null;
}

/** Below this a finding is not worth an operator's time. */
export const CONFIDENCE_MIN = 0.5;
/** The time range that counts as "now" for a level. */
export const RECENT_MS = 3_000;
/** How long a momentary event matters. Its weight falls from the first age to the second. */
export const EVENT_FRESH_MS = 6_000;
export const EVENT_STALE_MS = 12_000;
const ZONES_SHOWN_MAX = 3;

/** Merges the findings of single zones into one: the highest confidence, and the evidence of a few. */
export function merge(findings: readonly (Finding | null)[]): Finding | null {
  const found = findings
    .filter((finding) => finding !== null)
    .filter(({ confidence }) => confidence >= CONFIDENCE_MIN)
    .toSorted((a, b) => b.confidence - a.confidence);
  const [best] = found;
  if (best === undefined) return null;
  const shown = found
    .slice(0, ZONES_SHOWN_MAX)
    .toSorted((a, b) => (a.zones[0] ?? 0) - (b.zones[0] ?? 0))
    .flatMap(({ evidence }) => evidence);
  const more = found.length - ZONES_SHOWN_MAX;
  return {
    ...best,
    zones: found.flatMap(({ zones }) => zones).toSorted((a, b) => a - b),
    sinceMs: Math.min(...found.map(({ sinceMs }) => sinceMs)),
    evidence: more > 0 ? [...shown, `${more} more ${more === 1 ? "zone shows" : "zones show"} the same.`] : shown,
  };
}

/** A rule's `find` that examines zone after zone. */
export const inEachZone =
  (examine: (zone: ZoneHistory, timeline: BegunTimeline) => Finding | null): Rule["find"] =>
  (timeline) =>
    merge([...timeline.zones.values()].map((zone) => examine(zone, timeline)));

/** Ticks without a recovery: a recovered tick has no useful tick time. */
export function plainTicks(zone: ZoneHistory): ZoneTick[] {
  const ticks = zone.ticks.all();
  return ticks.filter(
    ({ recoveries }, index) => !isAbove(difference(recoveries, ticks[index - 1]?.recoveries ?? null), 0),
  );
}

/** "zone 1 Elwynn Forest". */
export const nameOf = ({ id, name }: ZoneHistory): string => (name === "" ? `zone ${id}` : `zone ${id} ${name}`);
