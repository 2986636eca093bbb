// What a kernel may burn in a call: fuel, and time. Fuel is handed out in slices. Where the module's counter falls below zero it
// asks for the next one, so its host gets a word in again and again, however long a call takes.
//
//   const tank = new FuelTank({ now, cpuMs, timeLimitMs: 550 })
//   const exports = instantiate(kernel, memory, tank.refuel)
//   tank.startClock()                        // from now on 550 ms, until the next startClock()
//   tank.fill(exports.fuel, 25_000_000n)
//   exports.tick(1)                          // may throw OutOfFuel or OutOfTime
//   tank.used(exports.fuel)                  // exact, also after a trap
//
// Fuel runs out at the same instruction in every run. Time does not, so its limit is far from what an honest call takes: it is
// for a module that found something that costs much time and little fuel.

import { WowsimError } from "../../server/protocol/errors.ts";

/**
 * Units a slice. The dearest unit known is some 12 us, a chain of 118 loads that all miss the caches: then the clock is looked
 * at four times a second. An honest tick takes some dozens of slices, and a slice costs it a tenth of a microsecond.
 */
const SLICE = 20_000;

/**
 * How far a light loop may overdraw the counter before it traps by itself (meter.ts), in units. At its dearest, 16 loads a round
 * that miss the caches, that takes a fifth of a second.
 */
export const OVERDRAFT_MAX = 131_072n;

/** The call has used up its fuel. */
export class OutOfFuel extends WowsimError {
  constructor() {
    super("fuel_exhausted", "fuel exhausted");
  }
}

/** The call has fuel left, and has taken too long. */
export class OutOfTime extends WowsimError {
  constructor(limitMs: number) {
    super("out_of_time", `out of time: more than ${Math.round(limitMs)} ms of a processor`);
  }
}

export interface FuelTankOptions {
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Processor time of this thread in milliseconds; NaN where it is not known: then the clock counts. */
  cpuMs?: () => number;
  /** How much processor time there is from one startClock() to the next. Default: no limit. */
  timeLimitMs?: number;
  /** Units a slice, for who has to look at the clock sooner than others. Default: 20,000. */
  slice?: number;
  /** Called before each further slice: the kernel is in the middle of a call. */
  onSlice?: () => void;
}

export class FuelTank {
  readonly #now: () => number;
  readonly #cpuMs: () => number;
  readonly #timeLimitMs: number;
  readonly #onSlice: (() => void) | undefined;
  readonly #slice: number;
  /** Of the call at hand: its fuel, and what of it was not handed out yet. */
  #fuel = 0;
  #left = 0;
  /** Of the stretch at hand. */
  #limitMs: number;
  #cpuStartMs = 0;
  /** The processor time can not have reached the limit before. */
  #lookAtMs = Number.POSITIVE_INFINITY;

  constructor(options: FuelTankOptions) {
    const { now, cpuMs = () => Number.NaN, timeLimitMs = Number.POSITIVE_INFINITY, slice = SLICE, onSlice } = options;
    this.#now = now;
    this.#cpuMs = cpuMs;
    this.#timeLimitMs = timeLimitMs;
    this.#limitMs = timeLimitMs;
    this.#slice = slice;
    this.#onSlice = onSlice;
  }

  /** All calls until the next startClock() share one time limit: the tank's, or that share of it. */
  startClock(share = 1): void {
    this.#limitMs = this.#timeLimitMs * share;
    if (this.#limitMs === Number.POSITIVE_INFINITY) return;
    this.#cpuStartMs = this.#cpuMs();
    this.#lookAtMs = this.#now() + this.#limitMs;
  }

  /** Before a call: its fuel. `counter` is the instance's export. */
  fill(counter: WebAssembly.Global, fuel: bigint): void {
    this.#fuel = Number(fuel);
    const slice = Math.min(this.#fuel, this.#slice);
    this.#left = this.#fuel - slice;
    counter.value = BigInt(slice);
  }

  /** After a call: what it took; more than there was when it ran out. */
  used(counter: WebAssembly.Global): bigint {
    return BigInt(this.#fuel - this.#left) - (counter.value as bigint);
  }

  /** What a call has thrown, by its reason: a light loop that has overdrawn the counter traps without asking. */
  causeOf(thrown: unknown, counter: WebAssembly.Global): unknown {
    return (counter.value as bigint) < -OVERDRAFT_MAX ? new OutOfFuel() : thrown;
  }

  /** What an instance imports: it lacks so many units, and gets these and another slice. Throws OutOfFuel, OutOfTime. */
  readonly refuel = (lacking: number): number => {
    if (lacking > this.#left) throw new OutOfFuel();
    this.#onSlice?.();
    this.#checkTime();
    const units = Math.min(this.#left, lacking + this.#slice);
    this.#left -= units;
    return units;
  };

  /** By the clock first, which is cheap; a thread that waits for a processor is not out of time. */
  #checkTime(): void {
    if (this.#limitMs === Number.POSITIVE_INFINITY) return;
    const nowMs = this.#now();
    if (nowMs < this.#lookAtMs) return;
    const ranMs = this.#cpuMs() - this.#cpuStartMs;
    if (Number.isNaN(ranMs) || ranMs >= this.#limitMs) throw new OutOfTime(this.#limitMs);
    this.#lookAtMs = nowMs + this.#limitMs - ranMs;
  }
}

/** For an instance whose counter is filled at once, with all the fuel there is. */
export function noRefuel(): never {
  throw new OutOfFuel();
}
