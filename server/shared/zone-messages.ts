// What main thread and zone workers say to each other.
//
// Hot path: two rings a worker (ring.ts). Into it: command records (abi.ts) prefixed with the zone id. Out of it: one
// tick report a zone and tick, then that tick's session frames as the kernel built them.
// Everything rare goes by postMessage, as the objects below: a worker turns to its event loop between any two ticks.

import type { ZoneModule } from "./zone-start.ts";
import type { SwapTicket } from "./swap-ticket.ts";

/** Zone states, see docs/ARCHITECTURE.md. */
export const ZONE_STATES = ["ACTIVE", "DEGRADED", "CRASHED", "DOWN"] as const;
export type ZoneState = (typeof ZONE_STATES)[number];

/** Which header note the kernel left when it trapped. */
export interface TrapNote {
  phase: string;
  commandIndex: number | null;
  op: number | null;
  session: number;
  entity: number;
  spell: number;
}

/** A module for a zone. A worker that can not have the ticket any more does not swap. */
export interface Swap extends ZoneModule {
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
