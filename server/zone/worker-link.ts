// One zone worker, seen from the main thread: its two rings, its rare messages, its life.

import { WowsimError } from "../errors.ts";
import type { WorkerFactory } from "../workers.ts";
import type { FromZoneWorker, ToZoneWorker } from "./messages.ts";
import { Ring } from "./ring.ts";
import type { ZoneRequest } from "./supervisor.ts";
import type { ZoneWorkerStart } from "./worker-messages.ts";

/** 26,000 commands: more than half a second of the heaviest load measured, should a zone be stalled. */
const COMMAND_RING_BYTES = 1 << 20;
/** Some ticks of frames for a thousand watchers. */
const OUTPUT_RING_BYTES = 1 << 23;
const READY_MS_MAX = 20_000;
const REQUEST_MS_MAX = 10_000;
const STOP_MS_MAX = 500;
/** How long the reader sleeps when nobody wakes it. */
const IDLE_MS = 250;

export interface WorkerLinkEvents {
  /** One record of the output ring (wire.ts). */
  onRecord(view: DataView, bytes: Uint8Array, offset: number, length: number): void;
  onMessage(message: FromZoneWorker): void;
  /** `faultThread`: its number in the fault block, 0 when it never said. */
  onDeath(zones: number[], why: string, faultThread: number): void;
  /** A record could not be handled: a mistake of this program's. Those after it are. */
  onError(error: unknown): void;
}

interface Pending {
  resolve: (data: unknown) => void;
  reject: (error: Error) => void;
  timer: Timer;
}

export class ZoneWorkerLink {
  /** Resolves when the worker ticks. */
  readonly ready: Promise<void>;
  readonly commands: Ring;
  readonly #worker: Worker;
  readonly #output: Ring;
  readonly #stop: Int32Array;
  readonly #zones: number[];
  readonly #events: WorkerLinkEvents;
  readonly #pending = new Map<number, Pending>();
  readonly #stopped = Promise.withResolvers<void>();
  #lastRequest = 0;
  #faultThread = 0;
  #readyTimer: Timer | undefined;
  #isAlive = true;
  #isStopping = false;

  /** The shared memory of one worker, pages touched, so that it does not seem to leak while it fills the first time. */
  static allocate(): Pick<ZoneWorkerStart, "commandRing" | "outputRing" | "stop"> {
    return {
      commandRing: touched(COMMAND_RING_BYTES),
      outputRing: touched(OUTPUT_RING_BYTES),
      stop: new SharedArrayBuffer(8),
    };
  }

  constructor(newWorker: WorkerFactory, start: ZoneWorkerStart, events: WorkerLinkEvents) {
    this.#events = events;
    this.#zones = start.zones.map(({ zone }) => zone.id);
    this.commands = new Ring(start.commandRing);
    this.#output = new Ring(start.outputRing);
    this.#stop = new Int32Array(start.stop);
    this.#worker = newWorker();
    this.ready = this.#untilReady();
    this.#worker.postMessage(start);
    void this.#read();
  }

  post(message: ToZoneWorker): void {
    if (this.#isAlive) this.#worker.postMessage(message);
  }

  /** Rejects with WowsimError: "zone_refused", "zone_silent" or "zone_worker". */
  request(zoneId: number, message: ZoneRequest): Promise<unknown> {
    const request = ++this.#lastRequest;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (!this.#isAlive) return Promise.reject(new WowsimError("zone_worker", `The worker of zone ${zoneId} is gone.`));
    const timer = setTimeout(() => {
      this.#pending.delete(request);
      reject(new WowsimError("zone_silent", `Zone ${zoneId} did not answer within ${REQUEST_MS_MAX / 1_000} s.`));
    }, REQUEST_MS_MAX);
    this.#pending.set(request, { resolve, reject, timer });
    this.post({ ...message, request, zoneId });
    return promise;
  }

  /** Lets the tick in progress end; after that, or half a second, the worker is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#readyTimer);
    Atomics.store(this.#stop, 0, 1);
    Atomics.notify(this.#stop, 0);
    if (this.#isAlive) await Promise.race([this.#stopped.promise, Bun.sleep(STOP_MS_MAX)]);
    this.#isAlive = false;
    this.#output.wake();
    this.#worker.terminate();
    this.#rejectAll("The server stops.");
  }

  #untilReady(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#readyTimer = setTimeout(
      () => reject(new WowsimError("zone_worker", "A zone worker did not start in time.")),
      READY_MS_MAX,
    );
    const settle = (action: () => void): void => {
      clearTimeout(this.#readyTimer);
      action();
    };
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromZoneWorker>) => {
      if (data.type === "ready") {
        this.#faultThread = data.faultThread;
        settle(resolve);
      } else if (data.type === "failed")
        settle(() => reject(new WowsimError("zone_worker", `A zone worker could not start: ${data.error}`)));
      else this.#onMessage(data);
    });
    this.#worker.addEventListener("error", ({ message }: ErrorEvent) => {
      settle(() => reject(new WowsimError("zone_worker", `A zone worker failed: ${message}`)));
      this.#die(message);
    });
    this.#worker.addEventListener("close", () => this.#die("it ended"));
    return promise;
  }

  #onMessage(message: FromZoneWorker): void {
    if (message.type === "stopped") this.#stopped.resolve();
    else if (message.type === "answer") this.#onAnswer(message);
    else this.#events.onMessage(message);
  }

  #onAnswer(message: Extract<FromZoneWorker, { type: "answer" }>): void {
    const pending = this.#pending.get(message.request);
    if (pending === undefined) return;
    this.#pending.delete(message.request);
    clearTimeout(pending.timer);
    if (message.ok) pending.resolve(message.data);
    else pending.reject(new WowsimError("zone_refused", message.error));
  }

  #die(why: string): void {
    if (!this.#isAlive || this.#isStopping) return;
    this.#isAlive = false;
    this.#rejectAll(`The zone worker died (${why}).`);
    this.#events.onDeath(this.#zones, why, this.#faultThread);
  }

  #rejectAll(message: string): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new WowsimError("zone_worker", message));
    }
    this.#pending.clear();
  }

  async #read(): Promise<void> {
    const { view, bytes } = this.#output;
    while (this.#isAlive) {
      await this.#output.waitAsync(IDLE_MS);
      this.#output.drain((offset, length) => {
        try {
          this.#events.onRecord(view, bytes, offset, length);
        } catch (error) {
          this.#events.onError(error);
        }
      });
      // A ring that is never empty for long must not keep sockets and timers from their turn: waiting for it is no turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Memory for a ring, every page of it in use. */
function touched(bytes: number): SharedArrayBuffer {
  const buffer = Ring.allocate(bytes);
  new Uint8Array(buffer).fill(0);
  return buffer;
}
