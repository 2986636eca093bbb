// The place of one zone worker over all its lives: one that died or hangs is followed by a new one, with rings of its own.
//
//   1st end      begun again at once
//   2nd, 3rd ... after 1, 2, 4, ... 30 s, until one has lasted for a minute
//
// A thread that is in an endless loop of WebAssembly can not be ended. Each takes a processor for good, so a place with too
// many of these waits for one to end before the next is begun.

import { messageOf } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import { ZoneWorkerLink } from "./worker-link.ts";
import type { WorkerEnd, WorkerLinkListener } from "./worker-link.ts";
import type { ZoneWorkerStart } from "../../shared/zone-start.ts";

const BACK_OFF_MS_MIN = 1_000;
const BACK_OFF_MS_MAX = 30_000;
/** A worker that lasted for so long is none that dies again and again. */
const STEADY_MS = 60_000;
/** Threads of one place that can not be ended. */
export const BURNING_MAX = 3;

/** Hears what becomes of the workers of a place, which has a number. */
export interface WorkerSlotListener extends Pick<WorkerLinkListener, "recorded" | "said" | "failed"> {
  /** The worker is no more; the next is begun in so many milliseconds. */
  lost(worker: number, end: WorkerEnd, nextTryMs: number): void;
  /** Of this worker nothing is to be waited for any more. */
  forgotten(faultThread: number): void;
  /** And its thread has really ended. */
  threadEnded(faultThread: number): void;
  /** A new worker is on its way; what is posted now reaches it before anything else does. */
  begun(worker: number, link: ZoneWorkerLink): void;
  /** It ticks, so many milliseconds after the one before was lost. */
  back(worker: number, afterMs: number): void;
  /** It could not be begun; the next try is in so many milliseconds. */
  notBegun(worker: number, why: string, nextTryMs: number): void;
}

/** Knows what a worker is told at its start; rings are new each time. */
export interface WorkerStarts {
  startOf(worker: number): ZoneWorkerStart;
}

export interface WorkerSlotOptions {
  /** The place's number, from 0. */
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
  /** Workers that were given up and whose threads still run. */
  readonly #burning = new Set<ZoneWorkerLink>();
  #begunAtMs = 0;
  #lostAtMs = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.#link = this.#newLink();
    this.ready = this.#link.ready;
  }

  /** The worker at hand, which may not tick yet; null between two of them. */
  get link(): ZoneWorkerLink | null {
    return this.#link;
  }

  /** Threads that were given up and still run. */
  get burning(): number {
    return this.#burning.size;
  }

  /** Ends the worker, and begins no other. */
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

  /** Nothing is expected of the worker any more, least of all by faults. */
  #forget(link: ZoneWorkerLink): void {
    this.#link = null;
    if (!link.isGone) this.#burning.add(link);
    this.#options.listener.forgotten(link.crumb.faultThread);
  }

  /** 0, then 1, 2, 4, ... 30 s. */
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
