// Limits what a call of a kernel may use: fuel and time. The host gives fuel in slices. When the module's counter falls below
// zero, the module asks for the next slice. So the host gets control again and again, however long a call takes.
//
//   const tank = new FuelTank({ now, cpuMs, timeLimitMs: 550 })
//   const exports = instantiate(kernel, memory, tank.refuel)
//   tank.startClock()                        // from now on 550 ms, until the next startClock()
//   tank.fill(exports.fuel, 25_000_000n)
//   exports.tick(1)                          // may throw OutOfFuel or OutOfTime
//   tank.used(exports.fuel)                  // exact, also after a trap
//
// Fuel runs out at the same instruction in every run. Time does not, so its limit is far above what a normal call takes. It
// stops a module that uses much time and little fuel.

import { WowsimError } from "../../server/protocol/errors.ts";

/**
 * Fuel units in a slice. The slowest known unit takes some 12 us (a chain of 118 loads that all miss the caches): the clock is
 * then checked four times a second. A normal tick takes some dozens of slices, and a slice costs a tenth of a microsecond.
 */
const SLICE = 20_000;

/**
 * How far a light loop may overdraw the counter before it traps by itself (meter.ts), in units. The slowest light loop, with 16
 * loads a round that miss the caches, takes a fifth of a second for that.
 */
export const OVERDRAFT_MAX = 131_072n;

/** The call has used all its fuel. */
export class OutOfFuel extends WowsimError {
  constructor() {
    super("fuel_exhausted", "fuel exhausted");
  }
}

/** The call has fuel left, but has used all its processor time. */
export class OutOfTime extends WowsimError {
  constructor(limitMs: number) {
    super("out_of_time", `out of time: more than ${Math.round(limitMs)} ms of a processor`);
  }
}

export interface FuelTankOptions {
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Processor time of this thread in milliseconds; NaN when it is not known: then the clock decides. */
  cpuMs?: () => number;
  /** Milliseconds of processor time between two calls of startClock(). Default: no limit. */
  timeLimitMs?: number;
  /** Fuel units in a slice; fewer let the clock be checked sooner. Default: 20,000. */
  slice?: number;
  /** Called before each further slice, in the middle of a call of the kernel. */
  onSlice?: () => void;
}

export class FuelTank {
  readonly #now: () => number;
  readonly #cpuMs: () => number;
  readonly #timeLimitMs: number;
  readonly #onSlice: (() => void) | undefined;
  readonly #slice: number;
  /** Fuel of the current call, and the part of it that the module has not received yet. */
  #fuel = 0;
  #left = 0;
  /** Time limit until the next startClock(), and the processor time at which it began. */
  #limitMs: number;
  #cpuStartMs = 0;
  /** Time of the next check. The processor time can not reach the limit earlier. */
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

  /** All calls until the next startClock() share one time limit: the tank's, times `share`. */
  startClock(share = 1): void {
    this.#limitMs = this.#timeLimitMs * share;
    if (this.#limitMs === Number.POSITIVE_INFINITY) return;
    this.#cpuStartMs = this.#cpuMs();
    this.#lookAtMs = this.#now() + this.#limitMs;
  }

  /** Call it before a call of the kernel, with the call's fuel. `counter` is the instance's export. */
  fill(counter: WebAssembly.Global, fuel: bigint): void {
    this.#fuel = Number(fuel);
    const slice = Math.min(this.#fuel, this.#slice);
    this.#left = this.#fuel - slice;
    counter.value = BigInt(slice);
  }

  /** Call it after a call of the kernel. Returns the fuel that the call used; more than it had when it ran out. */
  used(counter: WebAssembly.Global): bigint {
    return BigInt(this.#fuel - this.#left) - (counter.value as bigint);
  }

  /** The reason of what a call has thrown: a light loop that overdraws the counter too far traps without asking for fuel. */
  causeOf(thrown: unknown, counter: WebAssembly.Global): unknown {
    return (counter.value as bigint) < -OVERDRAFT_MAX ? new OutOfFuel() : thrown;
  }

  /**
   * The function that an instance imports. `lacking`: units below zero. Returns these units and another slice. Throws
   * OutOfFuel, OutOfTime.
   */
  readonly refuel = (lacking: number): number => {
    if (lacking > this.#left) throw new OutOfFuel();
    this.#onSlice?.();
    this.#checkTime();
    const units = Math.min(this.#left, lacking + this.#slice);
    this.#left -= units;
    return units;
  };

  /** Reads the clock first, because that is cheap. The time in which a thread waits for a processor does not count. */
  #checkTime(): void {
    if (this.#limitMs === Number.POSITIVE_INFINITY) return;
    const nowMs = this.#now();
    if (nowMs < this.#lookAtMs) return;
    const ranMs = this.#cpuMs() - this.#cpuStartMs;
    if (Number.isNaN(ranMs) || ranMs >= this.#limitMs) throw new OutOfTime(this.#limitMs);
    this.#lookAtMs = nowMs + this.#limitMs - ranMs;
  }
}

/** For an instance whose counter is filled once, with all its fuel. */
export function noRefuel(): never {
  throw new OutOfFuel();
}
