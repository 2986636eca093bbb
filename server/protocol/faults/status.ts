// The request and the status of a fault on the control channel.
//
//   { fault_id: "latency-spike", params: { delay_ms: 200 }, target_zone_id: 1, duration_ticks: 100 }     // FaultRequest
//   { id: "latency-spike", active: true, activations: 1, ticks_left: 99, eligible: 1, affected: 1, ... }  // FaultStatus

import type { FaultFamily, FaultMode } from "./fault.ts";

/** The longest an activation lasts: 10 minutes. */
export const DURATION_TICKS_MAX = 12_000;
/** Shortest lease, milliseconds: one slow tick of the machine would end a shorter one. */
export const LEASE_MS_MIN = 500;
export const LEASE_MS_MAX = 60_000;

export interface FaultRequest {
  fault_id: string;
  params?: unknown;
  /** 0 = all. */
  target_zone_id?: number;
  /** 0 = DURATION_TICKS_MAX. */
  duration_ticks?: number;
  /** Share of its opportunities on which the fault acts, 0 to 1. */
  probability?: number;
  /** The fault ends by itself when it is not renewed within this many milliseconds; absent: it needs no renewal. */
  lease_ms?: number;
}

/** A fault as `status` and `list` show it. For one that is not active the numbers are those of its last activation. */
export interface FaultStatus {
  id: string;
  mode: FaultMode;
  active: boolean;
  activations: number;
  ticks_elapsed: number;
  config: Record<string, unknown>;
  title: string;
  family: FaultFamily;
  /** Zones it acts on; empty for the server as a whole. */
  targets: number[];
  ticks_left: number;
  /** Milliseconds until it ends without a renewal; null when it needs none. */
  lease_ms_left: number | null;
  eligible: number;
  affected: number;
  probability: number;
  /** Removed, but a zone still has to clean up what the fault put into it. */
  leaving: boolean;
}
