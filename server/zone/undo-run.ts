// Runs the ticks since a swap through the module before it, in a memory of its own, a slice of time at a time.
//
//   const run = new UndoRun(record, { zone, memory, ... })
//   run.advance(untilMs, zone.tick)        // true: it is at that tick
//   run.state, run.departures, run.told    // as if the zone had never had the other module
//
// A tick that traps is run again without the command that the kernel's note names, as a zone's recovery does: from the newest copy of
// the state, of which there is one every 100 ticks.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { instantiate } from "../../assembly/toolchain/instance.ts";
import type { KernelExports } from "../../assembly/toolchain/kernel.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { Crossing } from "../shared/transfer.ts";
import { addressesOf, hashIn } from "./addresses.ts";
import type { Addresses } from "./addresses.ts";
import { OutputCheck } from "./output-check.ts";
import { ToldEvents } from "./told-events.ts";
import { InvalidOutput, readNote } from "./trap.ts";
import type { UndoCourse } from "./undo-record.ts";
import type { ZoneOptions } from "./zone-options.ts";

/** Ticks between two copies of the state. */
const COPY_TICKS = 100;
/** Commands that are taken out before the run counts as failed: each costs up to COPY_TICKS ticks. */
const QUARANTINED_MAX = 64;

export interface UndoRunOptions extends Pick<
  ZoneOptions,
  "fuelPerTick" | "now" | "cpuMs" | "timeLimitMs" | "tickRateHz" | "crumb"
> {
  /** Of the size that all modules of a zone need, for this run alone. */
  memory: WebAssembly.Memory;
  /** What was told before: it goes on with that. */
  told?: ToldEvents;
  /** The players who left in the tick that was just run with this batch. */
  departedIn: (batch: Uint8Array, zone: { view: DataView; at: Addresses }) => Crossing[];
}

export class UndoRun {
  readonly course: UndoCourse;
  readonly at: Addresses;
  readonly view: DataView;
  /** Ticks completed. */
  tick: number;
  /** Milliseconds in the kernel. */
  ranMs = 0;
  readonly told: ToldEvents;
  readonly departures: { tick: number; crossing: Crossing }[] = [];
  /** A state to which it can go back; first that before the swap. */
  #copy: { tick: number; state: Uint8Array };
  /** Batches from which commands were taken, by tick; and how many commands. */
  readonly #batches = new Map<number, Uint8Array>();
  #quarantined = 0;
  /** The events and departures of ticks up to this one are noted. */
  #noted: number;
  readonly #options: UndoRunOptions;
  readonly #bytes: Uint8Array;
  #exports: KernelExports;
  readonly #tank: FuelTank;
  readonly #output: OutputCheck;

  /** Throws WowsimError("kernel_link"). */
  constructor(course: UndoCourse, options: UndoRunOptions) {
    const { memory } = options;
    const { kernel, state, tick } = course;
    this.course = course;
    this.tick = tick;
    this.#noted = tick;
    this.#copy = { tick, state };
    this.at = addressesOf(kernel.layout);
    this.view = new DataView(memory.buffer);
    this.told = options.told ?? new ToldEvents();
    this.#options = options;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#tank = new FuelTank(options);
    this.#exports = instantiate(kernel, memory, this.#tank.refuel);
    this.#output = new OutputCheck(memory, kernel.layout);
    this.state.set(state);
    this.#output.noteHostWritten();
  }

  /** The state, as snapshots have it. */
  get state(): Uint8Array {
    return this.#bytes.subarray(this.at.stateBase, this.at.stateEnd);
  }

  get hash(): bigint {
    return hashIn(this.view, this.at);
  }

  /**
   * Runs ticks up to `toTick`, until the time is over; at least `least` of them. True when it is there. Throws
   * WowsimError("undo_trapped"): it can not go on.
   */
  advance(untilMs: number, toTick: number, least = 1): boolean {
    const { now, crumb } = this.#options;
    crumb?.enter("undo");
    for (let done = 0; this.tick < toTick && (done < least || now() < untilMs); done++) this.#runNext();
    return this.tick === toTick;
  }

  #runNext(): void {
    const tick = this.tick + 1;
    if (this.tick - this.#copy.tick >= COPY_TICKS) this.#copy = { tick: this.tick, state: this.state.slice() };
    const batch = this.#batches.get(tick) ?? this.course.batch(tick);
    const problem = this.#run(tick, batch);
    if (problem !== null) return this.#quarantine(tick, batch, problem);
    this.tick = tick;
    if (tick <= this.#noted) return;
    this.#noted = tick;
    this.told.note(this);
    for (const crossing of this.#options.departedIn(batch, this)) this.departures.push({ tick, crossing });
  }

  /** Goes back to the copy; the tick that trapped will come without the command that it was at. */
  #quarantine(tick: number, batch: Uint8Array, problem: string): void {
    const { commandIndex } = readNote(this.view, this.at, batch.length / COMMAND_BYTES);
    if (commandIndex === null || ++this.#quarantined > QUARANTINED_MAX) throw trapped(this.course, tick, problem);
    const at = commandIndex * COMMAND_BYTES;
    const rest = new Uint8Array(batch.length - COMMAND_BYTES);
    rest.set(batch.subarray(0, at));
    rest.set(batch.subarray(at + COMMAND_BYTES), at);
    this.#batches.set(tick, rest);
    this.#exports = instantiate(this.course.kernel, this.#options.memory, this.#tank.refuel);
    this.state.set(this.#copy.state);
    this.tick = this.#copy.tick;
  }

  /** Null when the tick was run; else why not. */
  #run(tick: number, batch: Uint8Array): string | null {
    const { fuelPerTick, now, crumb, tickRateHz } = this.#options;
    const { fuel } = this.#exports;
    this.#bytes.set(batch, this.at.commands);
    this.view.setUint32(this.at.commandCount, batch.length / COMMAND_BYTES, true);
    crumb?.beats();
    crumb?.promises(now() + 1_000 / tickRateHz);
    this.#tank.startClock();
    this.#tank.fill(fuel, fuelPerTick);
    const start = now();
    try {
      this.#exports.tick(tick);
      const problem = this.#output.problem(tick);
      if (problem !== null) throw new InvalidOutput(problem);
      return null;
    } catch (thrown) {
      return messageOf(this.#tank.causeOf(thrown, fuel));
    } finally {
      this.ranMs += now() - start;
    }
  }
}

function trapped({ kernel, fromTick: from }: UndoCourse, tick: number, problem: string): WowsimError {
  const message = `Module ${kernel.hash} can not run tick ${tick}, ${tick - from} after the swap: ${problem}. Nothing was changed.`;
  return new WowsimError("undo_trapped", message);
}
