// The start message of each zone worker: its zones, their modules, and their places in the tick interval; and for a
// restart, after the previous worker was lost, the tick at which its zones start anew.
//
//   const plan = new WorkerPlan({ world, workers: 2, kernel, ... })
//   plan.zonesOf(1)                  // [{ id: 2, ... }]
//   plan.startOf(1, ring, after)     // the message; `after` tells how a zone ended, null at the first start

import type { World } from "../../protocol/content/content.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { fuelFor } from "./calibrate.ts";
import { ZoneWorkerLink } from "./worker-link.ts";
import type { WorkerStarts } from "./worker-slot.ts";
import type { LostZone, ZoneWorkerStart } from "../../shared/zone-start.ts";
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
  faultBlock: SharedArrayBuffer;
  /** How late a worker may be before it is ended, in milliseconds. */
  watchdogMs: number;
  /**
   * Processor time that a tick may take in the kernel, in milliseconds. Default: its interval plus a quarter of
   * `watchdogMs`, so that a module traps before its worker must be ended.
   */
  timeLimitMs?: number;
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

  startOf(worker: number): ZoneWorkerStart {
    const { world, workers, tickRateHz, seed, faultBlock, telemetryRings, watchdogMs } = this.#options;
    const { timeLimitMs = this.#intervalMs + watchdogMs / 4 } = this.#options;
    const mine = world.zones
      .map((zone, index) => ({ zone, index }))
      .filter(({ index }) => workerOf(index, workers) === worker);
    return {
      type: "start",
      name: `zone-worker-${worker + 1}`,
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
      ...ZoneWorkerLink.allocate(),
    };
  }

  /** The first deadline of the zone that can still be met, at the zone's place in the interval. */
  #nextDeadline(index: number): number {
    const first = this.#startMs + (this.#intervalMs * index) / this.#options.world.zones.length;
    const earliest = performance.timeOrigin + performance.now() + LEAD_MS;
    return first + Math.max(0, Math.ceil((earliest - first) / this.#intervalMs)) * this.#intervalMs;
  }
}
