// Controls the journal thread from the main thread: starts it, restarts it on the same rings when it dies, reads from it what an
// earlier server left behind, and writes the main thread's own facts and events.
//
//   const journal = await JournalHost.start({ folder, workers: 2, durability: "process", ... })
//   journal.found                                    // sessions, zones, modules of an earlier server
//   journal.put("session", "12", { name: "Ann" })    // a fact; null removes it
//   await journal.safe()                             // everything put until now is safe
//   await journal.stop()                             // null, or what the disk did not take
//
// A disk that is slow or refuses writes, and a thread that dies, are told; nothing here waits for them for long.

import { WowsimError } from "../../protocol/errors.ts";
import type { Durability } from "../../protocol/server-options.ts";
import { DiskTrouble } from "../../shared/disk-trouble.ts";
import { JournalFigures } from "../../shared/journal-figures.ts";
import type { FoundWorld, FoundZone, FromJournal, JournalProducer, ToJournal } from "../../shared/journal-messages.ts";
import { Ring } from "../../shared/ring.ts";
import { Wake } from "../../shared/wake.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { JournalAccess, ZoneJournal } from "../../shared/zone-journal.ts";
import { JournalOutbox } from "./journal-outbox.ts";
import type { EventKind, FactKind, JournalModule } from "./journal-outbox.ts";

/** Holds the ticks of a second at 5,000 players, and one compressed state of up to half of it. */
const ZONE_RING_BYTES = 1 << 23;
const MAIN_RING_BYTES = 1 << 22;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 2_000;
/** How long a told thing waits for a disk that hangs. After that it counts as not safe, which the zones report. */
const SAFE_MS_MAX = 1_000;
const LOOK_MS = 50;
const STOP_MS_MAX = 1_000;

export interface JournalHostOptions {
  newWorker: WorkerFactory;
  folder: string;
  /** Number of zone workers. */
  workers: number;
  durability: Durability;
  /** When the journal is lost, the server stops, and nothing that is not safe is told; default false. */
  staysClosed?: boolean;
  retention: { hours: number; megabytes: number };
  /** Called when the disk begins to refuse writes, with the reason, and with null when it accepts them again. */
  onState: (failing: string | null) => void;
  /** Called when the thread died, or could not write a record. */
  onTrouble: (what: string) => void;
}

type Succession = Extract<ToJournal, { type: "succeed" }>;

export class JournalHost implements ZoneJournal {
  #found: FoundWorld = { meta: {}, zones: [], modules: [], facts: [], rowsMissing: 0, problems: [] };
  readonly #options: JournalHostOptions;
  readonly #bell = new Wake(Wake.allocate());
  readonly #producers: JournalProducer[];
  readonly #ring: Ring;
  readonly #wake: Wake;
  /** Successors that wait for what the journal has of their zones. */
  readonly #requests = new Map<number, { message: Succession; resolve: (zones: FoundZone[]) => void }>();
  readonly #outbox: JournalOutbox;
  readonly #figures = JournalFigures.allocate();
  readonly figures = new JournalFigures(this.#figures);
  readonly #trouble = DiskTrouble.allocate();
  /** For faults and tests: what is wrong with the disk. */
  readonly trouble = new DiskTrouble(this.#trouble);
  /** A place of the ring for which the disk was too slow; null when the last one was safe in time. */
  #slowPlace: number | null = null;
  #worker: Worker | null = null;
  #lastRequest = 0;
  #failing: string | null = null;
  #isStopping = false;
  #hasBegun = false;
  #restarts = 0;
  #restartMs = RESTART_MS_MIN;
  #onStopped: (() => void) | null = null;

  /** Starts the thread. Throws WowsimError("journal_unreadable", "journal_too_new", ...). */
  static async start(options: JournalHostOptions): Promise<JournalHost> {
    const found = Promise.withResolvers<FoundWorld>();
    const producers = Array.from({ length: options.workers + 1 }, (_, index) => newProducer(index));
    const host = new JournalHost(options, producers);
    host.#start(found);
    try {
      host.#found = await found.promise;
    } catch (error) {
      host.#isStopping = true;
      host.#worker?.terminate();
      throw error;
    }
    return host;
  }

  private constructor(options: JournalHostOptions, producers: JournalProducer[]) {
    this.#options = options;
    this.#producers = producers;
    const [own] = producers;
    if (own === undefined) throw new RangeError("Broken: the main thread has a ring");
    this.#ring = new Ring(own.ring);
    this.#wake = new Wake(own.wake);
    this.#outbox = new JournalOutbox(this.#ring, () => this.#bell.signal(), options.onTrouble);
  }

  /** What an earlier server left behind. */
  get found(): FoundWorld {
    return this.#found;
  }

  /** Whether what is told waits for the journal. */
  get isFenced(): boolean {
    return this.#options.durability !== "none";
  }

  /** Why nothing can be written now; null when everything is written. */
  get failing(): string | null {
    return this.#failing;
  }

  /** How often the thread died and was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Bytes that wait for the disk, of all threads. */
  get waitingBytes(): number {
    return this.#producers.reduce((sum, { ring }) => sum + new Ring(ring).usedBytes, 0);
  }

  accessOf(worker: number): JournalAccess {
    const producer = this.#producers[worker + 1];
    if (producer === undefined) throw new RangeError(`Broken: there is no worker ${worker}`);
    const { isFenced } = this;
    return { ...producer, bell: this.#bell.buffer, isFenced, staysClosed: this.#staysClosed, stalls: false };
  }

  async succeed(worker: number, zones: readonly number[]): Promise<FoundZone[]> {
    const request = ++this.#lastRequest;
    const { promise, resolve } = Promise.withResolvers<FoundZone[]>();
    const producer = worker + 1;
    const message: Succession = { type: "succeed", producer, request, zones: [...zones], ...newProducer(producer) };
    this.#requests.set(request, { message, resolve });
    this.#post(message);
    return await promise;
  }

  /** Sets a fact; null removes it, and with `from` only a crossing from that zone. */
  put(kind: FactKind, key: string, value: unknown, from?: number): void {
    this.#outbox.put(kind, key, value, from);
  }

  event(kind: EventKind, data: object, place?: { zone?: number; tick?: number }): void {
    this.#outbox.event(kind, data, place);
  }

  incident(zoneId: number, tick: number, data: object, batch: Uint8Array): void {
    this.#outbox.incident(zoneId, tick, data, batch);
  }

  /** Keeps a module. */
  module(module: JournalModule): void {
    this.#outbox.module(module);
  }

  /** Called once per server tick: writes what found no room. */
  flush(): void {
    this.#outbox.flush();
  }

  /**
   * Resolves when everything put until now is safe; false when the disk does not take it in time. A disk that is known to
   * refuse writes, or to be too slow, is not waited for.
   */
  async safe(): Promise<boolean> {
    if (!this.isFenced) return true;
    if (this.#slowPlace !== null && this.#ring.isFreed(this.#slowPlace)) this.#slowPlace = null;
    if (this.#failing !== null || this.#slowPlace !== null) return await this.#unsafe();
    const untilMs = performance.now() + SAFE_MS_MAX;
    let place = this.#outbox.isWaiting ? null : this.#ring.written;
    while (place === null || !this.#ring.isFreed(place)) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.#failing !== null) {
        this.#slowPlace = place ?? this.#ring.written;
        return await this.#unsafe();
      }
      await this.#wake.sleepAsync(Math.min(leftMs, LOOK_MS));
      // What waited for room is in the ring behind everything that was written before.
      if (!this.#outbox.isWaiting) place ??= this.#ring.written;
    }
    return true;
  }

  get #staysClosed(): boolean {
    return this.#options.staysClosed ?? false;
  }

  /** False; never, when the server stops because of that: whoever waits is told nothing. */
  async #unsafe(): Promise<false> {
    if (this.#staysClosed) await new Promise<never>(() => {});
    return false;
  }

  /** Writes what the rings hold and closes the file. Null, or a sentence about what the disk did not take. */
  async stop(): Promise<string | null> {
    this.#isStopping = true;
    this.flush();
    const stopped = Promise.withResolvers<void>();
    this.#onStopped = stopped.resolve;
    // Without a thread, one writes what the rings hold: it is asked to stop as soon as it can write.
    if (this.#worker === null) this.#start(null);
    else this.#post({ type: "stop" });
    await Promise.race([stopped.promise, Bun.sleep(STOP_MS_MAX)]);
    this.#worker?.terminate();
    const bytes = this.waitingBytes;
    if (bytes === 0 || !this.isFenced) return null;
    const why = this.#failing ?? "the disk did not take them in time";
    return `The newest ${bytes} bytes of what was played are not in the journal: ${why}. The next start goes on from what is there.`;
  }

  #start(found: PromiseWithResolvers<FoundWorld> | null): void {
    const { newWorker, folder, durability, retention } = this.#options;
    const worker = newWorker();
    this.#worker = worker;
    let why = "it ended";
    worker.addEventListener("message", ({ data }: MessageEvent<FromJournal>) => {
      if (data.type === "ready") {
        this.#began(data.failing);
        found?.resolve(data.found);
      } else if (data.type === "failed") {
        why = data.message;
        found?.reject(new WowsimError(data.code, data.message));
        worker.terminate();
      } else this.#onMessage(data);
    });
    worker.addEventListener("error", ({ message }: ErrorEvent) => {
      why = message;
    });
    worker.addEventListener("close", () => {
      found?.reject(new WowsimError("journal_unreadable", `The journal thread could not start: ${why}`));
      this.#ended(why);
    });
    const isSynced = durability === "power";
    const producers = this.#producers;
    const bell = this.#bell.buffer;
    const shared = { producers, bell, figures: this.#figures, trouble: this.#trouble };
    worker.postMessage({ type: "start", folder, isSynced, retention, ...shared } satisfies ToJournal);
  }

  /** The thread works; it can write, or says why not. What it was asked before it died is asked again. */
  #began(failing: string | null): void {
    this.#hasBegun = true;
    this.#restartMs = RESTART_MS_MIN;
    this.#setFailing(failing);
    for (const { message } of this.#requests.values()) this.#post(message);
    if (this.#isStopping) this.#post({ type: "stop" });
  }

  /** The thread has ended. Unless the server stops, a new one goes on with the same rings: sooner or, after failures, later. */
  #ended(why: string): void {
    this.#worker = null;
    if (this.#isStopping || !this.#hasBegun) return this.#onStopped?.();
    this.#restarts++;
    const failing = `The journal thread died: ${why}`;
    if (this.#failing !== failing) this.#options.onTrouble(`${failing} It is started again.`);
    this.#setFailing(failing);
    setTimeout(() => {
      if (!this.#isStopping) this.#start(null);
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MS_MAX);
  }

  #setFailing(failing: string | null): void {
    if (this.#failing === failing) return;
    this.#failing = failing;
    this.#options.onState(failing);
  }

  #onMessage(message: Exclude<FromJournal, { type: "ready" | "failed" }>): void {
    if (message.type === "histories") {
      const request = this.#requests.get(message.request);
      if (request === undefined) return;
      const { producer, ring, wake } = request.message;
      this.#producers[producer] = { ring, wake };
      this.#requests.delete(message.request);
      request.resolve(message.zones);
    } else if (message.type === "state") {
      this.#setFailing(message.failing);
    } else if (message.type === "trouble") this.#options.onTrouble(message.why);
    else this.#onStopped?.();
  }

  #post(message: ToJournal): void {
    this.#worker?.postMessage(message);
    this.#bell.signal();
  }
}

/** Memory that one thread writes to. The journal thread touches its pages when it has time (journal/touched-rings.ts). */
function newProducer(index: number): JournalProducer {
  return { ring: Ring.allocate(index === 0 ? MAIN_RING_BYTES : ZONE_RING_BYTES), wake: Wake.allocate() };
}
