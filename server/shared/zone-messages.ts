// What main thread and zone workers say to each other.
//
// Hot path: two rings a worker (ring.ts). Into it: command records (abi.ts) prefixed with the zone id. Out of it: one
// tick report a zone and tick, then that tick's session frames as the kernel built them.
// Everything rare goes by postMessage, as the objects below: a worker turns to its event loop between any two ticks.

import type { SwapTicket } from "./swap-ticket.ts";

/** Zone states, see docs/ARCHITECTURE.md. */
export type ZoneState = "ACTIVE" | "DEGRADED" | "CRASHED" | "DOWN";
export const ZONE_STATES: readonly ZoneState[] = ["ACTIVE", "DEGRADED", "CRASHED", "DOWN"];

/** Which header note the kernel left when it trapped. */
export interface TrapNote {
  phase: string;
  commandIndex: number | null;
  op: number | null;
  session: number;
  entity: number;
  spell: number;
}

/** One tick of one zone, as the main thread sees it. Milliseconds are wall time. */
export interface TickReport {
  zoneId: number;
  tick: number;
  state: ZoneState;
  /** The whole step: faults, journal, kernel, event and frame reading. */
  durationMs: number;
  /** Inside the kernel only. */
  kernelMs: number;
  fuelUsed: number;
  overrun: boolean;
  /** Ticks given up for good since the zone started. */
  missedTicks: number;
  /** Commands waiting when the tick began; those past capacity, dropped this tick. */
  queueDepth: number;
  commandsDropped: number;
  /** Frames of this tick that found the ring to the sessions full. */
  framesLost: number;
  recoveries: number;
  /** How much the zone leaves out, 0 to 5, and game time a second of the clock: overload.ts. */
  overloadLevel: number;
  gameTimeRate: number;
  /** Smoothed share of its time that the zone's work takes. */
  load: number;
  hash: bigint;
  /** COUNTERS u32, indexed by abi.ts COUNTER_*. A view that is only valid during the callback. */
  counters: Uint32Array;
}

/** Where a spawned creature stands and which kind it is; see server/protocol/content. */
export interface ZoneSpec {
  id: number;
  name: string;
  seed: number;
}

/** A module for a zone. A worker that can not have the ticket any more does not swap. */
export interface Swap {
  module: WebAssembly.Module;
  hash: string;
  label: string;
  ticket?: SwapTicket;
}

/** Main thread to zone worker. */
export type ToZoneWorker =
  | {
      type: "fault_activate";
      activation: number;
      faultId: string;
      params: unknown;
      zones: number[];
      seed: number;
      /** 0 to 1: the share of its chances the fault takes. */
      probability: number;
    }
  | { type: "fault_deactivate"; activation: number }
  | ({ type: "swap"; request: number; zoneId: number } & Swap)
  | { type: "rollback"; request: number; zoneId: number; hash?: string }
  | { type: "promote"; request: number; zoneId: number; hash?: string }
  | { type: "inspect"; request: number; zoneId: number }
  | { type: "view"; request: number; zoneId: number; turn: number }
  | { type: "stop" };

/** Zone worker to main thread: rare, never on a healthy tick. */
export type FromZoneWorker =
  | { type: "ready"; zones: number[]; faultThread: number }
  | { type: "failed"; error: string }
  | { type: "answer"; request: number; ok: true; data: unknown }
  | { type: "answer"; request: number; ok: false; error: string }
  | { type: "zone_state"; zoneId: number; from: ZoneState; to: ZoneState; reason: string; tick: number }
  | {
      type: "recovered";
      zoneId: number;
      tick: number;
      recoveryMs: number;
      replayedTicks: number;
      rung: RecoveryRung;
      note: TrapNote;
      error: string;
    }
  /** What the zone runs from its next tick on, and whether that is still on trial: after each swap, rollback and promotion. */
  | { type: "module"; zoneId: number; tick: number; hash: string; isTrial: boolean }
  | { type: "rolled_back"; zoneId: number; tick: number; fromHash: string; toHash: string; reason: string }
  | { type: "stopped" };

/** How far up the ladder a recovery had to go. */
export type RecoveryRung = "replay" | "quarantine" | "rollback" | "down";

/** A question to a zone, without the fields that the supervisor adds. */
export type ZoneRequest =
  | ({ type: "swap" } & Swap)
  | { type: "rollback"; hash?: string }
  | { type: "promote"; hash?: string }
  | { type: "inspect" }
  | { type: "view"; turn: number };
