// Spreads the tasks of a validation over threads, one task at a time each. Each thread reads the journal itself.
//
//   main   → { type: "begin", dataDir: ".wowsim", kernel: { module, layout, ... } }
//   main   → { type: "task", task: { type: "zone", zone: 3, ticks: 6000, ... } }
//   worker ← { type: "progress", share: 0.4, what: "zone 3, tick 4711" }
//   worker ← { type: "done", findings: { type: "zone", found: { zone: 3, comparison: ... }, ... } }
//
// With one thread it happens in this one.

import { availableParallelism } from "node:os";
import type { Kernel, LayoutEntries } from "../../assembly/toolchain/kernel.ts";
import { layoutEntries } from "../../assembly/toolchain/load.ts";
import type { Content } from "../protocol/content/content.ts";
import { WowsimError } from "../protocol/errors.ts";
import type { ValidationObserver, ValidationOptions } from "../protocol/validation.ts";
import { openJournal } from "../replay/open-journal.ts";
import { Pause } from "../replay/pause.ts";
import { TaskRunner } from "./thread-tasks.ts";
import type { Findings, Task } from "./thread-tasks.ts";

/** More would wait for memory, not for a processor. */
const THREADS_MAX = 8;

/** A kernel in the form in which threads send it. */
export interface SentKernel {
  module: WebAssembly.Module;
  hash: string;
  label: string;
  layout: LayoutEntries;
}

export type ToTaskThread =
  | { type: "begin"; dataDir: string; file: string | undefined; kernel: SentKernel }
  | { type: "task"; task: Task }
  | { type: "abort" };

export type FromTaskThread =
  | { type: "progress"; share: number; what: string }
  | { type: "done"; findings: Findings }
  | { type: "failed"; code: string; message: string };

export class TaskThreads implements Disposable {
  readonly #options: ValidationOptions;
  readonly #candidate: Kernel;
  readonly #content: Content;
  readonly #threads: TaskThread[] = [];

  constructor(options: ValidationOptions, candidate: Kernel, content: Content) {
    this.#options = options;
    this.#candidate = candidate;
    this.#content = content;
  }

  /** In the order of the tasks; those that an interruption left out are missing. */
  async run(tasks: readonly Task[], observer: ValidationObserver): Promise<Findings[]> {
    const most = Math.min(this.#options.threads ?? availableParallelism(), THREADS_MAX);
    const threads = Math.min(most, tasks.length);
    const found = threads > 1 ? await this.#inThreads(tasks, threads, observer) : await this.#here(tasks, observer);
    return found.flatMap((each) => each ?? []);
  }

  async #here(tasks: readonly Task[], observer: ValidationObserver): Promise<(Findings | undefined)[]> {
    const { signal } = this.#options;
    using journal = openJournal(this.#options);
    const runner = new TaskRunner(journal, this.#candidate, this.#content);
    const pause = new Pause(
      tasks.reduce((sum, task) => sum + TaskRunner.ticksOf(task), 0),
      signal,
    );
    const found: Findings[] = [];
    for (const task of tasks) if (signal?.aborted !== true) found.push(await runner.run(task, pause, observer));
    return found;
  }

  async #inThreads(
    tasks: readonly Task[],
    threads: number,
    observer: ValidationObserver,
  ): Promise<(Findings | undefined)[]> {
    const { signal } = this.#options;
    const waiting = [...tasks.entries()];
    const shares = tasks.map(() => 0);
    const found: (Findings | undefined)[] = tasks.map(() => undefined);
    const isAborted = (): boolean => signal?.aborted === true;
    const work = async (index: number): Promise<void> => {
      const thread = (this.#threads[index] ??= new TaskThread(this.#options, this.#candidate));
      for (let next = waiting.shift(); next !== undefined && !isAborted(); next = waiting.shift()) {
        const [at, task] = next;
        const onProgress = (share: number, what: string): void => {
          shares[at] = share;
          observer.onProgress?.(shares.reduce((sum, each) => sum + each, 0) / tasks.length, what);
        };
        found[at] = await thread.run(task, onProgress);
        shares[at] = 1;
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: threads }, (_, index) => work(index)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return found;
  }

  [Symbol.dispose](): void {
    for (const thread of this.#threads.splice(0)) thread[Symbol.dispose]();
  }
}

/** One worker, which does one task after the other. */
class TaskThread implements Disposable {
  readonly #worker: Worker;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#say({ type: "abort" });
  /** Of the present task. */
  #onMessage: (message: FromTaskThread) => void = () => {};
  #onError: (message: string) => void = () => {};

  constructor({ dataDir, file, signal }: ValidationOptions, { module, hash, label, layout }: Kernel) {
    const folder = Bun.isStandaloneExecutable ? "." : "..";
    this.#worker = new Worker(new URL(`${folder}/validate-worker.ts`, import.meta.url).href);
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromTaskThread>) => this.#onMessage(data));
    this.#worker.addEventListener("error", ({ message }) => this.#onError(message));
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort);
    this.#say({ type: "begin", dataDir, file, kernel: { module, hash, label, layout: layoutEntries(layout) } });
  }

  /** Throws the worker's WowsimError. */
  async run(task: Task, onProgress: (share: number, what: string) => void): Promise<Findings> {
    const done = Promise.withResolvers<Findings>();
    const fail = (code: string, message: string): void => done.reject(new WowsimError(code, message));
    this.#onMessage = (message) => {
      if (message.type === "progress") onProgress(message.share, message.what);
      else if (message.type === "done") done.resolve(message.findings);
      else fail(message.code, message.message);
    };
    this.#onError = (message) => fail("thread_failed", `A thread of the validation failed: ${message}`);
    this.#say({ type: "task", task });
    return await done.promise;
  }

  #say(message: ToTaskThread): void {
    this.#worker.postMessage(message);
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#worker.terminate();
  }
}
