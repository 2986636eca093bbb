// A zone that this host owns: its journal on the bus, a supervisor with one worker for it, and its port. The supervisor is that of a single
// process, in a world of one zone.
//
//   const owned = await OwnedZone.start(taken, { zone, world, kernels, bus, names, ... })
//   owned.beat()               // { zone: 3, epoch: 7, tick: 4711, state: "ACTIVE", ... }
//   await owned.release("b")   // in order: host b should go on with it
//   await owned.drop()         // another host has it

import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { COUNTER_PLAYERS } from "../../../assembly/abi.ts";
import type { BusNames } from "../../bus/subjects.ts";
import type { HostBeat } from "../../bus/wire.ts";
import { entryOf, wordAt } from "../../protocol/assert.ts";
import type { World, ZoneContent } from "../../protocol/content/content.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { FoundModule, FoundZone } from "../../shared/journal-messages.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { RevivedReport } from "../../shared/zone-messages.ts";
import { findBeginnings } from "../journal/beginnings.ts";
import { ZoneSupervisor } from "../zones/supervisor.ts";
import type { TelemetryRings } from "../zones/worker-plan.ts";
import type { ZoneBus } from "./bus-zones.ts";
import type { StreamJournal, TakenZone } from "./stream-journal.ts";
import { answerZoneRequests } from "./zone-requests.ts";
import type { AnsweringBus } from "./zone-requests.ts";
import { ZonePort } from "./zone-port.ts";

export interface OwnedZoneOptions {
  /** Name of this host, for telemetry. */
  host: string;
  bus: ZoneBus & AnsweringBus;
  names: BusNames;
  world: World;
  zone: ZoneContent;
  /** The kernel of this host, which the zone runs unless another was promoted; and those that ran its history. */
  kernel: Kernel;
  modules: readonly FoundModule[];
  newWorker: WorkerFactory;
  telemetryRings: TelemetryRings;
  faultBlock: SharedArrayBuffer;
  emitter: Emitter;
  tickRateHz: number;
  seed: number;
  watchdogMs?: number | undefined;
  /** Gateways that were heard lately. */
  gateways: () => Iterable<number>;
  /** An ended thread goes on: the process must be started again. */
  onBurning: (reason: string) => void;
}

/** A zone stands still when its journal takes nothing for so long: 20 ticks (server/zone/output-gate.ts). */
const STALLED_MS = 1_000;

export class OwnedZone implements ZoneListener {
  readonly zone: number;
  readonly epoch: number;
  /** What came of its journal; null when it had none. */
  readonly revived: RevivedReport | null;
  readonly #journal: StreamJournal;
  readonly #supervisor: ZoneSupervisor;
  readonly #port: ZonePort;
  readonly #stopAnswering: () => void;
  #players = 0;

  /** Throws WowsimError("zone_worker", "other_world"). */
  static async start({ journal, found, epoch, crossings }: TakenZone, options: OwnedZoneOptions): Promise<OwnedZone> {
    const { bus, names, zone, world, kernel, emitter, tickRateHz, seed, faultBlock, gateways } = options;
    const small: World = { ...world, zones: [zone] };
    const supervisor = await ZoneSupervisor.start({
      world: small,
      workers: 1,
      newWorker: options.newWorker,
      tickRateHz,
      seed,
      kernel,
      telemetryRings: options.telemetryRings,
      origin: { host: options.host, epoch },
      faultBlock,
      emitter,
      journal,
      found: beginningsOf(found, options.modules, small, kernel),
      ...(options.watchdogMs === undefined ? {} : { watchdogMs: options.watchdogMs }),
      onBurning: options.onBurning,
    });
    const onSettled = (session: number): void => journal.settle(session);
    const port = new ZonePort({ bus, names, zone: zone.id, epoch, supervisor, gateways, onSettled, emitter });
    port.departedBefore(crossings);
    supervisor.listen(port);
    return new OwnedZone({ journal, supervisor, port, epoch, zone: zone.id, bus, names });
  }

  private constructor(parts: {
    journal: StreamJournal;
    supervisor: ZoneSupervisor;
    port: ZonePort;
    epoch: number;
    zone: number;
    bus: AnsweringBus;
    names: BusNames;
  }) {
    const { journal, supervisor, port, epoch, zone, bus, names } = parts;
    [this.#journal, this.#supervisor, this.#port, this.epoch, this.zone] = [journal, supervisor, port, epoch, zone];
    this.revived = supervisor.revived[0] ?? null;
    supervisor.listen(this);
    supervisor.handOut();
    this.#stopAnswering = answerZoneRequests(bus, names, zone, supervisor);
  }

  /** What the port did since it began. */
  get counts(): ZonePort["counts"] {
    return this.#port.counts;
  }

  ticked({ counters }: TickReport): void {
    this.#players = wordAt(counters, COUNTER_PLAYERS);
  }

  beat(): HostBeat["zones"][number] {
    const { state: told, tick } = entryOf(this.#supervisor.zones, this.zone);
    const { lagMs, failing } = this.#journal;
    const state = failing !== null && lagMs > STALLED_MS ? "STALLED" : told;
    return { zone: this.zone, epoch: this.epoch, tick, state, players: this.#players, lagMs };
  }

  /** Lets the zone finish its tick, and hands it over; to the named host first, if there is one. */
  async release(to?: string): Promise<void> {
    await this.#end();
    await this.#journal.release(to);
  }

  /** Another host has the zone: nothing of it leaves any more. */
  async drop(): Promise<void> {
    this.#port.close();
    await this.#end();
    await this.#journal.close();
  }

  async #end(): Promise<void> {
    this.#stopAnswering();
    await this.#supervisor.stop();
    this.#port.close();
  }
}

/** What the zone begins with. Everything after the snapshot is told again: the earlier owner may have told nobody. */
function beginningsOf(
  found: FoundZone,
  modules: readonly FoundModule[],
  world: World,
  kernel: Kernel,
): ReturnType<typeof findBeginnings>["beginnings"] {
  const all = { meta: {}, zones: [found], modules: [...modules], facts: [], rowsMissing: 0, problems: [] };
  const { beginnings } = findBeginnings(all, world, kernel);
  for (const beginning of beginnings.values())
    if (beginning.revived !== null) beginning.revived.toldTick = beginning.revived.history.snapshot.tick;
  return beginnings;
}
