// Runs one zone in its worker: collects its commands, runs its ticks, recovers a tick that traps, reports what happened, and
// carries out swaps. The zone's state is what other parts see of this:
//
//   ACTIVE ⇄ DEGRADED      budget overruns, a recent recovery, or overload (overload.ts)
//   any → CRASHED → DEGRADED      a trap, and its recovery within the same tick
//   CRASHED → DOWN → ACTIVE       the recovery failed; restarted after a back-off, on probation, without players
//
// A zone that replaces one of a lost worker begins DOWN.

import { OP_LEAVE, OP_WATCH } from "../../assembly/abi.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { ZoneFaultHost } from "./zone-faults.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import { ZoneBatch } from "./command-batch.ts";
import { Breadcrumb } from "../shared/breadcrumb.ts";
import { Intake } from "./intake.ts";
import { Membership } from "./membership.ts";
import type { FromZoneWorker, ZoneState } from "../shared/zone-messages.ts";
import type { TickReport } from "../shared/tick-report.ts";
import { recover, UnrecoverableZone } from "./recovery.ts";
import type { Recovery, RewrittenTicks } from "./recovery.ts";
import { PROBATION_TICKS, Restart } from "./restart.ts";
import { TickClock } from "./tick-clock.ts";
import { ZoneTrap } from "./trap.ts";
import { WATCHDOG_MS_DEFAULT } from "../protocol/limits.ts";
import { RunningModules } from "./running-modules.ts";
import type { LostZone } from "../shared/zone-start.ts";
import { beginZone } from "./zone-beginning.ts";
import { RECOVERIES_MAX, RECOVERY_WINDOW_TICKS, ZoneHealth } from "./zone-health.ts";
import { emitEvents, emitRecovery, emitTick, emitTrap, fillReport } from "./zone-telemetry.ts";
import type { Crossing } from "../shared/transfer.ts";
import type { ZoneOutput } from "./zone-output.ts";
import { ZoneLoad } from "./zone-load.ts";
import type { ZoneLoadOptions } from "./zone-load.ts";
import { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone.ts";
import { readZoneView } from "./zone-view.ts";
import type { ZonePicture } from "../shared/zone-picture.ts";
import { emptyReport } from "../shared/tick-report.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

/** Reason of a zone that is DEGRADED because a fault delays its tick for longer than a worker may be late. */
const PAUSED = "a fault's pause holds up its ticks";
export interface ZoneRunnerOptions extends ZoneOptions, ZoneLoadOptions {
  cpuMs: () => number;
  emitter: Emitter;
  faults: Pick<ZoneFaultHost, "commands" | "beforeStep" | "afterStep">;
  output: ZoneOutput;
  say: (message: FromZoneWorker) => void;
  /** When the first tick is due, on the clock of `now`. */
  startMs: number;
  /** Adds the first commands of the first tick: they spawn the zone's creatures. */
  spawn: (batch: ZoneBatch) => void;
  /** Where the worker records what it is doing. */
  crumb?: Breadcrumb;
  /** When faults delay one tick by at least this many milliseconds, the zone is DEGRADED and the worker does not count as stuck. */
  watchdogMs?: number;
  /** The zone that this one replaces; null when it replaces none. */
  after?: LostZone | null;
  /** Modules that ran before `kernel`, newest first. */
  earlier?: readonly Kernel[];
}

export class ZoneRunner {
  readonly zone: Zone;
  readonly clock: TickClock;
  readonly #options: ZoneRunnerOptions;
  readonly #batch: ZoneBatch;
  readonly #report: TickReport;
  #state: ZoneState = "ACTIVE";
  #reason = "";
  #recoveries = 0;
  #quarantined = 0;
  readonly #health = new ZoneHealth();
  readonly #modules: RunningModules;
  readonly #restart = new Restart();
  readonly #membership: Membership;
  readonly #intake: Intake;
  readonly #load: ZoneLoad;
  readonly #crumb: Breadcrumb;
  readonly #watchdogMs: number;
  /** Milliseconds for which faults have delayed the current tick on purpose. */
  #pausedMs = 0;

  constructor(options: ZoneRunnerOptions) {
    const { after = null, watchdogMs = WATCHDOG_MS_DEFAULT, earlier = [] } = options;
    this.#crumb = options.crumb ?? new Breadcrumb(Breadcrumb.allocate());
    this.#watchdogMs = watchdogMs;
    this.#options = options;
    const before = [...earlier];
    const { zone, unfit } = beginZone({ ...options, crumb: this.#crumb, afterTick: after?.tick ?? 0 }, before);
    this.zone = zone;
    this.#modules = new RunningModules(zone, before, options);
    this.clock = new TickClock(options.startMs, 1_000 / options.tickRateHz);
    this.#batch = new ZoneBatch(this.zone.id, this.zone.at.commandsMax, this.zone.entities);
    this.#report = emptyReport(this.zone.id);
    this.#membership = new Membership(this.zone, options.zone.portals);
    this.#intake = new Intake(this.#batch, this.#membership);
    this.#load = new ZoneLoad(this.zone, this.clock, options);
    options.spawn(this.#batch);
    if (unfit !== null) this.#modules.fellBack(unfit.hash, unfit.reason);
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

  /** Swaps the zone to another module, which is warmed up. Throws WowsimError; the zone is then unchanged. */
  swap(kernel: Kernel): { tick: number } {
    this.assertCanTake(kernel);
    const before = this.zone.kernel;
    this.#give(kernel);
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
    return this.#modules.isBack(fallback !== null);
  }

  /** A zone that is DOWN has no ticks to swap between. It restarts with the new module, which may not have the problem. */
  #give(kernel: Kernel): void {
    if (this.#state !== "DOWN") return this.zone.swap(kernel);
    this.zone.revert(kernel);
    this.#restart.begin(this.#options.now());
  }

  /** Keeps the module for good. With a hash it does so only if that is the module on trial. */
  promote(hash?: string): { tick: number } {
    return this.#modules.promote(hash);
  }

  /** Reports who is in the zone, for the audit, as soon as the ring has room. A zone that is DOWN has no players. */
  writeCensus(): void {
    if (this.#state !== "DOWN") this.#membership.writeCensus(this.#options.output);
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
      recoveries: this.#recoveries,
      quarantined: this.#quarantined,
      missed_ticks: this.clock.missed,
    };
  }

  /** The positions of entities and the threat of creatures; null while the zone is DOWN and its memory is not valid. */
  view(turn: number): ZonePicture | null {
    return this.#state === "DOWN" ? null : readZoneView(this.zone, turn);
  }

  #runLive(startMs: number): void {
    this.#load.begin();
    const recoveries = this.#recoveries;
    this.#options.output.addRewatches((session) => this.#batch.push(command.set(OP_WATCH, { session })));
    const queueDepth = this.#batch.count;
    this.#batch.sort();
    this.#membership.addDepartures(this.#batch);
    this.#step();
    this.#crumb.enter("frames");
    this.#membership.tickDone(this.#options.output);
    emitEvents(this.#options.emitter, this.zone);
    const framesLost = this.#options.output.writeFrames(this.zone);
    this.#load.end(this.#recoveries === recoveries);
    this.#finish(startMs, queueDepth, framesLost);
  }

  /** DOWN: waits, then tries to tick without players. After PROBATION_TICKS clean ticks the zone is ACTIVE again. */
  #runDown(startMs: number): void {
    if (!this.#restart.isDue(startMs)) return;
    this.#batch.reset(this.zone.tick + 1);
    try {
      if (this.#restart.isFirstTick) this.#putBack();
      this.#load.shed(this.#batch);
      this.#prepareAndStep();
    } catch (error) {
      const next_try_ms = this.#restart.failed(error, this.#options.now(), this.#batch.isPoisoned);
      const data = { ...this.#named(this.zone.tick + 1), error: messageOf(error), next_try_ms };
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
    const data = { ...this.#named(zone.tick), beginning, lost_ticks: lostTicks, error: reason };
    this.#options.emitter.emit("error", "zone", "Zone ticks lost", data);
  }

  #step(): void {
    try {
      this.#prepareAndStep();
    } catch (error) {
      if (!(error instanceof ZoneTrap)) throw error;
      this.#recover(error);
    }
    this.#options.faults.afterStep(this.zone.id, this.zone.tick);
  }

  #prepareAndStep(): void {
    const { faults } = this.#options;
    this.#batch.tick = this.zone.tick + 1;
    this.#crumb.enter("faults");
    faults.commands(this.#batch);
    faults.beforeStep(this.zone.id, this.#batch.tick);
    this.zone.step(this.#batch.bytes);
  }

  #recover(trap: ZoneTrap): void {
    const { emitter, now, say } = this.#options;
    const tick = this.zone.tick + 1;
    this.#crumb.enter("recovery");
    this.#setState("CRASHED", trap.message);
    emitTrap(emitter, this.zone, tick, trap);
    if (!this.#health.trapped(tick)) {
      const message = `${RECOVERIES_MAX} recoveries in ${RECOVERY_WINDOW_TICKS} ticks`;
      throw new WowsimError("recoveries", message, { cause: trap });
    }
    const { canary } = this.#modules;
    const isSuspect = this.#modules.isSuspect();
    try {
      const departedIn = (batch: Uint8Array): Crossing[] => this.#membership.departedIn(batch);
      const options = { fallback: canary?.fallback ?? null, preferFallback: isSuspect, now, departedIn };
      this.#recovered(tick, recover(this.zone, trap, options));
    } catch (error) {
      const message = messageOf(error);
      const nothing = { recoveryMs: 0, replayedTicks: 0, rung: "down" } as const;
      say({ type: "recovered", zoneId: this.zone.id, tick, ...nothing, note: trap.note, error: message });
      throw error;
    }
  }

  #recovered(tick: number, recovery: Recovery): void {
    const { emitter, say } = this.#options;
    const { rung, recoveryMs, replayedTicks, note, error } = recovery;
    this.#recoveries++;
    this.#membership.quarantine(recovery.quarantined);
    this.#quarantined += recovery.quarantined.length;
    emitRecovery(emitter, this.zone, tick, recovery);
    say({ type: "recovered", zoneId: this.zone.id, tick, recoveryMs, replayedTicks, rung, note, error });
    if (rung === "rollback") this.#modules.rolledBack(error);
    if (recovery.rewritten !== null) this.#rewritten(tick, recovery.rewritten);
    this.#setState("DEGRADED", `recovered by ${rung}`);
  }

  /** Reported ticks have another result after a rollback. Reports each difference and corrects it. */
  #rewritten(tick: number, { fromTick, departures }: RewrittenTicks): void {
    const { stillHere, missing, departed } = this.#membership.rewrite(fromTick, departures);
    for (const session of stillHere) this.#intake.evict(session);
    const differs = { from_tick: fromTick, still_here: stillHere, missing, departed };
    this.#options.emitter.emit("event", "zone", "Told ticks rewritten", { ...this.#named(tick), ...differs });
  }

  /** Takes the zone DOWN. A module on trial is replaced by the previous one. */
  #goDown(error: unknown): void {
    const reason = messageOf(error);
    this.#modules.wentDown(reason);
    this.#membership.forget(this.#options.output);
    this.#intake.isClosed = true;
    this.#load.forget();
    const isStateToBlame = error instanceof UnrecoverableZone && !this.#batch.isPoisoned;
    this.#restart.begin(this.#options.now(), isStateToBlame);
    if (this.#restart.hasFailedAnew) this.#modules.fallBack(reason);
    this.#setState("DOWN", reason);
  }

  #finish(startMs: number, queueDepth: number, framesLost: number): void {
    const { emitter, now, output } = this.#options;
    const { zone } = this;
    const report = this.#report;
    fillReport(report, zone);
    report.missedTicks = this.clock.missed;
    report.queueDepth = queueDepth;
    report.commandsDropped = this.#batch.dropped;
    report.framesLost = framesLost;
    report.recoveries = this.#recoveries;
    this.#load.report(report);
    report.durationMs = now() - startMs;
    report.overrun = report.durationMs > this.clock.intervalMs;
    this.#settle(report);
    report.state = this.#state;
    emitTick(emitter, zone, report);
    output.writeReport(report);
  }

  /** Sets ACTIVE or DEGRADED, from the last ticks. */
  #settle({ tick, overrun }: TickReport): void {
    if (overrun) this.#health.overran(tick);
    const { level } = this.#load;
    const isPaused = this.#pausedMs >= this.#watchdogMs;
    const reason = isPaused ? PAUSED : level > 0 ? `overloaded: level ${level}` : this.#health.at(tick);
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
      ...this.#named(tick),
      from_state: from,
      to_state: to,
      reason,
    });
    this.#options.say({ type: "zone_state", zoneId: this.zone.id, from, to, reason, tick });
  }

  #named(tick: number): { zone_id: number; zone_name: string; tick: number } {
    return { zone_id: this.zone.id, zone_name: this.zone.name, tick };
  }
}
