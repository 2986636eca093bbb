// What a Timeline keeps of each kind of line, as plain records: numbers in the units of their names, NaN where the line
// did not say (the earlier simulator's lines say less).

import type { TelemetryLine } from "../../server/telemetry/schema.ts";
import type { Timed } from "./series.ts";
import { numberOf, numbersOf, textOf } from "./telemetry-text.ts";

/** One tick of one zone. Counts are of this tick alone, `missedTicks` and `recoveries` since the zone began. */
export interface ZoneTick extends Timed {
  tick: number;
  durationMs: number;
  /** NaN in lines of the earlier simulator. */
  kernelMs: number;
  /** The tick's time outside the kernel; the whole tick where kernelMs is not said. */
  overheadMs: number;
  fuelUsed: number;
  overrun: boolean;
  commands: number;
  queueDepth: number;
  commandsDropped: number;
  missedTicks: number;
  recoveries: number;
  players: number;
  creatures: number;
  castsStarted: number;
  castsCompleted: number;
  castsInterrupted: number;
  gcdBlocked: number;
  attacks: number;
  damage: number;
  kills: number;
  /** How much the zone leaves out because it is overloaded, and game time a second of the clock; 0 and 1 where not said. */
  overloadLevel: number;
  gameTimeRate: number;
  /** "" where it is not said. */
  state: string;
  /** Content hash of the kernel that ran it; "" where it is not said. */
  kernel: string;
}

/** Something rare that happened to a zone. */
export interface ZoneEvent extends Timed {
  what: "exception" | "recovered" | "quarantined" | "state" | "restart_failed" | "ticks_lost";
  tick: number;
  /** Of an exception or failed restart: what it met. */
  error: string;
  /** Operation code of the command in hand; NaN when none was. */
  op: number;
  sessionId: number;
  recoveryMs: number;
  replayedTicks: number;
  rung: string;
  toState: string;
  reason: string;
}

/** One tick of the game loop: as slow as the slowest zone. */
export interface LoopTick extends Timed {
  tick: number;
  durationMs: number;
  overrun: boolean;
}

/** The gateway's second; counts are of `intervalMs`. */
export interface Traffic extends Timed {
  intervalMs: number;
  sessions: number;
  connected: number;
  inWorld: number;
  messages: number;
  commands: number;
  commandsRefused: number;
  malformed: number;
  bytesIn: number;
  bytesOut: number;
  accepted: number;
  disconnected: number;
  resumed: number;
  framesDropped: number;
}

export interface RoundTrip extends Timed {
  msP50: number;
  msP99: number;
  samples: number;
}

export interface ProcessSample extends Timed {
  rssMb: number;
  heapMb: number;
  externalMb: number;
  cpuShare: number;
  /** Telemetry lines lost since the server began. */
  linesLost: number;
}

export interface Census extends Timed {
  entities: number;
  duplicates: number;
}

export interface ErrorLine extends Timed {
  component: string;
  message: string;
  zoneId: number;
  /** The line's `error` field, where it has one. */
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

/** A connection turned away before it was one. */
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

export function zoneTickOf(data: Data, atMs: number): ZoneTick {
  const durationMs = numberOf(data, "duration_ms", 0);
  const kernelMs = numberOf(data, "kernel_ms");
  return {
    atMs,
    tick: numberOf(data, "tick", 0),
    durationMs,
    kernelMs,
    overheadMs: Number.isNaN(kernelMs) ? durationMs : Math.max(0, durationMs - kernelMs),
    fuelUsed: numberOf(data, "fuel_used"),
    overrun: data["overrun"] === true,
    commands: numberOf(data, "events_processed", 0),
    queueDepth: numberOf(data, "queue_depth"),
    commandsDropped: numberOf(data, "commands_dropped", 0),
    missedTicks: numberOf(data, "missed_ticks"),
    recoveries: numberOf(data, "recoveries", 0),
    players: numberOf(data, "players"),
    creatures: numberOf(data, "creatures"),
    castsStarted: numberOf(data, "casts_started", 0),
    castsCompleted: numberOf(data, "casts_completed", 0),
    castsInterrupted: numberOf(data, "casts_interrupted", 0),
    gcdBlocked: numberOf(data, "gcd_blocked", 0),
    attacks: numberOf(data, "attacks_processed", 0),
    damage: numberOf(data, "total_damage_dealt", 0),
    kills: numberOf(data, "kills", 0),
    overloadLevel: numberOf(data, "overload_level", 0),
    gameTimeRate: numberOf(data, "game_time_rate", 1),
    state: textOf(data, "state"),
    kernel: textOf(data, "kernel"),
  };
}

export function zoneEventOf(what: ZoneEvent["what"], data: Data, atMs: number): ZoneEvent {
  return {
    atMs,
    what,
    tick: numberOf(data, "tick", 0),
    error: textOf(data, "error"),
    op: numberOf(data, "op"),
    sessionId: numberOf(data, "session_id", 0),
    recoveryMs: numberOf(data, "recovery_ms"),
    replayedTicks: numberOf(data, "replayed_ticks", 0),
    rung: textOf(data, "rung"),
    toState: textOf(data, "to_state"),
    reason: textOf(data, "reason"),
  };
}

export function loopTickOf(data: Data, atMs: number): LoopTick {
  const durationMs = numberOf(data, "duration_ms", 0);
  return { atMs, tick: numberOf(data, "tick", 0), durationMs, overrun: data["overrun"] === true };
}

export function trafficOf(data: Data, atMs: number): Traffic {
  return {
    atMs,
    intervalMs: numberOf(data, "interval_ms", 1_000),
    sessions: numberOf(data, "sessions", 0),
    connected: numberOf(data, "connected", 0),
    inWorld: numberOf(data, "in_world", 0),
    messages: numberOf(data, "messages", 0),
    commands: numberOf(data, "commands", 0),
    commandsRefused: numberOf(data, "commands_refused", 0),
    malformed: numberOf(data, "malformed", 0),
    bytesIn: numberOf(data, "bytes_in", 0),
    bytesOut: numberOf(data, "bytes_out", 0),
    accepted: numberOf(data, "accepted", 0),
    disconnected: numberOf(data, "disconnected", 0),
    resumed: numberOf(data, "resumed", 0),
    framesDropped: numberOf(data, "frames_dropped", 0),
  };
}

export function roundTripOf(data: Data, atMs: number): RoundTrip {
  const [msP50, msP99] = [numberOf(data, "input_to_frame_ms_p50"), numberOf(data, "input_to_frame_ms_p99")];
  return { atMs, msP50, msP99, samples: numberOf(data, "samples", 0) };
}

export function processOf(data: Data, atMs: number): ProcessSample {
  return {
    atMs,
    rssMb: numberOf(data, "rss_mb"),
    heapMb: numberOf(data, "heap_mb"),
    externalMb: numberOf(data, "external_mb"),
    cpuShare: numberOf(data, "cpu_share"),
    linesLost: numberOf(data, "telemetry_lines_lost", 0),
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
