// What a zone reports about each tick, in tables: how a value crosses to the main thread, and its names in the tick's
// telemetry line and in /metrics. A new value is one row: in FIGURES when the host measures it, in COUNTERS_SHOWN when
// the kernel counts it.
//
//   const report = emptyReport(1);
//   REPORT.write(view, at, report);
//   lineOf(report)      // { zone_id: 1, tick: 4711, duration_ms: 0.42, commands: 12, ... }

import * as abi from "../../assembly/abi.ts";
import { RecordTable } from "./record.ts";
import type { FieldType, RecordOf } from "./record.ts";
import { ZONE_STATES } from "./zone-messages.ts";

/** Kind of the record in the output ring (ring-records.ts). */
const REPORT_KIND = 1;

interface Figure {
  readonly type: FieldType;
  /** Its name in the tick's telemetry line. */
  readonly line?: string;
  /** Name and help of a gauge of the newest value: wowsim_zone_<name>. */
  readonly gauge?: readonly [name: string, help: string];
}

/** What the host measures in a tick; a record has the values in this order. Milliseconds are wall time. */
export const FIGURES = {
  zoneId: { type: "u32", line: "zone_id" },
  tick: { type: "u32", line: "tick", gauge: ["tick", "Number of the newest tick."] },
  state: { type: ZONE_STATES, line: "state" },
  overrun: { type: "flag", line: "overrun" },
  /** Ticks that were skipped for good since the zone started. */
  missedTicks: { type: "u32", line: "missed_ticks" },
  /** Commands that waited when the tick began; and commands beyond the capacity, dropped in this tick. */
  queueDepth: {
    type: "u32",
    line: "queue_depth",
    gauge: ["queue_depth", "Commands that waited when the newest tick began."],
  },
  commandsDropped: { type: "u32", line: "commands_dropped" },
  recoveries: { type: "u32", line: "recoveries" },
  /** Frames of this tick that were lost because the ring to the sessions was full. */
  framesLost: { type: "u32", line: "frames_lost" },
  /** The whole step: faults, journal, kernel, event and frame reading. */
  durationMs: { type: "f64", line: "duration_ms" },
  /** Inside the kernel only. */
  kernelMs: { type: "f64", line: "kernel_ms" },
  fuelUsed: { type: "f64", line: "fuel_used", gauge: ["fuel_used", "Fuel the newest tick burnt."] },
  hash: { type: "u64" },
  /** False: the journal is lost, and what players are told is not in it. The oldest tick that waits for it. */
  durable: { type: "flag", line: "durable", gauge: ["durable", "1 while what players are told is in the journal."] },
  journalLagMs: {
    type: "f64",
    line: "journal_lag_ms",
    gauge: ["journal_lag_ms", "How long the oldest tick has waited for the journal, in milliseconds."],
  },
  /** How long the zone's newest tick that has left had waited for the journal. */
  journalHeldMs: {
    type: "f64",
    line: "journal_held_ms",
    gauge: ["journal_held_ms", "How long the newest tick that has left waited for the journal, in milliseconds."],
  },
  /** The load-shedding level, 0 to 5, and the seconds of game time per second of the clock: overload.ts. */
  overloadLevel: {
    type: "f64",
    line: "overload_level",
    gauge: ["overload_level", "How much the zone leaves out: 0 nothing, 5 new players."],
  },
  gameTimeRate: {
    type: "f64",
    line: "game_time_rate",
    gauge: ["game_time_rate", "Game time a second of the clock."],
  },
  /** Smoothed share of its time that the zone's work takes. */
  load: { type: "f64", line: "load", gauge: ["load", "Smoothed share of its time that the zone's work takes."] },
  /** Indexed by COUNTER_* of assembly/abi.ts; only valid during the callback. */
  counters: { type: { u32s: abi.COUNTERS } },
} as const satisfies Record<string, Figure>;

interface ShownCounter {
  readonly counter: number;
  readonly line?: string;
  readonly gauge?: readonly [name: string, help: string];
  /** Name and help of a total, summed over all ticks: wowsim_zone_<name>_total. */
  readonly total?: readonly [name: string, help: string];
}

/** The kernel's counters of a tick that are shown. */
export const COUNTERS_SHOWN: readonly ShownCounter[] = [
  { counter: abi.COUNTER_COMMANDS, line: "commands", total: ["commands", "Commands the kernel handled."] },
  // The name that readers of the earlier simulator's telemetry know.
  { counter: abi.COUNTER_COMMANDS, line: "events_processed" },
  {
    counter: abi.COUNTER_ENTITIES_MOVED,
    line: "entities_moved",
    total: ["entities_moved", "Entities moved, summed over ticks."],
  },
  { counter: abi.COUNTER_CASTS_STARTED, line: "casts_started", total: ["casts_started", "Casts begun."] },
  { counter: abi.COUNTER_CASTS_COMPLETED, line: "casts_completed", total: ["casts_completed", "Casts completed."] },
  {
    counter: abi.COUNTER_CASTS_INTERRUPTED,
    line: "casts_interrupted",
    total: ["casts_interrupted", "Casts interrupted."],
  },
  {
    counter: abi.COUNTER_GCD_BLOCKED,
    line: "gcd_blocked",
    total: ["gcd_blocked", "Casts refused because of the global cooldown."],
  },
  { counter: abi.COUNTER_ATTACKS, line: "attacks_processed", total: ["attacks", "Swings and attacks."] },
  { counter: abi.COUNTER_DAMAGE, line: "total_damage_dealt", total: ["damage", "Damage dealt, in points."] },
  { counter: abi.COUNTER_KILLS, line: "kills", total: ["kills", "Entities killed."] },
  { counter: abi.COUNTER_HEALING, total: ["healing", "Healing done, in points."] },
  {
    counter: abi.COUNTER_CORRECTED,
    line: "corrected",
    total: ["positions_corrected", "Positions that speed did not allow."],
  },
  { counter: abi.COUNTER_REVIVED, total: ["revived", "Entities that came back to life."] },
  { counter: abi.COUNTER_FRAMES, total: ["frames", "Frames built for sessions."] },
  {
    counter: abi.COUNTER_FRAMES_DEFERRED,
    total: ["frames_deferred", "Frames put off because the frame area was full."],
  },
  {
    counter: abi.COUNTER_EVENTS_LOST,
    total: ["events_lost", "Events not written because the event area was full."],
  },
  { counter: abi.COUNTER_PLAYERS, line: "players", gauge: ["players", "Players in the zone."] },
  { counter: abi.COUNTER_CREATURES, line: "creatures", gauge: ["creatures", "Creatures in the zone."] },
  { counter: abi.COUNTER_WATCHERS, line: "watchers", gauge: ["watchers", "Sessions that get frames."] },
  {
    counter: abi.COUNTER_FIGHTING,
    gauge: ["creatures_fighting", "Creatures with somebody on their threat table."],
  },
];

type Types<Table extends Record<string, Figure>> = { [Name in keyof Table]: Table[Name]["type"] };

/** One tick of one zone, as the main thread sees it. */
export type TickReport = RecordOf<Types<typeof FIGURES>>;

export const REPORT = new RecordTable(
  REPORT_KIND,
  Object.fromEntries(Object.entries(FIGURES).map(([name, { type }]) => [name, type])) as Types<typeof FIGURES>,
);

/** An empty report for reuse. */
export function emptyReport(zoneId: number): TickReport {
  return { ...REPORT.empty(), zoneId, gameTimeRate: 1 };
}

const LINE_FIGURES = Object.entries(FIGURES).flatMap(([name, figure]: [string, Figure]) =>
  figure.line === undefined ? [] : [{ name: name as keyof TickReport, line: figure.line, type: figure.type }],
);
const LINE_COUNTERS = COUNTERS_SHOWN.flatMap(({ counter, line }) => (line === undefined ? [] : [{ counter, line }]));

/** The part of the report that goes into the tick's telemetry line. */
export function lineOf(report: TickReport): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const { name, line: key, type } of LINE_FIGURES)
    line[key] = type === "f64" ? Math.round((report[name] as number) * 1_000) / 1_000 : report[name];
  for (const { counter, line: key } of LINE_COUNTERS) line[key] = report.counters[counter];
  return line;
}
