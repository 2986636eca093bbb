// How much of its time a zone's work takes, and what follows from it: the ladder's decision (overload.ts) goes into the
// zone's next batch, and once the zone has it, its clock keeps the pace that its clients were told.
//
//   load.begin(); ...the tick...; load.end(true)       // weighed
//   load.shed(batch)                                // OP_SET_OVERLOAD, where the zone's memory says something else yet
//   load.keepPace(true)                                // 100 ms to the next tick, at half the rate
//
// What counts is the memory: whatever a recovery or a restart put back there is brought up to date the same way.

import { OP_SET_OVERLOAD } from "../../assembly/abi.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import type { ZoneBatch } from "./command-batch.ts";
import type { TickReport } from "../shared/tick-report.ts";
import { Overload, overloadFields } from "../shared/overload.ts";
import type { TickClock } from "./tick-clock.ts";
import { emitOverload } from "./zone-telemetry.ts";
import type { Zone } from "./zone.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

/** How much of the average a tick is. */
const SMOOTHING = 1 / 8;

export interface ZoneLoadOptions {
  /** Processor time that this thread has used, in milliseconds. */
  cpuMs: () => number;
  /** Which share of the thread's time is this zone's to use, above 0 and at most 1. */
  share: () => number;
  emitter: Emitter;
}

export class ZoneLoad {
  /** Smoothed share of the thread's time that this zone uses. */
  threadShare = 0;
  readonly #zone: Zone;
  readonly #clock: TickClock;
  readonly #options: ZoneLoadOptions;
  readonly #overload = new Overload();
  #cpuStartMs = 0;

  constructor(zone: Zone, clock: TickClock, options: ZoneLoadOptions) {
    this.#zone = zone;
    this.#clock = clock;
    this.#options = options;
  }

  /** How much is meant to be left out, 0 to 5. */
  get level(): number {
    return this.#overload.shedding.level;
  }

  begin(): void {
    this.#cpuStartMs = this.#options.cpuMs();
  }

  /** The tick has ended. One that had to be recovered says nothing about what a tick costs, and is no sample. */
  end(isSample: boolean): void {
    if (!isSample) return;
    const { cpuMs, share, emitter } = this.#options;
    const use = (cpuMs() - this.#cpuStartMs) / this.#clock.intervalMs;
    this.threadShare += (use - this.threadShare) * SMOOTHING;
    const from = this.#overload.shedding;
    if (this.#overload.observe(use / share())) emitOverload(emitter, this.#zone, from, this.#overload);
  }

  /** The batch gets what is to be left out from its tick on, where the zone does not have it so yet. */
  shed(batch: ZoneBatch): void {
    const { step } = this.#overload;
    const { at, view } = this.#zone;
    if (view.getUint32(at.overloadStep, true) !== step) batch.push(command.set(OP_SET_OVERLOAD, overloadFields(step)));
  }

  /** Ticks come at the rate that the zone, and with it every client, was told last. */
  keepPace(isRunning: boolean): void {
    const { at, view } = this.#zone;
    this.#clock.rate = isRunning ? view.getFloat32(at.overloadRate, true) : 1;
  }

  report(into: TickReport): void {
    const { at, view } = this.#zone;
    into.overloadLevel = view.getUint32(at.overloadLevel, true);
    into.gameTimeRate = view.getFloat32(at.overloadRate, true);
    into.load = this.#overload.load;
  }

  /** A new life. */
  forget(): void {
    this.#overload.forget();
  }
}
