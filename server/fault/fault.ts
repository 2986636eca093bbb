// What a fault is: one file, one definition. The registry (registry.ts) adds what all have in common: checked
// parameters, targets, time to live, seeded randomness, exact counters, removal.
//
//   export const latencySpike = defineFault({
//     id: "latency-spike", title: "...", family: "timing", mode: "tick_scoped",
//     params: z.object({ delay_ms: z.number().int().min(1).max(5_000).default(200) }),
//     zone: (ctx, { delay_ms }) => ({ beforeStep: () => { ctx.eligible(); ctx.pause(delay_ms); ctx.affected(); } }),
//   })
//
// A fault may have a zone half (runs in the worker, inside the tick), a main half (runs beside the sessions), or both.

import type { z } from "zod";

export type FaultMode = "tick_scoped" | "ambient";
export type FaultFamily = "timing" | "load" | "memory" | "connection" | "zone" | "data";

/** The commands of one zone's next tick, before they are journalled. */
export interface CommandBatch {
  readonly zoneId: number;
  readonly tick: number;
  readonly count: number;
  /** How many more records fit. */
  readonly room: number;
  /** Appends a record behind the players' own commands; false when the batch is full. Fields default to 0. */
  push(op: number, fields: CommandFields): boolean;
  /** Entity ids alive in the zone, read from its memory; the view is reused every tick. */
  entityIds(): Uint32Array;
  /** An entity's position in yards, or null when it is not in the zone. The object is reused. */
  positionOf(entityId: number): { x: number; y: number; z: number } | null;
}

export interface CommandFields {
  flags?: number;
  session?: number;
  a?: number;
  x?: number;
  y?: number;
  z?: number;
  e?: number;
}

/** What both halves get. */
export interface FaultContext {
  /** Seeded by the server's seed and the activation's number: uniform in [0, 1). */
  random(): number;
  /** Something the fault could have acted on. Exact, summed over threads. */
  eligible(count?: number): void;
  /** Something the fault did act on. */
  affected(count?: number): void;
}

export interface ZoneFaultContext extends FaultContext {
  /** Zones of this worker that the activation targets. */
  readonly zones: readonly number[];
  /** Burns real time inside the tick; ends early, within a millisecond, when the fault is removed or the kill switch falls. */
  pause(ms: number): void;
}

/** Zone half. Called for target zones only. */
export interface ZoneFaultHooks {
  /** Before the batch is journalled. */
  commands?(batch: CommandBatch): void;
  beforeStep?(zoneId: number, tick: number): void;
  afterStep?(zoneId: number, tick: number): void;
  /** Called once at removal, between two ticks, and then once a tick with its zone's batch until it returns true: to take out what it put in. */
  cleanUp?(batch: CommandBatch): boolean;
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
  readonly targetZones: readonly number[];
  /** Live sessions in the target zones, in order of id. */
  sessions(): FaultSession[];
  /** Refuses new connections and resumes for so many ticks. */
  holdConnections(ticks: number): void;
  /** The activation is over: to be removed at the end of this tick. */
  done(): void;
}

/** Main half. */
export interface MainFaultHooks {
  /** Once a server tick (50 ms), whatever the zones do. */
  ambient?(tick: number): void;
  /** Bytes that came from or go to a session; returns what is passed on. */
  ingress?(session: FaultSession, bytes: Uint8Array): Uint8Array;
  egress?(session: FaultSession, bytes: Uint8Array): Uint8Array;
  dispose?(): void;
}

export interface FaultDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly id: string;
  /** One line for people: what breaks. */
  readonly title: string;
  readonly family: FaultFamily;
  readonly mode: FaultMode;
  /** Every field has a default and a description; bounds are in the schema. */
  readonly params: z.ZodObject<Shape>;
  /** Which zones the activation acts on, when the fault has its own idea; otherwise target_zone_id, 0 = all. */
  targets?(params: z.infer<z.ZodObject<Shape>>): number[];
  zone?(context: ZoneFaultContext, params: z.infer<z.ZodObject<Shape>>): ZoneFaultHooks;
  main?(context: MainFaultContext, params: z.infer<z.ZodObject<Shape>>): MainFaultHooks;
}

/** Keeps the parameter type of a definition while letting a registry hold them all. */
export function defineFault<Shape extends z.ZodRawShape>(definition: FaultDefinition<Shape>): FaultDefinition {
  return definition as unknown as FaultDefinition;
}
