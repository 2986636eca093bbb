// One zone in its worker: gathers its commands, runs its ticks, climbs the ladder when one traps, says what happened, and
// carries out swaps. Its state is what the outside sees of all that:
//
//   ACTIVE ⇄ DEGRADED      budget overruns, or a recovery not long ago
//   any → CRASHED → DEGRADED      a trap, and its recovery within the same tick
//   CRASHED → DOWN → ACTIVE       not to be recovered; tried again after a back-off, on probation, without players

import { OP_WATCH } from "../../assembly/abi.ts";
import { messageOf, WowsimError } from "../errors.ts";
import type { ZoneFaultHost } from "../fault/zone-host.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Emitter } from "../telemetry/schema.ts";
import { ZoneBatch } from "./command-batch.ts";
import type { FromZoneWorker, TickReport, ZoneState } from "./messages.ts";
import { recover } from "./recovery.ts";
import type { Recovery } from "./recovery.ts";
import { TickClock } from "./tick-clock.ts";
import { ZoneTrap } from "./trap.ts";
import { emptyReport } from "./wire.ts";
import { emitEvents, emitTick } from "./zone-telemetry.ts";
import type { ZoneOutput } from "./zone-output.ts";
import { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone.ts";
import { readZoneView } from "./zone-view.ts";
import type { ZoneView } from "./zone-view.ts";

/** A zone is DEGRADED for so many ticks after a recovery, and while its last three overruns are no further back. */
const DEGRADED_TICKS = 200;
const OVERRUNS_TO_DEGRADE = 3;
/** Recoveries in so many ticks that take a zone DOWN. A trap a second stays well below. */
const RECOVERIES_MAX = 24;
const RECOVERY_WINDOW_TICKS = 200;
/** Recoveries of a swapped zone after which the module is taken for the cause, whatever else would help. */
const CANARY_RECOVERIES_MAX = 3;
const BACK_OFF_MS_MIN = 1_000;
const BACK_OFF_MS_MAX = 30_000;
/** Clean ticks before a zone that was DOWN takes players again. */
const PROBATION_TICKS = 20;

export interface ZoneRunnerOptions extends ZoneOptions {
  emitter: Emitter;
  faults: ZoneFaultHost;
  output: ZoneOutput;
  say: (message: FromZoneWorker) => void;
  /** When the first tick is due, on the clock of `now`. */
  startMs: number;
  /** The commands of the first tick, before all others: the zone's creatures appear. */
  spawn: (batch: ZoneBatch) => void;
}

export class ZoneRunner {
  readonly zone: Zone;
  readonly clock: TickClock;
  readonly #options: ZoneRunnerOptions;
  readonly #batch: ZoneBatch;
  readonly #report: TickReport;
  #state: ZoneState = "ACTIVE";
  #recoveries = 0;
  #quarantined = 0;
  /** Ticks of the newest recoveries and overruns, oldest first, bounded. */
  #recoveryTicks: number[] = [];
  #overrunTicks: number[] = [];
  /** What ran before a swap that is not promoted yet. */
  #fallback: Kernel | null = null;
  #recoveriesSinceSwap = 0;
  #restartAtMs = 0;
  #backOffMs = BACK_OFF_MS_MIN;
  #probationTicks = 0;

  constructor(options: ZoneRunnerOptions) {
    this.#options = options;
    this.zone = new Zone(options);
    this.clock = new TickClock(options.startMs, 1_000 / options.tickRateHz);
    this.#batch = new ZoneBatch(this.zone.id, this.zone.at.commandsMax, this.zone.entities);
    this.#report = emptyReport(this.zone.id);
    options.spawn(this.#batch);
  }

  /** A command from the ring, for the next tick. One for a zone that is DOWN is of no use to anybody. */
  accept(words: Uint32Array, index: number): void {
    if (this.#state === "DOWN") this.#batch.dropped++;
    else this.#batch.append(words, index);
  }

  /** Runs the tick that is due. Never throws. */
  runTick(): void {
    const { now } = this.#options;
    const startMs = now();
    try {
      if (this.#state === "DOWN") this.#runDown(startMs);
      else this.#runLive(startMs);
    } catch (error) {
      this.#goDown(messageOf(error));
    }
    this.#batch.reset(this.zone.tick + 1);
    this.clock.done(now());
  }

  /** Gives the zone to another module, warm. Throws WowsimError; the zone is then as before. */
  swap(kernel: Kernel): { tick: number } {
    if (this.#state === "DOWN")
      throw new WowsimError("zone_down", `Zone ${this.zone.id} is DOWN; it takes no module now.`);
    const before = this.zone.kernel;
    this.zone.swap(kernel);
    this.#fallback ??= before;
    this.#recoveriesSinceSwap = 0;
    return { tick: this.zone.tick };
  }

  /** Back to the module of before the swap. Throws WowsimError("no_previous_module"). */
  rollback(): { tick: number } {
    const previous = this.#fallback;
    if (previous === null) {
      throw new WowsimError("no_previous_module", `Zone ${this.zone.id} has no module to go back to.`);
    }
    this.zone.swap(previous);
    this.#fallback = null;
    return { tick: this.zone.tick };
  }

  /** The module stays: nothing to go back to any more. */
  promote(): { tick: number } {
    this.#fallback = null;
    return { tick: this.zone.tick };
  }

  /** Who is in the zone, for the audit; a zone that is DOWN owns nobody. */
  writeCensus(): void {
    if (this.#state !== "DOWN") this.#options.output.writeCensus(this.zone);
  }

  /** The zone as a value, for tests and audits. */
  inspect(): Record<string, unknown> {
    const { zone } = this;
    return {
      tick: zone.tick,
      hash: zone.hash.toString(16).padStart(16, "0"),
      state: this.#state,
      kernel: zone.kernel.hash,
      entities: Array.from(zone.entities.entityIds()),
      recoveries: this.#recoveries,
      quarantined: this.#quarantined,
      missed_ticks: this.clock.missed,
    };
  }

  /** Who is where and who hates whom; null while the zone is DOWN and its memory means nothing. */
  view(): ZoneView | null {
    return this.#state === "DOWN" ? null : readZoneView(this.zone);
  }

  #runLive(startMs: number): void {
    this.#options.output.addRewatches((session) => this.#batch.push(OP_WATCH, { session }));
    const queueDepth = this.#batch.count;
    this.#batch.sort();
    this.#step();
    emitEvents(this.#options.emitter, this.zone);
    this.#options.output.writeFrames(this.zone);
    this.#finish(startMs, queueDepth);
  }

  /** DOWN: waits, then tries its luck without players; after some clean ticks it is back. */
  #runDown(startMs: number): void {
    if (startMs < this.#restartAtMs) return;
    if (this.#probationTicks === 0) this.#restart();
    this.#batch.reset(this.zone.tick + 1);
    this.#probationTicks++;
    try {
      this.#prepareAndStep();
    } catch (error) {
      this.#backOff();
      this.#options.emitter.emit("event", "zone", "Zone restart failed", {
        zone_id: this.zone.id,
        tick: this.zone.tick + 1,
        error: messageOf(error),
        next_try_ms: this.#backOffMs,
      });
      return;
    }
    if (this.#probationTicks < PROBATION_TICKS) return;
    this.#backOffMs = BACK_OFF_MS_MIN;
    this.#recoveryTicks = [];
    this.#setState("ACTIVE", `restarted, ${PROBATION_TICKS} clean ticks`);
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
    faults.commands(this.#batch);
    faults.beforeStep(this.zone.id, this.#batch.tick);
    this.zone.step(this.#batch.bytes);
  }

  #recover(trap: ZoneTrap): void {
    const { emitter, now, say } = this.#options;
    const tick = this.zone.tick + 1;
    this.#setState("CRASHED", trap.message);
    emitter.emit("error", "zone", "Zone tick exception", {
      ...this.#named(tick),
      error: trap.message,
      ...noteData(trap),
    });
    this.#recoveryTicks = [...this.#recoveryTicks.filter((at) => at > tick - RECOVERY_WINDOW_TICKS), tick];
    if (this.#recoveryTicks.length > RECOVERIES_MAX) {
      throw new WowsimError("recoveries", `${RECOVERIES_MAX} recoveries in ${RECOVERY_WINDOW_TICKS} ticks`, {
        cause: trap,
      });
    }
    const suspect = this.#fallback !== null && ++this.#recoveriesSinceSwap >= CANARY_RECOVERIES_MAX;
    try {
      const recovery = recover(this.zone, trap, { fallback: this.#fallback, preferFallback: suspect, now });
      this.#recovered(tick, recovery);
    } catch (error) {
      const message = messageOf(error);
      say({
        type: "recovered",
        zoneId: this.zone.id,
        tick,
        recoveryMs: 0,
        replayedTicks: 0,
        rung: "down",
        note: trap.note,
        error: message,
      });
      throw error;
    }
  }

  #recovered(tick: number, recovery: Recovery): void {
    const { emitter, say } = this.#options;
    const { rung, recoveryMs, replayedTicks, note, error } = recovery;
    this.#recoveries++;
    for (const { session, op, seq } of recovery.quarantined) {
      this.#quarantined++;
      emitter.emit("event", "zone", "Command quarantined", { ...this.#named(tick), session_id: session, op, seq });
    }
    emitter.emit("event", "zone", "Zone recovered", {
      ...this.#named(tick),
      recovery_ms: Math.round(recoveryMs * 1000) / 1000,
      replayed_ticks: replayedTicks,
      rung,
      phase: note.phase,
      op: note.op,
      session_id: note.session,
      entity: note.entity,
      spell: note.spell,
      error,
      hash: this.zone.hash.toString(16).padStart(16, "0"),
    });
    say({ type: "recovered", zoneId: this.zone.id, tick, recoveryMs, replayedTicks, rung, note, error });
    if (rung === "rollback") this.#rolledBack(recovery.fromHash, error);
    this.#setState("DEGRADED", `recovered by ${rung}`);
  }

  #rolledBack(fromHash: string, reason: string): void {
    // Twice: both segments were run by the module that is gone.
    this.zone.snapshot();
    this.zone.snapshot();
    this.#fallback = null;
    const toHash = this.zone.kernel.hash;
    const data = { zone_id: this.zone.id, from_hash: fromHash, to_hash: toHash, reason, tick: this.zone.tick };
    this.#options.emitter.emit("event", "deploy", "Module rolled back", data);
    this.#options.say({ type: "rolled_back", zoneId: this.zone.id, tick: this.zone.tick, fromHash, toHash, reason });
  }

  /** To the last good tick; from the bare snapshot when its journal does not replay (those ticks are lost, and said to be). */
  #restart(): void {
    const { zone } = this;
    zone.dropUnfinished();
    zone.restore(zone.segment);
    try {
      zone.replay(zone.segment);
    } catch (error) {
      const data = { ...this.#named(zone.segment.tick), lost_ticks: zone.segment.ticks, error: messageOf(error) };
      this.#options.emitter.emit("error", "zone", "Zone ticks lost", data);
      zone.restore(zone.segment);
      zone.snapshot();
      zone.snapshot();
    }
  }

  #goDown(reason: string): void {
    this.#backOff();
    this.#setState("DOWN", reason);
  }

  #backOff(): void {
    if (this.#state === "DOWN") this.#backOffMs = Math.min(this.#backOffMs * 2, BACK_OFF_MS_MAX);
    this.#restartAtMs = this.#options.now() + this.#backOffMs;
    this.#probationTicks = 0;
  }

  #finish(startMs: number, queueDepth: number): void {
    const { emitter, now, output } = this.#options;
    const { zone } = this;
    const report = this.#report;
    report.tick = zone.tick;
    report.kernelMs = zone.kernelMs;
    report.fuelUsed = Number(zone.fuelUsed);
    report.missedTicks = this.clock.missed;
    report.queueDepth = queueDepth;
    report.commandsDropped = this.#batch.dropped;
    report.recoveries = this.#recoveries;
    report.hash = zone.hash;
    for (let i = 0; i < report.counters.length; i++) {
      report.counters[i] = zone.view.getUint32(zone.at.counters + i * 4, true);
    }
    report.durationMs = now() - startMs;
    report.overrun = report.durationMs > this.clock.intervalMs;
    this.#settle(report);
    report.state = this.#state;
    emitTick(emitter, zone, report);
    output.writeReport(report);
  }

  /** ACTIVE or DEGRADED, by what happened lately. */
  #settle({ tick, overrun }: TickReport): void {
    if (overrun) this.#overrunTicks = [...this.#overrunTicks, tick].slice(-OVERRUNS_TO_DEGRADE);
    const isLate = this.#overrunTicks.length === OVERRUNS_TO_DEGRADE && isRecent(this.#overrunTicks[0], tick);
    const isMended = isRecent(this.#recoveryTicks.at(-1), tick);
    if (isLate || isMended)
      this.#setState("DEGRADED", isLate ? "ticks overrun their budget" : "recovered not long ago");
    else this.#setState("ACTIVE", "well for a while");
  }

  #setState(to: ZoneState, reason: string): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
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

function isRecent(at: number | undefined, tick: number): boolean {
  return at !== undefined && tick - at < DEGRADED_TICKS;
}

function noteData({ note }: ZoneTrap): Record<string, unknown> {
  return { phase: note.phase, op: note.op, session_id: note.session, entity: note.entity, spell: note.spell };
}
