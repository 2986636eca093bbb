// Telemetry on the main thread: the rings to which every thread writes its lines, and the two workers that move the
// lines to the file and to the watchers.
//
//   const telemetry = await startTelemetry({ file, udpHost: "127.0.0.1", udpPort: 9090, producers: 3, workers, ... })
//   telemetry.emitter.emit("event", "server", "Server starting", { version, tick_rate_hz: 20 })
//   new Worker(...).postMessage({ telemetryRing: telemetry.rings[1] })     // there: new RingEmitter(new Ring(buffer))
//   await telemetry.stop()      // after the zone workers ended: their last lines are in the rings
//
// rings[0] belongs to the main thread, rings[1] and higher to the zone workers, one writer each. A replacement zone
// worker gets a new ring (ringOf), because the lost worker may still write to the old one.

import type { WorkerFactory } from "../../shared/worker-factory.ts";
import { Ring } from "../../shared/ring.ts";
import { TelemetryCounters } from "../../shared/telemetry-counters.ts";
import type { TelemetryCounter } from "../../shared/telemetry-counters.ts";
import { RingEmitter } from "../../shared/emitter.ts";
import type { FeedLimits } from "../../protocol/limits.ts";
import type { Origin } from "../../protocol/telemetry-line.ts";
import { ProcessHealth } from "./process-health.ts";
import { WorkerHost } from "./worker-host.ts";
import type { FeedStart, RecorderStart } from "../../shared/telemetry-messages.ts";
import { at } from "../../protocol/assert.ts";

/** Holds some seconds of a thread's lines when the recorder gets no core: 1 MiB is about 3,500 lines. */
const RING_BYTES = 1 << 20;
const FEED_RING_BYTES = 1 << 20;
const BACKLOG_BYTES_MAX = 8 << 20;
const ROTATE_BYTES = 256 << 20;
const FILES_MAX = 4;
const HEALTH_INTERVAL_MS = 1000;
/** Together well below the two seconds in which the whole server must stop. */
const RECORDER_STOP_MS_MAX = 700;
const FEED_STOP_MS_MAX = 100;

export interface TelemetryOptions {
  /** The path of the file; its folder is created when it is missing. */
  file: string;
  /** The lock held by the caller; its inode shows whether the caller still holds it. */
  lock?: { path: string; inode: SharedArrayBuffer } | null;
  /** Size at which the file is rotated; default 256 MiB. */
  rotateBytes?: number;
  /** Number of files kept, including the current one; default 4. */
  filesMax?: number;
  udpHost: string;
  /** 0 means any free port. */
  udpPort: number;
  /** The token that watchers must send; default none. */
  udpToken?: string | undefined;
  feedLimits?: Partial<FeedLimits> | undefined;
  /** Number of threads that write lines: the main thread and every zone worker. */
  producers: number;
  /** Of a process of a cluster: the main thread's lines carry it. */
  origin?: Origin | undefined;
  /** Wall time in milliseconds since 1970. */
  clock: () => number;
  workers: { recorder: WorkerFactory; feed: WorkerFactory };
}

export interface TelemetryStats {
  /** Lines that were not written to a file, because a ring was full or the disk too slow. */
  linesLost: number;
  linesWritten: number;
  fileBytes: number;
  fileErrors: number;
  subscribers: number;
  /** Number of times a telemetry worker died and was replaced. */
  workerRestarts: number;
}

/** Starts both workers. Throws WowsimError("port_in_use", "listen_failed" or "telemetry_file"). */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const telemetry = new Telemetry(options);
  await telemetry.start();
  return telemetry;
}

export class Telemetry {
  /** [0] is for the main thread, [1] and higher for the zone workers. */
  readonly rings: SharedArrayBuffer[];
  /** The main thread's emitter. */
  readonly emitter: RingEmitter;
  readonly #readers: Ring[];
  /** Lines that were lost in earlier rings, by producer. */
  readonly #lostBefore: number[];
  readonly #handedOut = new Set<number>();
  readonly #counters = new TelemetryCounters(TelemetryCounters.allocate());
  readonly #recorder: WorkerHost;
  readonly #feed: WorkerHost;
  readonly #health = new ProcessHealth(() => performance.now());
  #udpPort: number;
  #healthTimer: Timer | undefined;

  /** Use startTelemetry instead. */
  constructor(options: TelemetryOptions) {
    this.rings = Array.from({ length: options.producers }, () => allocateTouched(RING_BYTES));
    this.#readers = this.rings.map((buffer) => new Ring(buffer));
    this.#lostBefore = this.rings.map(() => 0);
    const [main] = this.rings;
    if (main === undefined) throw new RangeError("The main thread is a producer: producers is at least 1.");
    this.emitter = new RingEmitter(new Ring(main), { now: options.clock, source: "main", origin: options.origin });
    this.#udpPort = options.udpPort;
    const feedRing = allocateTouched(FEED_RING_BYTES);
    const counters = this.#counters.buffer;
    const recorderStart: RecorderStart = {
      type: "start",
      rings: this.rings,
      feed: feedRing,
      counters,
      file: options.file,
      rotateBytes: options.rotateBytes ?? ROTATE_BYTES,
      filesMax: options.filesMax ?? FILES_MAX,
      backlogBytesMax: BACKLOG_BYTES_MAX,
      lock: options.lock ?? null,
    };
    this.#recorder = new WorkerHost(options.workers.recorder, () => recorderStart);
    const { udpHost: host, udpToken: token, feedLimits: limits } = options;
    const feedStart = { type: "start", feed: feedRing, counters, host, token, limits } as const;
    this.#feed = new WorkerHost(options.workers.feed, (): FeedStart => ({ ...feedStart, port: this.#udpPort }));
  }

  /** Called once, by startTelemetry. */
  async start(): Promise<void> {
    const started = await Promise.allSettled([this.#recorder.start(), this.#feed.start()]);
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await this.stop();
      throw failed.reason;
    }
    const [, feed] = started;
    if (feed.status === "fulfilled") this.#udpPort = feed.value.port ?? this.#udpPort;
    this.#healthTimer = setInterval(() => this.#sayHealth(), HEALTH_INTERVAL_MS);
  }

  /** The ring for a producer that starts: the prepared one at first, and a new one for each replacement. */
  ringOf(producer: number): SharedArrayBuffer {
    const first = this.rings[producer];
    const before = this.#readers[producer];
    if (first === undefined || before === undefined) throw new RangeError(`There is no producer ${producer}.`);
    if (!this.#handedOut.has(producer)) {
      this.#handedOut.add(producer);
      return first;
    }
    const ring = allocateTouched(RING_BYTES);
    this.#lostBefore[producer] = at(this.#lostBefore, producer) + before.refused;
    this.rings[producer] = ring;
    this.#readers[producer] = new Ring(ring);
    this.#recorder.post({ type: "ring", producer, ring });
    return ring;
  }

  /** The feed's bound port. */
  get udpPort(): number {
    return this.#udpPort;
  }

  stats(): TelemetryStats {
    return {
      linesLost: this.#linesLost,
      linesWritten: this.counter("linesWritten"),
      fileBytes: this.counter("fileBytes"),
      fileErrors: this.counter("fileErrors"),
      subscribers: this.counter("subscribers"),
      workerRestarts: this.#recorder.restarts + this.#feed.restarts,
    };
  }

  /** The value of a counter of the workers. */
  counter(name: TelemetryCounter): number {
    return this.#counters.get(name);
  }

  /** Lines lost because a ring was full, by the ring's index in `rings`. */
  ringLinesLost(): number[] {
    return this.#readers.map((ring, producer) => ring.refused + at(this.#lostBefore, producer));
  }

  /** Writes and sends everything emitted so far, and ends the workers. Takes at most about a second. */
  async stop(): Promise<void> {
    clearInterval(this.#healthTimer);
    this.emitter.flush(true);
    await this.#recorder.stop(RECORDER_STOP_MS_MAX);
    await this.#feed.stop(FEED_STOP_MS_MAX);
  }

  get #linesLost(): number {
    return this.ringLinesLost().reduce((sum, lost) => sum + lost, this.counter("linesLost"));
  }

  #sayHealth(): void {
    this.emitter.emit("health", "server", "Process", this.#health.sample(this.#linesLost));
    this.emitter.flush();
  }
}

/** A ring whose pages are all touched at once, so that its first filling does not look like a memory leak. */
function allocateTouched(capacityBytes: number): SharedArrayBuffer {
  const buffer = Ring.allocate(capacityBytes);
  new Uint8Array(buffer).fill(0);
  return buffer;
}
