// What the main thread knows of each zone: updated from workers' messages and from the ends of workers. Listeners are
// called after the update, so all see the same state.
//
//   registry.recorded(view, bytes, offset, length)     // a report: zones.get(1).tick is 4711, then listener.ticked(report)
//   registry.lost(0, end, 1_000)                       // its zones are DOWN, and listener.said(...) is called

import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { layoutEntries } from "../../../assembly/toolchain/load.ts";
import type { World } from "../../protocol/content/content.ts";
import { messageOf } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { noteFields } from "../../shared/kernel-note.ts";
import { FaultBlock } from "../../shared/fault-block.ts";
import { REPORT, emptyReport } from "../../shared/tick-report.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { FoundZone } from "../../shared/journal-messages.ts";
import type { ZoneJournal } from "../../shared/zone-journal.ts";
import type { FromZoneWorker, RevivedReport, Swap, ZoneState } from "../../shared/zone-messages.ts";
import type { FoundBeginning, LostZone, RevivedZone, ZoneModule } from "../../shared/zone-start.ts";
import { Census } from "./census.ts";
import { ItemAudit } from "./item-audit.ts";
import { GameLoop } from "./game-loop.ts";
import { OutputRecords } from "./output-records.ts";
import type { Watchdog } from "./watchdog.ts";
import type { WorkerEnd, ZoneWorkerLink } from "./worker-link.ts";
import { WorkerLosses } from "./worker-losses.ts";
import { workerOf } from "./worker-plan.ts";
import type { ZoneBeginning, ZoneBeginnings } from "./worker-plan.ts";
import type { WorkerSlotListener } from "./worker-slot.ts";
import { ZoneListeners } from "./zone-listeners.ts";
import { ZoneModules } from "./zone-modules.ts";
import { entryOf } from "../../protocol/assert.ts";

export interface ZoneRegistryOptions {
  world: World;
  workers: number;
  kernel: Kernel;
  tickRateHz: number;
  faultBlock: SharedArrayBuffer;
  emitter: Emitter;
  /** Where ticks are journalled; default: nowhere, and a lost worker's zones begin anew. */
  journal?: ZoneJournal;
  /** What zones begin with, of an earlier server; default: all begin anew. */
  found?: ReadonlyMap<number, FoundBeginning>;
  /** Milliseconds, monotonic. */
  now: () => number;
}

/** A zone whose worker is lost so often in a row does not go on from its journal, but begins anew. */
const REVIVALS_MAX = 3;

/** The live status of a zone on the main thread. */
export interface ZoneStatus {
  readonly id: number;
  readonly name: string;
  /** The number of its worker. */
  readonly worker: number;
  /** The state its worker last reported, or DOWN when the worker was lost. */
  state: ZoneState;
  /** The reason for that state; empty before the first report. */
  reason: string;
  /** The tick of its newest report. */
  tick: number;
  /** Its load-shedding level, 0 to 5; at LEVEL_CLOSED it admits no newcomers. */
  overloadLevel: number;
  kernelHash: string;
  kernelLabel: string;
  /** The last module it ran that was not on trial: a roll-back returns to it. */
  promotedHash: string;
}

export class ZoneRegistry implements WorkerSlotListener, ZoneBeginnings {
  readonly zones: ReadonlyMap<number, ZoneStatus>;
  /** Counts of lost workers. */
  readonly losses: WorkerLosses;
  readonly gameLoop: GameLoop;
  readonly census: Census;
  readonly items: ItemAudit;
  readonly #emitter: Emitter;
  readonly #watchdog: Watchdog;
  readonly #faultBlock: FaultBlock;
  readonly #modules: ZoneModules;
  readonly #listeners = new ZoneListeners();
  readonly #records = new OutputRecords(this.#listeners);
  readonly #report = emptyReport(0);
  /** How the zones of a lost worker ended, for the next worker. */
  readonly #ended = new Map<number, LostZone>();
  /** Zones that go on from their journal, and the newest epoch there. */
  readonly #revived = new Map<number, RevivedZone>();
  readonly #epochs = new Map<number, number>();
  readonly #journal: ZoneJournal | null;

  constructor(options: ZoneRegistryOptions, watchdog: Watchdog) {
    const { world, workers, kernel, emitter, tickRateHz, now } = options;
    this.zones = new Map(
      world.zones.map(({ id, name }, index) => [id, beginningStatus(id, name, workerOf(index, workers), kernel)]),
    );
    this.#emitter = emitter;
    this.#watchdog = watchdog;
    this.#faultBlock = new FaultBlock(options.faultBlock);
    this.losses = new WorkerLosses(emitter);
    this.#modules = new ZoneModules({ ...kernel, layout: layoutEntries(kernel.layout) }, this.zones.keys());
    this.#journal = options.journal ?? null;
    for (const [zoneId, { epoch, standing, revived }] of options.found ?? []) {
      this.#epochs.set(zoneId, epoch);
      if (revived !== null) this.#revived.set(zoneId, revived);
      if (standing !== null) this.#stands(zoneId, standing);
    }
    this.gameLoop = new GameLoop({ emitter, tickRateHz, zones: this.zones.keys(), now });
    this.census = new Census(emitter, now);
    this.items = new ItemAudit(emitter, now);
    this.listen(this.gameLoop);
    this.listen(this.census);
    this.listen(this.items);
  }

  listen(listener: ZoneListener): void {
    this.#listeners.add(listener);
  }

  /** A zone is asked to load this module. */
  offered(zoneId: number, swap: Swap): void {
    this.#modules.offered(zoneId, swap);
  }

  beginningOf(zoneId: number): ZoneBeginning {
    return {
      module: this.#modules.standing(zoneId),
      earlier: this.#modules.earlier(zoneId),
      after: this.#ended.get(zoneId) ?? null,
      revived: this.#revived.get(zoneId) ?? null,
      epoch: this.#epochs.get(zoneId) ?? 0,
    };
  }

  async prepare(worker: number): Promise<void> {
    if (this.#journal === null) return;
    const zones = this.#zonesOf(worker);
    const found = await this.#journal.succeed(
      worker,
      zones.map(({ id }) => id),
    );
    for (const zone of zones) {
      const here = found.find((one) => one.zone === zone.id);
      this.#epochs.set(zone.id, here?.epoch ?? 0);
      this.#revived.delete(zone.id);
      if (zone.state === "CRASHED") this.#goesOn(zone, here);
    }
  }

  /** The zone goes on from its journal; when that has nothing of it, the zone is DOWN and begins anew. */
  #goesOn(zone: ZoneStatus, found: FoundZone | undefined): void {
    const ran = found === undefined ? null : this.#modules.known(zone.id, found.module);
    if (found?.history && ran !== null) {
      const { reason: lostBecause, tick: toldTick } = zone;
      this.#revived.set(zone.id, { history: found.history, ran, toldTick, lostBecause });
      return;
    }
    const reason = `${zone.reason}; its journal has nothing of it`;
    this.#ended.set(zone.id, { tick: zone.tick, reason });
    this.#falls(zone, "DOWN", reason);
  }

  recorded(view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    if (view.getUint32(offset, true) === REPORT.kind) this.#onReport(view, offset, length);
    else this.#records.handOut(view, bytes, offset, length);
  }

  said(message: FromZoneWorker): void {
    if (message.type === "zone_state") {
      const status = entryOf(this.zones, message.zoneId);
      [status.state, status.reason] = [message.to, message.reason];
      if (message.to === "DOWN") this.#onDown(message.zoneId);
    } else if (message.type === "rolled_back") {
      this.#modules.rolledBack(message.zoneId);
      this.#runs(entryOf(this.zones, message.zoneId), message.toHash);
    } else if (message.type === "module") {
      const status = entryOf(this.zones, message.zoneId);
      this.#modules.runs(message.zoneId, message.hash, message.isTrial);
      this.#runs(status, message.hash);
      if (!message.isTrial) status.promotedHash = message.hash;
    }
    this.#listeners.said(message);
  }

  failed(error: unknown): void {
    this.#emitter.emitSampled("error", "zone", "Zone output not handled", { error: messageOf(error) });
  }

  /**
   * Everything the worker had committed has been read; nothing more comes from it. Its zones keep their players and go on from
   * the journal. Without a journal, or after too many losses in a row, they are DOWN.
   */
  lost(worker: number, end: WorkerEnd, nextTryMs: number, inARow: number): void {
    this.#watchdog.forget(worker);
    const zones = this.#zonesOf(worker);
    const reason = this.losses.lost(worker, end, zones, nextTryMs);
    this.#keepIncident(end);
    const goesOn = this.#journal !== null && inARow <= REVIVALS_MAX;
    for (const zone of zones) {
      const { id: zoneId, state: from } = zone;
      const tick = Math.max(zone.tick, end.crumb.zoneId === zoneId ? end.crumb.tick : 0);
      const { hash } = this.#modules.standing(zoneId);
      const canary = this.#modules.canary(zoneId);
      if (canary !== null) {
        this.losses.rolledBack(zone, canary.hash, hash, reason);
        this.said({ type: "rolled_back", zoneId, tick, fromHash: canary.hash, toHash: hash, reason, isLost: true });
      }
      this.#runs(zone, hash);
      zone.reason = reason;
      this.#ended.delete(zoneId);
      if (goesOn && from !== "DOWN") {
        this.#falls(zone, "CRASHED", reason);
        continue;
      }
      this.#ended.set(zoneId, { tick, reason });
      if (from !== "DOWN") this.#falls(zone, "DOWN", reason);
    }
  }

  /** A worker that ended in a tick: keeps what it takes to see that again. */
  #keepIncident({ how, why, crumb, noted }: WorkerEnd): void {
    if (noted === null || crumb.stage === "waiting" || crumb.tick !== noted.tick || crumb.zoneId !== noted.zoneId)
      return;
    const module = entryOf(this.zones, noted.zoneId).kernelHash;
    const note = crumb.note === null ? {} : noteFields(crumb.note);
    const data = { what: `worker ${how}`, error: why, stage: crumb.stage, module, ...note };
    this.#journal?.incident(noted.zoneId, noted.tick, data, noted.batch);
  }

  #falls(zone: ZoneStatus, to: "CRASHED" | "DOWN", reason: string): void {
    const { id: zoneId, state: from, tick } = zone;
    if (from === to) return;
    this.losses.fell(zone, from, to, reason);
    this.said({ type: "zone_state", zoneId, from, to, reason, tick });
  }

  forgotten(faultThread: number): void {
    this.#faultBlock.forgetThread(faultThread);
  }

  threadEnded(faultThread: number): void {
    this.#faultBlock.freeThread(faultThread);
  }

  begun(worker: number, link: ZoneWorkerLink): void {
    this.#watchdog.watch(worker, link.crumb);
    this.#listeners.workerBegun(link);
    for (const { id } of this.#zonesOf(worker)) if (this.#revived.has(id)) this.#listeners.revives(id);
  }

  back(worker: number, afterMs: number, revived: readonly RevivedReport[]): void {
    this.losses.back(worker, this.#zonesOf(worker), afterMs);
    this.revived(revived);
  }

  /** Reports what came of zones that go on from their journal. */
  revived(reports: readonly RevivedReport[]): void {
    for (const report of reports) this.losses.revived(entryOf(this.zones, report.zoneId), report);
  }

  notBegun(worker: number, why: string, nextTryMs: number): void {
    this.losses.notBegun(worker, this.#zonesOf(worker), why, nextTryMs);
  }

  #onReport(view: DataView, offset: number, length: number): void {
    const report = this.#report;
    REPORT.read(view, offset, length, report);
    const status = entryOf(this.zones, report.zoneId);
    // Messages and rings are not read in the order in which the zone wrote them; the state from its last message
    // counts.
    report.state = status.state;
    status.tick = report.tick;
    status.overloadLevel = report.overloadLevel;
    this.#listeners.ticked(report);
  }

  #onDown(zoneId: number): void {
    this.census.forget(zoneId);
    this.items.forget(zoneId);
    entryOf(this.zones, zoneId).overloadLevel = 0;
  }

  /** An earlier server promoted this module in the zone. */
  #stands(zoneId: number, module: ZoneModule): void {
    this.#modules.stands(zoneId, module);
    const status = entryOf(this.zones, zoneId);
    this.#runs(status, module.hash);
    status.promotedHash = module.hash;
  }

  #runs(status: ZoneStatus, hash: string): void {
    status.kernelHash = hash;
    status.kernelLabel = this.#modules.label(hash);
  }

  #zonesOf(worker: number): ZoneStatus[] {
    return [...this.zones.values()].filter((zone) => zone.worker === worker);
  }
}

function beginningStatus(id: number, name: string, worker: number, { hash, label }: Kernel): ZoneStatus {
  return {
    id,
    name,
    worker,
    state: "ACTIVE",
    reason: "",
    tick: 0,
    overloadLevel: 0,
    kernelHash: hash,
    kernelLabel: label,
    promotedHash: hash,
  };
}
