// Runs one zone in its worker: collects its commands, runs its ticks, recovers a tick that traps, reports what happened, and
// carries out swaps. The zone's state is what other parts see of this:
//
//   ACTIVE ⇄ DEGRADED      budget overruns, a recent recovery, or overload (overload.ts)
//   any → CRASHED → DEGRADED      a trap, and its recovery within the same tick
//   CRASHED → DOWN → ACTIVE       the recovery failed; restarted after a back-off, on probation, without players
//
// A zone that replaces one of a lost worker begins DOWN.

import { OP_DESPAWN, OP_LEAVE, OP_WATCH } from "../../assembly/abi.ts";
import { messageOf } from "../protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { ZoneBatch } from "./command-batch.ts";
import { Breadcrumb } from "../shared/breadcrumb.ts";
import { evacuate } from "./evacuation.ts";
import { Intake } from "./intake.ts";
import { Membership } from "./membership.ts";
import type { RevivedReport, ZoneState } from "../shared/zone-messages.ts";
import { emptyReport } from "../shared/tick-report.ts";
import type { TickReport } from "../shared/tick-report.ts";
import { UnrecoverableZone } from "./recovery.ts";
import { PROBATION_TICKS, Restart } from "./restart.ts";
import { TickClock } from "./tick-clock.ts";
import { ZoneTrap } from "./trap.ts";
import { WATCHDOG_MS_DEFAULT } from "../protocol/limits.ts";
import { RunningModules } from "./running-modules.ts";
import { beginZone, reviveZone } from "./zone-beginning.ts";
import { NO_JOURNAL, ZoneLog } from "./zone-log.ts";
import type { JournalPlace } from "../shared/zone-journal.ts";
import { ZoneHealth } from "./zone-health.ts";
import { ZoneRecoveries } from "./zone-recoveries.ts";
import { emitEvents, emitTick, fillJournal, fillReport, named } from "./zone-telemetry.ts";
import { ZoneUndo } from "./zone-undo.ts";
import { ZoneLoad } from "./zone-load.ts";
import { Zone } from "./zone.ts";
import type { ZoneRunnerOptions } from "./zone-runner-options.ts";
import { readZoneView } from "./zone-view.ts";
import type { ZonePicture } from "../shared/zone-picture.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

/** How long a tick may wait for the journal before it counts against the zone, in milliseconds. */
const LAG_MS_DEGRADED = 50;

/** Of a zone without a journal. */
const SAFE = { isDurable: true, lagMs: 0, heldMs: 0 };

/** Reason of a zone that is DEGRADED because a fault delays its tick for longer than a worker may be late. */
const PAUSED = "a fault's pause holds up its ticks";

export class ZoneRunner {
  readonly zone: Zone;
  readonly clock: TickClock;
  readonly #options: ZoneRunnerOptions;
  readonly #batch: ZoneBatch;
  readonly #report: TickReport;
  #state: ZoneState = "ACTIVE";
  #reason = "";
  readonly #health = new ZoneHealth();
  readonly #modules: RunningModules;
  readonly #recoveries: ZoneRecoveries;
  readonly #restart = new Restart();
  readonly #membership: Membership;
  readonly #intake: Intake;
  readonly #load: ZoneLoad;
  readonly log: ZoneLog;
  readonly undo: ZoneUndo;
  /** What came of its journal; null when it began anew. */
  readonly revival: RevivedReport | null;
  readonly #crumb: Breadcrumb;
  readonly #watchdogMs: number;
  /** Milliseconds for which faults have delayed the current tick on purpose. */
  #pausedMs = 0;

  constructor(options: ZoneRunnerOptions) {
    const { after = null, revived = null, watchdogMs = WATCHDOG_MS_DEFAULT, earlier = [] } = options;
    this.#crumb = options.crumb ?? new Breadcrumb(Breadcrumb.allocate());
    this.#watchdogMs = watchdogMs;
    this.#options = options;
    const before = [...earlier];
    const zoneOptions = { ...options, crumb: this.#crumb, afterTick: after?.tick ?? 0 };
    const begun = revived === null ? beginZone(zoneOptions, before) : reviveZone(zoneOptions, before, revived);
    const { zone, unfit } = begun;
    this.zone = zone;
    this.#membership = begun.membership;
    this.revival = begun.revival;
    const writer = options.writer ?? NO_JOURNAL;
    this.log = new ZoneLog({ zone, writer, epoch: options.epoch ?? 0, tickets: () => this.#membership.tickets.words });
    this.#modules = new RunningModules(zone, before, options);
    this.clock = new TickClock(options.startMs, 1_000 / options.tickRateHz);
    this.#batch = new ZoneBatch(this.zone.id, this.zone.at.commandsMax, this.zone.entities);
    this.#report = emptyReport(this.zone.id);
    this.#intake = new Intake(this.#batch, this.#membership);
    const parts = { zone, membership: this.#membership, log: this.log, batch: this.#batch, output: options.output };
    this.undo = new ZoneUndo({ ...parts, say: options.say, options: zoneOptions, bounds: options.undoBounds });
    this.#recoveries = new ZoneRecoveries({
      ...parts,
      options,
      crumb: this.#crumb,
      health: this.#health,
      modules: this.#modules,
      intake: this.#intake,
      undo: this.undo,
      setState: (to, reason) => this.#setState(to, reason),
    });
    this.#load = new ZoneLoad(this.zone, this.clock, options);
    if (begun.isAnew) options.spawn(this.#batch);
    else for (const a of zone.entities.phantoms()) this.#batch.push(command.set(OP_DESPAWN, { a }));
    if (unfit !== null) this.#modules.fellBack(unfit.hash, unfit.reason);
    if (typeof revived?.lostBecause === "string") {
      this.#state = "CRASHED";
      this.#health.trapped(zone.tick);
    }
    if (after === null) return;
    this.#state = "DOWN";
    this.#intake.isClosed = true;
    this.#restart.beginAnew(after.reason);
  }

  /** Share of the thread's time that this zone has used lately. */
  get threadShare(): number {
    return this.#load.threadShare;
  }

  /** Takes a command from the ring, for the next tick. A zone that is DOWN drops it. */
  accept(words: Uint32Array, index: number): void {
    this.#intake.accept(words, index);
  }

  /** Takes the commands that let a player from another zone in. They go into one batch together. */
  acceptArrival(words: Uint32Array): void {
    this.#intake.acceptArrival(words);
  }

  /** A fault is about to delay the tick by `ms` milliseconds. True when the delay is long enough to be reported at once. */
  pauses(ms: number): boolean {
    this.#crumb.pauses(this.#options.now() + ms + this.clock.intervalMs);
    this.#pausedMs += ms;
    const isLong = this.#pausedMs >= this.#watchdogMs && this.#state !== "DOWN";
    if (isLong) this.#setState("DEGRADED", PAUSED);
    return isLong;
  }

  get isDown(): boolean {
    return this.#state === "DOWN";
  }

  /** Runs the tick that is due. Never throws. */
  runTick(): void {
    const { now } = this.#options;
    const startMs = now();
    this.#pausedMs = 0;
    try {
      if (this.#state === "DOWN") this.#runDown(startMs);
      else this.#runLive(startMs);
    } catch (error) {
      this.#goDown(error);
    }
    this.#load.keepPace(this.#state !== "DOWN");
    this.#intake.next(this.zone.tick + 1);
    this.#load.shed(this.#batch);
    this.clock.done(now());
  }

  /** Swaps the zone to another module, which is warmed up. `isReturn`: back to the one before. Throws WowsimError; the zone is then unchanged. */
  swap(kernel: Kernel, isReturn = false): { tick: number } {
    this.assertCanTake(kernel);
    const before = this.zone.kernel;
    if (this.isDown) this.#give(kernel);
    else this.undo.swap(kernel, { isReturn, isOverTrial: this.#modules.canary !== null });
    this.log.begins();
    return this.#modules.tries(kernel, before);
  }

  /**
   * Throws WowsimError("layout_mismatch") when the module could not take over the state, or the fallback could not take it
   * back.
   */
  assertCanTake(kernel: Kernel): void {
    const { canary } = this.#modules;
    this.zone.assertCanTake(kernel, ...(canary === null ? [] : [canary.fallback.layout]));
  }

  /**
   * Goes back to the module that ran before the swap. With a hash it does so only if that is the module on trial; otherwise the
   * zone only reports what it runs. Throws WowsimError("no_previous_module").
   */
  rollback(hash?: string): { tick: number } {
    const fallback = this.#modules.fallbackOf(hash);
    if (fallback !== null) this.#give(fallback);
    this.log.begins();
    return this.#modules.isBack(fallback !== null);
  }

  /** A zone that is DOWN has no ticks to swap between. It restarts with the new module, which may not have the problem. */
  #give(kernel: Kernel): void {
    if (!this.isDown) return void this.zone.swap(kernel);
    this.zone.revert(kernel);
    this.#restart.begin(this.#options.now());
  }

  /** Keeps the module for good. With a hash it does so only if that is the module on trial. */
  promote(hash?: string): { tick: number } {
    const told = this.#modules.promote(hash);
    if (this.#modules.canary === null) this.zone.keepsRules(null);
    return told;
  }

  /** Goes on with an undo that is under way, until that time. Call it between ticks. */
  undoSome(untilMs: number): void {
    const taken = this.undo.advance(untilMs);
    if (taken === null) return;
    this.#recoveries.tellRewritten(this.zone.tick, taken.fromTick, taken.rewritten);
    this.#intake.evictNow();
  }

  /** Reports who is in the zone and what they hold, for the audits. A zone that is DOWN has no players. */
  writeCensus(): void {
    if (this.#state === "DOWN") return;
    this.#membership.writeCensus(this.#options.output);
    this.#options.output.writeItems(this.zone);
  }

  /** The zone's main values, for tests and audits. */
  inspect(): Record<string, unknown> {
    const { zone } = this;
    return {
      tick: zone.tick,
      hash: zone.hash.toString(16).padStart(16, "0"),
      state: this.#state,
      kernel: zone.kernel.hash,
      canary: this.#modules.canary !== null,
      entities: Array.from(zone.entities.entityIds()),
      overload_level: this.#load.level,
      recoveries: this.#recoveries.count,
      quarantined: this.#recoveries.quarantined,
      missed_ticks: this.clock.missed,
    };
  }

  /** The positions of entities and the threat of creatures; null while the zone is DOWN and its memory is not valid. */
  view(turn: number): ZonePicture | null {
    return this.#state === "DOWN" ? null : readZoneView(this.zone, turn);
  }

  #runLive(startMs: number): void {
    this.#load.begin();
    const recoveries = this.#recoveries.count;
    this.#options.output.addRewatches((session) => this.#batch.push(command.set(OP_WATCH, { session })));
    const queueDepth = this.#batch.count;
    this.#batch.sort();
    this.#membership.addDepartures(this.#batch);
    const isRewritten = this.#step();
    this.#crumb.enter("frames");
    const departed = this.#membership.tickDone(this.#options.output);
    const place = this.log.tickDone(departed);
    emitEvents(this.#options.emitter, this.zone);
    const framesLost = this.#options.output.writeFrames(this.zone, isRewritten);
    this.#load.end(this.#recoveries.count === recoveries);
    this.#finish(startMs, queueDepth, framesLost, place);
    this.undo.tell();
    this.log.takeSnapshotIfDue();
  }

  /** DOWN: waits, then tries to tick without players. After PROBATION_TICKS clean ticks the zone is ACTIVE again. */
  #runDown(startMs: number): void {
    this.#options.output.flush(this.log.place);
    if (!this.#restart.isDue(startMs)) return;
    this.#batch.reset(this.zone.tick + 1);
    try {
      if (this.#restart.isFirstTick) this.#putBack();
      this.#load.shed(this.#batch);
      this.#prepareAndStep();
    } catch (error) {
      const next_try_ms = this.#restart.failed(error, this.#options.now(), this.#batch.isPoisoned);
      const data = { ...named(this.zone, this.zone.tick + 1), error: messageOf(error), next_try_ms };
      this.#options.emitter.emit("event", "zone", "Zone restart failed", data);
      if (this.#restart.hasFailedAnew) this.#modules.fallBack(messageOf(error));
      return;
    }
    if (!this.#restart.ticked(startMs)) return;
    this.#health.forget();
    this.#intake.isClosed = false;
    this.#setState("ACTIVE", `restarted, ${PROBATION_TICKS} clean ticks`);
  }

  /** Restores the state from which this try begins. Reports the ticks that are lost by that. */
  #putBack(): void {
    const { zone } = this;
    const { beginning, lostTicks, reason } = this.#restart.restore(zone);
    if (beginning === "anew") this.#options.spawn(this.#batch);
    // All players are in other zones by now, and the commands that would have removed them were dropped.
    zone.entities.eachPlayer((session) => void this.#batch.push(command.set(OP_LEAVE, { session })));
    if (lostTicks === 0) return;
    const data = { ...named(this.zone, zone.tick), beginning, lost_ticks: lostTicks, error: reason };
    this.#options.emitter.emit("error", "zone", "Zone ticks lost", data);
  }

  /** True when earlier ticks, which were told, have another result now. */
  #step(): boolean {
    let isRewritten = false;
    try {
      this.#prepareAndStep();
    } catch (error) {
      if (!(error instanceof ZoneTrap)) throw error;
      isRewritten = this.#recoveries.recover(error, this.#batch.bytes);
    }
    this.undo.ticked();
    this.#options.faults.afterStep(this.zone.id, this.zone.tick);
    return isRewritten;
  }

  #prepareAndStep(): void {
    const { faults } = this.#options;
    this.#batch.tick = this.zone.tick + 1;
    this.#crumb.enter("faults");
    faults.commands(this.#batch);
    faults.beforeStep(this.zone.id, this.#batch.tick);
    this.#options.blackBox?.note(this.zone.id, this.#batch.tick, this.#batch.bytes);
    this.undo.append(this.#batch.bytes);
    this.zone.step(this.#batch.bytes);
  }

  /** Takes the zone DOWN. A module on trial is replaced by the previous one. */
  #goDown(error: unknown): void {
    const reason = messageOf(error);
    this.#modules.wentDown(reason);
    this.undo.forget("the zone went DOWN since, and its players were moved");
    this.undo.tell();
    this.log.begins();
    const isStateToBlame = error instanceof UnrecoverableZone && !this.#batch.isPoisoned;
    this.#membership.forget(this.#options.output, this.log.place);
    if (!this.isDown) this.#evacuate();
    this.#intake.isClosed = true;
    this.#load.forget();
    this.#restart.begin(this.#options.now(), isStateToBlame);
    if (this.#restart.hasFailedAnew) this.#modules.fallBack(reason);
    this.#setState("DOWN", reason);
  }

  #evacuate(): void {
    const { zone, log } = this;
    const { output, emitter } = this.#options;
    const left = evacuate({ zone, batch: this.#batch, membership: this.#membership, log, output });
    if (left !== null) {
      const data = { ...named(zone, zone.completedTick), error: messageOf(left) };
      emitter.emit("error", "zone", "Players not evacuated", data);
    }
    this.#membership.forget(output, log.place);
    log.begins();
  }

  #finish(startMs: number, queueDepth: number, framesLost: number, place: JournalPlace): void {
    const { emitter, now, output } = this.#options;
    const { zone } = this;
    const report = this.#report;
    fillReport(report, zone);
    report.missedTicks = this.clock.missed;
    report.queueDepth = queueDepth;
    report.commandsDropped = this.#batch.dropped;
    report.framesLost = framesLost;
    report.recoveries = this.#recoveries.count;
    fillJournal(report, this.#options.durability?.() ?? SAFE);
    if (report.journalLagMs >= LAG_MS_DEGRADED) this.#health.lagged(report.tick);
    this.#load.report(report);
    report.durationMs = now() - startMs;
    report.overrun = report.durationMs > this.clock.intervalMs;
    this.#settle(report);
    report.state = this.#state;
    emitTick(emitter, zone, report);
    output.writeReport(report, place);
  }

  /** Sets ACTIVE or DEGRADED, from the last ticks. */
  #settle({ tick, overrun, durable }: TickReport): void {
    if (overrun) this.#health.overran(tick);
    const { level } = this.#load;
    const isPaused = this.#pausedMs >= this.#watchdogMs;
    const health = durable ? this.#health.at(tick) : "the journal is lost";
    const reason = isPaused ? PAUSED : level > 0 ? `overloaded: level ${level}` : health;
    this.#setState(reason === null ? "ACTIVE" : "DEGRADED", reason ?? "well for a while");
  }

  #setState(to: ZoneState, reason: string): void {
    const from = this.#state;
    const wasPaused = this.#reason === PAUSED;
    // When a fault begins to delay a zone that is already DEGRADED, and when the delay ends, the state is reported again.
    if (from === to && wasPaused === (reason === PAUSED)) return;
    [this.#state, this.#reason] = [to, reason];
    const tick = this.zone.tick;
    this.#options.emitter.emit("event", "zone", "Zone state changed", {
      ...named(this.zone, tick),
      from_state: from,
      to_state: to,
      reason,
    });
    this.#options.say({ type: "zone_state", zoneId: this.zone.id, from, to, reason, tick });
  }
}
