// What a Timeline keeps of each kind of line, as plain records: numbers in the units of their names, null where the line
// has no value (the earlier simulator's lines have fewer). A tick line without its tick number or duration is ignored.

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { difference, mapped, sum } from "./measured.ts";
import type { Measured } from "./measured.ts";
import type { Timed } from "./series.ts";
import { amountOf, flagOf, numberOf, numbersOf, textOf, tickMsOf } from "./telemetry-text.ts";

/** One tick of one zone. Counts are for this tick alone; `missedTicks` and `recoveries` are totals since the zone began. */
export interface ZoneTick extends Timed {
  tick: number;
  durationMs: number;
  /** Missing in lines of the earlier simulator. */
  kernelMs: Measured;
  /** The tick's time outside the kernel; the whole tick when kernelMs is missing. */
  overheadMs: number;
  fuelUsed: Measured;
  /** Missing in lines of the earlier simulator. */
  overrun: boolean | null;
  commands: Measured;
  queueDepth: Measured;
  commandsDropped: Measured;
  missedTicks: Measured;
  recoveries: Measured;
  players: Measured;
  creatures: Measured;
  castsStarted: Measured;
  castsCompleted: Measured;
  castsInterrupted: Measured;
  gcdBlocked: Measured;
  attacks: Measured;
  damage: Measured;
  kills: Measured;
  /** The zone's load-shedding level, and game seconds for each real second; 0 and 1 when missing. */
  overloadLevel: number;
  gameTimeRate: number;
  /** "" when missing, UNKNOWN when the field is not a text. */
  state: string;
  /** False: what the tick told is not in the journal. Missing in older lines. */
  durable: boolean | null;
  /** For how long the oldest tick has waited for the journal. */
  journalLagMs: Measured;
  /** Content hash of the kernel that ran the tick; "" when missing. */
  kernel: string;
}

/** Something rare that happened to a zone. */
export interface ZoneEvent extends Timed {
  what: "exception" | "recovered" | "quarantined" | "state" | "restart_failed" | "ticks_lost";
  tick: number;
  /** For an exception or a failed restart: the error. */
  error: string;
  /** Operation code of the command that was being handled; missing when there was none. */
  op: Measured;
  sessionId: number;
  recoveryMs: Measured;
  replayedTicks: Measured;
  rung: string;
  toState: string;
  reason: string;
}

/** One tick of the game loop: as slow as the slowest zone. */
export interface LoopTick extends Timed {
  tick: number;
  durationMs: number;
  overrun: boolean | null;
}

/** The gateway's counts over `intervalMs`, about one second. */
export interface Traffic extends Timed {
  intervalMs: number;
  sessions: Measured;
  connected: Measured;
  inWorld: Measured;
  messages: Measured;
  commands: Measured;
  commandsRefused: Measured;
  malformed: Measured;
  bytesIn: Measured;
  bytesOut: Measured;
  accepted: Measured;
  disconnected: Measured;
  resumed: Measured;
  framesDropped: Measured;
}

export interface RoundTrip extends Timed {
  msP50: Measured;
  msP99: Measured;
  samples: Measured;
}

export interface ProcessSample extends Timed {
  rssMb: Measured;
  heapMb: Measured;
  externalMb: Measured;
  cpuShare: Measured;
  /** Average number of threads that waited for a core, and the load of the machine: missing in older lines and off Linux. */
  cpuWaitShare: Measured;
  machineBusy: Measured;
  machineCores: Measured;
  /** Telemetry lines lost since the server began. */
  linesLost: Measured;
}

/** The main thread did not run for this long. */
export interface Standstill extends Timed {
  ms: Measured;
}

export interface Census extends Timed {
  entities: Measured;
  duplicates: Measured;
}

export interface ErrorLine extends Timed {
  component: string;
  message: string;
  zoneId: number;
  /** The line's `error` field, if it has one. */
  error: string;
  entityIds: number[];
  zones: number[];
}

export interface Disconnect extends Timed {
  sessionId: number;
  zoneId: number;
  /** "link_lost", "client_closed", "limit:idle", ...; "" in lines of the earlier simulator. */
  reason: string;
}

/** A connection that was refused before it was accepted. */
export interface Refusal extends Timed {
  reason: string;
}

export interface DeployEvent extends Timed {
  message: string;
  zoneId: number;
  fromHash: string;
  toHash: string;
  reason: string;
}

type Data = TelemetryLine["data"];

/** The state of a zone whose line has an invalid state. */
export const STATE_UNKNOWN = "UNKNOWN";

/** How many of these took longer than their interval; missing when one does not say, or when there are none. */
export const overrunsOf = (ticks: readonly { overrun: boolean | null }[]): Measured =>
  sum(ticks.map(({ overrun }) => (overrun === null ? null : Number(overrun))));

/** Null when the tick number or the duration is missing. */
export function zoneTickOf(data: Data, atMs: number): ZoneTick | null {
  const [tick, durationMs] = [amountOf(data, "tick"), tickMsOf(data, "duration_ms")];
  if (tick === null || durationMs === null) return null;
  const kernelMs = tickMsOf(data, "kernel_ms");
  return {
    atMs,
    tick,
    durationMs,
    kernelMs,
    overheadMs: mapped(difference(durationMs, kernelMs), (ms) => Math.max(0, ms)) ?? durationMs,
    fuelUsed: amountOf(data, "fuel_used"),
    overrun: flagOf(data, "overrun"),
    commands: amountOf(data, "events_processed"),
    queueDepth: amountOf(data, "queue_depth"),
    commandsDropped: amountOf(data, "commands_dropped"),
    missedTicks: amountOf(data, "missed_ticks"),
    recoveries: amountOf(data, "recoveries"),
    players: amountOf(data, "players"),
    creatures: amountOf(data, "creatures"),
    castsStarted: amountOf(data, "casts_started"),
    castsCompleted: amountOf(data, "casts_completed"),
    castsInterrupted: amountOf(data, "casts_interrupted"),
    gcdBlocked: amountOf(data, "gcd_blocked"),
    attacks: amountOf(data, "attacks_processed"),
    damage: amountOf(data, "total_damage_dealt"),
    kills: amountOf(data, "kills"),
    overloadLevel: numberOf(data, "overload_level", 0),
    gameTimeRate: numberOf(data, "game_time_rate", 1),
    state: "state" in data ? textOf(data, "state", STATE_UNKNOWN) : "",
    durable: flagOf(data, "durable"),
    journalLagMs: amountOf(data, "journal_lag_ms"),
    kernel: textOf(data, "kernel"),
  };
}

export function zoneEventOf(what: ZoneEvent["what"], data: Data, atMs: number): ZoneEvent {
  return {
    atMs,
    what,
    tick: numberOf(data, "tick", 0),
    error: textOf(data, "error"),
    op: amountOf(data, "op"),
    sessionId: numberOf(data, "session_id", 0),
    recoveryMs: amountOf(data, "recovery_ms"),
    replayedTicks: amountOf(data, "replayed_ticks"),
    rung: textOf(data, "rung"),
    toState: textOf(data, "to_state"),
    reason: textOf(data, "reason"),
  };
}

/** Null when the tick number or the duration is missing. */
export function loopTickOf(data: Data, atMs: number): LoopTick | null {
  const [tick, durationMs] = [amountOf(data, "tick"), tickMsOf(data, "duration_ms")];
  if (tick === null || durationMs === null) return null;
  return { atMs, tick, durationMs, overrun: flagOf(data, "overrun") };
}

export function trafficOf(data: Data, atMs: number): Traffic {
  return {
    atMs,
    intervalMs: numberOf(data, "interval_ms", 1_000),
    sessions: amountOf(data, "sessions"),
    connected: amountOf(data, "connected"),
    inWorld: amountOf(data, "in_world"),
    messages: amountOf(data, "messages"),
    commands: amountOf(data, "commands"),
    commandsRefused: amountOf(data, "commands_refused"),
    malformed: amountOf(data, "malformed"),
    bytesIn: amountOf(data, "bytes_in"),
    bytesOut: amountOf(data, "bytes_out"),
    accepted: amountOf(data, "accepted"),
    disconnected: amountOf(data, "disconnected"),
    resumed: amountOf(data, "resumed"),
    framesDropped: amountOf(data, "frames_dropped"),
  };
}

export function roundTripOf(data: Data, atMs: number): RoundTrip {
  const [msP50, msP99] = [amountOf(data, "input_to_frame_ms_p50"), amountOf(data, "input_to_frame_ms_p99")];
  return { atMs, msP50, msP99, samples: amountOf(data, "samples") };
}

export function processOf(data: Data, atMs: number): ProcessSample {
  return {
    atMs,
    rssMb: amountOf(data, "rss_mb"),
    heapMb: amountOf(data, "heap_mb"),
    externalMb: amountOf(data, "external_mb"),
    cpuShare: amountOf(data, "cpu_share"),
    cpuWaitShare: amountOf(data, "cpu_wait_share"),
    machineBusy: amountOf(data, "machine_busy"),
    machineCores: amountOf(data, "machine_cores"),
    linesLost: amountOf(data, "telemetry_lines_lost"),
  };
}

export function errorOf({ component, message, data }: TelemetryLine, atMs: number): ErrorLine {
  return {
    atMs,
    component,
    message,
    zoneId: numberOf(data, "zone_id", 0),
    error: textOf(data, "error"),
    entityIds: numbersOf(data, "entity_ids"),
    zones: numbersOf(data, "zones"),
  };
}

export function disconnectOf(data: Data, atMs: number): Disconnect {
  const [sessionId, zoneId] = [numberOf(data, "session_id", 0), numberOf(data, "zone_id", 0)];
  return { atMs, sessionId, zoneId, reason: textOf(data, "reason") };
}

export function deployOf({ message, data }: TelemetryLine, atMs: number): DeployEvent {
  return {
    atMs,
    message,
    zoneId: numberOf(data, "zone_id", 0),
    fromHash: textOf(data, "from_hash"),
    toHash: textOf(data, "to_hash"),
    reason: textOf(data, "reason"),
  };
}
