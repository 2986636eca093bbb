// The slot of one zone worker and its successors: a worker that dies or hangs is replaced by a new one, with new rings.
//
//   1st end      replaced at once
//   2nd, 3rd ... replaced after 1, 2, 4, ... 30 s, until one has lasted for ten seconds
//
// A thread in an endless loop of WebAssembly can not be ended. Each such thread uses a processor for good, so a slot
// with too many of them waits until one ends before it starts the next worker.

import { messageOf } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import { COMMAND_BYTES } from "../../../assembly/abi.ts";
import { Command } from "../../protocol/game/command.ts";
import { Ring } from "../../shared/ring.ts";
import type { FromZoneWorker, RevivedReport } from "../../shared/zone-messages.ts";
import { ZoneWorkerLink } from "./worker-link.ts";
import type { WorkerEnd, WorkerLinkListener, WorkerMemory } from "./worker-link.ts";
import type { ZoneWorkerStart } from "../../shared/zone-start.ts";

const BACK_OFF_MS_MIN = 1_000;
const BACK_OFF_MS_MAX = 30_000;
/** A worker that lasted this long resets the back-off. */
const STEADY_MS = 10_000;
/** The most threads of one slot that can not be ended. */
export const BURNING_MAX = 3;

/** Is told what happens to the workers of a slot, which has a number. */
export interface WorkerSlotListener extends Pick<WorkerLinkListener, "recorded" | "said" | "failed"> {
  /** The worker has ended, the `inARow`-th in a short time; the next one starts in `nextTryMs` milliseconds. */
  lost(worker: number, end: WorkerEnd, nextTryMs: number, inARow: number): void;
  /** Nothing must wait for this worker any more. */
  forgotten(faultThread: number): void;
  /** The thread of a forgotten worker has really ended. */
  threadEnded(faultThread: number): void;
  /** A new worker starts; messages posted now reach it before all others. */
  begun(worker: number, link: ZoneWorkerLink): void;
  /** The new worker ticks, `afterMs` milliseconds after the previous worker was lost. */
  back(worker: number, afterMs: number, revived: readonly RevivedReport[]): void;
  /** The worker could not start; the next try is in `nextTryMs` milliseconds. */
  notBegun(worker: number, why: string, nextTryMs: number): void;
}

/** Creates the start messages of workers. */
export interface WorkerStarts {
  /** Call it before the start of each successor. */
  prepare(worker: number): Promise<void>;
  startOf(worker: number, memory: WorkerMemory): ZoneWorkerStart;
}

export interface WorkerSlotOptions {
  /** The number of the slot, from 0. */
  worker: number;
  newWorker: WorkerFactory;
  starts: WorkerStarts;
  listener: WorkerSlotListener;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Until it resolves, what zones report waits. Default: it does not wait. */
  heard?: Promise<unknown>;
}

export class WorkerSlot implements WorkerLinkListener {
  /** Resolves when the first worker ticks. */
  readonly ready: Promise<RevivedReport[]>;
  readonly #options: WorkerSlotOptions;
  #link: ZoneWorkerLink | null = null;
  /** Memory of the next worker, which already takes commands. */
  #next: { memory: WorkerMemory; commands: Ring } | null = null;
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

  /** Takes the commands of the slot's zones: those of the current worker, or of the next one. */
  get commands(): Ring {
    return this.#link?.commands ?? this.#nextMemory().commands;
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
    const { commands } = this.#nextMemory();
    if (nowMs - this.#begunAtMs >= STEADY_MS) this.#failures = 0;
    this.#lostAtMs = nowMs;
    const delayMs = this.#backOff();
    // A command that may have ended the worker twice is not tried a third time.
    if (this.#failures === 1) for (const record of innocent(link.undelivered(), end)) commands.append(record);
    commands.commit();
    this.#beginIn(delayMs);
    this.#options.listener.lost(this.#options.worker, end, delayMs, this.#failures);
  }

  gone(link: ZoneWorkerLink): void {
    this.#burning.delete(link);
    this.#options.listener.threadEnded(link.crumb.faultThread);
  }

  #newLink(): ZoneWorkerLink {
    const { worker, newWorker, starts, heard } = this.#options;
    this.#begunAtMs = this.#options.now();
    const { memory } = this.#nextMemory();
    this.#next = null;
    return new ZoneWorkerLink(newWorker, starts.startOf(worker, memory), this, heard);
  }

  #nextMemory(): { memory: WorkerMemory; commands: Ring } {
    if (this.#next !== null) return this.#next;
    const memory = ZoneWorkerLink.allocate();
    return (this.#next = { memory, commands: new Ring(memory.commandRing) });
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
    this.#timer = setTimeout(() => void this.#begin(), delayMs);
  }

  async #begin(): Promise<void> {
    if (this.burning >= BURNING_MAX) {
      return this.#failed(
        `${this.burning} threads of it are in endless loops and can not be ended; restart the server`,
      );
    }
    try {
      await this.#options.starts.prepare(this.#options.worker);
      if (this.#isStopping) return;
      const link = this.#newLink();
      this.#link = link;
      this.#options.listener.begun(this.#options.worker, link);
      link.ready.then(
        (revived) => this.#options.listener.back(this.#options.worker, this.#options.now() - this.#lostAtMs, revived),
        (error: unknown) => this.#abandon(link, messageOf(error)),
      );
    } catch (error) {
      this.#failed(messageOf(error));
    }
  }

  #abandon(link: ZoneWorkerLink, why: string): void {
    if (this.#isStopping) return;
    link.abandon(why);
    this.#forget(link);
    this.#failed(why);
  }

  #failed(why: string): void {
    const delayMs = this.#backOff();
    this.#beginIn(delayMs);
    this.#options.listener.notBegun(this.#options.worker, why, delayMs);
  }
}

/** The records without the command that the worker was handling when it ended. */
function innocent(records: Uint8Array[], { crumb: { note } }: WorkerEnd): Uint8Array[] {
  if (note === null || note.op === null || note.session === 0) return records;
  const command = new Command();
  return records.filter((record) => {
    const { op, session } = command.loadBytes(record.subarray(record.length - COMMAND_BYTES));
    return op !== note.op || session !== note.session;
  });
}
