// What the journal has for undos, read by a short-lived worker of a low priority: one for each undo that is asked for, of one zone or of
// several, one zone after the other.
//
//   const reading = await journalUndos.find([1, 2], null)
//   reading.found                                      // [{ look: { zoneId: 1, open: { ... } }, through: { ... } }, ...]
//   await reading.history(1, () => keepsFrom())        // up to the tick from which on the zone keeps its batches
//   reading.end()

import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { UndoHistory } from "../../shared/undo-history.ts";
import type { FoundUndo, FromUndoWorker, ToUndoWorker, UndoJournal } from "../../shared/undo-messages.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";

export interface JournalUndosOptions {
  /** workers.undo. */
  newWorker: WorkerFactory;
  journal: UndoJournal;
}

/** A look at the journal takes some tens of milliseconds. */
const FIND_MS_MAX = 30_000;
/** Hours of a full zone take minutes. */
const RUN_MS_MAX = 3_600_000;

export class JournalUndos {
  readonly #options: JournalUndosOptions;
  readonly #readings = new Set<JournalReading>();

  constructor(options: JournalUndosOptions) {
    this.#options = options;
  }

  /** `module`: only what this module did, by hash. Throws WowsimError when the journal can not be read. */
  async find(zones: readonly number[], module: string | null): Promise<JournalReading> {
    const { newWorker, journal } = this.#options;
    const reading: JournalReading = new JournalReading(newWorker(), () => void this.#readings.delete(reading));
    this.#readings.add(reading);
    try {
      await reading.find({ type: "find", journal, zones, module });
      return reading;
    } catch (error) {
      reading.end();
      throw error;
    }
  }

  stop(): void {
    for (const reading of this.#readings) reading.end();
  }
}

export class JournalReading {
  found: readonly FoundUndo[] = [];
  readonly #worker: Worker;
  readonly #onEnd: () => void;
  #heard: ((message: FromUndoWorker) => void) | null = null;
  /** The zones that come before. */
  #turn: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  constructor(worker: Worker, onEnd: () => void) {
    this.#worker = worker;
    this.#onEnd = onEnd;
    const hear = (message: FromUndoWorker): void => this.#heard?.(message);
    worker.addEventListener("message", ({ data }: MessageEvent<FromUndoWorker>) => hear(data));
    worker.addEventListener("error", ({ message }) => hear({ type: "failed", code: "thread_failed", message }));
  }

  async find(message: Extract<ToUndoWorker, { type: "find" }>): Promise<void> {
    this.found = (await this.#ask(message, "found", FIND_MS_MAX)).found;
  }

  /** `keep`: the zone keeps its batches from now on, and says from which tick. Throws WowsimError. */
  async history(zoneId: number, keep: () => Promise<number>): Promise<UndoHistory> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      await this.#ask({ type: "run", zoneId }, "near", RUN_MS_MAX);
      const tick = await keep();
      return (await this.#ask({ type: "until", tick }, "history", FIND_MS_MAX)).history;
    } finally {
      resolve();
    }
  }

  /** Whoever waits for an answer gets an error. */
  end(): void {
    this.#isEnded = true;
    this.#heard?.({ type: "failed", code: "undo_failed", message: "it was interrupted" });
    this.#worker.terminate();
    this.#onEnd();
  }

  async #ask<Type extends FromUndoWorker["type"]>(
    message: ToUndoWorker,
    type: Type,
    msMax: number,
  ): Promise<Extract<FromUndoWorker, { type: Type }>> {
    if (this.#isEnded) throw new WowsimError("undo_failed", "it was interrupted");
    const { promise, resolve, reject } = Promise.withResolvers<Extract<FromUndoWorker, { type: Type }>>();
    const late = (): void => reject(new WowsimError("undo_failed", `it took longer than ${msMax / 1_000} s`));
    const timer = setTimeout(late, msMax);
    this.#heard = (answer) => {
      if (answer.type === "failed") reject(new WowsimError(answer.code, answer.message));
      else if (answer.type === type) resolve(answer as Extract<FromUndoWorker, { type: Type }>);
    };
    try {
      this.#worker.postMessage(message);
      return await promise;
    } catch (error) {
      if (error instanceof WowsimError) throw error;
      throw new WowsimError("undo_failed", messageOf(error), { cause: error });
    } finally {
      clearTimeout(timer);
      this.#heard = null;
    }
  }
}
