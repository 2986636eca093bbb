// A zone does not tick while the server goes on: its thread hangs, or is gone, and no line says that the zone is DOWN.
//
// The rule compares the age of a zone's last tick with the recent intervals between its ticks: a zone whose ticks take
// seconds is slow, not still. Certain from two seconds on. Lines of the main thread (Process, Traffic) and of other zones show
// that the server is alive; in a live feed they also show zones that never ticked at all.
// When a watchdog has ended the zone's worker, its exception names what the worker was doing, and that is the cause.

import { clock, ramp, shown } from "../measures.ts";
import { greatest, least, difference } from "../measured.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS, inEachZone, nameOf } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";
import { at } from "../../../server/protocol/assert.ts";

/** A shorter silence is no sign; health calls a zone SILENT after 2 s (health-limits.ts). */
const SILENT_MS_MIN = 1_000;
const SILENT_MS_FULL = 2_500;
/** At least this many usual intervals: a slow tick takes less. */
const INTERVALS_MIN = 3;
const USUAL_TICKS = 5;
/** For a zone that never ticked, in a feed that has every line. */
const LISTENED_MS_MIN = 3_000;
/** The server must have sent lines for this long since: a process that stood still as a whole sends its late lines at once. */
const ALIVE_MS_MIN = 900;
/** The start of the exception text of a zone that lost its worker. */
const LOST_WORKER = /^zone worker (hung|died)/;
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
    return timeline.zones.size === 0 ? unheard(timeline) : inEachZone(examine)(timeline);
  },
};

function examine(zone: ZoneHistory, timeline: BegunTimeline): Finding | null {
  return silence(zone, timeline) ?? lostWorker(zone, timeline);
}

/** The watchdog reports that the zone's worker hung or died, was ended, and is replaced by a new one. */
function lostWorker(zone: ZoneHistory, { nowMs }: BegunTimeline): Finding | null {
  const losses = zone.events.all().filter(({ what, error }) => what === "exception" && LOST_WORKER.test(error));
  const newest = losses.at(-1);
  if (newest === undefined) return null;
  const isDown = zone.state === "DOWN";
  const confidence = CONFIDENCE_MAX * (isDown ? 1 : ramp(nowMs - newest.atMs, EVENT_STALE_MS, EVENT_FRESH_MS));
  if (confidence === 0) return null;
  const back = zone.ticks.between(newest.atMs)[0];
  const since = back === undefined ? "it has not ticked since" : `it ticks again since ${clock(back.atMs)}`;
  const evidence = [
    `${nameOf(zone)}: ${newest.error}, at ${clock(newest.atMs)}, after tick ${newest.tick}; ${since}.`,
    `${nameOf(zone)}: ${losses.length} ${losses.length === 1 ? "worker was" : "workers were"} lost in the time that is known.`,
  ];
  return { confidence, zones: [zone.id], sinceMs: newest.atMs, evidence, explains: ["cascading-zone-failure"] };
}

function silence(zone: ZoneHistory, timeline: BegunTimeline): Finding | null {
  const last = zone.ticks.last;
  if (last === undefined || zone.state === "DOWN") return null;
  const silentMs = timeline.nowMs - last.atMs;
  if (silentMs < SILENT_MS_MIN || silentMs < usualIntervalMs(zone) * INTERVALS_MIN) return null;
  const alive = signsOfLife(timeline, last.atMs);
  if (alive.spanMs < ALIVE_MS_MIN) return null;
  const share = (silentMs - SILENT_MS_MIN) / (SILENT_MS_FULL - SILENT_MS_MIN);
  const others = [...timeline.zones.values()].filter((other) => other !== zone);
  const ticking = others.filter(({ ticks }) =>
    ticks.newest(1).some(({ atMs }) => timeline.nowMs - atMs < SILENT_MS_MIN),
  );
  return {
    confidence: CONFIDENCE_MAX * Math.min(1, share),
    zones: [zone.id],
    sinceMs: last.atMs,
    evidence: [
      `${nameOf(zone)}: no tick for ${shown(silentMs / 1_000)} s, the last one ${last.tick} at ${clock(last.atMs)}; its reported state is ${zone.state === "" ? "unknown" : zone.state}.`,
      `Since then ${alive.lines} lines of the server's main thread came (Process, Traffic); ${ticking.length} of ${others.length} other zones tick.`,
    ],
    explains: ["latency-spike", "slow-leak"],
  };
}

/** All zones when none ever ticked: only in a feed, which has every line; a file may be an excerpt. */
function unheard(timeline: BegunTimeline): Finding | null {
  const heardMs = timeline.nowMs - timeline.fromMs;
  const alive = signsOfLife(timeline, Number.NEGATIVE_INFINITY);
  if (!timeline.isLive || !(heardMs >= LISTENED_MS_MIN) || alive.spanMs < ALIVE_MS_MIN) return null;
  const evidence = [
    `In ${shown(heardMs / 1_000)} s of telemetry no zone ticked, while ${alive.lines} lines of the server's main thread came (Process, Traffic).`,
  ];
  return { confidence: CONFIDENCE_MAX, zones: [], sinceMs: timeline.fromMs, evidence };
}

/** The longest of the recent intervals between its ticks. */
function usualIntervalMs({ ticks }: ZoneHistory): number {
  const newest = ticks.newest(USUAL_TICKS + 1);
  const intervals = newest.slice(1).map(({ atMs }, index) => atMs - at(newest, index).atMs);
  return Math.max(greatest(intervals) ?? 0, ticks.last?.durationMs ?? 0);
}

/** The lines that the main thread sent since then, and the time they span. */
function signsOfLife({ process, traffic }: BegunTimeline, sinceMs: number): { lines: number; spanMs: number } {
  const times = [...process.between(sinceMs + 1), ...traffic.between(sinceMs + 1)].map(({ atMs }) => atMs);
  return { lines: times.length, spanMs: difference(greatest(times), least(times)) ?? 0 };
}
