// A zone that this host owns, on the bus: takes the commands of gateways, and tells each gateway what the zone told it. It is what the main
// thread of a single process is between its gateway and its supervisor.
//
//   const port = new ZonePort({ bus, names, zone: 3, epoch: 7, supervisor, gateways, ... })
//   port.crossings([...])      // players who left under an earlier owner, and may not have arrived
//   port.close()               // nothing is taken or told any more
//
// One batch goes to each gateway for each tick: the report, frames of its players, who entered and who left. The controller is gateway 0: it
// gets no frames, and what players hold. A departure is told again every second until somebody says that the player has arrived.

import { COMMAND_BYTES, FRAME_SESSION, OP_ARRIVE, OP_JOIN, OP_UNWATCH, OP_WATCH } from "../../../assembly/abi.ts";
import { BatchWriter, eachCommandRecord, OP_SETTLED, readCommandHead, SAID } from "../../bus/wire.ts";
import type { BusNames } from "../../bus/subjects.ts";
import { wordAt } from "../../protocol/assert.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import { Command } from "../../protocol/game/command.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import {
  censusBytes,
  DEPARTED,
  END,
  ENTERED,
  FRAMES,
  IS_THERE,
  ITEMS,
  writeCensus,
} from "../../shared/ring-records.ts";
import type { Entered, ItemCount, ZoneCensus } from "../../shared/ring-records.ts";
import { AnsweredTickets, laneOf, LANES } from "../../shared/tickets.ts";
import { REPORT } from "../../shared/tick-report.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import type { ZoneBus } from "./bus-zones.ts";
import { GatewayLanes } from "./gateway-lanes.ts";
import type { CommandRing } from "./gateway-lanes.ts";

/** What the port needs of the zone's supervisor. */
export interface PortZone {
  /** False: the ring is full. */
  send(zoneId: number, records: Uint8Array): boolean;
  commandsOf(zoneId: number): CommandRing;
}

export interface ZonePortOptions {
  bus: ZoneBus;
  names: BusNames;
  zone: number;
  /** Of the fence with which this host took the zone. */
  epoch: number;
  supervisor: PortZone;
  /** Gateways that were heard lately; the controller is not among them. */
  gateways: () => Iterable<number>;
  /** The player of a departure from this zone has arrived: the journal need not keep it any more. */
  onSettled: (session: number) => void;
  emitter: Emitter;
}

/** The controller, which has the place of a gateway. */
const CONTROLLER = 0;
const REPEAT_MS = 1_000;
const encoder = new TextEncoder();

export class ZonePort implements ZoneListener {
  /** Since the start. */
  readonly counts = { batches: 0, staleCommands: 0, gaps: 0, full: 0, badBatches: 0 };
  readonly #options: ZonePortOptions;
  readonly #lanes: GatewayLanes;
  readonly #writers = new Map<number, BatchWriter>();
  /** Whose player an entity is: the gateway that last put it in, watched it, or ended that. */
  readonly #gatewayOf = new Map<number, number>();
  /** Players who left and have not arrived anywhere yet, as far as is known. */
  readonly #open = new Map<number, Crossing>();
  /** Players who are let in again: their last departure from here is not told any more. */
  readonly #comingBack = new Set<number>();
  readonly #command = new Command();
  readonly #unsubscribe: () => void;
  readonly #repeat: Timer;
  #tick = 0;
  #isClosed = false;

  constructor(options: ZonePortOptions) {
    const { bus, names, zone, supervisor } = options;
    this.#options = options;
    this.#lanes = new GatewayLanes(() => supervisor.commandsOf(zone));
    this.#unsubscribe = bus.subscribe(names.commands(zone), (_subject, bytes) => this.#onCommands(bytes));
    this.#repeat = setInterval(() => this.#repeatDepartures(), REPEAT_MS);
  }

  /** Departures that nobody has confirmed. */
  get openDepartures(): number {
    return this.#open.size;
  }

  /** The zone's newest told tick. */
  get tick(): number {
    return this.#tick;
  }

  /** Players who left under an earlier owner. */
  departedBefore(crossings: Iterable<Crossing>): void {
    for (const crossing of crossings) this.#open.set(crossing.session, crossing);
  }

  /** The player has arrived elsewhere, or nobody needs it any more. */
  settles(session: number): void {
    if (this.#open.delete(session)) this.#options.onSettled(session);
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    clearInterval(this.#repeat);
  }

  ticked(report: TickReport): void {
    this.#tick = report.tick;
    for (const gateway of this.#options.gateways()) this.#writerOf(gateway);
    this.#writerOf(CONTROLLER);
    for (const writer of this.#writers.values()) writer.put(REPORT, report);
  }

  framed(zoneId: number, bytes: Uint8Array, offset: number, length: number): void {
    const session = wordIn(bytes, offset + FRAME_SESSION);
    const writer = this.#writers.get(this.#gatewayOf.get(session) ?? CONTROLLER);
    if (writer === undefined || this.#gatewayOf.get(session) === undefined) return;
    const at = writer.reserve(FRAMES.bytes + length);
    FRAMES.write(writer.view, at, { zoneId });
    writer.bytes.set(bytes.subarray(offset, offset + length), at + FRAMES.bytes);
  }

  entered(entered: Entered): void {
    if (entered.outcome === IS_THERE) this.settles(entered.session);
    const writer = this.#writerOf(laneOf(entered.ticket));
    writer.put(ENTERED, entered);
  }

  departed(crossing: Crossing): void {
    this.#open.set(crossing.session, crossing);
    this.#comingBack.delete(crossing.session);
    this.#writeDeparture(crossing);
  }

  counted(census: ZoneCensus): void {
    const { zoneId, tick, ids } = census;
    const known = Uint32Array.from(ids);
    for (const [gateway, writer] of this.#writers) {
      const tickets = new AnsweredTickets([wordAt(census.tickets, gateway)]).words;
      const at = writer.reserve(censusBytes(known));
      writeCensus(writer.view, at, { zoneId, tick, tickets }, known);
    }
    for (const session of this.#gatewayOf.keys())
      if (!ids.has(session) && !this.#open.has(session)) this.#gatewayOf.delete(session);
    for (const session of this.#comingBack) if (!this.#open.has(session)) this.#comingBack.delete(session);
  }

  itemsCounted(count: ItemCount): void {
    const writer = this.#writerOf(CONTROLLER);
    writer.put(ITEMS, count);
  }

  /** Rare, and not in the order of the ring: it is told at once. */
  said(message: FromZoneWorker): void {
    const json = encoder.encode(JSON.stringify(message));
    for (const [gateway, writer] of this.#writers) {
      const at = writer.reserve(SAID.bytes + json.length);
      SAID.write(writer.view, at, {});
      writer.bytes.set(json, at + SAID.bytes);
      this.#publish(gateway, writer);
    }
  }

  tickEnded(zoneId: number): void {
    this.#lanes.look();
    const alive = new Set(this.#options.gateways());
    for (const [gateway, writer] of this.#writers) {
      writer.put(END, { zoneId });
      this.#publish(gateway, writer);
      if (gateway !== CONTROLLER && !alive.has(gateway)) this.#writers.delete(gateway);
    }
  }

  workerBegun(): void {
    this.#lanes.ringChanged();
  }

  #publish(gateway: number, writer: BatchWriter): void {
    const { bus, names, zone, epoch } = this.#options;
    const applied = this.#lanes.appliedOf(gateway);
    const batch = writer.takeZone({ zone, epoch, tick: this.#tick, applied });
    if (this.#isClosed) return;
    this.counts.batches++;
    bus.publish(names.frames(zone, gateway), batch);
  }

  #writerOf(gateway: number): BatchWriter {
    const known = this.#writers.get(gateway);
    if (known !== undefined) return known;
    const writer = new BatchWriter("zone");
    this.#writers.set(gateway, writer);
    return writer;
  }

  /** To the player's gateway; to all when it is not known whose the player is, or that one is gone. */
  #writeDeparture(crossing: Crossing): void {
    const owner = this.#writers.get(this.#gatewayOf.get(crossing.session) ?? -1);
    for (const writer of owner === undefined ? this.#writers.values() : [owner]) writer.put(DEPARTED, crossing);
  }

  #repeatDepartures(): void {
    if (this.#isClosed) return;
    for (const crossing of this.#open.values())
      if (!this.#comingBack.has(crossing.session)) this.#writeDeparture(crossing);
  }

  #onCommands(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#takeCommands(bytes);
    } catch (error) {
      this.counts.badBatches++;
      this.#options.emitter.emitSampled("error", "zone", "Commands not readable", { error: messageOf(error) });
    }
  }

  /** In order, each once; what comes after a gap, or does not fit, the gateway sends again. */
  #takeCommands(bytes: Uint8Array): void {
    const { zone, epoch, supervisor } = this.#options;
    const { gateway, epoch: meant, first } = readCommandHead(bytes);
    if (gateway >= LANES) throw new WowsimError("bad_batch", `There is no gateway ${gateway}.`);
    if (meant !== epoch) {
      this.counts.staleCommands++;
      return;
    }
    let number = first - 1;
    let isBlocked = false;
    eachCommandRecord(bytes, (_view, all, offset, length) => {
      const order = isBlocked ? "gap" : this.#lanes.order(gateway, ++number);
      if (order === "gap" && !isBlocked) this.counts.gaps++;
      if (order !== "next") {
        isBlocked ||= order === "gap";
        return;
      }
      if (length === 0 || length % COMMAND_BYTES !== 0)
        throw new WowsimError("bad_batch", `A command has ${length} bytes.`);
      const records = all.subarray(offset, offset + length);
      const { op, session } = this.#command.loadBytes(records.subarray(records.length - COMMAND_BYTES));
      if (op === OP_SETTLED) this.settles(session);
      else if (!supervisor.send(zone, records)) {
        this.counts.full++;
        isBlocked = true;
        return;
      }
      this.#lanes.took(gateway, number);
      this.#learn(gateway, op, session);
    });
  }

  /** Whose player it is. */
  #learn(gateway: number, op: number, session: number): void {
    if (op !== OP_JOIN && op !== OP_ARRIVE && op !== OP_WATCH && op !== OP_UNWATCH) return;
    this.#gatewayOf.set(session, gateway);
    if (op === OP_JOIN || op === OP_ARRIVE) this.#comingBack.add(session);
  }
}

function wordIn(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}
