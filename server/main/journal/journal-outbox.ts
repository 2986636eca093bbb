// What the main thread writes to the journal: facts, events and modules, through its own ring. What finds the ring full is kept
// here and written as soon as there is room: of each fact only the newest value, since a fact is only its value.
//
//   outbox.put("session", "12", { name: "Ann" })      // a fact; null removes it
//   outbox.event("deploy", { ... })
//   outbox.flush()                                    // once per server tick
//
// Everything is bounded. What finds no room even here is dropped and told.

import { EVENT, INCIDENT, MODULE, PUT } from "../../shared/journal-records.ts";
import type { RecordTable } from "../../shared/record.ts";
import type { Ring } from "../../shared/ring.ts";

export type FactKind = "session" | "character" | "crossing" | "zone" | "halt" | "meta";
export type EventKind = "start" | "stop" | "deploy" | "fault" | "halt" | "loss" | "incident";

const FACTS_WAITING_MAX = 20_000;
const EVENTS_WAITING_MAX = 1_000;
const MODULES_WAITING_MAX = 16;

export interface JournalModule {
  hash: string;
  label: string;
  wasm: Uint8Array;
}

const encoder = new TextEncoder();

export class JournalOutbox {
  readonly #ring: Ring;
  /** Called when something is in the ring. */
  readonly #onWritten: () => void;
  readonly #onDropped: (what: string) => void;
  readonly #facts = new Map<string, Uint8Array>();
  readonly #events: Uint8Array[] = [];
  readonly #modules = new Map<string, JournalModule>();
  /** Something was dropped since everything was written. */
  #hasDropped = false;

  constructor(ring: Ring, onWritten: () => void, onDropped: (what: string) => void) {
    this.#ring = ring;
    this.#onWritten = onWritten;
    this.#onDropped = onDropped;
  }

  /** Facts or modules wait for room: what was put last is not in the ring. */
  get isWaiting(): boolean {
    return this.#facts.size > 0 || this.#modules.size > 0;
  }

  put(kind: FactKind, key: string, value: unknown, from?: number): void {
    const bytes = encoder.encode(JSON.stringify({ kind, key, value, from }));
    const name = `${kind}\u0000${key}`;
    this.#facts.delete(name);
    if (!this.isWaiting && this.#write(PUT, bytes)) return;
    this.#facts.set(name, bytes);
    const [oldest] = this.#facts.keys();
    if (this.#facts.size <= FACTS_WAITING_MAX || oldest === undefined) return;
    this.#facts.delete(oldest);
    this.#drop(`more than ${FACTS_WAITING_MAX} facts wait for the disk`);
  }

  event(kind: EventKind, data: object, { zone = 0, tick = 0 } = {}): void {
    const bytes = encoder.encode(JSON.stringify({ kind, zone, tick, data }));
    if (this.#events.length === 0 && this.#write(EVENT, bytes)) return;
    if (this.#events.length < EVENTS_WAITING_MAX) this.#events.push(bytes);
    else this.#drop(`more than ${EVENTS_WAITING_MAX} events wait for the disk`);
  }

  /** What a zone could not run, with its batch. One that finds no room is left out: there may be many, and they are large. */
  incident(zoneId: number, tick: number, data: object, batch: Uint8Array): void {
    const json = encoder.encode(JSON.stringify(data));
    const offset = this.#ring.reserve(INCIDENT.bytes + json.length + batch.length);
    if (offset < 0) return this.#drop("an incident found no room");
    INCIDENT.write(this.#ring.view, offset, { zoneId, tick, jsonBytes: json.length });
    this.#ring.bytes.set(json, offset + INCIDENT.bytes);
    this.#ring.bytes.set(batch, offset + INCIDENT.bytes + json.length);
    this.#send();
  }

  /** A module is written before the facts that are put after it. */
  module(module: JournalModule): void {
    if (!this.isWaiting && this.#writeModule(module)) return;
    if (this.#modules.size < MODULES_WAITING_MAX) this.#modules.set(module.hash, module);
    else this.#drop(`more than ${MODULES_WAITING_MAX} modules wait for the disk`);
  }

  /** Writes what found no room, as far as there is room now. */
  flush(): void {
    for (const [hash, module] of this.#modules) {
      if (!this.#writeModule(module)) return;
      this.#modules.delete(hash);
    }
    for (const [name, bytes] of this.#facts) {
      if (!this.#write(PUT, bytes)) return;
      this.#facts.delete(name);
    }
    while (this.#events[0] !== undefined && this.#write(EVENT, this.#events[0])) this.#events.shift();
    if (this.#events.length === 0) this.#hasDropped = false;
  }

  #drop(why: string): void {
    if (!this.#hasDropped) this.#onDropped(`Some of what the journal should have is dropped: ${why}.`);
    this.#hasDropped = true;
  }

  #writeModule({ hash, label, wasm }: JournalModule): boolean {
    const json = encoder.encode(JSON.stringify({ hash, label }));
    const offset = this.#ring.reserve(MODULE.bytes + json.length + wasm.length);
    if (offset < 0) return false;
    MODULE.write(this.#ring.view, offset, { jsonBytes: json.length });
    this.#ring.bytes.set(json, offset + MODULE.bytes);
    this.#ring.bytes.set(wasm, offset + MODULE.bytes + json.length);
    this.#send();
    return true;
  }

  #write(table: RecordTable<Record<never, never>>, bytes: Uint8Array): boolean {
    const offset = this.#ring.reserve(table.bytes + bytes.length);
    if (offset < 0) return false;
    table.write(this.#ring.view, offset, {});
    this.#ring.bytes.set(bytes, offset + table.bytes);
    this.#send();
    return true;
  }

  #send(): void {
    this.#ring.commit();
    this.#onWritten();
  }
}
