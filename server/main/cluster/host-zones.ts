// The zones of one host: those that it owns, and those that it would take over. It tells twice a second what it runs.
//
//   const zones = await HostZones.start({ name: "a", bus, journalBus, world, kernel, ... })
//   zones.owned               // [1, 4]
//   await zones.stop()        // others go on with them

import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import type { Bus } from "../../bus/bus.ts";
import type { BusNames } from "../../bus/subjects.ts";
import type { HostBeat } from "../../bus/wire.ts";
import { ZoneStream } from "../../bus/zone-stream.ts";
import { entryOf } from "../../protocol/assert.ts";
import type { World } from "../../protocol/content/content.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { FaultBlock } from "../../shared/fault-block.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { TelemetryRings } from "../zones/worker-plan.ts";
import { answerHostRequests } from "./host-requests.ts";
import { KeptModules } from "./kept-modules.ts";
import { OwnedZone } from "./owned-zone.ts";
import { Ownership } from "./ownership.ts";
import type { Taking } from "./ownership.ts";
import { StreamJournal } from "./stream-journal.ts";

export interface HostZonesOptions {
  /** Of this host. */
  name: string;
  bus: Bus;
  /** A connection for journals alone. */
  journalBus: Bus;
  names: BusNames;
  world: World;
  kernel: Kernel;
  /** The kernel's metered binary. */
  wasm: Uint8Array;
  newWorker: WorkerFactory;
  telemetry: TelemetryRings & { readonly emitter: Emitter };
  tickRateHz: number;
  seed: number;
  watchdogMs?: number | undefined;
  retention: { hours: number; megabytes: number };
  /** Gateways that were heard lately. */
  gateways: () => Iterable<number>;
  onWarning: (warning: string) => void;
  /** A thread can not be ended: the process must be started again. */
  onBurning: (reason: string) => void;
  /** Milliseconds, monotonic. */
  now: () => number;
}

const BEAT_MS = 500;
/** How long a start waits until all zones have owners. */
const SETTLE_MS_MAX = 5_000;
const SETTLE_LOOK_MS = 20;

export class HostZones {
  readonly #options: HostZonesOptions;
  readonly #zones = new Map<number, OwnedZone>();
  readonly #streams = new Map<number, ZoneStream>();
  readonly #modules: KeptModules;
  readonly #ownership: Ownership;
  readonly #faultBlock = FaultBlock.allocate();
  readonly #beat: Timer;
  readonly #stopAnswering: () => void;
  #cpu = process.cpuUsage();
  #cpuAtMs: number;
  #isStopping = false;

  /** Throws WowsimError("no_answer", "stream_refused"). */
  static async start(options: HostZonesOptions): Promise<HostZones> {
    const { bus, journalBus, names, world, kernel, wasm } = options;
    const modules = await KeptModules.open(await bus.bucket(names.bucket("modules")));
    await modules.keep({ hash: kernel.hash, label: kernel.label, wasm });
    const streams = await Promise.all(world.zones.map(({ id }) => ZoneStream.open(journalBus, names, id)));
    const zones = new HostZones(options, modules, streams);
    zones.#ownership.start();
    return zones;
  }

  private constructor(options: HostZonesOptions, modules: KeptModules, streams: readonly ZoneStream[]) {
    const { bus: requests, journalBus: bus, names, name: host, world, now } = options;
    this.#stopAnswering = answerHostRequests(requests, names, host, this);
    this.#options = options;
    this.#modules = modules;
    for (const stream of streams) this.#streams.set(stream.zone, stream);
    this.#ownership = new Ownership({ bus, names, host, zones: world.zones.map(({ id }) => id), owner: this, now });
    this.#cpuAtMs = now();
    this.#beat = setInterval(() => this.#tell(), BEAT_MS);
  }

  get owned(): number[] {
    return [...this.#zones.keys()].toSorted((a, b) => a - b);
  }

  /** Resolves when every zone has an owner, after some seconds at the latest. */
  async settled(): Promise<void> {
    const until = this.#options.now() + SETTLE_MS_MAX;
    while (!this.#ownership.isSettled && this.#options.now() < until) await Bun.sleep(SETTLE_LOOK_MS);
  }

  /** Takes a zone that nobody has. Throws WowsimError("fenced") when another host was quicker. */
  async take(zone: number, taking: Taking): Promise<void> {
    const { name: host, retention, telemetry, now } = this.#options;
    const { emitter } = telemetry;
    const startMs = now();
    const taken = await StreamJournal.take(entryOf(this.#streams, zone), {
      host,
      retention,
      ...taking,
      onLost: (why) => void this.#loses(zone, why),
      onTrouble: (what) => emitter.emit("error", "journal", "Journal trouble", { zone_id: zone, error: what }),
    });
    try {
      const owned = await this.#start(zone, taken);
      if (this.#isStopping) return await owned.release();
      this.#zones.set(zone, owned);
      const { epoch, revived } = owned;
      const data = {
        zone_id: zone,
        epoch,
        tick: revived?.tick ?? 0,
        lost_ticks: revived?.lostTicks ?? 0,
        took_ms: now() - startMs,
      };
      emitter.emit("event", "zone", "Zone taken", data);
      this.#tell();
    } catch (error) {
      // The stream is this host's, and nothing runs: another one has to try.
      await taken.journal.release();
      throw error;
    }
  }

  async #start(zone: number, taken: Awaited<ReturnType<typeof StreamJournal.take>>): Promise<OwnedZone> {
    const { bus, names, world, kernel, newWorker, telemetry, tickRateHz, seed, watchdogMs } = this.#options;
    const index = world.zones.findIndex(({ id }) => id === zone);
    const content = world.zones[index];
    if (content === undefined) throw new WowsimError("no_such_zone", `There is no zone ${zone} in this world.`);
    return await OwnedZone.start(taken, {
      host: this.#options.name,
      bus,
      names,
      world,
      zone: content,
      kernel,
      modules: await this.#modules.of(taken.found.module, kernel.hash),
      newWorker,
      telemetryRings: { ringOf: () => telemetry.ringOf(1 + index) },
      faultBlock: this.#faultBlock,
      emitter: telemetry.emitter,
      tickRateHz,
      seed: (seed + index) >>> 0,
      watchdogMs,
      gateways: this.#options.gateways,
      onBurning: this.#options.onBurning,
    });
  }

  /** Another host has the zone, or the bus has lost its journal. */
  async #loses(zone: number, why: string): Promise<void> {
    const owned = this.#zones.get(zone);
    this.#zones.delete(zone);
    this.#options.telemetry.emitter.emit("event", "zone", "Zone lost to another host", { zone_id: zone, why });
    try {
      await owned?.drop();
    } catch (error) {
      this.#options.onWarning(`Zone ${zone} could not be ended in order: ${messageOf(error)}`);
    }
  }

  /** Hands a zone over: to the named host first. Throws WowsimError("not_owned"). */
  async release(zone: number, to?: string): Promise<void> {
    const owned = this.#zones.get(zone);
    if (owned === undefined)
      throw new WowsimError("not_owned", `Host ${this.#options.name} does not run zone ${zone}.`);
    this.#zones.delete(zone);
    this.#ownership.gives(zone);
    await owned.release(to);
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#beat);
    this.#stopAnswering();
    await this.#ownership.stop();
    await Promise.all(this.owned.map((zone) => this.release(zone)));
    this.#tell();
  }

  #tell(): void {
    const { name: host, names, bus } = this.#options;
    const zones = [...this.#zones.values()].map((owned) => owned.beat());
    const beat: HostBeat = { host, pid: process.pid, load: this.#load(), zones };
    bus.publish(names.hostBeat(host), new TextEncoder().encode(JSON.stringify(beat)));
  }

  /** Share of one processor that this process used since the last call, 0 to 1 and more. */
  #load(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    const nowMs = this.#options.now();
    const ms = Math.max(1, nowMs - this.#cpuAtMs);
    [this.#cpu, this.#cpuAtMs] = [process.cpuUsage(), nowMs];
    return Math.round(((user + system) / 1_000 / ms) * 1_000) / 1_000;
  }
}
