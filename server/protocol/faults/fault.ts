// The contract of a fault: one file, one definition. The registry (server/main/faults/registry.ts) adds the common parts: checked
// parameters, targets, time to live, seeded randomness, probability, exact counters, removal.
//
//   export const latencySpike = defineFault({
//     id: "latency-spike", title: "...", family: "timing", mode: "tick_scoped",
//     params: { delay_ms: { min: 1, max: 5_000, default: 200, description: "..." } },
//     zone: (context, { delay_ms }) => ({
//       beforeStep() {
//         if (!context.strikes()) return;
//         context.pause(delay_ms);
//         context.affected();
//       },
//     }),
//   });
//
// A fault may have a zone half (one for each target zone, runs in the worker, inside the tick), a main half (one, runs on the
// main thread), or both.

import type { Command } from "../game/command.ts";

export type FaultMode = "tick_scoped" | "ambient";
export type FaultFamily = "timing" | "load" | "memory" | "connection" | "zone" | "data" | "disk";

/** Effects that a fault can count, each in the unit of its name, in addition to `affected`; the audit lines have them. */
export type FaultEffect =
  | "paused_ms"
  | "held_bytes"
  | "movements_pushed"
  | "poison_pushed"
  | "phantoms_spawned"
  | "phantoms_moved"
  | "phantoms_removed"
  | "sessions_closed"
  | "door_held_ticks"
  | "disk_trouble_ticks";

/** The commands of one zone's next tick, before they are journalled. */
export interface CommandBatch {
  readonly zoneId: number;
  readonly tick: number;
  readonly count: number;
  /** Number of records that still fit. */
  readonly room: number;
  /** Appends a copy after the players' commands; false when the batch is full. */
  push(command: Command): boolean;
  /** Entity ids alive in the zone, read from its memory; the view is reused every tick. */
  entityIds(): Uint32Array;
  /** An entity's position in yards, or null when it is not in the zone. The object is reused. */
  positionOf(entityId: number): { x: number; y: number; z: number } | null;
}

/** The context of both halves. */
export interface FaultContext {
  /** All zones the activation acts on, in ascending order. */
  readonly targets: readonly number[];
  /**
   * Uniform in [0, 1). Seeded by the server's seed, the fault, the number of its activation and the zone, so that the
   * same sequence of activations makes the same choices.
   */
  random(): number;
  /** Counts `count` opportunities (`eligible`), and decides by the activation's probability whether the fault acts. */
  strikes(count?: number): boolean;
  /** Counts what the fault acted on (`affected`). Exact, summed over threads. */
  affected(count?: number): void;
  /** Adds to one of the fault's `effects`, in its unit. Throws when the definition does not list that effect. */
  did(effect: FaultEffect, amount?: number): void;
}

export interface ZoneFaultContext extends FaultContext {
  /** The zone of this half. */
  readonly zoneId: number;
  /**
   * Takes real time inside the tick; ends early, within a millisecond, when the fault is removed or the kill switch is used.
   * The time that passed is counted as `paused_ms`.
   */
  pause(ms: number): void;
}

/** Zone half. */
export interface ZoneFaultHooks {
  /** Before the batch is journalled. */
  commands?(batch: CommandBatch): void;
  beforeStep?(tick: number): void;
  afterStep?(tick: number): void;
  /**
   * Called after the removal, once a tick with the zone's batch until it returns true: removes what the fault put into the zone. If
   * the zone does not tick at that time, the call comes when it ticks again.
   */
  cleanUp?(batch: CommandBatch): boolean;
  /** Last call: releases memory. */
  dispose?(): void;
}

/** The part of a session that a fault may use. */
export interface FaultSession {
  readonly id: number;
  readonly zoneId: number;
  readonly connected: boolean;
  /** Closes the socket at once, as a crash of the link would. */
  crash(): void;
}

/** What is wrong with the journal's disk. */
export interface DiskTroubleState {
  /** Milliseconds that each commit takes longer; 0: none. */
  stallMs: number;
  /** The file may not grow any more. */
  isFull: boolean;
}

export interface MainFaultContext extends FaultContext {
  /** Live sessions in the target zones, in order of id. */
  sessions(): FaultSession[];
  /** Closes a session's socket at once, as a crash of the link would; counts it, and lists it in the audit lines. */
  crash(session: FaultSession): void;
  /** Refuses new connections and resumes for `ticks` server ticks, at most until the fault is removed. */
  holdConnections(ticks: number): void;
  /** Makes the journal's disk slow or full, at most until the fault is removed. */
  disk(trouble: DiskTroubleState): void;
}

/** Main half. */
export interface MainFaultHooks {
  /** Once a server tick (50 ms), whatever the zones do. Must not block the thread for more than a few milliseconds. */
  ambient?(tick: number): void;
  /** Bytes from or to a session; returns the bytes to pass on. */
  ingress?(session: FaultSession, bytes: Uint8Array): Uint8Array;
  egress?(session: FaultSession, bytes: Uint8Array): Uint8Array;
  /** Last call: releases everything that the fault holds. */
  dispose?(): void;
}

/** Input of a fault that chooses its target zones itself. */
export interface TargetChoice {
  /** Zones of this server, ascending. */
  zones: readonly number[];
  /** The request's target_zone_id; 0 = all. */
  requested: number;
}

/** One parameter. All are whole numbers. */
export interface FaultParamRange {
  readonly min: number;
  readonly max: number;
  readonly default: number;
  /** With the unit, for help and messages. */
  readonly description: string;
}

export interface FaultDefinition<Name extends string = string> {
  readonly id: string;
  /** One line for people: what breaks. */
  readonly title: string;
  readonly family: FaultFamily;
  readonly mode: FaultMode;
  /** The effects that it counts, EFFECTS_MAX at most. */
  readonly effects?: readonly FaultEffect[];
  readonly params: Readonly<Record<Name, FaultParamRange>>;
  /**
   * The zones that the activation acts on, if not simply the requested one or all. Empty: the server as a whole.
   * Throws WowsimError when the fault is not possible on this server with these parameters.
   */
  targets?(params: Readonly<Record<Name, number>>, choice: TargetChoice): number[];
  zone?(context: ZoneFaultContext, params: Readonly<Record<Name, number>>): ZoneFaultHooks;
  main?(context: MainFaultContext, params: Readonly<Record<Name, number>>): MainFaultHooks;
}

/** Keeps the parameter type of a definition while letting a registry hold them all. */
export function defineFault<Name extends string>(definition: FaultDefinition<Name>): FaultDefinition {
  return definition as unknown as FaultDefinition;
}
