// The zones of a cluster for a gateway: what ZoneSupervisor is for a single process, over the message bus.
//
//   const zones = new BusZones({ bus, names, gateway: 2, zones: world.zones, ... })
//   zones.send(1, command.bytes)      // false: too much waits for zone 1
//   zones.listen(router)              // router.entered(...), router.departed(...)
//   zones.onServerTick()              // twenty times a second
//
// Commands have numbers, and are kept until a tick with them was told; what was lost on the bus is sent again. Nothing of an epoch below
// the newest is believed. With a new epoch, and when a batch is missing, players get everything anew (ZoneListener.revives).

import { BATCH_BYTES_MAX, BatchWriter, eachZoneRecord, readZoneHead, SAID } from "../../bus/wire.ts";
import type { BusNames } from "../../bus/subjects.ts";
import { COUNTER_PLAYERS } from "../../../assembly/abi.ts";
import { wordAt } from "../../protocol/assert.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { ZoneLink, ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker, ZoneState } from "../../shared/zone-messages.ts";
import { emptyReport, REPORT } from "../../shared/tick-report.ts";
import { OutputRecords } from "../zones/output-records.ts";
import { ZoneListeners } from "../zones/zone-listeners.ts";
import { BusZone } from "./bus-zone.ts";
import type { CommandQueue } from "./command-queue.ts";

/** What BusZones needs of the bus (server/bus/bus.ts). */
export interface ZoneBus {
  readonly isConnected: boolean;
  publish(subject: string, bytes: Uint8Array): void;
  subscribe(subject: string, handler: (subject: string, bytes: Uint8Array) => void): () => void;
}

export interface BusZonesOptions {
  bus: ZoneBus;
  names: BusNames;
  /** Number of this gateway. */
  gateway: number;
  zones: readonly { id: number; name: string }[];
  emitter: Emitter;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Whether this gateway may still speak: false when another one may have taken its place. Default: always. */
  maySpeak?: () => boolean;
  /** Default: room for 4 MiB of commands a zone. */
  newQueue?: () => CommandQueue;
}

const HEARD_LOOK_MS = 10;
const COPY_BYTES = 65_536;

export class BusZones implements ZoneLink {
  readonly zones: ReadonlyMap<number, BusZone>;
  /** Since the start. */
  readonly counts = { batches: 0, staleBatches: 0, badBatches: 0, resends: 0, epochs: 0, gaps: 0 };
  readonly #options: BusZonesOptions;
  readonly #listeners = new ZoneListeners();
  readonly #records = new OutputRecords(this.#listeners);
  readonly #report = emptyReport(0);
  readonly #writer = new BatchWriter("commands");
  readonly #batch = new AlignedCopy();
  readonly #oddRecord = new AlignedCopy();
  readonly #unsubscribe: () => void;
  /** Zones with commands that were not sent. */
  readonly #unsent = new Set<BusZone>();
  #isFlushDue = false;
  #isClosed = false;

  constructor(options: BusZonesOptions) {
    const { bus, names, gateway, zones, newQueue } = options;
    this.#options = options;
    this.zones = new Map(zones.map(({ id, name }) => [id, new BusZone(id, name, newQueue?.())]));
    this.#unsubscribe = bus.subscribe(names.frames("*", gateway), (_subject, bytes) => this.#onBatch(bytes));
  }

  listen(listener: ZoneListener): void {
    this.#listeners.add(listener);
  }

  /** Queues command records, which stay in one batch; false when too much waits for the zone, or there is no such zone. */
  send(zoneId: number, records: Uint8Array): boolean {
    const zone = this.zones.get(zoneId);
    if (zone === undefined || !zone.queue.add(records)) return false;
    this.#unsent.add(zone);
    if (this.#isFlushDue) return true;
    // After all sockets that have bytes now were read, so that their commands are in one batch.
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
    return true;
  }

  /** Resolves when all commands sent to the zone until now are in ticks that were told. */
  async applied(zoneId: number): Promise<void> {
    await this.zones.get(zoneId)?.queue.whenDone();
  }

  /** Resolves when all zones were heard, at the latest after `msMax`. */
  async heard(msMax: number): Promise<void> {
    const until = this.#options.now() + msMax;
    while ([...this.zones.values()].some(isMissing) && this.#options.now() < until) await Bun.sleep(HEARD_LOOK_MS);
  }

  /** Called once per server tick: looks for zones that are silent, and sends again what was lost. */
  onServerTick(): void {
    const now = this.#options.now();
    for (const zone of this.zones.values()) {
      if (zone.isSilent(now)) {
        if (zone.state !== "DOWN") this.#fallsTo(zone, "CRASHED", "nothing is heard of it");
      } else if (zone.mustResend(now)) {
        this.counts.resends++;
        this.#unsent.add(zone);
      }
    }
    this.#flush();
  }

  /** The bus is back after a loss: what was under way may be lost. */
  onBusBack(): void {
    for (const zone of this.zones.values()) {
      zone.queue.goBack();
      this.#unsent.add(zone);
    }
    this.#flush();
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
  }

  #flush(): void {
    const { bus, names, gateway, maySpeak, now } = this.#options;
    if (this.#isClosed || !bus.isConnected || maySpeak?.() === false) return;
    for (const zone of this.#unsent) {
      if (!zone.isOpen) continue;
      this.#unsent.delete(zone);
      const wasUnderWay = zone.queue.isUnderWay;
      zone.queue.eachUnsent(BATCH_BYTES_MAX, (first, records) => {
        for (const record of records) this.#writer.add(record, 0, record.length);
        const { epoch } = zone;
        bus.publish(names.commands(zone.id), this.#writer.takeCommands({ gateway, epoch, first }));
      });
      zone.sent(now(), wasUnderWay);
    }
  }

  #onBatch(bytes: Uint8Array): void {
    try {
      this.#read(bytes);
    } catch (error) {
      this.counts.badBatches++;
      this.#options.emitter.emitSampled("error", "gateway", "Zone output not handled", { error: messageOf(error) });
    }
  }

  #read(bytes: Uint8Array): void {
    const head = readZoneHead(bytes);
    const zone = this.zones.get(head.zone);
    if (zone === undefined) throw new WowsimError("bad_batch", `There is no zone ${head.zone} in this world.`);
    this.counts.batches++;
    const isNew = head.epoch > zone.epoch;
    const heard = zone.hears(head, this.#options.now());
    if (heard === "stale") {
      this.counts.staleBatches++;
      return;
    }
    if (isNew) this.counts.epochs++;
    else if (heard === "anew") this.counts.gaps++;
    if (zone.queue.hasUnsent) this.#unsent.add(zone);
    // What is left of the old epoch goes first, then what asks for everything anew.
    if (heard === "anew") this.#listeners.revives(zone.id);
    if (zone.isOpen && this.#unsent.has(zone)) this.#flush();
    // Frames are read as words: what the bus hands out may begin anywhere, and a text before a frame may have any length.
    eachZoneRecord(this.#batch.copy(bytes, 0, bytes.length), (view, all, offset, length) => {
      if (offset % 4 === 0) return this.#onRecord(zone, view, all, offset, length);
      const record = this.#oddRecord.copy(all, offset, length);
      this.#onRecord(zone, new DataView(record.buffer), record, 0, length);
    });
  }

  #onRecord(zone: BusZone, view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    const kind = view.getUint32(offset, true);
    if (kind === REPORT.kind) this.#onReport(zone, view, offset, length);
    else if (kind === SAID.kind) this.#onSaid(zone, bytes.subarray(offset + SAID.bytes, offset + length));
    else if (!this.#records.handOut(view, bytes, offset, length))
      throw new WowsimError("bad_batch", `Zone ${zone.id} sent a record of kind ${kind}, which nobody knows.`);
  }

  #onReport(zone: BusZone, view: DataView, offset: number, length: number): void {
    const report = this.#report;
    REPORT.read(view, offset, length, report);
    zone.overloadLevel = report.overloadLevel;
    zone.players = wordAt(report.counters, COUNTER_PLAYERS);
    this.#fallsTo(zone, zone.reports(report.state), "");
    report.state = zone.state;
    this.#listeners.ticked(report);
  }

  #onSaid(zone: BusZone, json: Uint8Array): void {
    const message = JSON.parse(new TextDecoder().decode(json)) as FromZoneWorker;
    if (message.type !== "zone_state") return this.#listeners.said(message);
    const isBack = zone.state === "CRASHED" && message.to !== "DOWN";
    zone.tells(message.to);
    this.#fallsTo(zone, message.to, message.reason);
    if (isBack) this.#listeners.revives(zone.id);
  }

  /** Tells listeners of a state, once. */
  #fallsTo(zone: BusZone, to: ZoneState, reason: string): void {
    const { id: zoneId, state: from, tick } = zone;
    if (from === to) return;
    zone.state = to;
    zone.reason = reason;
    if (to === "DOWN") [zone.overloadLevel, zone.players] = [0, 0];
    this.#listeners.said({ type: "zone_state", zoneId, from, to, reason, tick });
  }
}

/** Room for a copy that begins at the begin of its buffer; used again and again. */
class AlignedCopy {
  #bytes = new Uint8Array(COPY_BYTES);

  /** Valid until the next copy. */
  copy(source: Uint8Array, offset: number, length: number): Uint8Array {
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length * 2);
    this.#bytes.set(source.subarray(offset, offset + length));
    return this.#bytes.subarray(0, length);
  }
}

function isMissing({ state }: BusZone): boolean {
  return state === "DOWN";
}
