// One zone's row in a health report: its ticks, its players and creatures, and its activity in the window.

import type { ServerStatus, ZoneStatus } from "./server-status.ts";
import { LIMITS } from "./health-limits.ts";
import { greatest, isAbove, median, quantile, ratio, sum } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { overrunsOf } from "./samples.ts";
import type { ZoneTick } from "./samples.ts";
import { tickRateHz } from "./tick-rate.ts";
import type { Timeline, ZoneHistory } from "./timeline.ts";

export interface TickTimes {
  p50: Measured;
  p99: Measured;
  max: Measured;
  ticks: number;
}

export interface ZoneHealth {
  id: number;
  name: string;
  /** "SILENT" when a zone that should tick does not, "UNHEARD" while that may be chance; "" when no line reports a state. */
  state: string;
  ticksPerS: Measured;
  /** The load-shedding level, 0 to 5, and game seconds for each real second. */
  overloadLevel: number;
  gameTimeRate: number;
  durationMs: TickTimes;
  kernelMsP50: Measured;
  overruns: Measured;
  players: Measured;
  creatures: Measured;
  castsStarted: Measured;
  castsCompleted: Measured;
  /** Casts begun a second. */
  castsPerS: Measured;
  /** Damage dealt a second. */
  damagePerS: Measured;
  commandsPerS: Measured;
  /** Median of a tick; missing where the lines do not have it. */
  fuelUsedP50: Measured;
  /** The most commands that waited at the begin of a tick. */
  queueDepthMax: Measured;
  /** Total since the zone began. */
  recoveries: Measured;
  kernel: string;
  /** False: what the zone tells players is not in the journal. */
  durable: boolean;
  /** How long its ticks wait for the journal; milliseconds. */
  journalLagMsP50: Measured;
}

/** The time range of the numbers. */
export interface Stretch {
  fromMs: number;
  nowMs: number;
  windowS: Measured;
}

/** A zone is silent this long after its last tick: two seconds, or a few intervals of a server that ticks seldom. */
export function silentAfterMs(timeline: Timeline): number {
  const intervalMs = ratio(1_000, timeline.tickRateHz);
  return Math.max(LIMITS.zoneSilentMs, (intervalMs ?? 0) * LIMITS.zoneSilentIntervals);
}

/** The zones that tick, and those that only the server's status names. */
export function zonesOf(
  timeline: Timeline,
  { fromMs, nowMs, windowS }: Stretch,
  status: ServerStatus | undefined,
): ZoneHealth[] {
  const heard = [...timeline.zones.values()].map((zone) => zoneHealth(zone, timeline, { fromMs, nowMs, windowS }));
  const unheard = (status?.zones ?? [])
    .filter(({ id }) => !timeline.zones.has(id))
    .map((zone) => unheardZone(zone, isAbove(windowS, silentAfterMs(timeline) / 1_000)));
  return [...heard, ...unheard].toSorted((a, b) => a.id - b.id);
}

/** A zone without any line: if it should tick, that is a bad sign, and after a while a problem. */
function unheardZone({ id, name, state: told, players, creatures }: ZoneStatus, isLong: boolean): ZoneHealth {
  const isHeardOf = told === "DOWN" || told === "CRASHED";
  const silence = isLong ? "SILENT" : "UNHEARD";
  const state = isHeardOf ? told : silence;
  return {
    id,
    name,
    state,
    ticksPerS: null,
    overloadLevel: 0,
    gameTimeRate: 1,
    durationMs: tickTimes([]),
    kernelMsP50: null,
    overruns: null,
    players,
    creatures,
    castsStarted: null,
    castsCompleted: null,
    castsPerS: null,
    damagePerS: null,
    commandsPerS: null,
    fuelUsedP50: null,
    queueDepthMax: null,
    recoveries: null,
    kernel: "",
    durable: true,
    journalLagMsP50: null,
  };
}

function zoneHealth(zone: ZoneHistory, timeline: Timeline, { fromMs, nowMs, windowS }: Stretch): ZoneHealth {
  const ticks = zone.ticks.between(fromMs);
  const last = zone.ticks.last;
  const isSilent = zone.state !== "DOWN" && nowMs - (last?.atMs ?? zone.stateAtMs) > silentAfterMs(timeline);
  const total = (read: (tick: ZoneTick) => Measured): Measured => sum(ticks.map(read));
  const perS = (read: (tick: ZoneTick) => Measured): Measured => ratio(total(read), windowS);
  return {
    id: zone.id,
    name: zone.name,
    state: isSilent ? "SILENT" : zone.state,
    ticksPerS: tickRateHz(zone.ticks, fromMs, nowMs),
    overloadLevel: zone.state === "DOWN" ? 0 : (last?.overloadLevel ?? 0),
    gameTimeRate: last?.gameTimeRate ?? 1,
    durationMs: tickTimes(ticks.map(({ durationMs }) => durationMs)),
    kernelMsP50: median(ticks.map(({ kernelMs }) => kernelMs)),
    overruns: overrunsOf(ticks),
    players: last?.players ?? null,
    creatures: last?.creatures ?? null,
    castsStarted: total(({ castsStarted }) => castsStarted),
    castsCompleted: total(({ castsCompleted }) => castsCompleted),
    castsPerS: perS(({ castsStarted }) => castsStarted),
    damagePerS: perS(({ damage }) => damage),
    commandsPerS: perS(({ commands }) => commands),
    fuelUsedP50: median(ticks.map(({ fuelUsed }) => fuelUsed)),
    queueDepthMax: greatest(ticks.map(({ queueDepth }) => queueDepth)),
    recoveries: last?.recoveries ?? null,
    kernel: last?.kernel ?? "",
    durable: last?.durable !== false,
    journalLagMsP50: median(ticks.map(({ journalLagMs }) => journalLagMs)),
  };
}

export function tickTimes(durations: readonly number[]): TickTimes {
  return {
    p50: quantile(durations, 0.5),
    p99: quantile(durations, 0.99),
    max: quantile(durations, 1),
    ticks: durations.length,
  };
}
