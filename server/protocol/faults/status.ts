// A fault as operators ask for it and see it, over the control channel.
//
//   { fault_id: "latency-spike", params: { delay_ms: 200 }, target_zone_id: 1, duration_ticks: 100 }     // FaultRequest
//   { id: "latency-spike", active: true, activations: 1, ticks_left: 99, eligible: 1, affected: 1, ... }  // FaultStatus

import type { FaultFamily, FaultMode } from "./fault.ts";

/** The longest an activation lasts: 10 minutes. */
export const DURATION_TICKS_MAX = 12_000;
/** Shorter than that, and one slow tick of the machine would end it. */
export const LEASE_MS_MIN = 500;
export const LEASE_MS_MAX = 60_000;

export interface FaultRequest {
  fault_id: string;
  params?: unknown;
  /** 0 = all. */
  target_zone_id?: number;
  /** 0 = DURATION_TICKS_MAX. */
  duration_ticks?: number;
  /** Share of its chances the fault takes, 0 to 1. */
  probability?: number;
  /** Ends by itself when it is not renewed within so many milliseconds; without, nobody need renew it. */
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
  /** Until it ends for want of a renewal; null when it needs none. */
  lease_ms_left: number | null;
  eligible: number;
  affected: number;
  probability: number;
  /** Removed, but a zone still has to take out what the fault put in. */
  leaving: boolean;
}
