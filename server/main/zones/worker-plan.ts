// The start message of each zone worker: its zones, their modules, and their places in the tick interval; and for a
// restart, after the previous worker was lost, the tick at which its zones start anew.
//
//   const plan = new WorkerPlan({ world, workers: 2, kernel, ... })
//   plan.zonesOf(1)                  // [{ id: 2, ... }]
//   plan.startOf(1, ring, after)     // the message; `after` tells how a zone ended, null at the first start

import type { World } from "../../protocol/content/content.ts";
import type { Origin } from "../../protocol/telemetry-line.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { fuelFor } from "./calibrate.ts";
import type { WorkerMemory } from "./worker-link.ts";
import { Wake } from "../../shared/wake.ts";
import type { WorkerStarts } from "./worker-slot.ts";
import type { ZoneJournal } from "../../shared/zone-journal.ts";
import type { LostZone, RevivedZone, ZoneWorkerStart } from "../../shared/zone-start.ts";
import type { ZoneModule } from "../../shared/zone-start.ts";

/** The first tick is this long after the start, so that every worker is ready by then. */
const LEAD_MS = 20;

export interface WorkerPlanOptions {
  world: World;
  workers: number;
  tickRateHz: number;
  seed: number;
  kernel: Kernel;
  telemetryRings: TelemetryRings;
  /** Of a cluster: the workers' lines of telemetry carry it. */
  origin?: Origin;
  faultBlock: SharedArrayBuffer;
  /** How late a worker may be before it is ended, in milliseconds. */
  watchdogMs: number;
  /** A file in memory that keeps the workers' breadcrumbs when the process dies (server/shared/crumb-file.ts). */
  crumbFile?: string | undefined;
  /**
   * Processor time that a tick may take in the kernel, in milliseconds. Default: its interval plus a quarter of
   * `watchdogMs`, so that a module traps before its worker must be ended.
   */
  timeLimitMs?: number;
  /** Where ticks are journalled; default: nowhere. */
  journal?: ZoneJournal;
  /** Fuel of a tick. Default: what an endless loop burns in one interval, measured. */
  fuelPerTick?: bigint;
}

/** Processor time this thread has used, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** What each zone starts with now. */
export interface ZoneBeginnings {
  beginningOf(zoneId: number): ZoneBeginning;
  /** Reads what the successor of this worker needs from the journal. */
  prepare(worker: number): Promise<void>;
}

/**
 * Memory for a producer of telemetry (0: the main thread, then the workers): new for each start, since a lost worker
 * may still write to the old one.
 */
export interface TelemetryRings {
  ringOf(producer: number): SharedArrayBuffer;
}

export interface ZoneBeginning {
  module: ZoneModule;
  earlier: ZoneModule[];
  after: LostZone | null;
  revived: RevivedZone | null;
  epoch: number;
}

/** The worker of the zone with index `index` in the world. */
export function workerOf(index: number, workers: number): number {
  return index % workers;
}

export class WorkerPlan implements WorkerStarts {
  readonly #options: WorkerPlanOptions;
  readonly #beginnings: ZoneBeginnings;
  readonly #startMs = performance.timeOrigin + performance.now() + LEAD_MS;
  readonly #intervalMs: number;
  readonly #fuelPerTick: bigint;

  constructor(options: WorkerPlanOptions, beginnings: ZoneBeginnings) {
    this.#beginnings = beginnings;
    const { kernel, tickRateHz } = options;
    this.#options = options;
    this.#intervalMs = 1_000 / tickRateHz;
    this.#fuelPerTick = options.fuelPerTick ?? fuelFor(this.#intervalMs, kernel, () => performance.now(), cpuMs);
  }

  async prepare(worker: number): Promise<void> {
    await this.#beginnings.prepare(worker);
  }

  startOf(worker: number, memory: WorkerMemory): ZoneWorkerStart {
    const { world, workers, tickRateHz, seed, faultBlock, telemetryRings, watchdogMs } = this.#options;
    const { crumbFile, origin } = this.#options;
    const journal = this.#options.journal?.accessOf(worker) ?? null;
    const { timeLimitMs = this.#intervalMs + watchdogMs / 4 } = this.#options;
    const mine = world.zones
      .map((zone, index) => ({ zone, index }))
      .filter(({ index }) => workerOf(index, workers) === worker);
    return {
      type: "start",
      name: `zone-worker-${worker + 1}`,
      origin,
      zones: mine.map(({ zone, index }) => ({
        zone,
        seed: (seed + index) >>> 0,
        startMs: this.#nextDeadline(index),
        ...this.#beginnings.beginningOf(zone.id),
      })),
      content: world.content,
      tickRateHz,
      fuelPerTick: this.#fuelPerTick,
      timeLimitMs,
      telemetryRing: telemetryRings.ringOf(1 + worker),
      faultBlock,
      watchdogMs,
      crumbFile: crumbFile === undefined ? null : { path: crumbFile, worker },
      journal,
      wake: journal?.wake ?? Wake.allocate(),
      ...memory,
    };
  }

  /** The first deadline of the zone that can still be met, at the zone's place in the interval. */
  #nextDeadline(index: number): number {
    const first = this.#startMs + (this.#intervalMs * index) / this.#options.world.zones.length;
    const earliest = performance.timeOrigin + performance.now() + LEAD_MS;
    return first + Math.max(0, Math.ceil((earliest - first) / this.#intervalMs)) * this.#intervalMs;
  }
}
