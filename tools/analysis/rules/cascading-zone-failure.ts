// One zone goes down for good; its players pour into others, and one of those is overloaded in turn.
//
// A zone that is DOWN is a fact; that it is a cascade is seen from the others: their players rise by those of the zone
// that is gone (+0.2), and one of them handles far more commands than players send (+0.2, and then the traps and the
// flood are part of it).

import { difference, sum } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, shown } from "../measures.ts";
import type { Timeline, ZoneHistory } from "../timeline.ts";
import { floodsOf } from "./event-queue-flood.ts";
import { CONFIDENCE_MIN, merge, nameOf } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

const CONFIDENCE_DOWN = 0.57;
const CONFIDENCE_EACH = 0.2;
const BEFORE_MS = 2_000;
const AFTER_MS = 3_000;

export const cascadingZoneFailure: Rule = {
  cause: "cascading-zone-failure",
  title: "A zone is down, and its load falls on another",
  runbook: {
    text: "The zone could not be recovered; its players were moved. See why it died (Zone tick exception in its telemetry), keep players out of the overloaded zone, and let the restart bring it back; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate cascading-zone-failure",
  },
  find: (timeline) => merge([...timeline.zones.values()].map((zone) => examine(zone, timeline))),
};

function examine(zone: ZoneHistory, timeline: Timeline): Finding | null {
  if (zone.state !== "DOWN") return null;
  const events = zone.events.all();
  const wentDown = events.findLast(({ what, toState }) => what === "state" && toState === "DOWN");
  const restarts = events.filter(({ what, atMs }) => what === "restart_failed" && atMs >= (wentDown?.atMs ?? 0));
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

/** Players of these zones, added up, at the begin and at the end of a time. */
function playersOf(zones: readonly ZoneHistory[], fromMs: number, toMs: number): { first: Measured; last: Measured } {
  const ticks = zones.map((zone) => zone.ticks.between(fromMs, toMs));
  return {
    first: sum(ticks.map((some) => some[0]?.players ?? 0)),
    last: sum(ticks.map((some) => some.at(-1)?.players ?? 0)),
  };
}
