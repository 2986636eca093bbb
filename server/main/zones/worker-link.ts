// One zone worker from its start to its end, seen from the main thread: its two rings, its rare messages, its
// breadcrumb, its end.
//
// When the worker dies, or is ended because it hangs, everything it has committed to its output ring is read first,
// whatever this thread was waiting for; then its open requests are refused; then its end is reported. After that,
// nothing from it is passed on, even when its thread can not be ended and continues.

import { WowsimError } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import { BlackBox } from "../../shared/black-box.ts";
import type { NotedBatch } from "../../shared/black-box.ts";
import { Breadcrumb } from "../../shared/breadcrumb.ts";
import type { Crumb } from "../../shared/breadcrumb.ts";
import { Wake } from "../../shared/wake.ts";
import type { FromZoneWorker, RevivedReport, ToZoneWorker } from "../../shared/zone-messages.ts";
import { Ring } from "../../shared/ring.ts";
import type { ZoneRequest } from "../../shared/zone-messages.ts";
import type { ZoneWorkerStart } from "../../shared/zone-start.ts";
import { at } from "../../protocol/assert.ts";

/** Holds 26,000 commands: more than half a second of the heaviest load measured, in case a zone stalls. */
const COMMAND_RING_BYTES = 1 << 20;
/** Holds some ticks of frames for a thousand watchers. */
const OUTPUT_RING_BYTES = 1 << 23;
const READY_MS_MAX = 20_000;
const REQUEST_MS_MAX = 10_000;
const STOP_MS_MAX = 500;
/** How long the reader sleeps when nothing wakes it. */
const IDLE_MS = 250;
/** The most characters of the reason why a worker died. */
const REASON_CHARS_MAX = 200;

/** How a worker that ticked has ended. */
export interface WorkerEnd {
  how: "died" | "hung";
  why: string;
  crumb: Crumb;
  /** The batch of its last tick; null before the first one. */
  noted: NotedBatch | null;
}

/** Is told what happens to a worker. */
export interface WorkerLinkListener {
  /** One record of the output ring (ring-records.ts). */
  recorded(view: DataView, bytes: Uint8Array, offset: number, length: number): void;
  said(message: FromZoneWorker): void;
  /** A worker that was ready has ended. One that was never ready rejects `ready` instead. */
  ended(link: ZoneWorkerLink, end: WorkerEnd): void;
  /** The thread has really ended; after the worker's end, or after a failed start. */
  gone(link: ZoneWorkerLink): void;
  /** A record could not be handled: a bug of the server. The records after it are handled. */
  failed(error: unknown): void;
}

interface Pending {
  resolve: (data: unknown) => void;
  reject: (error: Error) => void;
  timer: Timer;
}

/** The shared memory of one worker besides its telemetry and its journal. */
export type WorkerMemory = Pick<ZoneWorkerStart, "commandRing" | "outputRing" | "breadcrumb" | "blackBox">;

export class ZoneWorkerLink {
  /** Resolves when the worker ticks, with what came of the zones that go on from a journal. */
  readonly ready: Promise<RevivedReport[]>;
  readonly commands: Ring;
  readonly crumb: Breadcrumb;
  readonly #box: BlackBox;
  readonly #worker: Worker;
  readonly #output: Ring;
  readonly #wake: Wake;
  readonly #listener: WorkerLinkListener;
  readonly #pending = new Map<number, Pending>();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #isReady = Promise.withResolvers<RevivedReport[]>();
  #lastRequest = 0;
  #readyTimer: Timer | undefined;
  #wasReady = false;
  #isGone = false;
  #isAlive = true;
  #isStopping = false;
  #isHeard = false;
  readonly #heard: Promise<unknown>;
  /** Said before anybody listened. */
  readonly #unheard: FromZoneWorker[] = [];

  /** New memory; its pages are touched, so that its first filling does not look like a memory leak. */
  static allocate(): WorkerMemory {
    return {
      commandRing: touched(COMMAND_RING_BYTES),
      outputRing: touched(OUTPUT_RING_BYTES),
      breadcrumb: Breadcrumb.allocate(),
      blackBox: BlackBox.allocate(),
    };
  }

  /** `heard`: until it resolves, what the zones report, and the end of the worker, wait for it. */
  constructor(
    newWorker: WorkerFactory,
    start: ZoneWorkerStart,
    listener: WorkerLinkListener,
    heard: Promise<unknown> = Promise.resolve(),
  ) {
    this.#listener = listener;
    this.#heard = heard;
    this.commands = new Ring(start.commandRing);
    this.crumb = new Breadcrumb(start.breadcrumb);
    this.#box = new BlackBox(start.blackBox);
    this.#output = new Ring(start.outputRing);
    this.#wake = new Wake(start.wake);
    this.#worker = newWorker();
    this.ready = this.#isReady.promise;
    this.#readyTimer = setTimeout(() => this.#failToStart("A zone worker did not start in time."), READY_MS_MAX);
    this.#listen();
    this.#worker.postMessage(start);
    void this.#read();
  }

  /** Its thread has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Copies of the records that no tick has made its own yet, oldest first. For the successor of a worker that has ended. */
  undelivered(): Uint8Array[] {
    const records: Uint8Array[] = [];
    this.commands.rewind();
    this.commands.read((offset, length) => void records.push(this.commands.bytes.slice(offset, offset + length)));
    return records;
  }

  post(message: ToZoneWorker): void {
    if (this.#isAlive) this.#worker.postMessage(message);
  }

  /** Rejects with WowsimError: "zone_refused", "zone_silent" or "zone_worker". */
  request(zoneId: number, message: ZoneRequest): Promise<unknown> {
    const request = ++this.#lastRequest;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (!this.#isAlive) return Promise.reject(workerGone(zoneId));
    const timer = setTimeout(() => {
      this.#pending.delete(request);
      reject(new WowsimError("zone_silent", `Zone ${zoneId} did not answer within ${REQUEST_MS_MAX / 1_000} s.`));
    }, REQUEST_MS_MAX);
    this.#pending.set(request, { resolve, reject, timer });
    this.post({ ...message, request, zoneId });
    // A worker that waits for its next tick does it now.
    this.#wake.mail();
    return promise;
  }

  /** Ends a worker that does not tick any more, and its thread if possible. */
  abandon(why: string): void {
    this.#end("hung", why);
  }

  /** Lets the tick in progress finish; after that, or after half a second, the worker is ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#readyTimer);
    this.#wake.stop();
    if (this.#isAlive) await Promise.race([this.#stopped.promise, Bun.sleep(STOP_MS_MAX)]);
    this.#isAlive = false;
    this.#output.wake();
    this.#worker.terminate();
    this.#rejectAll("The server stops.");
  }

  #listen(): void {
    this.#worker.addEventListener("message", ({ data }: MessageEvent<FromZoneWorker>) => {
      if (this.#isAlive) this.#onMessage(data);
    });
    this.#worker.addEventListener("error", ({ message }: ErrorEvent) => this.#end("died", reasonOf(message)));
    this.#worker.addEventListener("close", () => {
      this.#end("died", "it ended");
      this.#isGone = true;
      if (!this.#isStopping) this.#listener.gone(this);
    });
  }

  #onMessage(message: FromZoneWorker): void {
    if (message.type === "ready") {
      clearTimeout(this.#readyTimer);
      this.#wasReady = true;
      this.#isReady.resolve(message.revived);
    } else if (message.type === "failed") this.#failToStart(`A zone worker could not start: ${message.error}`);
    else if (message.type === "stopped") this.#stopped.resolve();
    else if (message.type === "answer") this.#onAnswer(message);
    else if (this.#isHeard) {
      this.#drain(); // what a zone has reported about its players comes before its DOWN
      this.#listener.said(message);
    } else this.#unheard.push(message);
  }

  #onAnswer(message: Extract<FromZoneWorker, { type: "answer" }>): void {
    const pending = this.#pending.get(message.request);
    if (pending === undefined) return;
    this.#pending.delete(message.request);
    clearTimeout(pending.timer);
    if (message.ok) pending.resolve(message.data);
    else pending.reject(new WowsimError("zone_refused", message.error));
  }

  #failToStart(why: string): void {
    clearTimeout(this.#readyTimer);
    this.#isReady.reject(new WowsimError("zone_worker", why));
  }

  #end(how: WorkerEnd["how"], why: string): void {
    if (!this.#isAlive || this.#isStopping) return;
    if (this.#wasReady && !this.#isHeard) {
      void this.#heard.then(() => this.#end(how, why));
      return;
    }
    const crumb = this.crumb.read();
    this.#isAlive = false;
    this.#drain();
    this.#output.wake();
    this.#worker.terminate();
    this.#rejectAll(`The zone worker ${how} (${why}).`);
    if (this.#wasReady) this.#listener.ended(this, { how, why, crumb, noted: this.#box.read() });
    else this.#failToStart(`A zone worker failed: ${why}`);
  }

  #rejectAll(message: string): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new WowsimError("zone_worker", message));
    }
    this.#pending.clear();
  }

  async #read(): Promise<void> {
    await this.#heard;
    this.#isHeard = true;
    for (const message of this.#unheard.splice(0)) if (this.#isAlive) this.#onMessage(message);
    while (this.#isAlive) {
      await this.#output.waitAsync(IDLE_MS);
      if (this.#isAlive) this.#drain();
      // A ring that is rarely empty must not starve sockets and timers: waiting for the ring alone does not let them
      // run.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #drain(): void {
    const { view, bytes } = this.#output;
    this.#output.drain((offset, length) => {
      try {
        this.#listener.recorded(view, bytes, offset, length);
      } catch (error) {
        this.#listener.failed(error);
      }
    });
  }
}

/** The error of a request to a zone without a worker. */
export function workerGone(zoneId: number): WowsimError {
  return new WowsimError("zone_worker", `The worker of zone ${zoneId} is gone; it is being begun again.`);
}

/** The line with the error message, without the source code that the runtime prints around it. */
function reasonOf(message: string): string {
  const lines = Bun.stripANSI(message).split("\n");
  const line = lines.find((text) => /^\w*[Ee]rror: /.test(text)) ?? at(lines, 0);
  return line.replace(/^error: /, "").slice(0, REASON_CHARS_MAX);
}

/** Memory for a ring, with every page touched. */
function touched(bytes: number): SharedArrayBuffer {
  const buffer = Ring.allocate(bytes);
  new Uint8Array(buffer).fill(0);
  return buffer;
}
