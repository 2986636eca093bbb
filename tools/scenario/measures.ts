// The numbers that a scenario can measure: each measure reads a time range of telemetry, or what the scenario's own players
// measured in that range. Null means that the value is missing; it is never treated as a number.
//
//   MEASURES.tick_ms_p50.read({ timeline, fromMs, toMs, zone: 1, felt: null })   // 204.3
//
// Without a zone, tick times are those of the game loop, which is as slow as the slowest zone; counts are of all zones.

import type { Percentiles } from "../client/client-stats.ts";
import { difference, greatest, known, mapped, median, quantile, ratio, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import type { Traffic, ZoneEvent, ZoneTick } from "../analysis/samples.ts";
import { tickRateHz } from "../analysis/tick-rate.ts";
import type { Timeline } from "../analysis/timeline.ts";

/** Counts of what happened to the scenario's players. */
export interface FeltCounts {
  drops: number;
  /** Returned after a drop: to the same session, or to a new one. */
  resumed: number;
  restarted: number;
  protocolErrors: number;
}

/** What the players measured since a moment. */
export interface Felt extends FeltCounts {
  /** Players in the world now. */
  playing: number;
  /** Since the step began. */
  roundTripMs: Percentiles;
}

/** The input of a measure. Times are telemetry's own, in milliseconds since 1970. */
export interface Look {
  timeline: Timeline;
  fromMs: number;
  toMs: number;
  /** Null: the server as a whole. */
  zone: number | null;
  /** Null while the scenario has no players. */
  felt: Felt | null;
}

export interface Measure {
  unit: string;
  /** For people: "tick time, median". */
  title: string;
  /** Whether it can be measured for one zone. */
  perZone: boolean;
  /** Only measured from the begin of the step: no earlier begin is possible. */
  sinceStepOnly?: boolean;
  read(look: Look): Measured;
}

type ReadTick = (tick: ZoneTick) => Measured;

const zonesOf = ({ timeline, zone }: Look) =>
  zone === null ? [...timeline.zones.values()] : [timeline.zones.get(zone)].filter((found) => found !== undefined);

const ticksOf = (look: Look): ZoneTick[] => zonesOf(look).flatMap(({ ticks }) => ticks.between(look.fromMs, look.toMs));

const total = (look: Look, read: ReadTick): Measured => sum(ticksOf(look).map(read));

const perSecond = (look: Look, read: ReadTick): Measured => ratio(total(look, read), (look.toMs - look.fromMs) / 1_000);

/** Durations of the zone's ticks, or of the game loop's. */
function durations(look: Look): number[] {
  if (look.zone !== null) return ticksOf(look).map(({ durationMs }) => durationMs);
  return look.timeline.loop.between(look.fromMs, look.toMs).map(({ durationMs }) => durationMs);
}

const tickTime = (q: number, title: string): Measure => ({
  unit: "ms",
  title: `tick time, ${title}`,
  perZone: true,
  read: (look) => quantile(durations(look), q),
});

const ofTicks = (unit: string, title: string, read: (look: Look) => Measured): Measure => ({
  unit,
  title,
  perZone: true,
  read,
});

/** The number of these events; 0 counts as measured only if ticks came in. */
const happened = (what: ZoneEvent["what"], title: string): Measure =>
  ofTicks("", title, (look) => {
    const events = zonesOf(look).flatMap((zone) => zone.events.between(look.fromMs, look.toMs));
    const found = events.filter((event) => event.what === what).length;
    return found > 0 || ticksOf(look).length > 0 ? found : null;
  });

/** The sum over the gateway's one-second lines that ended in the range. */
const ofTraffic = (title: string, read: (traffic: Traffic) => Measured): Measure => ({
  unit: "",
  title,
  perZone: false,
  read: ({ timeline, fromMs, toMs }) => {
    return sum(timeline.traffic.between(fromMs, toMs).map(read));
  },
});

const newest = (unit: string, title: string, read: (look: Look) => Measured | undefined): Measure => ({
  unit,
  title,
  perZone: false,
  read: (look) => read(look) ?? null,
});

const ofPlayers = (unit: string, title: string, read: (felt: Felt) => Measured): Measure => ({
  unit,
  title: `of our players: ${title}`,
  perZone: false,
  read: ({ felt }) => (felt === null ? null : read(felt)),
});

const roundTrip = (title: string, read: (times: Percentiles) => Measured): Measure => ({
  ...ofPlayers("ms", `action to its effect, ${title}`, ({ roundTripMs }) => read(roundTripMs)),
  sinceStepOnly: true,
});

/** The increase of a running total, summed over the zones that report it. */
function grown(look: Look, read: ReadTick): Measured {
  const growths = zonesOf(look).map((zone) => {
    const ticks = zone.ticks.between(look.fromMs, look.toMs);
    const [first, last] = [zone.ticks.lastBefore(look.fromMs) ?? ticks[0], ticks.at(-1)];
    return first === undefined || last === undefined ? null : difference(read(last), read(first));
  });
  return sum(known(growths));
}

/** The newest tick's value, summed over the zones that ticked. */
function level(look: Look, read: ReadTick): Measured {
  const last = zonesOf(look).map(({ ticks }) => ticks.between(look.fromMs, look.toMs).at(-1));
  return sum(last.filter((tick) => tick !== undefined).map(read));
}

/** The tick rate of the zone, or of the game loop. */
function rateOf({ timeline, zone, fromMs, toMs }: Look): Measured {
  if (zone === null) return tickRateHz(timeline.loop, fromMs, toMs);
  const history = timeline.zones.get(zone);
  return history === undefined ? null : tickRateHz(history.ticks, fromMs, toMs);
}

const percentage = (part: Measured, whole: Measured): Measured => mapped(ratio(part, whole), (share) => 100 * share);

export const MEASURES = {
  tick_ms_p50: tickTime(0.5, "median"),
  tick_ms_p99: tickTime(0.99, "p99"),
  tick_ms_max: tickTime(1, "slowest"),
  kernel_ms_p50: ofTicks("ms", "time in the kernel, median", (look) =>
    median(ticksOf(look).map(({ kernelMs }) => kernelMs)),
  ),
  tick_rate_hz: ofTicks("Hz", "ticks a second", rateOf),
  overrun_pct: ofTicks("%", "ticks that took longer than their interval", (look) => {
    const { timeline, fromMs, toMs, zone } = look;
    const ticks = zone === null ? timeline.loop.between(fromMs, toMs) : ticksOf(look);
    return percentage(ticks.filter(({ overrun }) => overrun).length, ticks.length);
  }),
  missed_ticks: ofTicks("", "ticks dropped", (look) => grown(look, ({ missedTicks }) => missedTicks)),
  players: ofTicks("", "players in the zones", (look) => level(look, ({ players }) => players)),
  creatures: ofTicks("", "creatures in the zones", (look) => level(look, ({ creatures }) => creatures)),
  commands_per_s: ofTicks("/s", "commands that zones worked through", (look) =>
    perSecond(look, ({ commands }) => commands),
  ),
  commands_dropped: ofTicks("", "commands dropped by full batches", (look) =>
    total(look, ({ commandsDropped }) => commandsDropped),
  ),
  casts_per_s: ofTicks("/s", "casts completed", (look) => perSecond(look, ({ castsCompleted }) => castsCompleted)),
  cast_success_pct: ofTicks("%", "casts completed of those that ended", (look) => {
    const completed = total(look, ({ castsCompleted }) => castsCompleted);
    return percentage(completed, sum([completed, total(look, ({ castsInterrupted }) => castsInterrupted)]));
  }),
  damage_per_s: ofTicks("/s", "damage dealt", (look) => perSecond(look, ({ damage }) => damage)),
  exceptions: happened("exception", "ticks that died of an exception"),
  recoveries: happened("recovered", "recoveries of zones"),
  quarantined: happened("quarantined", "commands quarantined"),
  duplicates: newest("", "entities in more than one zone, most in a census", ({ timeline, fromMs, toMs }) => {
    return greatest(timeline.census.between(fromMs, toMs).map(({ duplicates }) => duplicates));
  }),
  error_lines: newest("", "error lines", ({ timeline, fromMs, toMs }) => {
    const isHeard = timeline.loop.between(fromMs, toMs).length > 0;
    const found = timeline.errors.between(fromMs, toMs).length;
    return isHeard || found > 0 ? found : undefined;
  }),
  connected: newest("", "players connected", ({ timeline, fromMs, toMs }) => {
    return timeline.traffic.between(fromMs, toMs).at(-1)?.connected;
  }),
  accepted: ofTraffic("connections accepted", ({ accepted }) => accepted),
  disconnected: ofTraffic("connections ended", ({ disconnected }) => disconnected),
  resumed: ofTraffic("sessions resumed", ({ resumed }) => resumed),
  rss_mb: newest("MB", "memory of the server", ({ timeline, fromMs, toMs }) => {
    return timeline.process.between(fromMs, toMs).at(-1)?.rssMb;
  }),
  playing: ofPlayers("", "in the world", ({ playing }) => playing),
  player_drops: ofPlayers("", "connections lost", ({ drops }) => drops),
  player_resumes: ofPlayers("", "came back to their session", ({ resumed }) => resumed),
  player_restarts: ofPlayers("", "had to begin anew", ({ restarted }) => restarted),
  protocol_errors: ofPlayers("", "messages that made no sense", ({ protocolErrors }) => protocolErrors),
  round_trip_ms_p50: roundTrip("median", ({ p50 }) => p50),
  round_trip_ms_p99: roundTrip("p99", ({ p99 }) => p99),
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

export const MEASURE_NAMES = Object.keys(MEASURES) as [MeasureName, ...MeasureName[]];

export const measureOf = (name: MeasureName): Measure => MEASURES[name];
