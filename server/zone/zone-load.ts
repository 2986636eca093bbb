// Measures which share of its time a zone uses, and acts on it. The decision (overload.ts) goes into the zone's next batch.
// When the zone has applied it, the zone's clock ticks at the rate that clients were sent.
//
//   load.begin(); ...the tick...; load.end(true)       // one sample
//   load.shed(batch)                                // adds OP_SET_OVERLOAD when the zone's memory has another step
//   load.keepPace(true)                                // 100 ms to the next tick, at half the rate
//
// The value in the memory decides. So the value that a recovery or a restart restores is corrected in the same way.

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

/** Weight of one tick in the moving average. */
const SMOOTHING = 1 / 8;

export interface ZoneLoadOptions {
  /** Processor time that this thread has used, in milliseconds. */
  cpuMs: () => number;
  /** Share of the thread's time that this zone may use, above 0 and at most 1. */
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

  /** Decided overload level, 0 to 5. */
  get level(): number {
    return this.#overload.shedding.level;
  }

  begin(): void {
    this.#cpuStartMs = this.#options.cpuMs();
  }

  /** The tick has ended. A recovered tick is no sample, because its time does not show what a tick costs. */
  end(isSample: boolean): void {
    if (!isSample) return;
    const { cpuMs, share, emitter } = this.#options;
    const use = (cpuMs() - this.#cpuStartMs) / this.#clock.intervalMs;
    this.threadShare += (use - this.threadShare) * SMOOTHING;
    const from = this.#overload.shedding;
    if (this.#overload.observe(use / share())) emitOverload(emitter, this.#zone, from, this.#overload);
  }

  /** Adds the decided overload step to the batch, unless the zone's memory already has it. */
  shed(batch: ZoneBatch): void {
    const { step } = this.#overload;
    const { at, view } = this.#zone;
    if (view.getUint32(at.overloadStep, true) !== step) batch.push(command.set(OP_SET_OVERLOAD, overloadFields(step)));
  }

  /** Sets the clock to the rate in the zone's memory, which every client was sent last; to 1 when the zone is not running. */
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

  /** Forgets all samples, after the zone went DOWN. */
  forget(): void {
    this.#overload.forget();
  }
}
