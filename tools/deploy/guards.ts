// What may not happen in a zone that runs a module on trial, whatever the module before would do: absolute objectives. They need no
// shadow, so they also watch zones that were promoted.
//
//   sessions lost: 0 of 52.0 players in 0.5 min, at most 0.05 a player and minute

import { ratio, sum } from "../analysis/measured.ts";
import { shownBeside } from "../analysis/measures.ts";
import { meanPlayers, percent } from "./evidence.ts";
import type { SampleWindow, ZoneTick } from "./samples.ts";
import type { Check, Limits } from "./verdict.ts";

/** Shares are of so many ticks at least, so that the first ticks of a watch do not weigh more than later ones. */
const TICKS_LEAST = 600;

export function guardChecks(during: SampleWindow, zoneId: number, limits: Limits): Check[] {
  const ticks = during.ticksOf(zoneId);
  const all = allTicks(ticks, limits);
  return [
    incidentsCheck(during, zoneId, ticks),
    silenceCheck(during, zoneId, limits),
    lossCheck(during, zoneId, all, limits),
    refusalCheck(ticks, limits),
    streakCheck(ticks, limits),
    shareCheck(ticks.filter(({ overrun }) => overrun === true).length, all, {
      id: "overruns",
      what: "ticks over their interval",
      shareMax: limits.overrunShareMax,
      floor: limits.slowTicksFloor,
    }),
    shareCheck(slowTicksOf(during, zoneId), all, {
      id: "slow_ticks",
      what: `ticks with more than ${during.tickMs / 2} ms in the kernel`,
      shareMax: limits.slowShareMax,
      floor: limits.slowTicksFloor,
    }),
  ];
}

const allTicks = (ticks: readonly ZoneTick[], limits: Limits): number =>
  Math.max(ticks.length, Math.min(limits.ticks, TICKS_LEAST));

/** Ticks with more than half of their interval in the kernel. */
const slowTicksOf = (during: SampleWindow, zoneId: number): number =>
  during.ticksOf(zoneId).filter(({ kernelMs }) => kernelMs !== null && kernelMs > during.tickMs / 2).length;

/** The zone has more slow ticks than a quiet machine gives it: it, or the machine, is slow now and then. */
export function hasSlowTicks(during: SampleWindow, zoneId: number, limits: Limits): boolean {
  const slow = slowTicksOf(during, zoneId);
  return slow >= limits.slowTicksFloor && slow > limits.slowShareSuspect * allTicks(during.ticksOf(zoneId), limits);
}

function incidentsCheck(during: SampleWindow, zoneId: number, ticks: readonly ZoneTick[]): Check {
  const incidents = during.incidentCountOf(zoneId);
  const [first] = during.incidentsOf(zoneId);
  const told = first === undefined ? "by the zone's own count" : `first at tick ${first.tick}: ${first.text}`;
  return {
    id: "incidents",
    kind: "hard",
    ok: incidents === 0,
    text: `traps and recoveries: ${incidents} in ${ticks.length} ticks, none allowed${incidents === 0 ? "" : `; ${told}`}`,
    numbers: { value: incidents, limit: 0, n: ticks.length },
  };
}

function silenceCheck(during: SampleWindow, zoneId: number, { silenceMsMax }: Limits): Check {
  const ms = during.silenceMsOf(zoneId);
  return {
    id: "silence",
    kind: "hard",
    ok: ms < silenceMsMax,
    text: `silence: ${Math.round(ms)} ms without a tick of the zone while others were told, less than ${silenceMsMax} ms`,
    numbers: { value: ms, limit: silenceMsMax, n: null },
  };
}

function lossCheck(during: SampleWindow, zoneId: number, ticks: number, limits: Limits): Check {
  const { lostPerPlayerMinuteMax: rateMax, lostFloor } = limits;
  const lost = during.sessionsLostIn(zoneId);
  const minutes = (ticks * during.tickMs) / 60_000;
  const mean = meanPlayers(during.ticksOf(zoneId));
  const playerMinutes = (mean ?? 0) * minutes;
  const isOver = lost > rateMax * playerMinutes;
  const few = isOver && lost < lostFloor ? `; over the limit, but fewer than ${lostFloor}` : "";
  return {
    id: "sessions_lost",
    kind: "hard",
    ok: !isOver || lost < lostFloor,
    text:
      `sessions lost: ${lost} with ${mean === null ? "an unknown number of" : mean.toFixed(1)} players in ${minutes.toFixed(1)} min, ` +
      `at most ${rateMax} a player and minute${few}`,
    numbers: { value: lost, limit: rateMax * playerMinutes, n: playerMinutes, floor: lostFloor },
  };
}

/**
 * Players who are shown too little, or too late, ask for what can not be: no replay of what they asked for tells that. A group that dies
 * together does so too, for some seconds; so it takes many commands to tell. One player who asks for the same again and again, such as a
 * client that ignores cooldowns, says nothing about the module: the one who is refused most often is left out.
 */
function refusalCheck(ticks: readonly ZoneTick[], { refusedShareMax, refusedOfLeast }: Limits): Check {
  const told = ticks.filter(({ refused, commands }) => refused !== null && commands !== null);
  const most = mostRefused(told);
  const refused = (sum(told.map((tick) => tick.refused)) ?? 0) - most;
  const commands = (sum(told.map((tick) => tick.commands)) ?? 0) - most;
  const share = ratio(refused, commands);
  const isOver = share !== null && share > refusedShareMax;
  const isFew = commands < refusedOfLeast;
  const few = isOver && isFew ? `; over the limit, but of fewer than ${refusedOfLeast}` : "";
  const of = most === 0 ? "" : `, without ${most} of the player who was refused most often`;
  const shown =
    share === null ? "unknown" : shownBeside(share * 100, refusedShareMax * 100, (hundredths) => hundredths.toFixed(1));
  return {
    id: "refusals",
    kind: "hard",
    ok: !isOver || isFew,
    text: `refusals: ${refused} of ${commands} commands (${shown} %), at most ${percent(refusedShareMax)}${of}${few}`,
    numbers: {
      value: share,
      limit: refusedShareMax,
      n: commands,
      count: refused,
      floor: refusedOfLeast,
      left_out: most,
    },
  };
}

/** Refusals of the player who had the most. */
function mostRefused(ticks: readonly ZoneTick[]): number {
  const counts = new Map<number, number>();
  for (const { refusedBy } of ticks)
    for (const [session, refused] of refusedBy) counts.set(session, (counts.get(session) ?? 0) + refused);
  return Math.max(0, ...counts.values());
}

function streakCheck(ticks: readonly ZoneTick[], { overrunStreakMax }: Limits): Check {
  const streak = longestStreak(ticks);
  return {
    id: "overrun_streak",
    kind: "hard",
    ok: streak < overrunStreakMax,
    text: `overruns in a row: ${streak} in ${ticks.length} ticks, fewer than ${overrunStreakMax}`,
    numbers: { value: streak, limit: overrunStreakMax, n: ticks.length },
  };
}

interface Share {
  id: string;
  what: string;
  shareMax: number;
  /** Fewer are no reason. */
  floor: number;
}

function shareCheck(count: number, all: number, { id, what, shareMax, floor }: Share): Check {
  const share = all === 0 ? 0 : count / all;
  const isOver = share > shareMax;
  const few = isOver && count < floor ? `; over the limit, but fewer than ${floor}` : "";
  const shown = shownBeside(share * 100, shareMax * 100, (hundredths) => hundredths.toFixed(1));
  return {
    id,
    kind: "hard",
    ok: !isOver || count < floor,
    text: `${what}: ${count} of ${all} (${shown} %), at most ${percent(shareMax)}${few}`,
    numbers: { value: share, limit: shareMax, n: all, count, floor },
  };
}

function longestStreak(ticks: readonly ZoneTick[]): number {
  let longest = 0;
  let current = 0;
  for (const { overrun } of ticks) {
    current = overrun === true ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}
