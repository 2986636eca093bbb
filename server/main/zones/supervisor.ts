// Controls the zone workers from the main thread: starts them, sends commands and requests, ends them. zone-registry.ts
// stores and forwards what they report. It computes no game state.
//
//   const supervisor = await ZoneSupervisor.start({ world, kernel, ... })
//   supervisor.send(1, command.bytes)        // false: the ring is full
//   supervisor.listen(metrics)               // metrics.ticked(report), ... (server/shared/zone-link.ts)
//   supervisor.handOut()                     // from now on listeners hear what zones report, from the first tick on
//   await supervisor.request(2, { type: "swap", module, hash, label })
//
// When a worker dies or hangs (watchdog.ts), its zones go DOWN, their players are moved, and a new worker replaces it,
// in which the zones start anew (worker-slot.ts).

import { at, entryOf } from "../../protocol/assert.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { WorkerDoing } from "../../protocol/crash-report.ts";
import { crumbInWords, doingOf } from "../../shared/breadcrumb.ts";
import type { CrumbCounters } from "../../shared/crumb-file.ts";
import type { Ring } from "../../shared/ring.ts";
import { writeCommands } from "./command-writer.ts";
import type { FaultZones } from "../../shared/fault-targets.ts";
import type { ZoneLink, ZoneListener } from "../../shared/zone-link.ts";
import type { RevivedReport, ToZoneWorker, ZoneRequest } from "../../shared/zone-messages.ts";
import { timesOf } from "../../shared/thread-times.ts";
import { BurningThreads } from "./burning-threads.ts";
import type { ZoneItems } from "./item-audit.ts";
import { Watchdog } from "./watchdog.ts";
import { WATCHDOG_MS_DEFAULT } from "../../protocol/limits.ts";
import { workerGone } from "./worker-link.ts";
import type { ZoneWorkerLink } from "./worker-link.ts";
import type { WorkerLosses } from "./worker-losses.ts";
import { WorkerPlan } from "./worker-plan.ts";
import type { WorkerPlanOptions } from "./worker-plan.ts";
import { WorkerSlot } from "./worker-slot.ts";
import { ZoneRegistry } from "./zone-registry.ts";
import type { ZoneRegistryOptions, ZoneStatus } from "./zone-registry.ts";

const now = (): number => performance.now();

export interface SupervisorOptions extends Omit<WorkerPlanOptions & ZoneRegistryOptions, "watchdogMs" | "now"> {
  newWorker: WorkerFactory;
  /** How late a worker may be before it is ended, in milliseconds. */
  watchdogMs?: number;
  /** Called once when the thread of an ended worker goes on, with the reason in a sentence. */
  onBurning?: (reason: string) => void;
}

export class ZoneSupervisor implements ZoneLink, FaultZones {
  /** What came of the zones that went on from the journal of an earlier server. */
  revived: readonly RevivedReport[] = [];
  readonly #registry: ZoneRegistry;
  readonly #slots: readonly WorkerSlot[];
  readonly #watchdog: Watchdog;
  readonly #watchTimer: Timer;
  readonly #burning: BurningThreads;
  readonly #heard = Promise.withResolvers<void>();

  /**
   * Starts all workers and their zones, which tick at once. What they report waits for `handOut`. Throws
   * WowsimError("zone_worker") when one can not start.
   */
  static async start(options: SupervisorOptions): Promise<ZoneSupervisor> {
    const supervisor = new ZoneSupervisor(options);
    try {
      const reports = await Promise.all(supervisor.#slots.map((slot) => slot.ready));
      supervisor.revived = reports.flat();
      supervisor.#registry.revived(supervisor.revived);
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    return supervisor;
  }

  private constructor(options: SupervisorOptions) {
    const { newWorker, watchdogMs = WATCHDOG_MS_DEFAULT } = options;
    this.#watchdog = new Watchdog({ limitMs: watchdogMs, now: () => performance.timeOrigin + now(), timesOf });
    this.#registry = new ZoneRegistry({ ...options, now }, this.#watchdog);
    const starts = new WorkerPlan({ ...options, watchdogMs }, this.#registry);
    this.#slots = Array.from({ length: options.workers }, (_, worker) => {
      const heard = this.#heard.promise;
      const slot = new WorkerSlot({ worker, newWorker, starts, listener: this.#registry, now, heard });
      if (slot.link !== null) this.#watchdog.watch(worker, slot.link.crumb);
      return slot;
    });
    this.#burning = new BurningThreads(this.#watchdog.checkMs, options.onBurning ?? (() => {}));
    this.#watchTimer = setInterval(() => this.#look(), this.#watchdog.checkMs);
  }

  get zones(): ReadonlyMap<number, ZoneStatus> {
    return this.#registry.zones;
  }

  /** Number of ticks of the server as a whole. */
  get tick(): number {
    return this.#registry.gameLoop.tick;
  }

  /** Entities that the census found in more than one zone. */
  get duplicates(): number {
    return this.#registry.census.duplicates;
  }

  /** What the audit of items found last, by zone id. */
  get items(): ReadonlyMap<number, ZoneItems> {
    return this.#registry.items.zones;
  }

  /** The losses of workers so far. */
  get losses(): WorkerLosses {
    return this.#registry.losses;
  }

  /** Number of threads of lost workers that can not be ended. */
  get burningThreads(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.burning, 0);
  }

  /** Numbers for a crash report. */
  get counters(): Pick<CrumbCounters, "workers_died" | "workers_hung" | "burning_threads"> {
    const { restarts } = this.losses;
    return {
      workers_died: entryOf(restarts, "died"),
      workers_hung: entryOf(restarts, "hung"),
      burning_threads: this.burningThreads,
    };
  }

  /** What each zone worker is at; without those that are being replaced. */
  doing(): WorkerDoing[] {
    return this.#slots.flatMap(({ link }, index) => (link === null ? [] : [doingOf(index + 1, link.crumb.read())]));
  }

  listen(listener: ZoneListener): void {
    this.#registry.listen(listener);
  }

  /**
   * The listeners hear what the zones report, from their first tick on. Call it once, when all who must miss nothing listen: a
   * player may leave a zone that ticks while another still starts, and whoever hears that late has lost what the player carries.
   */
  handOut(): void {
    this.#heard.resolve();
  }

  /** Queues command records, which stay in one batch; false when the worker's ring is full or the zone does not exist. */
  send(zoneId: number, records: Uint8Array): boolean {
    const status = this.zones.get(zoneId);
    return status !== undefined && writeCommands(at(this.#slots, status.worker).commands, zoneId, records);
  }

  /** The ring with the commands of a zone: what its reader has freed is in ticks that were told. Another one after a loss of the worker. */
  commandsOf(zoneId: number): Ring {
    return at(this.#slots, entryOf(this.zones, zoneId).worker).commands;
  }

  /**
   * Sends a request to a zone, which handles it between two ticks. Rejects with WowsimError("zone_refused") and the
   * zone's reason.
   */
  async request(zoneId: number, message: ZoneRequest): Promise<unknown> {
    const status = this.zones.get(zoneId);
    if (status === undefined) {
      throw new WowsimError(
        "no_such_zone",
        `There is no zone ${zoneId}; there are ${[...this.zones.keys()].join(", ")}.`,
      );
    }
    const link = this.#linkOf(zoneId);
    if (link === null) throw workerGone(zoneId);
    if (message.type === "swap") this.#registry.offered(zoneId, message);
    return await link.request(zoneId, message);
  }

  /** Sends a message to every worker. */
  broadcast(message: ToZoneWorker): void {
    for (const { link } of this.#slots) link?.post(message);
  }

  /** Lets every zone finish its tick and ends the workers. */
  async stop(): Promise<void> {
    clearInterval(this.#watchTimer);
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    this.#registry.gameLoop.stop();
  }

  /** Null when the zone does not exist, or no worker runs it at the moment. */
  #linkOf(zoneId: number): ZoneWorkerLink | null {
    const status = this.zones.get(zoneId);
    return status === undefined ? null : at(this.#slots, status.worker).link;
  }

  /** Checks all workers with the watchdog: a worker that hangs is ended. */
  #look(): void {
    const { late, stoodStillMs } = this.#watchdog.check();
    if (stoodStillMs > 0) this.losses.stoodStill(stoodStillMs);
    for (const { worker, lateMs, crumb } of late) {
      at(this.#slots, worker).link?.abandon(`${crumbInWords(crumb)}, ${Math.round(lateMs)} ms late`);
    }
    this.#burning.look(this.#slots.map((slot) => slot.burning));
  }
}
