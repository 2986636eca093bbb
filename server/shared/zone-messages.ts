// The messages between the main thread and the zone workers.
//
// Hot path: two rings per worker (ring.ts). Into it: command records (abi.ts) prefixed with the zone id. Out of it: one
// tick report per zone and tick, then that tick's session frames as the kernel built them. Everything rare is sent with
// postMessage, as the objects below: a worker returns to its event loop between any two ticks.

import type { UndoReport } from "../protocol/undo.ts";
import type { UndoHistory } from "./undo-history.ts";
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
  /** Back to the module before, and no trial: an undo is still one of the module that goes. */
  isReturn?: boolean;
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
  /** Answered with an UndoLook. `order` null: only looks. */
  | { type: "undo"; request: number; zoneId: number; order: UndoOrder | null }
  /** Keeps its batches from now on, and answers with its tick; or does not any more. */
  | { type: "undo_keep"; request: number; zoneId: number; isKept: boolean }
  | { type: "inspect"; request: number; zoneId: number }
  | { type: "view"; request: number; zoneId: number; turn: number }
  | { type: "stop" };

/** Zone worker to main thread: rare, never on a healthy tick. */
export type FromZoneWorker =
  | { type: "ready"; zones: number[]; faultThread: number; revived: RevivedReport[] }
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
      step: RecoveryStep;
      note: TrapNote;
      error: string;
    }
  /** What the zone runs from its next tick on, and whether it is on trial: sent after each swap, rollback and promotion. */
  | { type: "module"; zoneId: number; tick: number; hash: string; isTrial: boolean }
  /** `isLost`: the zone's worker was lost, and the module on trial with it. */
  | {
      type: "rolled_back";
      zoneId: number;
      tick: number;
      fromHash: string;
      toHash: string;
      reason: string;
      isLost?: boolean;
    }
  /** The zone wants to undo what the module did, and does not have what that takes. */
  | { type: "undo_wanted"; zoneId: number; tick: number; module: string; reason: string }
  /** An undo was done, or a dry run of one; it is told when the tick after it is. Players have no names in it yet. */
  | { type: "undone"; zoneId: number; tick: number; report: UndoReport }
  /** An undo that was begun, or that the zone wanted, was not done. */
  | { type: "undo_failed"; zoneId: number; tick: number; isDry: boolean; error: string }
  /** What these zones tell does not wait for the journal any more, or does so again: for how long something waited, or it was lost. */
  | { type: "journal"; zones: number[]; isLost: boolean; ms: number }
  | { type: "stopped" };

/** What a swap or a roll-back took, in milliseconds. */
export interface MoveTimes {
  tick: number;
  /** Since 1970: when the zone came to it. */
  beganMs: number;
  /** The warm-up on a copy of the state, in the time that ticks leave. */
  warmUpMs: number;
  /** From the old module to the new one: the part that works on the zone's state. */
  moveMs: number;
  /** By how much all of it made a tick of this thread late. */
  pauseMs: number;
}

/** `history`: what the journal has, for a zone that does not have all of it itself. */
export interface UndoOrder {
  isDry: boolean;
  reason: string;
  history?: UndoHistory | undefined;
}

/** What a zone could undo. */
export interface UndoLook {
  zoneId: number;
  tick: number;
  /** Hash of the module that it runs. */
  runs: string;
  /**
   * The module to undo and the one before it, by hash, and the tick after which it was swapped in. `isInPlace`: the zone runs it still,
   * or another one that is not the one before. Null: nothing can be undone, and `why` says why.
   */
  open: { module: string; through: string; fromTick: number; isInPlace: boolean } | null;
  why: string;
  /** Nothing can be undone from the zone's memory; the journal may have it. */
  isInJournal: boolean;
}

/** What came of a zone that goes on from its journal. */
export interface RevivedReport {
  zoneId: number;
  /** The tick at which it goes on; the first one was `fromTick`. */
  tick: number;
  fromTick: number;
  /** Ticks that the journal has and that could not be run. */
  lostTicks: number;
  /** Why not all of the journal could be used; null when all of it was. */
  problem: string | null;
  /** The newest ticket that it has answered. */
  ticket: number;
  /** Who is in it, and the newest command of each that it has handled. */
  players: { session: number; ack: number }[];
}

/** The step of the recovery ladder that a recovery had to use. */
export type RecoveryStep = "replay" | "quarantine" | "rollback" | "down";

/** A request to a zone, without the fields that the supervisor adds. */
export type ZoneRequest =
  | ({ type: "swap" } & Swap)
  | { type: "rollback"; hash?: string }
  | { type: "promote"; hash?: string }
  | { type: "undo"; order: UndoOrder | null }
  | { type: "undo_keep"; isKept: boolean }
  | { type: "inspect" }
  | { type: "view"; turn: number };
