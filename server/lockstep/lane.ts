// A kernel over a memory of its own, for ticks that happened before: no journal, no recovery. Two lanes with the same
// state can be compared after a tick.
//
//   const lane = new Lane(kernel, memory)
//   lane.adopt(state, 4000)
//   lane.step(batch)          // lane.tick is 4001; throws ZoneTrap
//   lane.hash                 // as the journal writes it

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel, KernelExports } from "../../assembly/toolchain/kernel.ts";
import { WowsimError } from "../protocol/errors.ts";
import { addressesOf } from "../zone/addresses.ts";
import type { Addresses } from "../zone/addresses.ts";
import { OutputCheck } from "../zone/output-check.ts";
import { InvalidOutput, readNote, ZoneTrap } from "../zone/trap.ts";

/** Far more than a server gives a tick. An empty loop burns it in a third of a second; others run out of time. */
const FUEL_PER_TICK = 1_000_000_000n;
/** Processor time that a tick may take: longer than any server lets a tick take. */
const TIME_LIMIT_MS = 1_000;

export class Lane {
  readonly kernel: Kernel;
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;
  readonly at: Addresses;
  /** Ticks completed. */
  tick = 0;
  /** Fuel of the last tick. */
  fuelUsed = 0n;
  /** Milliseconds that the last tick spent in the kernel, by the clock that the lane was given. */
  tickMs = 0;
  #exports: KernelExports;
  readonly #tank: FuelTank;
  readonly #output: OutputCheck | null;
  readonly #clock: () => number;

  /**
   * `checksOutput`: a tick whose output a server would refuse traps. `timeLimitMs`: of processor time, for a tick. `clock`: in
   * milliseconds, for `tickMs`.
   */
  constructor(
    kernel: Kernel,
    memory: WebAssembly.Memory,
    checksOutput = false,
    timeLimitMs = TIME_LIMIT_MS,
    clock: () => number = noClock,
  ) {
    this.#clock = clock;
    this.kernel = kernel;
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.at = addressesOf(kernel.layout);
    this.#tank = new FuelTank({ now: () => performance.now(), cpuMs, timeLimitMs });
    this.#exports = instantiate(kernel, memory, this.#tank.refuel);
    this.#output = checksOutput ? new OutputCheck(memory, kernel.layout) : null;
  }

  /** The state, as snapshots have it. */
  get state(): Uint8Array {
    return this.bytes.subarray(this.at.stateBase, this.at.stateEnd);
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.at.hashHi, this.at.hashLo]
      .map((at) => this.view.getUint32(at, true).toString(16).padStart(8, "0"))
      .join("");
  }

  /** Takes over a state in this kernel's layout, and computes its hash. Throws WowsimError("snapshot_damaged") or ZoneTrap. */
  adopt(state: Uint8Array, tick: number): void {
    if (state.length !== this.state.length) {
      const message = `The snapshot of tick ${tick} has ${state.length} bytes, and the module's state ${this.state.length}.`;
      throw new WowsimError("snapshot_damaged", message);
    }
    this.state.set(state);
    this.#run(0, () => this.#exports.hash());
    this.resumes(tick);
  }

  /** The state was written into the memory from outside. */
  resumes(tick: number): void {
    this.tick = tick;
    this.#output?.noteHostWritten();
  }

  /** Runs the next tick. Throws ZoneTrap; then the state is not usable. */
  step(batch: Uint8Array): void {
    const count = batch.length / COMMAND_BYTES;
    if (!Number.isInteger(count) || count > this.at.commandsMax) {
      const message = `The batch of tick ${this.tick + 1} has ${batch.length} bytes, which is no batch of this kernel.`;
      throw new WowsimError("batch_invalid", message);
    }
    this.bytes.set(batch, this.at.commands);
    this.view.setUint32(this.at.commandCount, count, true);
    const tick = this.tick + 1;
    this.#run(count, () => {
      const start = this.#clock();
      this.#exports.tick(tick);
      this.tickMs = this.#clock() - start;
      const problem = this.#output?.problem(tick) ?? null;
      if (problem !== null) throw new InvalidOutput(problem);
    });
    this.tick = tick;
  }

  /** Runs the next tick; null, or the trap after which the state is not usable. */
  tryStep(batch: Uint8Array): ZoneTrap | null {
    try {
      this.step(batch);
      return null;
    } catch (error) {
      if (error instanceof ZoneTrap) return error;
      throw error;
    }
  }

  #run(commands: number, action: () => void): void {
    const { fuel } = this.#exports;
    this.#tank.startClock();
    this.#tank.fill(fuel, FUEL_PER_TICK);
    try {
      action();
    } catch (cause) {
      throw new ZoneTrap(this.#tank.causeOf(cause, fuel), readNote(this.view, this.at, commands), 0);
    } finally {
      this.fuelUsed = this.#tank.used(fuel);
    }
  }
}

const noClock = (): number => 0;

/** Processor time of this thread in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
