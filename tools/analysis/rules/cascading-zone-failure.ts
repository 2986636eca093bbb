// One zone goes down for good; its players move to other zones, and one of those is overloaded in turn.
//
// A zone that is DOWN is a fact, and a zone that traps in every tick is about to be. The other zones show that it is a
// cascade: their players rise by those of the lost zone (+0.2), and one of them handles far more commands than players
// send (+0.2; then the traps and the flood are part of the cascade).

import { difference, sum } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, shown, uniqueSorted } from "../measures.ts";
import type { ZoneEvent } from "../samples.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { floodsOf } from "./event-queue-flood.ts";
import { CONFIDENCE_MIN, inEachZone, nameOf } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

const CONFIDENCE_DOWN = 0.57;
const CONFIDENCE_EACH = 0.2;
/** A zone that trapped in this many ticks in a row, recently, is dying. */
const DYING_TICKS_MIN = 3;
const DYING_MS = 1_000;
const BEFORE_MS = 2_000;
const AFTER_MS = 3_000;

export const cascadingZoneFailure: Rule = {
  cause: "cascading-zone-failure",
  title: "A zone is down, and its load falls on another",
  runbook: {
    text: "The zone could not be recovered; its players were moved. See why it died (Zone tick exception in its telemetry), keep players out of the overloaded zone, and let the restart bring it back; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate cascading-zone-failure",
  },
  find: inEachZone(examine),
};

function examine(zone: ZoneHistory, timeline: BegunTimeline): Finding | null {
  const events = zone.events.all();
  if (zone.state !== "DOWN") return dying(zone, events, timeline);
  const wentDown = events.findLast(({ what, toState }) => what === "state" && toState === "DOWN");
  const restarts = events.filter(
    ({ what, atMs }) => what === "restart_failed" && (wentDown === undefined || atMs >= wentDown.atMs),
  );
  const downMs = wentDown?.atMs ?? restarts[0]?.atMs ?? zone.stateAtMs;
  const others = [...timeline.zones.values()].filter((other) => other !== zone);
  const lost = zone.ticks.last?.players ?? null;
  const [before, after] = [playersOf(others, downMs - BEFORE_MS, downMs), playersOf(others, downMs, downMs + AFTER_MS)];
  const moved = difference(after.last, before.first);
  const isMoved = lost !== null && moved !== null && lost > 0 && moved >= lost * 0.8;
  const floods = floodsOf(timeline).filter(
    ({ zones, confidence }) => confidence >= CONFIDENCE_MIN && zones[0] !== zone.id,
  );
  const confidence = CONFIDENCE_DOWN + (isMoved ? CONFIDENCE_EACH : 0) + (floods.length > 0 ? CONFIDENCE_EACH : 0);
  const exceptions = events.filter(({ what, atMs }) => what === "exception" && atMs >= downMs - BEFORE_MS);
  const how =
    wentDown === undefined
      ? "seen from its failing restarts"
      : `${wentDown.reason}, after ${exceptions.length} exceptions in ${BEFORE_MS / 1_000} s`;
  const evidence = [
    `${nameOf(zone)}: DOWN since ${clock(downMs)} (${how}); ${restarts.length} restarts failed since.`,
    ...(lost === null
      ? []
      : [
          `It had ${shown(lost)} players in its last tick; in the other zones players went ${shown(before.first)} → ${shown(after.last)} within ${AFTER_MS / 1_000} s.`,
        ]),
    ...floods.flatMap((flood) => flood.evidence.slice(0, 2)),
  ];
  return {
    confidence,
    zones: [zone.id, ...floods.flatMap(({ zones }) => zones)],
    sinceMs: downMs,
    evidence,
    explains: floods.length > 0 ? ["event-queue-flood", "zone-trap", "zone-runaway"] : [],
  };
}

/** A zone that has trapped in each of its last ticks, although commands were quarantined. */
function dying(zone: ZoneHistory, events: readonly ZoneEvent[], { nowMs }: BegunTimeline): Finding | null {
  const exceptions = events.filter(({ what, atMs }) => what === "exception" && atMs >= nowMs - DYING_MS);
  const ticks = uniqueSorted(exceptions.map(({ tick }) => tick));
  const gap = ticks.findLastIndex((tick, index) => tick - (ticks[index - 1] ?? tick - 1) > 1);
  const inRow = ticks.slice(Math.max(0, gap));
  const [first, last] = [inRow[0], inRow.at(-1)];
  if (first === undefined || last === undefined || inRow.length < DYING_TICKS_MIN) return null;
  const sinceMs = exceptions.find(({ tick }) => tick === first)?.atMs ?? nowMs;
  const evidence = [
    `${nameOf(zone)}: an exception in each of the ticks ${first} to ${last}, since ${clock(sinceMs)}: restored each time, it goes DOWN when that lasts (24 in 200 ticks).`,
  ];
  return { confidence: CONFIDENCE_DOWN, zones: [zone.id], sinceMs, evidence, explains: ["zone-trap", "zone-runaway"] };
}

/** Players of these zones, added up, at the begin and at the end of the time range. */
function playersOf(zones: readonly ZoneHistory[], fromMs: number, toMs: number): { first: Measured; last: Measured } {
  const ticks = zones.map((zone) => zone.ticks.between(fromMs, toMs)).filter((some) => some.length > 0);
  return {
    first: sum(ticks.map((some) => some[0]?.players ?? null)),
    last: sum(ticks.map((some) => some.at(-1)?.players ?? null)),
  };
}
