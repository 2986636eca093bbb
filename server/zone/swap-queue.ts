// The swaps that a zone worker was asked for. Each goes in steps, in the time that the ticks of the worker's zones leave: the candidate is
// warmed up on a copy, and then takes over between two ticks.
//
//   queue.add({ runner, kernel, ticket, settle })
//   queue.work(deadlineMs)           // right after a tick; one step at least, more while they fit before the deadline
//   queue.finish(1)                  // zone 1 is asked for something else, which comes after its swaps

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { WowsimError } from "../protocol/errors.ts";
import { isWithdrawn, takeTicket } from "../shared/swap-ticket.ts";
import type { SwapTicket } from "../shared/swap-ticket.ts";
import type { MoveTimes } from "../shared/zone-messages.ts";
import { prepareCarry } from "./host-written.ts";
import type { HostPart } from "./host-written.ts";
import { WarmUp } from "./warm-up.ts";
import type { ZoneOptions } from "./zone-options.ts";
import type { ZoneRunner } from "./zone-runner.ts";

export interface SwapOrder {
  runner: ZoneRunner;
  kernel: Kernel;
  ticket?: SwapTicket | undefined;
  /** Called once, with what returns the times or throws why the zone has not swapped. */
  settle: (outcome: () => MoveTimes) => void;
}

export interface SwapQueueOptions extends Pick<ZoneOptions, "cpuMs" | "fuelPerTick" | "now" | "timeLimitMs"> {
  hostPart: Pick<HostPart, "content" | "tickRateHz">;
  /** Memory of a zone's size, which may be overwritten at any time. */
  scratch: (kernel: Kernel) => WebAssembly.Memory;
  /** When the next tick of this worker begins. */
  deadline: () => number;
}

/** A step probably takes as long as the longest one before, and this at least. Milliseconds. */
const STEP_MS_LEAST = 2;

export class SwapQueue {
  readonly #options: SwapQueueOptions;
  readonly #orders: SwapOrder[] = [];
  /** Of the first order; null: it has not begun, or has to begin again. */
  #warmUp: WarmUp | null = null;
  #isWarm = false;
  #beganMs: number | null = null;
  #warmUpMs = 0;
  #stepMs = STEP_MS_LEAST;
  #heldUpMs = 0;

  constructor(options: SwapQueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#orders.length === 0;
  }

  add(order: SwapOrder): void {
    this.#orders.push(order);
  }

  /** Takes one step, so that a thread without time to spare comes to an end as well, and more while they fit before the deadline. */
  work(deadlineMs: number): void {
    const { now } = this.#options;
    let isFirst = true;
    while (this.#orders.length > 0 && (isFirst || now() + this.#stepMs < deadlineMs)) {
      this.#step();
      isFirst = false;
    }
  }

  /** Carries out all that the zone was asked for, whatever time is left. */
  finish(zoneId: number): void {
    while (this.#orders.some(({ runner }) => runner.zone.id === zoneId)) this.#step();
  }

  /** The scratch memory is needed for something else: a warm-up in it begins again. */
  yieldScratch(): void {
    this.#warmUp = null;
    this.#isWarm = false;
  }

  /** The next part of the first order. */
  #step(): void {
    const [order] = this.#orders;
    if (order === undefined) return;
    const { now, deadline } = this.#options;
    const startMs = now();
    this.#beganMs ??= startMs;
    let outcome: (() => MoveTimes) | null;
    try {
      outcome = this.#advance(order);
    } catch (error) {
      outcome = () => {
        throw error;
      };
    }
    const endMs = now();
    this.#stepMs = Math.max(this.#stepMs, endMs - startMs);
    this.#heldUpMs = Math.max(this.#heldUpMs, endMs - Math.max(deadline(), startMs));
    if (outcome === null) this.#warmUpMs += endMs - startMs;
    else this.#ends(order, outcome);
  }

  #ends({ settle }: SwapOrder, outcome: () => MoveTimes): void {
    const heldUpMs = Math.max(0, this.#heldUpMs);
    this.#orders.shift();
    this.yieldScratch();
    this.#beganMs = null;
    this.#warmUpMs = 0;
    this.#stepMs = STEP_MS_LEAST;
    this.#heldUpMs = 0;
    settle(() => ({ ...outcome(), pauseMs: heldUpMs }));
  }

  /** Null: there is more to do. Throws why the zone can not swap. */
  #advance({ runner, kernel, ticket }: SwapOrder): (() => MoveTimes) | null {
    const { now, hostPart, scratch } = this.#options;
    const { zone } = runner;
    if (ticket !== undefined && isWithdrawn(ticket)) throw tooLate(zone.id);
    // The journal of a zone that is DOWN ends with the tick that took it DOWN, so a warm-up with it would trap as well.
    if (!this.#isWarm && !runner.isDown) {
      if (this.#warmUp === null) {
        runner.assertCanTake(kernel);
        this.#warmUp = new WarmUp(zone, kernel, scratch(kernel), this.#options);
      } else if (this.#warmUp.step()) {
        prepareCarry(zone.kernel.layout, kernel.layout, scratch(kernel), { ...hostPart, zone });
        runner.undo.prepare();
        this.#isWarm = true;
      }
      return null;
    }
    runner.assertCanTake(kernel);
    if (ticket !== undefined && !takeTicket(ticket)) throw tooLate(zone.id);
    const startMs = now();
    const { tick } = runner.swap(kernel);
    const [beganMs, warmUpMs, moveMs] = [this.#beganMs ?? startMs, this.#warmUpMs, now() - startMs];
    return () => ({ tick, beganMs, warmUpMs, moveMs, pauseMs: 0 });
  }
}

const tooLate = (zoneId: number): WowsimError =>
  new WowsimError("too_late", `Zone ${zoneId} comes too late for this swap; nothing was swapped.`);
