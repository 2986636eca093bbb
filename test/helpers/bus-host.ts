// Zones with the real kernel on a bus, without a journal: a stand-in for a zone host in tests of gateways.
//
//   const host = await BusHost.start(bus, names)
//   host.entities(1)           // ids of the players in zone 1
//   host.silence(true)         // it ticks, and says nothing

import { COMMAND_BYTES, OP_ARRIVE, OP_JOIN, OP_LEAVE, OP_UNWATCH, OP_WATCH } from "../../assembly/abi.ts";
import type { Bus } from "../../server/bus/bus.ts";
import type { BusNames } from "../../server/bus/subjects.ts";
import { BatchWriter, eachCommandRecord, readCommandHead, SAID } from "../../server/bus/wire.ts";
import { workers } from "../../server/main/workers.ts";
import { ZoneSupervisor } from "../../server/main/zones/supervisor.ts";
import type { World } from "../../server/protocol/content/content.ts";
import { Command } from "../../server/protocol/game/command.ts";
import { FaultBlock } from "../../server/shared/fault-block.ts";
import { CENSUS, DEPARTED, END, ENTERED, FRAMES, writeCensus } from "../../server/shared/ring-records.ts";
import { Ring } from "../../server/shared/ring.ts";
import { REPORT } from "../../server/shared/tick-report.ts";
import type { TickReport } from "../../server/shared/tick-report.ts";
import { AnsweredTickets, laneOf } from "../../server/shared/tickets.ts";
import type { Crossing } from "../../server/shared/transfer.ts";
import { at } from "../../server/protocol/assert.ts";
import { until } from "./net.ts";
import { MemoryEmitter } from "./control-faults.ts";
import { testKernel } from "./zone.ts";

/** Players of the default world have ids up to this; creatures have higher ones. */
const PLAYER_ID_MAX = 1_000_000;
/** A command that came so many ticks ago is in a told tick. */
const TICKS_UNTIL_TOLD = 3;

interface Lane {
  next: number;
  /** Numbers and tickets that came, by the tick they came in. */
  came: { tick: number; number: number; ticket: number }[];
  applied: number;
  ticket: number;
}

class HostedZone {
  /** By gateway. */
  readonly writers = new Map<number, BatchWriter>();
  readonly lanes = new Map<number, Lane>();
  /** Which gateway has the session. */
  readonly gatewayOf = new Map<number, number>();
  /** Departures that no other zone has seen arrive. */
  readonly open = new Map<number, Crossing>();
  ids: number[] = [];
  censuses = 0;
  tick = 0;

  laneOf(gateway: number): Lane {
    let lane = this.lanes.get(gateway);
    if (lane === undefined) this.lanes.set(gateway, (lane = { next: 1, came: [], applied: 0, ticket: 0 }));
    return lane;
  }
}

export class BusHost {
  readonly #bus: Bus;
  readonly #names: BusNames;
  readonly #supervisor: ZoneSupervisor;
  readonly #zones: Map<number, HostedZone>;
  readonly #stops: (() => void)[];
  readonly #epoch = 1;
  #isSilent = false;
  /** The zones' own tickets, and those of the gateways that they stand for. */
  #lastTicket = 0;
  readonly #tickets = new Map<number, number>();

  static async start(bus: Bus, names: BusNames, world: World): Promise<BusHost> {
    const supervisor = await ZoneSupervisor.start({
      world,
      workers: 1,
      newWorker: workers.zone,
      tickRateHz: 20,
      seed: 1,
      kernel: await testKernel(),
      telemetryRings: { ringOf: () => Ring.allocate(1 << 20) },
      faultBlock: FaultBlock.allocate(),
      emitter: new MemoryEmitter(),
    });
    return new BusHost(bus, names, world, supervisor);
  }

  private constructor(bus: Bus, names: BusNames, world: World, supervisor: ZoneSupervisor) {
    [this.#bus, this.#names, this.#supervisor] = [bus, names, supervisor];
    this.#zones = new Map(world.zones.map(({ id }) => [id, new HostedZone()]));
    this.#stops = world.zones.map(({ id }) =>
      bus.subscribe(names.commands(id), (_subject, bytes) => this.#take(id, bytes)),
    );
    this.#stops.push(
      bus.subscribe(names.gatewayBeat("*"), (subject) => {
        const gateway = Number(subject.split(".").at(-1));
        for (const { writers } of this.#zones.values())
          if (!writers.has(gateway)) writers.set(gateway, new BatchWriter("zone"));
      }),
    );
    this.#hear();
    supervisor.handOut();
  }

  /** Players that the zone counted last. */
  entities(zoneId: number): number[] {
    return this.#zones.get(zoneId)?.ids ?? [];
  }

  /** Resolves when every zone has counted its players once more, beginning from now. */
  async counted(): Promise<void> {
    const before = [...this.#zones.values()].map(({ censuses }) => censuses);
    await until(() => [...this.#zones.values()].every(({ censuses }, index) => censuses > at(before, index) + 1));
  }

  silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#supervisor.stop();
  }

  #zone(id: number): HostedZone {
    const zone = this.#zones.get(id);
    if (zone === undefined) throw new Error(`no zone ${id}`);
    return zone;
  }

  #hear(): void {
    this.#supervisor.listen({
      ticked: (report) => this.#ticked(report),
      framed: (id, bytes, offset, length) => {
        const session = new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset + 4, true);
        const writer = this.#zone(id).writers.get(this.#zone(id).gatewayOf.get(session) ?? 0);
        if (writer === undefined) return;
        const place = writer.reserve(FRAMES.bytes + length);
        FRAMES.write(writer.view, place, { zoneId: id });
        writer.bytes.set(bytes.subarray(offset, offset + length), place + FRAMES.bytes);
      },
      tickEnded: (id) => this.#tell(id),
      entered: (entered) => {
        const zone = this.#zone(entered.zoneId);
        const ticket = this.#tickets.get(entered.ticket) ?? 0;
        const writer = zone.writers.get(laneOf(ticket));
        if (writer === undefined) return;
        const place = writer.reserve(ENTERED.bytes);
        ENTERED.write(writer.view, place, { ...entered, ticket });
        if (entered.outcome !== 1) return;
        for (const other of this.#zones.values()) if (other !== zone) other.open.delete(entered.session);
      },
      departed: (crossing) => this.#zone(crossing.from).open.set(crossing.session, crossing),
      counted: ({ zoneId, tick, ids }) => {
        const zone = this.#zone(zoneId);
        zone.censuses++;
        zone.ids = [...ids].filter((id) => id <= PLAYER_ID_MAX);
        for (const [gateway, writer] of zone.writers) {
          const words = Uint32Array.from(ids);
          const place = writer.reserve(CENSUS.bytes + words.byteLength);
          const tickets = new AnsweredTickets([zone.laneOf(gateway).ticket]).words;
          writeCensus(writer.view, place, { zoneId, tick, tickets }, words);
        }
      },
      said: (message) => {
        if (!("zoneId" in message)) return;
        const json = new TextEncoder().encode(JSON.stringify(message));
        for (const writer of this.#zone(message.zoneId).writers.values()) {
          const place = writer.reserve(SAID.bytes + json.length);
          SAID.write(writer.view, place, {});
          writer.bytes.set(json, place + SAID.bytes);
        }
      },
    });
  }

  #ticked(report: TickReport): void {
    const zone = this.#zone(report.zoneId);
    zone.tick = report.tick;
    for (const writer of zone.writers.values()) {
      const place = writer.reserve(REPORT.bytes);
      REPORT.write(writer.view, place, report);
    }
    for (const lane of zone.lanes.values())
      while (lane.came[0] !== undefined && lane.came[0].tick + TICKS_UNTIL_TOLD <= report.tick) {
        const { number, ticket } = lane.came.shift() ?? { number: 0, ticket: 0 };
        lane.applied = number;
        lane.ticket = Math.max(lane.ticket, ticket);
      }
  }

  #tell(id: number): void {
    const zone = this.#zone(id);
    for (const [gateway, writer] of zone.writers) {
      const end = writer.reserve(END.bytes);
      END.write(writer.view, end, { zoneId: id });
      for (const [session, crossing] of zone.open) {
        const place = writer.reserve(DEPARTED.bytes);
        DEPARTED.write(writer.view, place, crossing);
        // Nobody arrives elsewhere; a real host waits for a word of the gateway.
        if (crossing.to === 0 && zone.gatewayOf.get(session) === gateway) zone.open.delete(session);
      }
      const batch = writer.takeZone({
        zone: id,
        epoch: this.#epoch,
        tick: zone.tick,
        applied: zone.laneOf(gateway).applied,
      });
      if (!this.#isSilent) this.#bus.publish(this.#names.frames(id, gateway), batch.slice());
    }
  }

  #take(id: number, bytes: Uint8Array): void {
    const { gateway, epoch, first } = readCommandHead(bytes);
    const zone = this.#zone(id);
    const lane = zone.laneOf(gateway);
    if (epoch !== this.#epoch || first > lane.next) return;
    let number = first;
    eachCommandRecord(bytes, (_view, all, offset, length) => {
      const own = number++;
      if (own < lane.next) return;
      const records = Uint8Array.prototype.slice.call(all, offset, offset + length);
      lane.next = own + 1;
      lane.came.push({ tick: zone.tick, number: own, ticket: this.#note(zone, gateway, records) });
      this.#supervisor.send(id, records);
    });
  }

  /**
   * Notes whose session it is; returns the ticket, 0 when it has none. The zone gets another ticket instead, since it knows of no
   * lanes here.
   */
  #note(zone: HostedZone, gateway: number, records: Uint8Array): number {
    const command = new Command().loadBytes(records, records.length - COMMAND_BYTES);
    const { op, session, a } = command;
    if ([OP_JOIN, OP_ARRIVE, OP_WATCH, OP_UNWATCH].includes(op)) zone.gatewayOf.set(session, gateway);
    // Who enters again has not departed any more.
    if (op === OP_JOIN || op === OP_ARRIVE || op === OP_LEAVE) zone.open.delete(session);
    if (![OP_JOIN, OP_ARRIVE, OP_LEAVE].includes(op)) return 0;
    command.a = ++this.#lastTicket;
    this.#tickets.set(command.a, a);
    records.set(command.bytes, records.length - COMMAND_BYTES);
    return a;
  }
}
