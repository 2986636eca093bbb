// A zone does not tick, while the server goes on: its thread hangs, or is gone, and nobody has said that it is DOWN.
//
// Looked at is how long ago a zone's last tick was, against how far apart its ticks were lately: a zone whose ticks take
// seconds is slow, not still. Sure once that is two seconds and more. That the server lives is seen from the lines of its
// main thread (Process, Traffic) and from other zones; in a live feed they alone show zones that never ticked at all.
// Where a watchdog has ended the zone's worker, the exception it tells has what the worker was at, and that is the cause.

import { clock, ramp, shown } from "../measures.ts";
import { greatest, least, difference } from "../measured.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS, inEachZone, nameOf } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";
import { at } from "../../../server/protocol/assert.ts";

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
/** How the exception begins of a zone whose worker is lost. */
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

/** The watchdog has noticed: the zone's worker hung or died, was ended, and another is begun in its place. */
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
      `${nameOf(zone)}: no tick for ${shown(silentMs / 1_000)} s, the last one ${last.tick} at ${clock(last.atMs)}; it says of itself that it is ${zone.state === "" ? "nothing" : zone.state}.`,
      `Since then ${alive.lines} lines of the server's main thread came (Process, Traffic); ${ticking.length} of ${others.length} other zones tick.`,
    ],
    explains: ["latency-spike", "slow-leak"],
  };
}

/** All zones, none of which ever ticked: only a feed has every line, a file may be an excerpt. */
function unheard(timeline: BegunTimeline): Finding | null {
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
  const intervals = newest.slice(1).map(({ atMs }, index) => atMs - at(newest, index).atMs);
  return Math.max(greatest(intervals) ?? 0, ticks.last?.durationMs ?? 0);
}

/** What the main thread has said since then, and over how long. */
function signsOfLife({ process, traffic }: BegunTimeline, sinceMs: number): { lines: number; spanMs: number } {
  const times = [...process.between(sinceMs + 1), ...traffic.between(sinceMs + 1)].map(({ atMs }) => atMs);
  return { lines: times.length, spanMs: difference(greatest(times), least(times)) ?? 0 };
}
