// Controls one telemetry worker from the main thread: starts it, restarts it when it dies, stops it within a time
// limit.
//
//   const host = new WorkerHost(workers.feed, () => ({ type: "start", ... }))
//   const { port } = await host.start()      // throws WowsimError with the worker's reason when it can not start
//   await host.stop(250)                     // the worker finishes, or is ended, within 250 ms
//
// A failure of telemetry does not end the server: a worker that dies is replaced after a second and continues with the
// same rings and counters.

import { WowsimError } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { FromTelemetryWorker, ToFeed, ToRecorder } from "../../shared/telemetry-messages.ts";

const RESTART_DELAY_MS = 1000;
/** Extra time for the answer of a worker that used its whole timeout. */
const STOP_MARGIN_MS = 100;

type Ready = Extract<FromTelemetryWorker, { type: "ready" }>;

export class WorkerHost {
  readonly #factory: WorkerFactory;
  readonly #startMessage: () => ToRecorder | ToFeed;
  #worker: Worker | null = null;
  #restartTimer: Timer | undefined;
  #stopping = false;
  #onStopped: (() => void) | null = null;
  #restarts = 0;

  /** `startMessage` is called again at every restart. */
  constructor(factory: WorkerFactory, startMessage: () => ToRecorder | ToFeed) {
    this.#factory = factory;
    this.#startMessage = startMessage;
  }

  /** Number of times the worker died and was replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when the worker is ready. Throws WowsimError with the worker's own code, or "worker_died". */
  async start(): Promise<Ready> {
    const { promise, resolve, reject } = Promise.withResolvers<Ready>();
    let started = false;
    const worker = this.#factory();
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<FromTelemetryWorker>) => {
      if (data.type === "ready") {
        started = true;
        resolve(data);
      } else if (data.type === "failed") reject(new WowsimError(data.code, data.message));
      else this.#onStopped?.();
    });
    let error = "it ended";
    worker.addEventListener("error", (event) => {
      error = event.message;
    });
    worker.addEventListener("close", () => {
      if (this.#worker === worker) this.#worker = null;
      this.#onStopped?.();
      reject(new WowsimError("worker_died", `A telemetry worker could not start: ${error}`));
      if (started) this.#restartLater();
    });
    worker.postMessage(this.#startMessage());
    return await promise.catch((cause: unknown) => {
      worker.terminate();
      throw cause;
    });
  }

  /**
   * Sends the worker a message. A worker that is being replaced does not get it: its start message must contain the
   * same.
   */
  post(message: ToRecorder | ToFeed): void {
    this.#worker?.postMessage(message);
  }

  /** Asks the worker to finish within `timeoutMs`, and ends it soon after that if necessary. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onStopped = resolve;
    const timer = setTimeout(resolve, timeoutMs + STOP_MARGIN_MS);
    worker.postMessage({ type: "stop", timeoutMs });
    await promise;
    clearTimeout(timer);
    worker.terminate();
  }

  #restartLater(): void {
    if (this.#stopping) return;
    this.#restartTimer = setTimeout(() => {
      this.#restarts++;
      // When the restart fails, it is tried again later; the restart counter shows it.
      this.start().catch(() => this.#restartLater());
    }, RESTART_DELAY_MS);
  }
}
