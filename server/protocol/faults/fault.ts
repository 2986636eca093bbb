// What a fault is: one file, one definition. The registry (registry.ts) adds what all have in common: checked
// parameters, targets, time to live, seeded randomness, probability, exact counters, removal.
//
//   export const latencySpike = defineFault({
//     id: "latency-spike", title: "...", family: "timing", mode: "tick_scoped",
//     params: z.strictObject({ delay_ms: z.number().int().min(1).max(5_000).default(200).describe("...") }),
//     zone: (context, { delay_ms }) => ({
//       beforeStep() {
//         if (!context.strikes()) return;
//         context.pause(delay_ms);
//         context.affected();
//       },
//     }),
//   });
//
// A fault may have a zone half (one a target zone, runs in the worker, inside the tick), a main half (one, runs beside
// the sessions), or both.

import type { z } from "zod";
import type { Command } from "../game/command.ts";

export type FaultMode = "tick_scoped" | "ambient";
export type FaultFamily = "timing" | "load" | "memory" | "connection" | "zone" | "data";

/** What a fault can have done, each in the unit of its name; counted beside `affected`, and told in the audit lines. */
export type FaultEffect =
  | "paused_ms"
  | "held_bytes"
  | "movements_pushed"
  | "poison_pushed"
  | "phantoms_spawned"
  | "phantoms_moved"
  | "phantoms_removed"
  | "sessions_closed"
  | "door_held_ticks";

/** The commands of one zone's next tick, before they are journalled. */
export interface CommandBatch {
  readonly zoneId: number;
  readonly tick: number;
  readonly count: number;
  /** How many more records fit. */
  readonly room: number;
  /** Appends a copy behind the players' own commands; false when the batch is full. */
  push(command: Command): boolean;
  /** Entity ids alive in the zone, read from its memory; the view is reused every tick. */
  entityIds(): Uint32Array;
  /** An entity's position in yards, or null when it is not in the zone. The object is reused. */
  positionOf(entityId: number): { x: number; y: number; z: number } | null;
}

/** What both halves get. */
export interface FaultContext {
  /** All zones the activation acts on, in ascending order. */
  readonly targets: readonly number[];
  /**
   * Uniform in [0, 1). Seeded by the server's seed, the fault, how often it was activated and the zone, so that the
   * same sequence of activations makes the same choices.
   */
  random(): number;
  /** Counts `count` things the fault could act on, and says whether it shall: the activation's probability. */
  strikes(count?: number): boolean;
  /** Counts things the fault did act on. Exact, summed over threads. */
  affected(count?: number): void;
  /** Counts what it did in the unit of one of its `effects`. Throws when the definition does not name it. */
  did(effect: FaultEffect, amount?: number): void;
}

export interface ZoneFaultContext extends FaultContext {
  /** The zone of this half. */
  readonly zoneId: number;
  /**
   * Burns real time inside the tick; ends early, within a millisecond, when the fault is removed or the kill switch falls.
   * What it took is counted as `paused_ms`.
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
   * After the removal, once a tick with the zone's batch until it returns true: takes out what the fault put in. A zone
   * that does not tick just then gets it when it does again.
   */
  cleanUp?(batch: CommandBatch): boolean;
  /** Last call: lets go of memory. */
  dispose?(): void;
}

/** A session as a fault may see it. */
export interface FaultSession {
  readonly id: number;
  readonly zoneId: number;
  readonly connected: boolean;
  /** Closes the socket at once, as a crash of the link would. */
  crash(): void;
}

export interface MainFaultContext extends FaultContext {
  /** Live sessions in the target zones, in order of id. */
  sessions(): FaultSession[];
  /** Closes a session's socket at once, as a crash of the link would; counts it, and names it in the audit. */
  crash(session: FaultSession): void;
  /** Refuses new connections and resumes for so many server ticks. Lifted at the fault's removal at the latest. */
  holdConnections(ticks: number): void;
}

/** Main half. */
export interface MainFaultHooks {
  /** Once a server tick (50 ms), whatever the zones do. Must not block the thread for more than a few milliseconds. */
  ambient?(tick: number): void;
  /** Bytes that came from or go to a session; returns what is passed on. */
  ingress?(session: FaultSession, bytes: Uint8Array): Uint8Array;
  egress?(session: FaultSession, bytes: Uint8Array): Uint8Array;
  /** Last call: lets go of what the fault holds. */
  dispose?(): void;
}

/** What a fault with its own idea of its targets decides from. */
export interface TargetChoice {
  /** Zones of this server, ascending. */
  zones: readonly number[];
  /** The request's target_zone_id; 0 = all. */
  requested: number;
}

export interface FaultDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly id: string;
  /** One line for people: what breaks. */
  readonly title: string;
  readonly family: FaultFamily;
  readonly mode: FaultMode;
  /** What it counts of what it does, EFFECTS_MAX at most. */
  readonly effects?: readonly FaultEffect[];
  /** Strict; every field has a default, a description, and its bounds. */
  readonly params: z.ZodObject<Shape>;
  /**
   * Which zones the activation acts on, when it is not simply the requested one or all. Empty: the server as a whole.
   * Throws WowsimError when this server can not have the fault so.
   */
  targets?(params: z.infer<z.ZodObject<Shape>>, choice: TargetChoice): number[];
  zone?(context: ZoneFaultContext, params: z.infer<z.ZodObject<Shape>>): ZoneFaultHooks;
  main?(context: MainFaultContext, params: z.infer<z.ZodObject<Shape>>): MainFaultHooks;
}

/** Keeps the parameter type of a definition while letting a registry hold them all. */
export function defineFault<Shape extends z.ZodRawShape>(definition: FaultDefinition<Shape>): FaultDefinition {
  return definition as unknown as FaultDefinition;
}
