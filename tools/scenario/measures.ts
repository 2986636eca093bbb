// What a scenario can put a number to: each measure reads a stretch of telemetry, or what the scenario's own players felt
// in that stretch. NaN says that nothing was measured, and that never counts as anything else.
//
//   MEASURES.tick_ms_p50.read({ timeline, fromMs, toMs, zone: 1, felt: null })   // 204.3
//
// Without a zone, tick times are those of the game loop, which goes as slowly as the slowest zone; counts are of all zones.

import type { Percentiles } from "../client/client-stats.ts";
import { quantile, sum } from "../analysis/measures.ts";
import type { Traffic, ZoneEvent, ZoneTick } from "../analysis/samples.ts";
import type { Timeline } from "../analysis/timeline.ts";

/** What happened to the players whom the scenario brought in, counted. */
export interface FeltCounts {
  drops: number;
  /** Came back after a drop: to the same session, or to a new one. */
  resumed: number;
  restarted: number;
  protocolErrors: number;
}

/** What they have felt since a moment. */
export interface Felt extends FeltCounts {
  /** In the world just now. */
  playing: number;
  /** Since the step began. */
  roundTripMs: Percentiles;
}

/** What is looked at. Times are telemetry's own, in milliseconds since 1970. */
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
  /** Whether it can be asked of one zone. */
  perZone: boolean;
  /** Felt by the players of the step alone: there is no asking for it since an earlier moment. */
  sinceStepOnly?: boolean;
  read(look: Look): number;
}

type ReadTick = (tick: ZoneTick) => number;

const zonesOf = ({ timeline, zone }: Look) =>
  zone === null ? [...timeline.zones.values()] : [timeline.zones.get(zone)].filter((found) => found !== undefined);

const ticksOf = (look: Look): ZoneTick[] => zonesOf(look).flatMap(({ ticks }) => ticks.between(look.fromMs, look.toMs));

const total = (look: Look, read: ReadTick): number => {
  const ticks = ticksOf(look);
  return ticks.length === 0 ? Number.NaN : sum(ticks.map(read));
};

const seconds = ({ fromMs, toMs }: Look): number => (toMs - fromMs) / 1_000;

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

const ofTicks = (unit: string, title: string, read: (look: Look) => number): Measure => ({
  unit,
  title,
  perZone: true,
  read,
});

/** How many of these happened; 0 counts as measured only where ticks came in. */
const happened = (what: ZoneEvent["what"], title: string): Measure =>
  ofTicks("", title, (look) => {
    const events = zonesOf(look).flatMap((zone) => zone.events.between(look.fromMs, look.toMs));
    const found = events.filter((event) => event.what === what).length;
    return found > 0 || ticksOf(look).length > 0 ? found : Number.NaN;
  });

/** Sum over the gateway's seconds that ended in the stretch. */
const ofTraffic = (title: string, read: (traffic: Traffic) => number): Measure => ({
  unit: "",
  title,
  perZone: false,
  read: ({ timeline, fromMs, toMs }) => {
    const found = timeline.traffic.between(fromMs, toMs);
    return found.length === 0 ? Number.NaN : sum(found.map(read));
  },
});

const newest = (unit: string, title: string, read: (look: Look) => number | undefined): Measure => ({
  unit,
  title,
  perZone: false,
  read: (look) => read(look) ?? Number.NaN,
});

const ofPlayers = (unit: string, title: string, read: (felt: Felt) => number): Measure => ({
  unit,
  title: `of our players: ${title}`,
  perZone: false,
  read: ({ felt }) => (felt === null ? Number.NaN : read(felt)),
});

const roundTrip = (title: string, read: (times: Percentiles) => number): Measure => ({
  ...ofPlayers("ms", `action to its effect, ${title}`, ({ roundTripMs }) =>
    roundTripMs.count === 0 ? Number.NaN : read(roundTripMs),
  ),
  sinceStepOnly: true,
});

/** How much a count that only grows has grown, summed over zones. */
function grown(look: Look, read: ReadTick): number {
  const growths = zonesOf(look).map((zone) => {
    const ticks = zone.ticks.between(look.fromMs, look.toMs);
    const [first, last] = [zone.ticks.lastBefore(look.fromMs) ?? ticks[0], ticks.at(-1)];
    return first === undefined || last === undefined ? Number.NaN : read(last) - read(first);
  });
  const known = growths.filter((growth) => !Number.isNaN(growth));
  return known.length === 0 ? Number.NaN : sum(known);
}

/** The newest tick's value, summed over zones. */
function level(look: Look, read: ReadTick): number {
  const last = zonesOf(look).map(({ ticks }) => ticks.between(look.fromMs, look.toMs).at(-1));
  const known = last.filter((tick) => tick !== undefined);
  return known.length === 0 ? Number.NaN : sum(known.map(read));
}

const share = (part: number, whole: number): number => (whole > 0 ? (100 * part) / whole : Number.NaN);

export const MEASURES = {
  tick_ms_p50: tickTime(0.5, "median"),
  tick_ms_p99: tickTime(0.99, "p99"),
  tick_ms_max: tickTime(1, "slowest"),
  kernel_ms_p50: ofTicks("ms", "time in the kernel, median", (look) =>
    quantile(
      ticksOf(look).map(({ kernelMs }) => kernelMs),
      0.5,
    ),
  ),
  tick_rate_hz: ofTicks("Hz", "ticks a second", (look) => durations(look).length / seconds(look)),
  overrun_pct: ofTicks("%", "ticks that took longer than their interval", (look) => {
    const { timeline, fromMs, toMs, zone } = look;
    const ticks = zone === null ? timeline.loop.between(fromMs, toMs) : ticksOf(look);
    return share(ticks.filter(({ overrun }) => overrun).length, ticks.length);
  }),
  missed_ticks: ofTicks("", "ticks given up for good", (look) => grown(look, ({ missedTicks }) => missedTicks)),
  players: ofTicks("", "players in the zones", (look) => level(look, ({ players }) => players)),
  creatures: ofTicks("", "creatures in the zones", (look) => level(look, ({ creatures }) => creatures)),
  commands_per_s: ofTicks("/s", "commands that zones worked through", (look) => {
    return total(look, ({ commands }) => commands) / seconds(look);
  }),
  commands_dropped: ofTicks("", "commands dropped by full batches", (look) =>
    total(look, ({ commandsDropped }) => commandsDropped),
  ),
  casts_per_s: ofTicks("/s", "casts completed", (look) => {
    return total(look, ({ castsCompleted }) => castsCompleted) / seconds(look);
  }),
  cast_success_pct: ofTicks("%", "casts completed of those that ended", (look) => {
    const completed = total(look, ({ castsCompleted }) => castsCompleted);
    return share(completed, completed + total(look, ({ castsInterrupted }) => castsInterrupted));
  }),
  damage_per_s: ofTicks("/s", "damage dealt", (look) => total(look, ({ damage }) => damage) / seconds(look)),
  exceptions: happened("exception", "ticks that died of an exception"),
  recoveries: happened("recovered", "recoveries of zones"),
  quarantined: happened("quarantined", "commands quarantined"),
  duplicates: newest("", "entities in more than one zone, most in a census", ({ timeline, fromMs, toMs }) => {
    const found = timeline.census.between(fromMs, toMs).map(({ duplicates }) => duplicates);
    return found.length === 0 ? undefined : Math.max(...found);
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
