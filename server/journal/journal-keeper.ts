// Moves what the rings hold into world.sqlite, in bursts: one transaction for all rings, then the witness, and only then the
// records are freed and their writers woken. So a record that is freed is safe, and a burst that fails is written again.
//
//   const keeper = new JournalKeeper({ writer, producers, ... })
//   keeper.turn()       // true: there was something, and it is safe now
//
// A disk that refuses writes is tried again after 100 ms, then later and later, at most every 2 s. Meanwhile the records stay
// in the rings, and their writers decide what to do when a ring is full.

import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { EventKind, FactKind } from "../store/world-rows.ts";
import type { WorldWriter } from "../store/world-writer.ts";
import {
  CROSSING,
  EVENT,
  hexOf,
  INCIDENT,
  MODULE,
  NOTHING_LOST,
  PUT,
  SNAPSHOT,
  TICK,
} from "../shared/journal-records.ts";
import type { JournalProducer } from "../shared/journal-messages.ts";
import { Ring } from "../shared/ring.ts";
import { Wake } from "../shared/wake.ts";

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 2_000;
/** What SQLite says of a row that it will never take. */
const ERRORS_OF_RECORDS = ["SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_RANGE"];

interface Fact {
  kind: FactKind | "meta";
  key: string;
  /** Null removes the fact. */
  value: unknown;
  /** Removes only a crossing from this zone. */
  from?: number;
}

interface Producer {
  ring: Ring;
  wake: Wake;
}

export interface JournalKeeperOptions {
  writer: WorldWriter;
  /** Why the disk refuses writes from the start on; default: it does not. */
  failing?: string | null;
  producers: readonly JournalProducer[];
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Called when the disk begins to refuse writes, with the reason, and with null when it accepts them again. */
  onState: (failing: string | null) => void;
  /** Called when a burst is safe, with the milliseconds that it took. */
  onCommit?: (ms: number) => void;
  /** Called when a burst was refused. */
  onFailure?: () => void;
  /** Called for a record that can never be written. */
  onBadRecord: (why: string) => void;
  /** Called before anything is written; throws when it should not be. */
  beforeBurst?: () => void;
  /** Called within each transaction before it is committed; may throw. For tests. */
  beforeCommit?: () => void;
}

const decoder = new TextDecoder();

export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  readonly #producers: Producer[];
  /** May be replaced between two bursts, by `beforeBurst` too. */
  writer: WorldWriter;
  #failing: string | null;
  #retryMs = RETRY_MS_MIN;
  #retryAtMs = 0;
  /** The rows are committed, and the witness does not know it yet. */
  #owesTestimony = false;

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
    this.writer = options.writer;
    this.#failing = options.failing ?? null;
    this.#producers = options.producers.map(producerOf);
  }

  /** Why the disk refuses writes; null when it does not. */
  get failing(): string | null {
    return this.#failing;
  }

  /**
   * Writes what the rings hold. False when there was nothing, or when it could not be written. `isUrgent`: a disk that has
   * failed is tried at once.
   */
  turn(isUrgent = false): boolean {
    const { now } = this.#options;
    if (this.#failing !== null && !isUrgent && now() < this.#retryAtMs) return false;
    const startMs = now();
    try {
      this.#options.beforeBurst?.();
      if (!this.#owesTestimony && !this.#write()) return this.#idle();
      this.#owesTestimony = true;
      this.writer.testify();
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#owesTestimony = false;
    this.#options.onCommit?.(now() - startMs);
    for (const { ring, wake } of this.#producers) {
      ring.freeTo(ring.position);
      wake.signal();
    }
    this.#succeeded();
    return true;
  }

  /** A producer has a successor. What its ring still holds is dropped: write it first. Returns how many bytes that is. */
  replace(index: number, producer: JournalProducer): number {
    const bytes = this.#producers[index]?.ring.usedBytes ?? 0;
    this.#producers[index] = producerOf(producer);
    return bytes;
  }

  /** Nothing was to be written. A disk that failed is tried with an empty transaction. */
  #idle(): boolean {
    if (this.#failing !== null) this.#succeeded();
    return false;
  }

  /** One transaction with everything that the rings hold. False when they hold nothing. */
  #write(): boolean {
    if (this.#failing === null && this.#producers.every(({ ring }) => ring.isEmpty)) return false;
    const { writer } = this;
    writer.begin();
    let count = 0;
    // The main thread's ring comes last: what it wrote before it sent a command to a zone is in the burst that has the command.
    for (const { ring } of this.#producers.toReversed()) {
      ring.rewind();
      count += ring.read((offset, length) => this.#tryTake(ring, offset, length));
    }
    this.#options.beforeCommit?.();
    writer.commit();
    return count > 0;
  }

  /** Only the disk is a reason to write a burst again. A record that is no record is left out, and told. */
  #tryTake(ring: Ring, offset: number, length: number): void {
    try {
      this.#take(ring, offset, length);
    } catch (error) {
      if (isDisk(error)) throw error;
      this.#options.onBadRecord(messageOf(error));
    }
  }

  #take(ring: Ring, offset: number, length: number): void {
    const { writer } = this;
    const { view } = ring;
    const kind = view.getUint32(offset, true);
    const tail = (bytes: number, from = 0): Uint8Array => ring.bytes.subarray(offset + bytes + from, offset + length);
    const json = (bytes: number, size: number): unknown =>
      JSON.parse(decoder.decode(ring.bytes.slice(offset + bytes, offset + bytes + size)));
    switch (kind) {
      case TICK.kind: {
        const { zoneId: zone, epoch, tick, module, hash } = TICK.read(view, offset, length, TICK.empty());
        return writer.tick({ zone, epoch, tick, module: hexOf(module), hash: hexOf(hash), batch: tail(TICK.bytes) });
      }
      case SNAPSHOT.kind: {
        const record = SNAPSHOT.read(view, offset, length, SNAPSHOT.empty());
        const { zoneId: zone, epoch, tick, tickets, lostFrom } = record;
        const [module, hash] = [hexOf(record.module), hexOf(record.hash)];
        writer.snapshot({ zone, epoch, tick, module, hash, ticket: tickets[0] ?? 0, state: tail(SNAPSHOT.bytes) });
        if (lostFrom !== NOTHING_LOST) this.#event("gap", zone, tick, { from_tick: lostFrom, to_tick: tick });
        return;
      }
      case CROSSING.kind: {
        const { words, ...crossing } = CROSSING.read(view, offset, length, CROSSING.empty());
        const value = JSON.stringify({ ...crossing, words: [...words] });
        return writer.put("crossing", String(crossing.session), value);
      }
      case INCIDENT.kind: {
        const { zoneId: zone, tick, jsonBytes } = INCIDENT.read(view, offset, length, INCIDENT.empty());
        const text = JSON.stringify(json(INCIDENT.bytes, jsonBytes));
        return writer.event({ kind: "incident", zone, tick, json: text, body: tail(INCIDENT.bytes, jsonBytes) });
      }
      case PUT.kind: {
        const fact = json(PUT.bytes, length - PUT.bytes) as Fact;
        if (fact.kind === "meta") return writer.meta(fact.key, String(fact.value));
        if (fact.value === null && fact.from !== undefined) return writer.dropCrossing(fact.key, fact.from);
        if (fact.value === null) return writer.drop(fact.kind, fact.key);
        return writer.put(fact.kind, fact.key, JSON.stringify(fact.value));
      }
      case EVENT.kind: {
        const event = json(EVENT.bytes, length - EVENT.bytes) as {
          kind: EventKind;
          zone: number;
          tick: number;
          data: unknown;
        };
        return this.#event(event.kind, event.zone, event.tick, event.data);
      }
      case MODULE.kind: {
        const { jsonBytes } = MODULE.read(view, offset, length, MODULE.empty());
        const { hash, label } = json(MODULE.bytes, jsonBytes) as { hash: string; label: string };
        return writer.module({ hash, label, wasm: tail(MODULE.bytes, jsonBytes) });
      }
      default:
        throw new WowsimError("bad_record", `The journal knows no record of kind ${kind}.`);
    }
  }

  #event(kind: EventKind, zone: number, tick: number, data: unknown): void {
    this.writer.event({ kind, zone, tick, json: JSON.stringify(data), body: new Uint8Array(0) });
  }

  #failed(error: unknown): void {
    this.writer.rollback();
    this.#options.onFailure?.();
    const failing = messageOf(error);
    if (this.#failing !== failing) this.#options.onState(failing);
    this.#failing = failing;
    this.#retryAtMs = this.#options.now() + this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  #succeeded(): void {
    this.#retryMs = RETRY_MS_MIN;
    if (this.#failing === null) return;
    this.#failing = null;
    this.#options.onState(null);
  }
}

/** True for an error of the disk, which may go away; false for one of the record. */
function isDisk(error: unknown): boolean {
  const { code, errno } = Object(error) as { code?: unknown; errno?: unknown };
  if (typeof code !== "string" || typeof errno !== "number") return false;
  return !ERRORS_OF_RECORDS.some((kind) => code.startsWith(kind));
}

function producerOf({ ring, wake }: JournalProducer): Producer {
  return { ring: new Ring(ring), wake: new Wake(wake) };
}
