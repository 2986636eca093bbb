// Undoes what a module did to a zone: keeps what that takes from the swap on, runs the ticks again when it is asked to, and puts the
// result in the place of the zone's memory, between two ticks.
//
//   undo.swap(candidate, { isReturn: false, isOverTrial: false })
//   undo.append(batch); undo.ticked(); undo.tell()      // each tick
//   undo.start({ isDry: false, reason: "" })            // throws WowsimError("undo_impossible", why)
//   undo.advance(untilMs)                               // between ticks, while isRunning
//
// The zone ticks on meanwhile. The module that is undone has been rolled back before, except for a dry run.
//
// When the zone does not have what it takes (its worker was lost, the server was started again, the swap is too long ago), another thread
// reads it from the journal (server/undo), and the zone goes on from there:
//
//   undo.keep()                                         // 4711: from now on the batches are kept
//   undo.start({ isDry, reason, history })              // the journal's part, up to tick 4711

import { OP_WATCH, WATCH_IS_SLOW } from "../../assembly/abi.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { layoutFrom } from "../../assembly/toolchain/load.ts";
import { Command } from "../protocol/game/command.ts";
import type { UndoReport } from "../protocol/undo.ts";
import type { LeftPlayer, UndoHistory } from "../shared/undo-history.ts";
import type { FromZoneWorker, UndoLook, UndoOrder } from "../shared/zone-messages.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { figuresOf } from "./figures.ts";
import type { Membership, Rewritten } from "./membership.ts";
import { memoryFor } from "./segment.ts";
import { StateRules } from "./state-rules.ts";
import { ToldEvents } from "./told-events.ts";
import { findingsOf } from "./undo-findings.ts";
import type { UndoFindings } from "./undo-findings.ts";
import { BatchLog, UndoRecord } from "./undo-record.ts";
import type { UndoBounds, UndoCourse } from "./undo-record.ts";
import { UndoRun } from "./undo-run.ts";
import type { Zone } from "./zone.ts";
import type { ZoneLog } from "./zone-log.ts";
import type { ZoneOptions } from "./zone-options.ts";
import type { ZoneOutput } from "./zone-output.ts";
import type { ZoneRunnerOptions } from "./zone-runner-options.ts";

const command = new Command();

/** Reports of players who came or left that are kept, each with the state of whoever left. */
const TOLD_MAX = 10_000;
/** Ticks that are run again in each turn, whatever time is left: so it catches up with a zone that has none to spare. */
const TICKS_MIN = 2;

/** What the zone keeps while the journal is read. */
interface Tail {
  batches: BatchLog;
  told: ToldEvents;
}

export interface ZoneUndoParts {
  zone: Zone;
  membership: Membership;
  log: ZoneLog;
  batch: ZoneBatch;
  output: ZoneOutput;
  options: ZoneOptions & Pick<ZoneRunnerOptions, "revived">;
  bounds?: UndoBounds | undefined;
  say: (message: FromZoneWorker) => void;
}

/** What came of an undo, to be told. */
type UndoEnd = Plain<"undone"> | Plain<"undo_failed">;
type Plain<Type extends "undone" | "undo_failed"> = Omit<Extract<FromZoneWorker, { type: Type }>, "zoneId" | "tick">;

export class ZoneUndo {
  readonly #parts: ZoneUndoParts;
  #record: UndoRecord | null = null;
  #told = new ToldEvents();
  /** Why there is no record. */
  #why = "no module was swapped in since this zone began on this server";
  /** Memory for a state, which was touched. */
  #spare: Uint8Array | null = null;
  #run: UndoRun | null = null;
  #tail: Tail | null = null;
  /** What the running undo got from the journal. */
  #history: UndoHistory | null = null;
  /** Whether the journal may have what the memory does not. */
  #isInJournal: boolean;
  #order: UndoOrder = { isDry: false, reason: "" };
  #end: UndoEnd | null = null;

  constructor(parts: ZoneUndoParts) {
    this.#parts = parts;
    this.#isInJournal = (parts.options.revived ?? null) !== null;
    // What was told of ticks that can be undone is compared with what happened instead.
    const since = [() => this.#history?.fromTick, () => this.#tail?.batches.tick, () => this.#record?.tick];
    parts.membership.keepFrom(() => Math.min(...since.map((tick) => tick() ?? Infinity)));
  }

  get isRunning(): boolean {
    return this.#run !== null;
  }

  /** It runs, or waits for what the journal has. */
  get isUnderWay(): boolean {
    return this.#run !== null || this.#tail !== null;
  }

  /** From now on the batches are kept for an undo of which the journal has the beginning. The newest completed tick. Throws WowsimError. */
  keep(): number {
    this.#refuseWhileRunning();
    const { zone, bounds } = this.#parts;
    this.#tail = { batches: new BatchLog(zone.tick, bounds), told: new ToldEvents() };
    return zone.tick;
  }

  /** What the journal has will not come. */
  gaveUp(): void {
    if (this.#run === null) this.#tail = null;
  }

  /** Allocates and touches what a swap needs, which takes milliseconds. Call it before the swap. */
  prepare(): void {
    const { at } = this.#parts.zone;
    this.#spare ??= memoryFor(at.stateEnd - at.stateBase);
  }

  /**
   * Swaps the zone, and keeps what it takes to undo that. A return to the module before, and another module over
   * one on trial, are part of what is kept already. Throws WowsimError: "undo_running", "layout_mismatch".
   */
  swap(kernel: Kernel, { isReturn, isOverTrial }: { isReturn: boolean; isOverTrial: boolean }): void {
    const { zone, bounds } = this.#parts;
    this.#refuseWhileRunning();
    const before = zone.kernel;
    const record = this.#record;
    const isBefore = record?.kernel.hash === kernel.hash;
    const keepsRecord = record !== null && (isOverTrial || (isReturn && isBefore));
    const goesBack = keepsRecord && isBefore;
    if (!keepsRecord) this.prepare();
    const state = zone.swap(kernel, keepsRecord ? null : this.#spare);
    if (!keepsRecord) {
      this.#spare = record?.state ?? null;
      this.#record = new UndoRecord(before, kernel, state, zone.tick, bounds);
      this.#isInJournal = true;
      this.#told = new ToldEvents();
    } else if (!goesBack) record.tried = kernel;
    zone.keepsRules(goesBack ? null : StateRules.of(zone));
  }

  /** The next tick is about to run with this batch. */
  append(batch: Uint8Array): void {
    if (this.#tail?.batches.append(batch) === false) this.#stops("it took too long, and more batches are not kept");
    const record = this.#record;
    if (record === null || record.append(batch)) return;
    const { zone } = this.#parts;
    const ago = zone.tick - record.tick;
    this.#drops(
      `the swap of module ${record.triedHash} after tick ${record.tick} is ${ago} ticks ago, and more is not kept`,
    );
  }

  /** A tick has ended. */
  ticked(): void {
    if (this.#record === null && this.#tail === null) return;
    const { zone, membership } = this.#parts;
    this.#tail?.told.note(zone);
    if (this.#record === null) return;
    this.#told.note(zone);
    if (membership.toldCount > TOLD_MAX) this.#drops("too many players came and left since the swap");
  }

  /**
   * What there was to undo can not be undone any more, also not by the journal, and this is why. An undo that is under way ends with that.
   */
  forget(why: string): void {
    if (this.#record === null && !this.isUnderWay) return;
    this.#stops(why);
    this.#closes(why);
  }

  #closes(why: string): void {
    this.#drops(why);
    this.#why = why;
    this.#isInJournal = false;
  }

  /** An undo that is under way can not be ended. */
  #stops(why: string): void {
    if (this.isUnderWay) this.#fails(why);
    this.#ends();
  }

  /** The memory does not have it any more; the journal may. */
  #drops(why: string): void {
    if (this.#run !== null && this.#run.course === this.#record) this.#stops(why);
    if (this.#record === null) return;
    if (!this.#isSnapshot(this.#record.state)) this.#spare ??= this.#record.state;
    this.#record = null;
    this.#told = new ToldEvents();
    this.#why = why;
  }

  /** The zone may still need the state, to restart from it. */
  #isSnapshot({ buffer }: Uint8Array): boolean {
    const { segment, previousSegment } = this.#parts.zone;
    return segment.state.buffer === buffer || previousSegment.state.buffer === buffer;
  }

  /** Tells what came of an undo. Call it after a tick: what has changed is true as soon as that is in the journal. */
  tell(): void {
    if (this.#end === null) return;
    const { zone, say } = this.#parts;
    say({ ...this.#end, zoneId: zone.id, tick: zone.tick });
    this.#end = null;
  }

  look(): UndoLook {
    const record = this.#record;
    const { id: zoneId, tick, kernel } = this.#parts.zone;
    const runs = kernel.hash;
    if (record === null) return { zoneId, tick, runs, open: null, why: this.#why, isInJournal: this.#isInJournal };
    const { tried, kernel: through, tick: fromTick } = record;
    const open = { module: tried.hash, through: through.hash, fromTick, isInPlace: runs !== through.hash };
    return { zoneId, tick, runs, open, why: "", isInJournal: false };
  }

  /** Throws WowsimError: "undo_impossible", "undo_running", "undo_in_place". */
  start(order: UndoOrder): UndoLook {
    const { zone } = this.#parts;
    if (order.history !== undefined) return this.#startFrom(order.history, order);
    this.#refuseWhileRunning();
    const look = this.look();
    if (this.#record === null)
      throw new WowsimError("undo_impossible", `Zone ${zone.id} has nothing to undo: ${look.why}.`);
    this.#begin(this.#record, order);
    return look;
  }

  /** The zone's memory has the batches since the history's end. */
  #startFrom(history: UndoHistory, order: UndoOrder): UndoLook {
    const { zone, membership } = this.#parts;
    const tail = this.#tail;
    const { triedHash, through, fromTick, tick, left, entered } = history;
    if (this.#run !== null) this.#refuseWhileRunning();
    if (tail === null || tail.batches.tick !== tick)
      throw new WowsimError(
        "undo_impossible",
        `Zone ${zone.id} does not have the batches since tick ${tick} any more.`,
      );
    const kernel = { ...through, layout: layoutFrom(through.layout) };
    const batch = (of: number): Uint8Array => tail.batches.batch(of);
    const { before, state } = history;
    try {
      this.#begin({ kernel, triedHash, before, fromTick, state, tick, batch }, order, ToldEvents.of(history.happened));
    } catch (error) {
      this.#tail = null;
      throw error;
    }
    this.#history = history;
    membership.recalls(left, entered, tick);
    const open = { module: triedHash, through: through.hash, fromTick, isInPlace: false };
    return { ...this.look(), open };
  }

  #begin(course: UndoCourse, order: UndoOrder, told?: ToldEvents): void {
    const { zone, options, membership } = this.#parts;
    const runs = zone.kernel.hash;
    if (runs !== course.kernel.hash && !order.isDry)
      throw new WowsimError("undo_in_place", `Zone ${zone.id} still runs ${runs}; roll it back first.`);
    this.#order = order;
    this.#run = new UndoRun(course, {
      ...options,
      memory: createMemory(course.kernel),
      ...(told === undefined ? {} : { told }),
      departedIn: (batch, from) => membership.departedIn(batch, from),
    });
  }

  /**
   * Runs ticks again until the time is over. When it is at the zone's tick it replaces the zone's memory, unless it is a dry run,
   * and returns who is not where it was told.
   */
  advance(untilMs: number): { fromTick: number; rewritten: Rewritten } | null {
    const run = this.#run;
    if (run === null) return null;
    try {
      if (!run.advance(untilMs, this.#parts.zone.tick, TICKS_MIN)) return null;
      return this.#conclude(run);
    } catch (error) {
      this.#stops(messageOf(error));
      return null;
    }
  }

  #conclude(run: UndoRun): { fromTick: number; rewritten: Rewritten } | null {
    const { zone, options, log } = this.#parts;
    const { course } = run;
    const { isDry, reason } = this.#order;
    const findings = this.#findings(run);
    const start = options.now();
    const taken = isDry ? null : this.#takeOver(run);
    const report: UndoReport = {
      zone_id: zone.id,
      dry_run: isDry,
      from_hash: course.triedHash,
      to_hash: course.kernel.hash,
      from_tick: course.fromTick,
      tick: run.tick,
      hash: run.hash.toString(16).padStart(16, "0"),
      reason,
      ran_ms: round(run.ranMs + (this.#history?.ranMs ?? 0)),
      pause_ms: taken === null ? 0 : round(options.now() - start),
      clients: taken?.clients ?? 0,
      ...findings,
    };
    this.#ends();
    this.#end = { type: "undone", report };
    if (taken === null) return null;
    const { from_hash, to_hash, from_tick, tick, hash, players_changed, leavers_changed } = report;
    const why = reason === "" ? {} : { reason };
    log.undone(tick, { from_hash, to_hash, from_tick, hash, ...why, players_changed, leavers_changed });
    this.#closes(`module ${from_hash}, swapped in after tick ${from_tick}, is undone already`);
    return { fromTick: from_tick, rewritten: taken.rewritten };
  }

  #findings(run: UndoRun): UndoFindings {
    const { zone, options, membership } = this.#parts;
    const { before, kernel, fromTick } = run.course;
    return findingsOf({
      before: figuresOf(before, kernel.layout),
      was: figuresOf(zone.bytes.subarray(zone.at.stateBase, zone.at.stateEnd), zone.kernel.layout),
      is: figuresOf(run.state, kernel.layout),
      left: membership.departedSince(fromTick),
      leaves: this.#leaves(run),
      told: this.#toldSince(),
      happened: run.told,
      content: options.content,
    });
  }

  /** What players were told since the swap. */
  #toldSince(): ToldEvents {
    if (this.#history === null || this.#tail === null) return this.#told;
    const told = ToldEvents.of(this.#history.told);
    told.append(this.#tail.told.plain);
    return told;
  }

  #leaves({ departures }: UndoRun): LeftPlayer[] {
    return [...(this.#history?.leaves ?? []), ...departures];
  }

  #ends(): void {
    this.#run = null;
    this.#tail = null;
    this.#history = null;
  }

  #fails(error: string): void {
    this.#end = { type: "undo_failed", isDry: this.#order.isDry, error };
  }

  #refuseWhileRunning(): void {
    if (!this.isUnderWay) return;
    const message = `Zone ${this.#parts.zone.id} is being undone; wait until it is done; see deploy_undo_report.`;
    throw new WowsimError("undo_running", message);
  }

  #takeOver(run: UndoRun): { clients: number; rewritten: Rewritten } {
    const { zone, membership } = this.#parts;
    const { kernel, fromTick } = run.course;
    zone.replace(kernel, run.state);
    // What a journal has may be of a server with other content.
    if (this.#history !== null) zone.writeHostPart();
    const rewritten = membership.rewrite(fromTick, this.#leaves(run));
    return { clients: this.#watchAnew(), rewritten };
  }

  /** What clients know is of another history: each gets everything again, in the first tick of this one. */
  #watchAnew(): number {
    const { zone, batch, output } = this.#parts;
    let clients = 0;
    zone.entities.eachWatcher((session, isSlow) => {
      clients++;
      const flags = isSlow ? WATCH_IS_SLOW : 0;
      if (!batch.push(command.set(OP_WATCH, { session, flags }))) output.rewatch(session);
    });
    return clients;
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
