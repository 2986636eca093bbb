// A zone does not tick, while the server goes on: its thread hangs, or is gone, and nobody has said that it is DOWN.
//
// Looked at is how long ago a zone's last tick was, against how far apart its ticks were lately: a zone whose ticks take
// seconds is slow, not still. Sure once that is two seconds and more. That the server lives is seen from the lines of its
// main thread (Process, Traffic) and from other zones; in a live feed they alone show zones that never ticked at all.

import { clock, shown } from "../measures.ts";
import { greatest, least } from "../measured.ts";
import type { Timeline, ZoneHistory } from "../timeline.ts";
import { merge, nameOf } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

/** Health calls a zone SILENT from then on (health-limits.ts). */
const SILENT_MS_MIN = 1_000;
const SILENT_MS_FULL = 2_500;
/** So many times its usual interval, or more, is no slow tick. */
const INTERVALS_MIN = 3;
const USUAL_TICKS = 5;
/** For a zone that nobody ever heard tick, in a feed that has it all. */
const LISTENED_MS_MIN = 3_000;
/** The server has spoken for so long since: a process that stood still as a whole says all at once that it is back. */
const ALIVE_MS_MIN = 900;
const CONFIDENCE_MAX = 0.95;

export const zoneStandstill: Rule = {
  cause: "zone-standstill",
  title: "A zone stands still: it does not tick, and the server goes on",
  runbook: {
    text: "The zone's thread hangs or is gone; its players see nothing move. Read the last error lines of the zone (a watchdog names what it was at), and what ran on that thread; if the zone does not come back by itself within seconds, restart the server.",
    command: "wowsim parse-logs .wowsim/telemetry.jsonl --component zone --type error",
  },
  find(timeline) {
    if (timeline.isStopped) return null;
    return timeline.zones.size === 0
      ? unheard(timeline)
      : merge([...timeline.zones.values()].map((zone) => examine(zone, timeline)));
  },
};

function examine(zone: ZoneHistory, timeline: Timeline): Finding | null {
  const last = zone.ticks.last;
  if (last === undefined || zone.state === "DOWN") return null;
  const silentMs = timeline.nowMs - last.atMs;
  if (silentMs < SILENT_MS_MIN || silentMs < usualIntervalMs(zone) * INTERVALS_MIN) return null;
  const alive = signsOfLife(timeline, last.atMs);
  if (alive.spanMs < ALIVE_MS_MIN) return null;
  const share = (silentMs - SILENT_MS_MIN) / (SILENT_MS_FULL - SILENT_MS_MIN);
  const others = [...timeline.zones.values()].filter((other) => other !== zone);
  const ticking = others.filter(({ ticks }) => timeline.nowMs - (ticks.last?.atMs ?? 0) < SILENT_MS_MIN);
  return {
    confidence: CONFIDENCE_MAX * Math.min(1, share),
    zones: [zone.id],
    sinceMs: last.atMs,
    evidence: [
      `${nameOf(zone)}: no tick for ${shown(silentMs / 1_000)} s, the last one ${last.tick} at ${clock(last.atMs)}; it says of itself that it is ${zone.state === "" ? "nothing" : zone.state}.`,
      `Since then ${alive.lines} lines of the server's main thread came (Process, Traffic); ${ticking.length} of ${others.length} other zones tick.`,
    ],
    explains: ["latency-spike", "slow-leak"],
  };
}

/** All zones, none of which ever ticked: only a feed has every line, a file may be an excerpt. */
function unheard(timeline: Timeline): Finding | null {
  const heardMs = timeline.nowMs - timeline.fromMs;
  const alive = signsOfLife(timeline, Number.NEGATIVE_INFINITY);
  if (!timeline.isLive || !(heardMs >= LISTENED_MS_MIN) || alive.spanMs < ALIVE_MS_MIN) return null;
  const evidence = [
    `In ${shown(heardMs / 1_000)} s of telemetry no zone ticked, while ${alive.lines} lines of the server's main thread came (Process, Traffic).`,
  ];
  return { confidence: CONFIDENCE_MAX, zones: [], sinceMs: timeline.fromMs, evidence };
}

/** How far apart its last ticks were at most. */
function usualIntervalMs({ ticks }: ZoneHistory): number {
  const newest = ticks.newest(USUAL_TICKS + 1);
  const intervals = newest.slice(1).map(({ atMs }, index) => atMs - (newest[index]?.atMs ?? atMs));
  return Math.max(greatest(intervals) ?? 0, ticks.last?.durationMs ?? 0);
}

/** What the main thread has said since then, and over how long. */
function signsOfLife({ process, traffic }: Timeline, sinceMs: number): { lines: number; spanMs: number } {
  const times = [...process.between(sinceMs + 1), ...traffic.between(sinceMs + 1)].map(({ atMs }) => atMs);
  return { lines: times.length, spanMs: (greatest(times) ?? 0) - (least(times) ?? 0) };
}
