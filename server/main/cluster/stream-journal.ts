// The journal of one zone on the bus, which is also the lock on the zone: whoever has fenced its stream owns it. The zone's worker
// writes to a ring, as it does in one process; this thread moves what the ring holds into the stream and then frees it.
//
//   const { journal, found, epoch, crossings } = await StreamJournal.take(stream, { host: "a", ... })   // or throws "fenced"
//   ZoneSupervisor.start({ journal, workers: 1, ... })
//   await journal.release("b")                       // after the worker has ended: the host b should go on with the zone
//
// One append is under way, always; what the worker writes meanwhile goes into the next one. While the nats-server is away the journal
// tries on, and the zone stops after a second (server/zone/output-gate.ts). When another host has fenced the stream, `onLost` is called
// once, and nothing of this host gets into the stream or out of the zone any more.

import { messageOf } from "../../protocol/errors.ts";
import { CROSSING, INCIDENT, SNAPSHOT } from "../../shared/journal-records.ts";
import type { FoundZone } from "../../shared/journal-messages.ts";
import { Ring } from "../../shared/ring.ts";
import { Wake } from "../../shared/wake.ts";
import type { JournalAccess, ZoneJournal } from "../../shared/zone-journal.ts";
import { FENCE, RECORDS, RELEASE, SETTLED, StreamMessage, textMessage } from "../../bus/stream-message.ts";
import type { FenceText, ReleaseText, StreamHead } from "../../bus/stream-message.ts";
import { findZone } from "../../bus/zone-found.ts";
import type { OpenCrossing } from "../../bus/zone-found.ts";
import { ZoneRetention } from "../../bus/zone-retention.ts";
import { fenced } from "../../bus/zone-stream.ts";
import type { CommitListener, ZoneStream } from "../../bus/zone-stream.ts";

/** Holds the ticks of a second at 5,000 players, and one compressed state of up to half of it. */
const RING_BYTES = 1 << 23;
/** How long the loop sleeps when nobody rings the bell. */
const SLEEP_MS = 25;
/** Incidents that wait for the next message; more are left out, and told. */
const INCIDENTS_MAX = 64;
const PURGE_MS = 30_000;

/** What the others hear of a message (ownership.ts). */
export const TOLD = { kind: "Wowsim-Kind", epoch: "Wowsim-Epoch", host: "Wowsim-Host", to: "Wowsim-To" } as const;

export interface StreamJournalOptions {
  /** Name of this host. */
  host: string;
  /** How much is kept. */
  retention: { hours: number; megabytes: number };
  /** Called once when this host can not write any more: another one has the zone, or the stream is gone. */
  onLost: (why: string) => void;
  /** Called when the nats-server takes nothing, with the reason, and with null when it does again. */
  onState?: (failing: string | null) => void;
  /** Something is left out of the journal. */
  onTrouble?: (what: string) => void;
  /** Milliseconds, monotonic. */
  now?: () => number;
}

export interface TakeOptions extends StreamJournalOptions {
  /** The sequence number after which the zone was silent; when there is a newer one, it is not taken. */
  after?: number | undefined;
  /** The newest epoch of the zone that anybody told of; the stream may have lost it. */
  epoch?: number | undefined;
}

export interface TakenZone {
  journal: StreamJournal;
  found: FoundZone;
  /** Of the fence: what the zone tells carries it. */
  epoch: number;
  /** Players who left the zone and have not arrived, as far as its owners knew. */
  crossings: OpenCrossing[];
}

interface Incident {
  zoneId: number;
  tick: number;
  json: Uint8Array;
  batch: Uint8Array;
}

interface Succession {
  resolve: (zones: FoundZone[]) => void;
  reject: (error: unknown) => void;
}

export class StreamJournal implements ZoneJournal {
  readonly epoch: number;
  readonly #stream: ZoneStream;
  readonly #options: StreamJournalOptions;
  readonly #now: () => number;
  readonly #writer: bigint;
  readonly #retention: ZoneRetention;
  readonly #bell = new Wake(Wake.allocate());
  readonly #message = new StreamMessage();
  readonly #crossings = new Map<number, OpenCrossing>();
  /** Crossings that need no owner any more, and incidents of this thread: for the next message. */
  #settled: { session: number; tick: number }[] = [];
  #incidents: Incident[] = [];
  #producer = newProducer();
  #succession: Succession | null = null;
  #sequence: number;
  #number = 1;
  #failing: string | null = null;
  /** Why this host can not write any more. */
  #lost: string | null = null;
  #isClosed = false;
  /** The zone is given away when everything is written. */
  #release: { to: string | null } | null = null;
  /** The message that is being put together has a snapshot. */
  #hasSnapshot = false;
  /** When the oldest record that is not acknowledged was seen. */
  #waitsSinceMs: number | null = null;
  #purgeAtMs = 0;
  readonly #ended: Promise<void>;

  /**
   * Fences off whoever had the zone, and reads what there is. Throws WowsimError("fenced") when somebody else was quicker, and
   * "no_answer" or "append_unknown" when the nats-server is away.
   */
  static async take(stream: ZoneStream, options: TakeOptions): Promise<TakenZone> {
    const { sequence, head } = await stream.last();
    if (options.after !== undefined && sequence !== options.after) throw fenced(stream.zone);
    const epoch = Math.max(head?.epoch ?? 0, options.epoch ?? 0) + 1;
    const writer = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
    const { host } = options;
    const text: FenceText = { host, pid: process.pid };
    const fence = textMessage({ kind: FENCE, epoch, writer, number: 1 }, text);
    const told = { [TOLD.kind]: "fence", [TOLD.epoch]: String(epoch), [TOLD.host]: host };
    const end = await stream.commit(fence, { kind: "j", expected: sequence, told }, giveUpAfter(FENCE_MS_MAX));
    const { found, crossings } = await findZone(stream, end);
    const journal = new StreamJournal(stream, options, { epoch, writer, sequence: end, crossings });
    return { journal, found, epoch, crossings };
  }

  private constructor(
    stream: ZoneStream,
    options: StreamJournalOptions,
    taken: { epoch: number; writer: bigint; sequence: number; crossings: readonly OpenCrossing[] },
  ) {
    [this.#stream, this.#options, this.#now] = [stream, options, options.now ?? (() => performance.now())];
    [this.epoch, this.#writer, this.#sequence] = [taken.epoch, taken.writer, taken.sequence];
    for (const crossing of taken.crossings) this.#crossings.set(crossing.session, crossing);
    this.#retention = new ZoneRetention(options.retention);
    void this.#learnSnapshots();
    this.#ended = this.#run();
  }

  /** For how long the oldest record has been waiting, in milliseconds. */
  get lagMs(): number {
    return this.#waitsSinceMs === null ? 0 : this.#now() - this.#waitsSinceMs;
  }

  /** Why nothing can be written now; null when everything is written. */
  get failing(): string | null {
    return this.#lost ?? this.#failing;
  }

  accessOf(_worker: number): JournalAccess {
    const { ring, wake } = this.#producer;
    return {
      ring: ring.buffer,
      wake: wake.buffer,
      bell: this.#bell.buffer,
      isFenced: true,
      staysClosed: true,
      stalls: true,
    };
  }

  incident(zoneId: number, tick: number, data: object, batch: Uint8Array): void {
    if (this.#incidents.length === INCIDENTS_MAX) return this.#options.onTrouble?.("an incident is left out");
    const json = new TextEncoder().encode(JSON.stringify(data));
    this.#incidents.push({ zoneId, tick, json, batch: batch.slice() });
    this.#bell.signal();
  }

  async succeed(_worker: number, _zones: readonly number[]): Promise<FoundZone[]> {
    const { promise, resolve, reject } = Promise.withResolvers<FoundZone[]>();
    this.#succession = { resolve, reject };
    this.#bell.signal();
    return await promise;
  }

  /** The player of a crossing has arrived, or nothing of the crossing is needed any more. */
  settle(session: number): void {
    const crossing = this.#crossings.get(session);
    if (crossing === undefined) return;
    this.#settled.push({ session, tick: crossing.tick });
    this.#bell.signal();
  }

  /** Call it when the worker has ended: writes what it left, and gives the zone away; to the named host first, if there is one. */
  async release(to?: string): Promise<void> {
    this.#release = { to: to ?? null };
    this.#bell.signal();
    await this.#ended;
  }

  /** Nothing more is written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#bell.signal();
    await this.#ended;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isClosed) {
        if (this.#collect()) await this.#write(this.#hasSnapshot ? "snap" : "j");
        else if (this.#succession !== null) await this.#succeed(this.#succession);
        else if (this.#release !== null) return await this.#give(this.#release.to);
        else await this.#bell.sleepAsync(SLEEP_MS);
      }
    } catch (error) {
      this.#loses(error);
    }
  }

  #loses(error: unknown): void {
    const why = messageOf(error);
    this.#lost = why;
    this.#succession?.reject(error);
    if (!this.#isClosed && this.#release === null) this.#options.onLost(why);
  }

  /** Fills the message with what there is. False: there is nothing. */
  #collect(): boolean {
    const message = this.#message;
    message.clear();
    this.#hasSnapshot = false;
    for (const settled of this.#settled.splice(0)) {
      message.put(SETTLED, settled);
      if ((this.#crossings.get(settled.session)?.tick ?? Infinity) <= settled.tick)
        this.#crossings.delete(settled.session);
    }
    for (const incident of this.#incidents.splice(0)) this.#addIncident(incident);
    const { ring } = this.#producer;
    ring.read((offset, length) => this.#take(ring, offset, length));
    if (message.isEmpty) return false;
    this.#waitsSinceMs ??= this.#now();
    return true;
  }

  #take({ view, bytes }: Ring, offset: number, length: number): void {
    this.#message.add(bytes, offset, length);
    const kind = view.getUint32(offset, true);
    if (kind === CROSSING.kind) {
      const crossing = CROSSING.read(view, offset, length, CROSSING.empty());
      this.#crossings.set(crossing.session, crossing);
    }
    if (kind !== SNAPSHOT.kind) return;
    this.#hasSnapshot = true;
    // Who reads from this snapshot on has to know of earlier ones too.
    for (const crossing of this.#crossings.values()) this.#message.put(CROSSING, crossing);
  }

  #addIncident({ zoneId, tick, json, batch }: Incident): void {
    const bytes = new Uint8Array(INCIDENT.bytes + json.length + batch.length);
    INCIDENT.write(new DataView(bytes.buffer), 0, { zoneId, tick, jsonBytes: json.length });
    bytes.set(json, INCIDENT.bytes);
    bytes.set(batch, INCIDENT.bytes + json.length);
    this.#message.add(bytes, 0, bytes.length);
  }

  async #write(kind: "j" | "snap"): Promise<void> {
    const { ring, wake } = this.#producer;
    const message = this.#message.taken(this.#head(RECORDS));
    await this.#commit(message, kind, "records");
    ring.freeTo(ring.position);
    wake.signal();
    this.#waitsSinceMs = null;
    await this.#purge();
  }

  async #commit(message: Uint8Array, kind: "j" | "snap", what: string, to = ""): Promise<void> {
    const told = {
      [TOLD.kind]: what,
      [TOLD.epoch]: String(this.epoch),
      [TOLD.host]: this.#options.host,
      ...(to === "" ? {} : { [TOLD.to]: to }),
    };
    this.#sequence = await this.#stream.commit(
      message,
      { kind, expected: this.#sequence, told },
      { onState: (failing) => this.#setFailing(failing), isOver: () => this.#isClosed },
    );
    this.#retention.wrote(message.length, this.#sequence, Date.now(), kind === "snap");
  }

  #head(kind: number): StreamHead {
    return { kind, epoch: this.epoch, writer: this.#writer, number: ++this.#number };
  }

  #setFailing(failing: string | null): void {
    if (this.#failing === failing) return;
    this.#failing = failing;
    this.#options.onState?.(failing);
  }

  /** A worker is replaced: what the old one wrote is in the stream. */
  async #succeed({ resolve }: Succession): Promise<void> {
    const { found } = await findZone(this.#stream, this.#sequence);
    this.#succession = null;
    this.#producer = newProducer();
    resolve([found]);
  }

  async #give(to: string | null): Promise<void> {
    const text: ReleaseText = { host: this.#options.host, to };
    await this.#commit(textMessage(this.#head(RELEASE), text), "j", "release", to ?? "");
  }

  async #learnSnapshots(): Promise<void> {
    try {
      this.#retention.found(await this.#stream.snapshots(), await this.#stream.size());
    } catch (error) {
      this.#options.onTrouble?.(`what earlier owners wrote is kept for longer: ${messageOf(error)}`);
    }
  }

  async #purge(): Promise<void> {
    const sequence = this.#now() < this.#purgeAtMs ? null : this.#retention.due(Date.now());
    if (sequence === null) return;
    this.#purgeAtMs = this.#now() + PURGE_MS;
    try {
      await this.#stream.purge(sequence);
      this.#retention.purged(sequence);
    } catch (error) {
      this.#options.onTrouble?.(`old history is kept for longer: ${messageOf(error)}`);
    }
  }
}

/** How long a host tries to take a zone. */
const FENCE_MS_MAX = 3_000;

function giveUpAfter(ms: number): CommitListener {
  const until = performance.now() + ms;
  return { isOver: () => performance.now() > until };
}

/** New memory for a worker; its pages are touched, so that its first filling does not look like a memory leak. */
function newProducer(): { ring: Ring; wake: Wake } {
  const ring = Ring.allocate(RING_BYTES);
  new Uint8Array(ring).fill(0);
  return { ring: new Ring(ring), wake: new Wake(Wake.allocate()) };
}
