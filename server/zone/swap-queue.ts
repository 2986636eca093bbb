// The swaps that a zone worker was asked for. Each goes in steps, in the time that the ticks of the worker's zones leave: the candidate is
// warmed up on a copy, and then takes over between two ticks.
//
//   queue.add({ runner, kernel, ticket, settle })
//   queue.work(deadlineMs)           // after a tick: while steps fit before the deadline, and for some milliseconds whatever time is left
//   queue.work(deadlineMs, 0)        // at any other time: only while they fit
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
  /** As in Swap; default: it is a trial. */
  isReturn?: boolean;
  /** Called once, with what returns the times or throws why the zone has not swapped. */
  settle: (outcome: () => MoveTimes) => void;
}

export interface SwapQueueOptions extends Pick<ZoneOptions, "cpuMs" | "fuelPerTick" | "now" | "timeLimitMs"> {
  hostPart: Pick<HostPart, "content" | "tickRateHz">;
  /** Memory of a zone's size, which may be overwritten at any time. */
  scratch: (kernel: Kernel) => WebAssembly.Memory;
  /** When the next tick of this worker begins. */
  deadline: () => number;
  /** Called before each step. */
  onStep: () => void;
}

/** The first step makes the copy, the last one moves the zone. One between probably takes as long as the ones before. Milliseconds. */
const FIRST_STEP_MS = 15;
const MOVE_MS = 10;
const STEP_MS_LEAST = 2;
/** After each tick. With less a request could time out before its swap is done. Milliseconds. */
const WORK_MS_LEAST = 4;

export class SwapQueue {
  readonly #options: SwapQueueOptions;
  #orders: (SwapOrder & { wasUp: boolean })[] = [];
  /** Of the first order; null: it has not begun, or has to begin again. */
  #warmUp: WarmUp | null = null;
  #isWarm = false;
  #beganMs: number | null = null;
  #warmUpMs = 0;
  #stepMs = FIRST_STEP_MS;
  #heldUpMs = 0;

  constructor(options: SwapQueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#orders.length === 0;
  }

  add(order: SwapOrder): void {
    this.#orders.push({ ...order, wasUp: !order.runner.isDown });
  }

  /** `leastMs`: it goes on for so long whatever time is left, so that a thread without time to spare comes to an end as well. */
  work(deadlineMs: number, leastMs = WORK_MS_LEAST): void {
    const startMs = this.#options.now();
    const isTime = (): boolean => this.#options.now() < Math.max(deadlineMs - this.#nextMs, startMs + leastMs);
    while (this.#orders.length > 0 && isTime()) this.#step(startMs);
  }

  get #nextMs(): number {
    return this.#isWarm ? Math.max(MOVE_MS, this.#stepMs) : this.#stepMs;
  }

  /** Carries out all that the zone was asked for, whatever time is left. */
  finish(zoneId: number): void {
    const isOwn = ({ runner }: SwapOrder): boolean => runner.zone.id === zoneId;
    const own = this.#orders.filter(isOwn);
    const [first] = own;
    if (first === undefined) return;
    if (this.#orders[0] !== first) this.#forget();
    this.#orders = [...own, ...this.#orders.filter((order) => !isOwn(order))];
    const startMs = this.#options.now();
    for (let left = own.length; left > 0;) if (this.#step(startMs)) left--;
  }

  /** The scratch memory is needed for something else: a warm-up in it begins again. */
  yieldScratch(): void {
    this.#warmUp = null;
    this.#isWarm = false;
  }

  /** The next part of the first order; `sinceMs`: when the thread began to work for swaps. True: it was the last. */
  #step(sinceMs: number): boolean {
    const [order] = this.#orders;
    if (order === undefined) return false;
    const { now, deadline, onStep } = this.#options;
    const startMs = now();
    onStep();
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
    this.#stepMs = Math.max(STEP_MS_LEAST, endMs - startMs, this.#stepMs / 2);
    this.#heldUpMs = Math.max(this.#heldUpMs, endMs - Math.max(deadline(), sinceMs));
    if (outcome === null) this.#warmUpMs += endMs - startMs;
    else this.#ends(order, outcome);
    return outcome !== null;
  }

  #ends({ settle }: SwapOrder, outcome: () => MoveTimes): void {
    const heldUpMs = Math.max(0, this.#heldUpMs);
    this.#orders.shift();
    this.#forget();
    settle(() => ({ ...outcome(), pauseMs: heldUpMs }));
  }

  /** Of the first order nothing has been done. */
  #forget(): void {
    this.yieldScratch();
    this.#beganMs = null;
    this.#warmUpMs = 0;
    this.#stepMs = FIRST_STEP_MS;
    this.#heldUpMs = 0;
  }

  /** Null: there is more to do. Throws why the zone can not swap. */
  #advance({ runner, kernel, ticket, isReturn, wasUp }: SwapOrder & { wasUp: boolean }): (() => MoveTimes) | null {
    const { now, hostPart, scratch } = this.#options;
    const { zone } = runner;
    if (ticket !== undefined && isWithdrawn(ticket)) throw tooLate(zone.id);
    if (runner.isDown && wasUp) throw wentDown(zone.id);
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
    const { tick } = runner.swap(kernel, isReturn);
    const [beganMs, warmUpMs, moveMs] = [this.#beganMs ?? startMs, this.#warmUpMs, now() - startMs];
    return () => ({ tick, beganMs, warmUpMs, moveMs, pauseMs: 0 });
  }
}

/** Its restart would be the candidate's first tick. */
const wentDown = (zoneId: number): WowsimError =>
  new WowsimError("zone_down", `Zone ${zoneId} went DOWN before it could take the module; nothing was swapped.`);

const tooLate = (zoneId: number): WowsimError =>
  new WowsimError("too_late", `Zone ${zoneId} comes too late for this swap; nothing was swapped.`);
