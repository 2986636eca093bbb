// What players do and measure in a stretch of time: the server's ticks, casts and damage from its telemetry, the round trip
// from the players' own clocks.
//
//   await measurePlay(demo, 8_000)
//   // { seconds: 8, tickMs: { p50: 0.4, p99: 1.2 }, dps: 81, castsPerS: 1.9, castSuccess: 0.97, roundTripMs: { p50: 27, ... } }

import { greatest, quantile, ratio, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { tickRateHz } from "../analysis/tick-rate.ts";
import type { ZoneTick } from "../analysis/samples.ts";
import type { ClientStats, Percentiles } from "../client/client-stats.ts";
import { sleep } from "../ui/sleep.ts";
import type { Lookout } from "./lookout.ts";

export interface PlayFigures {
  seconds: number;
  ticks: number;
  overruns: number;
  tickMs: { p50: Measured; p99: Measured };
  /** The tick rate of the fastest zone. */
  tickRateHz: Measured;
  castsCompleted: Measured;
  castsPerS: Measured;
  /** The share of finished casts that were completed; missing when none finished. */
  castSuccess: Measured;
  /** Damage a second, of all players and creatures. */
  dps: Measured;
  roundTripMs: Percentiles;
}

/** The newest lines may still be on their way. */
const LINES_LATE_MS = 300;

/** Measures the play for this long. Rejects when aborted. */
export async function measurePlay(
  lookout: Lookout,
  stats: ClientStats,
  durationMs: number,
  signal: AbortSignal,
): Promise<PlayFigures> {
  stats.resetRoundTrips();
  const fromMs = Date.now();
  await sleep(durationMs, signal);
  const toMs = Date.now();
  const roundTripMs = stats.roundTripMs;
  await sleep(LINES_LATE_MS, signal);
  const zones = [...lookout.timeline.zones.values()].map(({ ticks }) => ticks);
  const rateHz = greatest(zones.map((ticks) => tickRateHz(ticks, fromMs, toMs)));
  const ticks = zones.flatMap((all) => all.between(fromMs, toMs));
  return figuresOf(ticks, rateHz, (toMs - fromMs) / 1_000, roundTripMs);
}

function figuresOf(
  ticks: readonly ZoneTick[],
  rateHz: Measured,
  seconds: number,
  roundTripMs: Percentiles,
): PlayFigures {
  const durations = ticks.map(({ durationMs }) => durationMs);
  const total = (read: (tick: ZoneTick) => Measured): Measured => sum(ticks.map(read));
  const castsCompleted = total((tick) => tick.castsCompleted);
  return {
    seconds,
    ticks: ticks.length,
    overruns: ticks.filter(({ overrun }) => overrun).length,
    tickMs: { p50: quantile(durations, 0.5), p99: quantile(durations, 0.99) },
    tickRateHz: rateHz,
    castsCompleted,
    castsPerS: ratio(castsCompleted, seconds),
    castSuccess: ratio(castsCompleted, sum([castsCompleted, total((tick) => tick.castsInterrupted)])),
    dps: ratio(
      total((tick) => tick.damage),
      seconds,
    ),
    roundTripMs,
  };
}
