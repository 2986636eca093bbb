// The messages between the main thread and the zone workers.
//
// Hot path: two rings per worker (ring.ts). Into it: command records (abi.ts) prefixed with the zone id. Out of it: one
// tick report per zone and tick, then that tick's session frames as the kernel built them. Everything rare is sent with
// postMessage, as the objects below: a worker returns to its event loop between any two ticks.

import type { ZoneModule } from "./zone-start.ts";
import type { SwapTicket } from "./swap-ticket.ts";

/** Zone states, see docs/ARCHITECTURE.md. */
export const ZONE_STATES = ["ACTIVE", "DEGRADED", "CRASHED", "DOWN"] as const;
export type ZoneState = (typeof ZONE_STATES)[number];

/** The kernel's note in the header when it trapped. */
export interface TrapNote {
  phase: string;
  commandIndex: number | null;
  op: number | null;
  session: number;
  entity: number;
  spell: number;
}

/** A module for a zone. A worker that can not take the ticket does not swap. */
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
      /** 0 to 1: the probability with which the fault uses each chance. */
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
  /** What the zone runs from its next tick on, and whether it is on trial: sent after each swap, rollback and promotion. */
  | { type: "module"; zoneId: number; tick: number; hash: string; isTrial: boolean }
  | { type: "rolled_back"; zoneId: number; tick: number; fromHash: string; toHash: string; reason: string }
  | { type: "stopped" };

/** The step of the recovery ladder that a recovery had to use. */
export type RecoveryRung = "replay" | "quarantine" | "rollback" | "down";

/** A request to a zone, without the fields that the supervisor adds. */
export type ZoneRequest =
  | ({ type: "swap" } & Swap)
  | { type: "rollback"; hash?: string }
  | { type: "promote"; hash?: string }
  | { type: "inspect" }
  | { type: "view"; turn: number };
