// A zone handles far more commands than all players together send: something inside the server creates them, or a player's
// message is handled many times.
//
// A zone's rate is its median commands per tick times its ticks a second, so that a burst (creatures spawning, players
// joining) does not count. Certain when the rate is a multiple of the messages that the gateway received.

import { median, ratio, sum, isAbove } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, ramp, shown } from "../measures.ts";
import type { ZoneTick } from "../samples.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { merge, nameOf, RECENT_MS } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";
import { at } from "../../../server/protocol/assert.ts";

const RECENT_TICKS_MIN = 3;
const TRAFFIC_MS = 5_000;
const TICK_RATE_HZ = 20;
const EXCESS_PER_S_NONE = 50;
const EXCESS_PER_S_FULL = 300;
/** After this many ticks in a row without excess, the flood before them is a separate one. */
const GAP_TICKS_MAX = 3;
const CONFIDENCE_MAX = 0.95;

export const eventQueueFlood: Rule = {
  cause: "event-queue-flood",
  title: "A zone handles far more commands than players send",
  runbook: {
    text: "The commands do not come from players' sockets. Find what makes them (a looping script, a message that is handed on twice) and stop it; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate event-queue-flood",
  },
  find: (timeline) => merge(floodsOf(timeline)),
};

/** One finding for each flooded zone, for rules that build upon it. */
export function floodsOf(timeline: BegunTimeline): Finding[] {
  const accounted = accountedPerSecond(timeline);
  if (accounted === null) return [];
  return [...timeline.zones.values()]
    .map((zone) => examine(zone, timeline, accounted))
    .filter((finding) => finding !== null);
}

interface Accounted {
  messagesPerS: number;
  /** Plus the possible commands of the entities that the audit counts twice, one for each a tick. */
  perS: number;
  samples: number;
}

/** Null while the gateway has not reported its messages: then no excess is known. */
function accountedPerSecond({ traffic, census, nowMs, tickRateHz }: BegunTimeline): Accounted | null {
  const seconds = traffic.between(nowMs - TRAFFIC_MS);
  const messagesPerMs = ratio(
    sum(seconds.map(({ messages }) => messages)),
    sum(seconds.map((second) => second.intervalMs)),
  );
  if (messagesPerMs === null) return null;
  const messagesPerS = messagesPerMs * 1_000;
  const hz = tickRateHz ?? TICK_RATE_HZ;
  // Without a census, no entity is known to be doubled.
  return { messagesPerS, perS: messagesPerS + (census.last?.duplicates ?? 0) * hz, samples: seconds.length };
}

function examine(zone: ZoneHistory, { nowMs }: BegunTimeline, accounted: Accounted): Finding | null {
  const ticks = zone.ticks.all();
  const recent = ticks.filter(({ atMs }) => atMs >= nowMs - RECENT_MS);
  if (recent.length < RECENT_TICKS_MIN) return null;
  const perTick = median(recent.map(({ commands }) => commands));
  const newest = median(recent.slice(-RECENT_TICKS_MIN).map(({ commands }) => commands));
  if (perTick === null || newest === null || newest < perTick / 2) return null;
  const perS = perTick * (recent.length / (RECENT_MS / 1_000));
  const confidence =
    CONFIDENCE_MAX *
    ramp(perS / Math.max(accounted.perS, 1), 1.5, 4) *
    ramp(perS - accounted.perS, EXCESS_PER_S_NONE, EXCESS_PER_S_FULL);
  if (confidence === 0) return null;
  const begin = beginOf(ticks, perTick / 2);
  const before = ticks.slice(0, begin);
  const sinceMs = ticks[begin]?.atMs ?? nowMs;
  const change = (read: (tick: ZoneTick) => Measured): string => {
    const after = shown(median(recent.map(read)));
    return before.length === 0 ? after : `${shown(median(before.map(read)))} → ${after}`;
  };
  const name = nameOf(zone);
  const times = accounted.messagesPerS > 0 ? `${shown(perS / accounted.messagesPerS)} times` : "beside";
  const evidence = [
    `${name}: events_processed p50 ${change(({ commands }) => commands)} a tick (n ${before.length} → ${recent.length}), since ${clock(sinceMs)}: ${shown(perS)} a second.`,
    `${name}: that is ${times} what all players together sent, ${shown(accounted.messagesPerS)} messages a second (Traffic, n ${accounted.samples}).`,
    `${name}: kernel_ms p50 ${change(({ kernelMs }) => kernelMs)}, fuel_used p50 ${change(({ fuelUsed }) => fuelUsed)}, duration_ms p50 ${change(({ durationMs }) => durationMs)}.`,
  ];
  return { confidence, zones: [zone.id], sinceMs, evidence };
}

/** The index of the first tick of the current run of ticks with more commands than `limit`. */
function beginOf(ticks: readonly ZoneTick[], limit: number): number {
  let begin = ticks.length;
  let gap = 0;
  for (let index = ticks.length - 1; index >= 0 && gap <= GAP_TICKS_MAX; index--) {
    if (isAbove(at(ticks, index).commands, limit)) {
      begin = index;
      gap = 0;
    } else gap++;
  }
  return begin;
}
