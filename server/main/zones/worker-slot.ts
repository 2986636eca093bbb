// The place of one zone worker over all its lives: one that died or hangs is followed by a new one, with rings of its own.
//
//   1st end      begun again at once
//   2nd, 3rd ... after 1, 2, 4, ... 30 s, until one has lasted for a minute
//
// A thread that is in an endless loop of WebAssembly can not be ended. Each takes a processor for good, so a place with too
// many of these waits for one to end before the next is begun.

import { messageOf } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { ToZoneWorker } from "../../shared/zone-messages.ts";
import { ZoneWorkerLink } from "./worker-link.ts";
import type { WorkerEnd, WorkerLinkEvents } from "./worker-link.ts";
import type { ZoneWorkerStart } from "../../shared/zone-start.ts";

const BACK_OFF_MS_MIN = 1_000;
const BACK_OFF_MS_MAX = 30_000;
/** A worker that lasted for so long is none that dies again and again. */
const STEADY_MS = 60_000;
/** Threads of one place that can not be ended. */
export const BURNING_MAX = 3;

export interface WorkerSlotEvents extends Pick<WorkerLinkEvents, "onRecord" | "onMessage" | "onError"> {
  /** The worker is no more; the next is begun in so many milliseconds. */
  onLost(end: WorkerEnd, nextTryMs: number): void;
  /** Of this worker nothing is to be waited for any more. */
  onForgotten(faultThread: number): void;
  /** And its thread has really ended. */
  onGone(faultThread: number): void;
  /** A new worker is on its way; `post` reaches it before anything else does. */
  onBegun(post: (message: ToZoneWorker) => void): void;
  /** It ticks, so many milliseconds after the one before was lost. */
  onBack(afterMs: number): void;
  /** It could not be begun; the next try is in so many milliseconds. */
  onBeginFailed(why: string, nextTryMs: number): void;
}

export interface WorkerSlotOptions {
  newWorker: WorkerFactory;
  /** What the next worker is told; rings are new each time. */
  startOf: () => ZoneWorkerStart;
  events: WorkerSlotEvents;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export class WorkerSlot {
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

  #newLink(): ZoneWorkerLink {
    const { newWorker, startOf, events } = this.#options;
    this.#begunAtMs = this.#options.now();
    const link: ZoneWorkerLink = new ZoneWorkerLink(newWorker, startOf(), {
      onRecord: events.onRecord,
      onMessage: events.onMessage,
      onError: events.onError,
      onEnd: (end) => this.#lost(link, end),
      onGone: () => {
        this.#burning.delete(link);
        events.onGone(link.crumb.faultThread);
      },
    });
    return link;
  }

  /** Nothing is expected of the worker any more, least of all by faults. */
  #forget(link: ZoneWorkerLink): void {
    this.#link = null;
    if (!link.isGone) this.#burning.add(link);
    this.#options.events.onForgotten(link.crumb.faultThread);
  }

  #lost(link: ZoneWorkerLink, end: WorkerEnd): void {
    const nowMs = this.#options.now();
    this.#forget(link);
    if (nowMs - this.#begunAtMs >= STEADY_MS) this.#failures = 0;
    this.#lostAtMs = nowMs;
    const delayMs = this.#backOff();
    this.#beginIn(delayMs);
    this.#options.events.onLost(end, delayMs);
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
      this.#options.events.onBegun((message) => link.post(message));
      link.ready.then(
        () => this.#options.events.onBack(this.#options.now() - this.#lostAtMs),
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
    this.#options.events.onBeginFailed(why, delayMs);
  }
}
