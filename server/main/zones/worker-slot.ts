// The slot of one zone worker and its successors: a worker that dies or hangs is replaced by a new one, with new rings.
//
//   1st end      replaced at once
//   2nd, 3rd ... replaced after 1, 2, 4, ... 30 s, until one has lasted for a minute
//
// A thread in an endless loop of WebAssembly can not be ended. Each such thread uses a processor for good, so a slot
// with too many of them waits until one ends before it starts the next worker.

import { messageOf } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import { ZoneWorkerLink } from "./worker-link.ts";
import type { WorkerEnd, WorkerLinkListener } from "./worker-link.ts";
import type { ZoneWorkerStart } from "../../shared/zone-start.ts";

const BACK_OFF_MS_MIN = 1_000;
const BACK_OFF_MS_MAX = 30_000;
/** A worker that lasted this long resets the back-off. */
const STEADY_MS = 60_000;
/** The most threads of one slot that can not be ended. */
export const BURNING_MAX = 3;

/** Is told what happens to the workers of a slot, which has a number. */
export interface WorkerSlotListener extends Pick<WorkerLinkListener, "recorded" | "said" | "failed"> {
  /** The worker has ended; the next one starts in `nextTryMs` milliseconds. */
  lost(worker: number, end: WorkerEnd, nextTryMs: number): void;
  /** Nothing must wait for this worker any more. */
  forgotten(faultThread: number): void;
  /** The thread of a forgotten worker has really ended. */
  threadEnded(faultThread: number): void;
  /** A new worker starts; messages posted now reach it before all others. */
  begun(worker: number, link: ZoneWorkerLink): void;
  /** The new worker ticks, `afterMs` milliseconds after the previous worker was lost. */
  back(worker: number, afterMs: number): void;
  /** The worker could not start; the next try is in `nextTryMs` milliseconds. */
  notBegun(worker: number, why: string, nextTryMs: number): void;
}

/** Creates the start message of a worker; its rings are new each time. */
export interface WorkerStarts {
  startOf(worker: number): ZoneWorkerStart;
}

export interface WorkerSlotOptions {
  /** The number of the slot, from 0. */
  worker: number;
  newWorker: WorkerFactory;
  starts: WorkerStarts;
  listener: WorkerSlotListener;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export class WorkerSlot implements WorkerLinkListener {
  /** Resolves when the first worker ticks. */
  readonly ready: Promise<void>;
  readonly #options: WorkerSlotOptions;
  #link: ZoneWorkerLink | null = null;
  #timer: Timer | undefined;
  #isStopping = false;
  #failures = 0;
  /** Workers that hung and were ended, but whose threads still run. */
  readonly #burning = new Set<ZoneWorkerLink>();
  #begunAtMs = 0;
  #lostAtMs = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.#link = this.#newLink();
    this.ready = this.#link.ready;
  }

  /** The current worker, which may not tick yet; null between two workers. */
  get link(): ZoneWorkerLink | null {
    return this.#link;
  }

  /** Number of threads that were ended but still run. */
  get burning(): number {
    return this.#burning.size;
  }

  /** Ends the worker and starts no other. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.#link?.stop();
  }

  recorded(view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    this.#options.listener.recorded(view, bytes, offset, length);
  }

  said(message: FromZoneWorker): void {
    this.#options.listener.said(message);
  }

  failed(error: unknown): void {
    this.#options.listener.failed(error);
  }

  ended(link: ZoneWorkerLink, end: WorkerEnd): void {
    const nowMs = this.#options.now();
    this.#forget(link);
    if (nowMs - this.#begunAtMs >= STEADY_MS) this.#failures = 0;
    this.#lostAtMs = nowMs;
    const delayMs = this.#backOff();
    this.#beginIn(delayMs);
    this.#options.listener.lost(this.#options.worker, end, delayMs);
  }

  gone(link: ZoneWorkerLink): void {
    this.#burning.delete(link);
    this.#options.listener.threadEnded(link.crumb.faultThread);
  }

  #newLink(): ZoneWorkerLink {
    const { worker, newWorker, starts } = this.#options;
    this.#begunAtMs = this.#options.now();
    return new ZoneWorkerLink(newWorker, starts.startOf(worker), this);
  }

  /** Nothing waits for the worker any more, above all no fault. */
  #forget(link: ZoneWorkerLink): void {
    this.#link = null;
    if (!link.isGone) this.#burning.add(link);
    this.#options.listener.forgotten(link.crumb.faultThread);
  }

  /** The delay of the next start: 0, then 1, 2, 4, ... 30 s. */
  #backOff(): number {
    const failures = this.#failures++;
    return failures === 0 ? 0 : Math.min(BACK_OFF_MS_MIN * 2 ** (failures - 1), BACK_OFF_MS_MAX);
  }

  #beginIn(delayMs: number): void {
    if (this.#isStopping) return;
    this.#timer = setTimeout(() => this.#begin(), delayMs);
  }

  #begin(): void {
    if (this.burning >= BURNING_MAX) {
      return this.#failed(
        `${this.burning} threads of it are in endless loops and can not be ended; restart the server`,
      );
    }
    try {
      const link = this.#newLink();
      this.#link = link;
      this.#options.listener.begun(this.#options.worker, link);
      link.ready.then(
        () => this.#options.listener.back(this.#options.worker, this.#options.now() - this.#lostAtMs),
        (error: unknown) => this.#giveUp(link, messageOf(error)),
      );
    } catch (error) {
      this.#failed(messageOf(error));
    }
  }

  #giveUp(link: ZoneWorkerLink, why: string): void {
    if (this.#isStopping) return;
    link.giveUp(why);
    this.#forget(link);
    this.#failed(why);
  }

  #failed(why: string): void {
    const delayMs = this.#backOff();
    this.#beginIn(delayMs);
    this.#options.listener.notBegun(this.#options.worker, why, delayMs);
  }
}
