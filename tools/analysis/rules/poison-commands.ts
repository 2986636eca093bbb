// A command that kills the kernel whenever it is handled: by a trap (zone-trap), or by an endless loop (zone-runaway, which
// fuel stops). The zone is restored and replayed each time; the command is named and quarantined.
//
// One exception is certain evidence when the recovery quarantined a command for it: the command header names the cause.
// Without that, it may be the kernel's own fault. When no zone trapped before its kernel changed, the kernel is the likelier
// cause (rules/bad-kernel.ts explains these findings away).

import { at } from "../../../server/protocol/assert.ts";
import { known, median } from "../measured.ts";
import { clock, ramp, shown, uniqueSorted } from "../measures.ts";
import type { ZoneEvent } from "../samples.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS, inEachZone, nameOf } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

/** At least this many ticks between two exceptions: then they are two commands, and not one dying zone. */
const APART_TICKS_MIN = 2;
const CONFIDENCE_MAX = 0.95;
const CONFIDENCE_MAX_UNNAMED = 0.6;

export const zoneTrap: Rule = {
  cause: "zone-trap",
  title: "A command traps the kernel again and again",
  runbook: {
    text: "Each time the zone is restored and the command quarantined; players do not notice. Find who sends that command (session and op below) and refuse it at the gateway; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate zone-trap",
  },
  find: (timeline) => findOf(timeline, (error) => error.startsWith("kernel trap")),
};

export const zoneRunaway: Rule = {
  cause: "zone-runaway",
  title: "A command makes the kernel loop until its fuel is gone",
  runbook: {
    text: "Each time fuel stops it and the zone is restored, one tick late. Find who sends that command (session and op below) and refuse it at the gateway, or fix the loop in the kernel; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate zone-runaway",
  },
  find: (timeline) => findOf(timeline, (error) => /^(fuel exhausted|out of time)/.test(error)),
};

function findOf(timeline: BegunTimeline, isMine: (error: string) => boolean): Finding | null {
  return inEachZone((zone) => examine(zone, timeline, isMine))(timeline);
}

function examine(zone: ZoneHistory, { nowMs }: BegunTimeline, isMine: (error: string) => boolean): Finding | null {
  // When such commands took a zone down, they are the cause for as long as it is down.
  const untilMs = zone.state === "DOWN" ? zone.stateAtMs : nowMs;
  const events = zone.events.between(Math.min(untilMs, downSinceMs(zone) ?? untilMs) - EVENT_STALE_MS);
  const exceptions = events.filter(({ what, error }) => what === "exception" && isMine(error));
  const newest = exceptions.at(-1);
  if (newest === undefined || !isNowAndThen(exceptions, zone)) return null;
  const ofTheirs = (what: string): typeof events =>
    events.filter((event) => event.what === what && exceptions.some(({ tick }) => tick === event.tick));
  const recovered = ofTheirs("recovered");
  const quarantined = ofTheirs("quarantined");
  const confidence =
    (quarantined.length > 0 ? CONFIDENCE_MAX : CONFIDENCE_MAX_UNNAMED) *
    (zone.state === "DOWN" ? 1 : ramp(nowMs - newest.atMs, EVENT_STALE_MS, EVENT_FRESH_MS));
  const name = nameOf(zone);
  const sinceMs = exceptions[0]?.atMs ?? newest.atMs;
  const ticks = exceptions.map(({ tick }) => tick);
  const evidence = [
    `${name}: ${exceptions.length} × "${shortened(newest.error)}" since ${clock(sinceMs)}, at ticks ${ticks.slice(-4).join(", ")}.`,
    `${name}: ${recovered.length} recoveries, recovery_ms p50 ${shown(median(recovered.map(({ recoveryMs }) => recoveryMs)))} of a 50 ms interval.`,
  ];
  if (quarantined.length > 0) {
    const ops = uniqueSorted(known(quarantined.map(({ op }) => op))).join(", ");
    const sessions = uniqueSorted(quarantined.map(({ sessionId }) => sessionId));
    const who = sessions.every((id) => id === 0) ? "from no player's session" : `of session ${sessions.join(", ")}`;
    evidence.push(`${name}: ${quarantined.length} commands quarantined, op ${ops}, ${who}.`);
  }
  if (zone.state === "DOWN")
    evidence.push(`${name}: that was too often; it is DOWN since ${clock(downSinceMs(zone) ?? zone.stateAtMs)}.`);
  return { confidence, zones: [zone.id], sinceMs, evidence, explains: ["cascading-zone-failure"] };
}

const downSinceMs = (zone: ZoneHistory): number | null =>
  zone.events.all().findLast(({ what, toState }) => what === "state" && toState === "DOWN")?.atMs ?? null;

/**
 * Whether the exceptions come one at a time. A zone that traps in every tick is dying, whatever is quarantined. After a
 * single exception, a few ticks must finish before this is known.
 */
function isNowAndThen(exceptions: readonly ZoneEvent[], zone: ZoneHistory): boolean {
  const ticks = uniqueSorted(exceptions.map(({ tick }) => tick));
  const [before, newest] = [ticks.at(-2), at(ticks, ticks.length - 1)];
  if (before !== undefined) return newest - before > APART_TICKS_MIN - 1;
  const last = zone.ticks.last;
  return zone.state === "DOWN" || (last !== undefined && last.tick - newest >= APART_TICKS_MIN);
}

const shortened = (error: string): string => error.split(" (")[0] ?? error;
