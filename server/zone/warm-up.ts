// The first ticks of a module are slow, because the engine has not compiled its hot loops yet. So a candidate first ticks a
// copy of the zone with journalled batches. The live zone then gets a warm module. A candidate that traps on the copy is
// refused. It goes in steps, so that they fit between the ticks of live zones:
//
//   const warmUp = new WarmUp(zone, candidate, scratch, { fuelPerTick, now, cpuMs, timeLimitMs })
//   while (!warmUp.step());       // each some milliseconds; throws WowsimError("candidate_trapped")
//   warmUp.ticks                  // 38

import { messageOf, WowsimError } from "../protocol/errors.ts";
import { COMMAND_BYTES } from "../../assembly/abi.ts";
import { instantiate } from "../../assembly/toolchain/instance.ts";
import type { KernelExports } from "../../assembly/toolchain/kernel.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { addressesOf } from "./addresses.ts";
import { OutputCheck } from "./output-check.ts";
import { StateRules } from "./state-rules.ts";
import { BrokenRule, InvalidOutput } from "./trap.ts";
import type { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone-options.ts";

/** New ticks start until all of them have taken so many milliseconds. */
const WARM_UP_MS_MAX = 15;
const WARM_UP_TICKS_MAX = 400;
/** Batches of the journal that it ticks with, again and again. */
const BATCHES_MAX = 64;
/**
 * Time limit of a step, as a share of a tick's time limit: 150 ms of processor time by default. A fifth was too little for the
 * first tick of a crowd, whose code is not compiled yet.
 */
const TIME_SHARE = 1 / 2;
/** Fuel units in a slice. It is small, so that even the slowest units let the clock be checked every 25 ms. */
const SLICE = 2_000;
/** Used only by `init` on the copy, whose result is discarded. */
const SEED = 1;
const TICK_RATE_HZ = 20;

type WarmUpOptions = Pick<ZoneOptions, "fuelPerTick" | "now" | "cpuMs" | "timeLimitMs">;

export class WarmUp {
  /** Ticks that the candidate has run. */
  ticks = 0;
  readonly #zone: Zone;
  readonly #candidate: Kernel;
  readonly #scratch: WebAssembly.Memory;
  readonly #options: WarmUpOptions;
  readonly #tank: FuelTank;
  readonly #exports: KernelExports;
  readonly #output: OutputCheck;
  readonly #rules: StateRules;
  /** Of the zone's last snapshot, from which the ticks start: it may take the next one meanwhile. */
  #from = 0;
  #batches: readonly Uint8Array[] = [];
  #isCarried = false;
  /** What its ticks took. */
  #tickMs = 0;

  /** `scratch` is a memory of the zone's size, and is overwritten. */
  constructor(zone: Zone, candidate: Kernel, scratch: WebAssembly.Memory, options: WarmUpOptions) {
    this.#zone = zone;
    this.#candidate = candidate;
    this.#scratch = scratch;
    this.#options = options;
    this.#tank = new FuelTank({ ...options, slice: SLICE });
    this.#exports = instantiate(candidate, scratch, this.#tank.refuel);
    this.#output = new OutputCheck(scratch, candidate.layout);
    this.#rules = new StateRules(scratch, candidate.layout);
  }

  /** The first step begins a copy of the zone, each further one ticks it once. True: it was the last. Throws WowsimError("candidate_trapped"). */
  step(): boolean {
    const { now, fuelPerTick } = this.#options;
    const [startMs, wasCarried] = [now(), this.#isCarried];
    this.#tank.startClock(TIME_SHARE);
    this.#tank.fill(this.#exports.fuel, fuelPerTick);
    try {
      if (this.#isCarried) this.#tick();
      else this.#carry();
    } catch (thrown) {
      const { id } = this.#zone;
      const cause = this.#tank.causeOf(thrown, this.#exports.fuel);
      throw new WowsimError(
        "candidate_trapped",
        `Module ${this.#candidate.hash} trapped (${messageOf(cause)}) on tick ${this.ticks + 1} of a replay of zone ${id}'s own journal; it was not swapped in.`,
        { cause },
      );
    }
    if (wasCarried) this.#tickMs += now() - startMs;
    // At least one tick runs, even on a busy machine: without a tick nothing is tested.
    return this.ticks > 0 && (this.ticks >= WARM_UP_TICKS_MAX || this.#tickMs >= WARM_UP_MS_MAX);
  }

  /** A zone that restarts from its initial content calls init() and hash(): a module on which they fail could not replace a lost worker's zone. */
  #carry(): void {
    const { segment, id } = this.#zone;
    this.#exports.init(SEED, id, TICK_RATE_HZ);
    this.#exports.hash();
    this.#zone.carry(segment, this.#candidate.layout, this.#scratch);
    this.#output.noteHostWritten();
    this.#rules.leaveOutBroken();
    this.#from = segment.tick;
    const count = Math.min(segment.ticks, BATCHES_MAX);
    this.#batches = Array.from({ length: count }, (_, index) => segment.batch(index).slice());
    this.#isCarried = true;
  }

  #tick(): void {
    const tick = this.#from + 1 + this.ticks;
    const batch = this.#batches[this.ticks % this.#batches.length] ?? NO_COMMANDS;
    const at = addressesOf(this.#candidate.layout);
    new Uint8Array(this.#scratch.buffer).set(batch, at.commands);
    new DataView(this.#scratch.buffer).setUint32(at.commandCount, batch.length / COMMAND_BYTES, true);
    this.#exports.tick(tick);
    const problem = this.#output.problem(tick);
    if (problem !== null) throw new InvalidOutput(problem);
    const broken = this.#rules.problem(tick);
    if (broken !== null) throw new BrokenRule(broken);
    this.ticks++;
  }
}

const NO_COMMANDS = new Uint8Array(0);
