// One zone's row in a health report: how it ticks, who is in it, what it did in the window.

import type { ServerStatus, ZoneStatus } from "../client/server-status.ts";
import { LIMITS } from "./health-limits.ts";
import { quantile, sum } from "./measures.ts";
import type { ZoneTick } from "./samples.ts";
import type { Timeline, ZoneHistory } from "./timeline.ts";

export interface TickTimes {
  p50: number;
  p99: number;
  max: number;
  ticks: number;
}

export interface ZoneHealth {
  id: number;
  name: string;
  /** "SILENT" when a zone that should tick does not; "" when no line told. */
  state: string;
  ticksPerS: number;
  /** How much it leaves out, 0 to 5, and game time a second of the clock. */
  overloadLevel: number;
  gameTimeRate: number;
  durationMs: TickTimes;
  kernelMsP50: number;
  overruns: number;
  players: number;
  creatures: number;
  castsStarted: number;
  castsCompleted: number;
  /** Casts begun a second. */
  castsPerS: number;
  /** Damage dealt a second. */
  damagePerS: number;
  commandsPerS: number;
  /** Of a tick; NaN where it is not told. */
  fuelUsedP50: number;
  /** Most commands that waited when a tick began. */
  queueDepthMax: number;
  /** Since the zone began. */
  recoveries: number;
  kernel: string;
}

/** Zones that tick, and those that only the server itself knows of. */
export function zonesOf(
  timeline: Timeline,
  fromMs: number,
  windowS: number,
  status: ServerStatus | undefined,
): ZoneHealth[] {
  const heard = [...timeline.zones.values()].map((zone) => zoneHealth(zone, fromMs, timeline.nowMs, windowS));
  const unheard = (status?.zones ?? []).filter(({ id }) => !timeline.zones.has(id)).map(unheardZone);
  return [...heard, ...unheard].toSorted((a, b) => a.id - b.id);
}

function unheardZone({ id, name, state, players, creatures }: ZoneStatus): ZoneHealth {
  return {
    id,
    name,
    state,
    ticksPerS: 0,
    overloadLevel: 0,
    gameTimeRate: 1,
    durationMs: tickTimes([]),
    kernelMsP50: Number.NaN,
    overruns: 0,
    players,
    creatures,
    castsStarted: 0,
    castsCompleted: 0,
    castsPerS: 0,
    damagePerS: 0,
    commandsPerS: 0,
    fuelUsedP50: Number.NaN,
    queueDepthMax: 0,
    recoveries: 0,
    kernel: "",
  };
}

function zoneHealth(zone: ZoneHistory, fromMs: number, nowMs: number, windowS: number): ZoneHealth {
  const ticks = zone.ticks.between(fromMs);
  const last = zone.ticks.last;
  const isSilent = zone.state !== "DOWN" && nowMs - (last?.atMs ?? zone.stateAtMs) > LIMITS.zoneSilentMs;
  const total = (read: (tick: ZoneTick) => number): number => sum(ticks.map(read));
  return {
    id: zone.id,
    name: zone.name,
    state: isSilent ? "SILENT" : zone.state,
    ticksPerS: ticks.length / windowS,
    overloadLevel: zone.state === "DOWN" ? 0 : (last?.overloadLevel ?? 0),
    gameTimeRate: last?.gameTimeRate ?? 1,
    durationMs: tickTimes(ticks.map(({ durationMs }) => durationMs)),
    kernelMsP50: quantile(
      ticks.map(({ kernelMs }) => kernelMs),
      0.5,
    ),
    overruns: ticks.filter(({ overrun }) => overrun).length,
    players: last?.players ?? 0,
    creatures: last?.creatures ?? 0,
    castsStarted: total(({ castsStarted }) => castsStarted),
    castsCompleted: total(({ castsCompleted }) => castsCompleted),
    castsPerS: total(({ castsStarted }) => castsStarted) / windowS,
    damagePerS: total(({ damage }) => damage) / windowS,
    commandsPerS: total(({ commands }) => commands) / windowS,
    fuelUsedP50: quantile(
      ticks.map(({ fuelUsed }) => fuelUsed),
      0.5,
    ),
    queueDepthMax: Math.max(0, ...ticks.map(({ queueDepth }) => queueDepth).filter((depth) => !Number.isNaN(depth))),
    recoveries: last?.recoveries ?? 0,
    kernel: last?.kernel ?? "",
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
