// The main thread's hold on the zone workers: starts them, sends commands, hands out what comes back, keeps each zone's
// status, ends them. It computes no game state.
//
//   const supervisor = await ZoneSupervisor.start({ world, kernel, ... })
//   supervisor.send(1, command.bytes)        // false: the ring is full
//   supervisor.onFrame((zoneId, bytes, offset, length) => ...)
//   await supervisor.request(2, { type: "swap", module, hash, label })
//
// A worker that dies, or does not tick any more (watchdog.ts), takes its zones DOWN, which moves their players, and is
// followed by another one, in which they begin anew (worker-slot.ts).

import { messageOf, WowsimError } from "../../protocol/errors.ts";
import { FaultBlock } from "../../shared/fault-block.ts";
import type { FrameListener } from "../../shared/zone-link.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import { crumbInWords } from "../../shared/breadcrumb.ts";
import { Census } from "./census.ts";
import { writeCommands } from "./command-writer.ts";
import { GameLoop } from "./game-loop.ts";
import type { FromZoneWorker, ToZoneWorker, ZoneState } from "../../shared/zone-messages.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import { OutputRecords } from "./output-records.ts";
import type { Crossing } from "../../shared/transfer.ts";
import { timesOf } from "../../shared/thread-times.ts";
import { Watchdog } from "./watchdog.ts";
import { WATCHDOG_MS_DEFAULT } from "../../protocol/limits.ts";
import type { Entered, ZoneCensus } from "../../shared/ring-records.ts";
import { workerGone } from "./worker-link.ts";
import type { WorkerEnd, ZoneWorkerLink } from "./worker-link.ts";
import { WorkerLosses } from "./worker-losses.ts";
import type { LostZone } from "../../shared/zone-start.ts";
import { WorkerPlan } from "./worker-plan.ts";
import type { WorkerPlanOptions, ZoneBeginning } from "./worker-plan.ts";
import { WorkerSlot } from "./worker-slot.ts";
import { ZoneModules } from "./zone-modules.ts";
import type { ZoneRequest } from "../../shared/zone-messages.ts";
import { REPORT, emptyReport } from "../../shared/tick-report.ts";

const now = (): number => performance.now();

export interface SupervisorOptions extends Omit<WorkerPlanOptions, "watchdogMs"> {
  newWorker: WorkerFactory;
  /** Memory for a worker's telemetry: asked anew for each that is started, since the one before may still write to its. */
  telemetryRing: (worker: number) => SharedArrayBuffer;
  emitter: Emitter;
  /** How late a worker may be before it is ended, in milliseconds. */
  watchdogMs?: number;
}

/** A zone as the main thread knows it, live. */
export interface ZoneStatus {
  readonly id: number;
  readonly name: string;
  /** Which worker it runs in. */
  readonly worker: number;
  /** As its worker said it last, or DOWN when the worker was lost. */
  state: ZoneState;
  /** Why it is in that state; empty before anything was said. */
  reason: string;
  /** Of its newest report. */
  tick: number;
  /** How much it leaves out, 0 to 5; at LEVEL_CLOSED it takes nobody new. */
  overloadLevel: number;
  kernelHash: string;
  kernelLabel: string;
  /** What it ran last that was not on trial: what it goes back to. */
  promotedHash: string;
}

export class ZoneSupervisor {
  /** What became of workers. */
  readonly losses: WorkerLosses;
  readonly #zones = new Map<number, ZoneStatus>();
  readonly #slots: WorkerSlot[];
  readonly #plan: WorkerPlan;
  readonly #modules: ZoneModules;
  readonly #watchdog: Watchdog;
  #watchTimer: Timer | undefined;
  /** How zones ended with a worker, for the next one. */
  readonly #ended = new Map<number, LostZone>();
  readonly #gameLoop: GameLoop;
  readonly #census: Census;
  readonly #report = emptyReport(0);
  readonly #tickListeners: ((report: TickReport) => void)[] = [];
  readonly #records = new OutputRecords();
  readonly #messageListeners: ((message: FromZoneWorker) => void)[] = [];
  readonly #newWorkerListeners: ((post: (message: ToZoneWorker) => void) => void)[] = [];

  /** Starts all workers and their zones. Throws WowsimError("zone_worker") when one can not. */
  static async start(options: SupervisorOptions): Promise<ZoneSupervisor> {
    const supervisor = new ZoneSupervisor(options);
    try {
      await Promise.all(supervisor.#slots.map((slot) => slot.ready));
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    return supervisor;
  }

  private constructor(options: SupervisorOptions) {
    const { world, kernel, emitter, tickRateHz, watchdogMs = WATCHDOG_MS_DEFAULT } = options;
    this.#plan = new WorkerPlan({ ...options, watchdogMs });
    for (const [index, zone] of world.zones.entries()) {
      this.#zones.set(zone.id, {
        id: zone.id,
        name: zone.name,
        worker: this.#plan.workerOf(index),
        state: "ACTIVE",
        reason: "",
        tick: 0,
        overloadLevel: 0,
        kernelHash: kernel.hash,
        kernelLabel: kernel.label,
        promotedHash: kernel.hash,
      });
    }
    this.losses = new WorkerLosses(emitter);
    this.#modules = new ZoneModules(kernel, this.#zones.keys());
    this.#gameLoop = new GameLoop({ emitter, tickRateHz, zones: this.#zones.keys(), now });
    this.#census = new Census(emitter, now);
    this.onCensus(({ zoneId, ids }) => this.#census.observe(zoneId, ids));
    this.#watchdog = new Watchdog({ limitMs: watchdogMs, now: () => performance.timeOrigin + now(), timesOf });
    const workers = Array.from({ length: options.workers }, (_, worker) => worker);
    this.#slots = workers.map((worker) => this.#newSlot(worker, options));
    for (const worker of workers) this.#watch(worker);
    this.#watchTimer = setInterval(() => this.#look(), this.#watchdog.checkMs);
  }

  get zones(): ReadonlyMap<number, ZoneStatus> {
    return this.#zones;
  }

  /** Ticks of the server as a whole. */
  get tick(): number {
    return this.#gameLoop.tick;
  }

  /** Entities that the census found in more than one zone. */
  get duplicates(): number {
    return this.#census.duplicates;
  }

  /** Queues command records that come into one batch; false when the worker's ring is full or there is no such zone. */
  send(zoneId: number, records: Uint8Array): boolean {
    const ring = this.#linkOf(zoneId)?.commands;
    return ring !== undefined && writeCommands(ring, zoneId, records);
  }

  /** Somebody left a zone through a portal; everything of theirs is in the listener's hands now. */
  onDeparture(listener: (crossing: Crossing) => void): void {
    this.#records.listeners.departure.push(listener);
  }

  /** Somebody who was to be let into a zone is there, or is not. */
  onEntered(listener: (entered: Entered) => void): void {
    this.#records.listeners.entered.push(listener);
  }

  /** Once a second and zone: who is in it. */
  onCensus(listener: (census: ZoneCensus) => void): void {
    this.#records.listeners.census.push(listener);
  }

  /** Every tick of every zone. The report is reused: copy what is to be kept. */
  onTick(listener: (report: TickReport) => void): void {
    this.#tickListeners.push(listener);
  }

  /** Every kernel frame; its bytes are valid during the call only. */
  onFrame(listener: FrameListener): void {
    this.#records.listeners.frame.push(listener);
  }

  /** After the last frame of a zone's tick. */
  onTickEnd(listener: (zoneId: number) => void): void {
    this.#records.listeners.tickEnd.push(listener);
  }

  onMessage(listener: (message: FromZoneWorker) => void): void {
    this.#messageListeners.push(listener);
  }

  /** A worker takes the place of a lost one: what it has to know besides its zones is to be posted now. */
  onNewWorker(listener: (post: (message: ToZoneWorker) => void) => void): void {
    this.#newWorkerListeners.push(listener);
  }

  /** Threads of lost workers that can not be ended. */
  get burningThreads(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.burning, 0);
  }

  /** Asks a zone, between two of its ticks. Rejects with WowsimError("zone_refused") and the zone's reason. */
  async request(zoneId: number, message: ZoneRequest): Promise<unknown> {
    const status = this.#zones.get(zoneId);
    if (status === undefined) {
      throw new WowsimError(
        "no_such_zone",
        `There is no zone ${zoneId}; there are ${[...this.#zones.keys()].join(", ")}.`,
      );
    }
    const link = this.#linkOf(zoneId);
    if (link === null) throw workerGone(zoneId);
    if (message.type === "swap") this.#modules.offered(zoneId, message);
    return await link.request(zoneId, message);
  }

  /** To every worker. */
  broadcast(message: ToZoneWorker): void {
    for (const { link } of this.#slots) link?.post(message);
  }

  /** Lets every zone finish its tick and ends the workers. */
  async stop(): Promise<void> {
    clearInterval(this.#watchTimer);
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    this.#gameLoop.stop();
  }

  /** Null while there is no such zone, or no worker for it. */
  #linkOf(zoneId: number): ZoneWorkerLink | null {
    const status = this.#zones.get(zoneId);
    return status === undefined ? null : (this.#slots[status.worker]?.link ?? null);
  }

  #runs(status: ZoneStatus, hash: string): void {
    status.kernelHash = hash;
    status.kernelLabel = this.#modules.label(hash);
  }

  #onRecord(view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    if (view.getUint32(offset, true) === REPORT.kind) this.#onReport(view, offset, length);
    else this.#records.handOut(view, bytes, offset, length);
  }

  #onReport(view: DataView, offset: number, length: number): void {
    const report = this.#report;
    REPORT.read(view, offset, length, report);
    const status = this.#zones.get(report.zoneId);
    if (status === undefined) return;
    // Messages and rings are not read in the order in which the zone wrote to them; its state is what it said last.
    report.state = status.state;
    status.tick = report.tick;
    status.overloadLevel = report.overloadLevel;
    for (const listener of this.#tickListeners) listener(report);
    this.#gameLoop.observeTick(report);
  }

  #onMessage(message: FromZoneWorker): void {
    if (message.type === "zone_state") {
      const status = this.#zones.get(message.zoneId);
      if (status !== undefined) [status.state, status.reason] = [message.to, message.reason];
      if (message.to === "DOWN") this.#onDown(message.zoneId);
    } else if (message.type === "rolled_back") {
      const status = this.#zones.get(message.zoneId);
      if (status !== undefined) {
        this.#modules.rolledBack(status.id);
        this.#runs(status, message.toHash);
      }
    } else if (message.type === "module") {
      const status = this.#zones.get(message.zoneId);
      this.#modules.runs(message.zoneId, message.hash, message.isTrial);
      if (status !== undefined) this.#runs(status, message.hash);
      if (status !== undefined && !message.isTrial) status.promotedHash = message.hash;
    }
    this.#gameLoop.observeMessage(message);
    for (const listener of this.#messageListeners) listener(message);
  }

  #onDown(zoneId: number): void {
    this.#census.forget(zoneId);
    const status = this.#zones.get(zoneId);
    if (status !== undefined) status.overloadLevel = 0;
  }

  #newSlot(worker: number, options: SupervisorOptions): WorkerSlot {
    const { newWorker, telemetryRing, faultBlock, emitter } = options;
    const block = new FaultBlock(faultBlock);
    const beginningOf = (zoneId: number): ZoneBeginning => ({
      module: this.#modules.standing(zoneId),
      earlier: this.#modules.earlier(zoneId),
      after: this.#ended.get(zoneId) ?? null,
    });
    return new WorkerSlot({
      newWorker,
      startOf: () => this.#plan.startOf(worker, telemetryRing(worker), beginningOf),
      now,
      events: {
        onRecord: (view, bytes, offset, length) => this.#onRecord(view, bytes, offset, length),
        onMessage: (message) => this.#onMessage(message),
        onError: (error) =>
          emitter.emitSampled("error", "zone", "Zone output not handled", { error: messageOf(error) }),
        onLost: (end, nextTryMs) => this.#onLost(worker, end, nextTryMs),
        onForgotten: (faultThread) => block.forgetThread(faultThread),
        onGone: (faultThread) => block.freeThread(faultThread),
        onBegun: (post) => {
          this.#watch(worker);
          for (const listener of this.#newWorkerListeners) listener(post);
        },
        onBack: (afterMs) => this.losses.back(worker, this.#zonesOf(worker), afterMs),
        onBeginFailed: (why, nextTryMs) => this.losses.notBegun(worker, this.#zonesOf(worker), why, nextTryMs),
      },
    });
  }

  #zonesOf(worker: number): ZoneStatus[] {
    return [...this.#zones.values()].filter((zone) => zone.worker === worker);
  }

  #watch(worker: number): void {
    const link = this.#slots[worker]?.link;
    if (link !== undefined && link !== null) this.#watchdog.watch(worker, link.crumb);
  }

  /** The watchdog's look at all workers: one that hangs is given up. */
  #look(): void {
    const { late, stoodStillMs } = this.#watchdog.check();
    if (stoodStillMs > 0) this.losses.stoodStill(stoodStillMs);
    for (const { worker, lateMs, crumb } of late) {
      this.#slots[worker]?.link?.giveUp(`${crumbInWords(crumb)}, ${Math.round(lateMs)} ms late`);
    }
  }

  /** Everything the worker had committed was read before; nothing more comes of it. */
  #onLost(worker: number, end: WorkerEnd, nextTryMs: number): void {
    this.#watchdog.forget(worker);
    const zones = this.#zonesOf(worker);
    const reason = this.losses.lost(worker, end, zones, nextTryMs);
    for (const zone of zones) {
      const { id: zoneId, state: from } = zone;
      const tick = Math.max(zone.tick, end.crumb.zoneId === zoneId ? end.crumb.tick : 0);
      this.#ended.set(zoneId, { tick, reason });
      const { hash } = this.#modules.standing(zoneId);
      const canary = this.#modules.canary(zoneId);
      if (canary !== null) {
        this.losses.rolledBack(zone, canary.hash, hash, reason);
        this.#onMessage({ type: "rolled_back", zoneId, tick, fromHash: canary.hash, toHash: hash, reason });
      }
      this.#runs(zone, hash);
      zone.reason = reason;
      if (from === "DOWN") continue;
      this.losses.wentDown(zone, from, reason);
      this.#onMessage({ type: "zone_state", zoneId, from, to: "DOWN", reason, tick });
    }
  }
}
