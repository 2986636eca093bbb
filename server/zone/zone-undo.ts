// Undoes what a module did to a zone: keeps what that takes from the swap on, runs the ticks again when it is asked to, and puts the
// result in the place of the zone's memory, between two ticks.
//
//   undo.swap(candidate, { isReturn: false, isOverTrial: false })
//   undo.append(batch); undo.ticked(); undo.tell()      // each tick
//   undo.start({ isDry: false, reason: "" })            // throws WowsimError("undo_impossible", why)
//   undo.advance(untilMs)                               // between ticks, while isRunning
//
// The zone ticks on meanwhile. The module that is undone has been rolled back before, except for a dry run.

import { OP_WATCH, WATCH_IS_SLOW } from "../../assembly/abi.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { Command } from "../protocol/game/command.ts";
import type { UndoReport } from "../protocol/undo.ts";
import type { FromZoneWorker, UndoLook } from "../shared/zone-messages.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { figuresOf } from "./figures.ts";
import type { Membership, Rewritten } from "./membership.ts";
import { memoryFor } from "./segment.ts";
import { StateRules } from "./state-rules.ts";
import { ToldEvents } from "./told-events.ts";
import { findingsOf } from "./undo-findings.ts";
import type { UndoFindings } from "./undo-findings.ts";
import { UndoRecord } from "./undo-record.ts";
import type { UndoBounds } from "./undo-record.ts";
import { UndoRun } from "./undo-run.ts";
import type { Zone } from "./zone.ts";
import type { ZoneLog } from "./zone-log.ts";
import type { ZoneOptions } from "./zone-options.ts";
import type { ZoneOutput } from "./zone-output.ts";

const command = new Command();

/** Reports of players who came or left that are kept, each with the state of whoever left. */
const TOLD_MAX = 10_000;
/** Ticks that are run again in each turn, whatever time is left: so it catches up with a zone that has none to spare. */
const TICKS_MIN = 2;

export interface UndoOrder {
  isDry: boolean;
  reason: string;
}

export interface ZoneUndoParts {
  zone: Zone;
  membership: Membership;
  log: ZoneLog;
  batch: ZoneBatch;
  output: ZoneOutput;
  options: ZoneOptions;
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
  #order: UndoOrder = { isDry: false, reason: "" };
  #end: UndoEnd | null = null;

  constructor(parts: ZoneUndoParts) {
    this.#parts = parts;
    // What was told of ticks that can be undone is compared with what happened instead.
    parts.membership.keepFrom(() => this.#record?.tick ?? Infinity);
  }

  get isRunning(): boolean {
    return this.#run !== null;
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
      this.#told = new ToldEvents();
    } else if (!goesBack) record.tried = kernel;
    zone.keepsRules(goesBack ? null : StateRules.of(zone));
  }

  /** The next tick is about to run with this batch. */
  append(batch: Uint8Array): void {
    const record = this.#record;
    if (record === null || record.append(batch)) return;
    const { zone } = this.#parts;
    this.forget(
      `the swap of module ${record.tried.hash} after tick ${record.tick} is ${zone.tick - record.tick} ticks ago, and more is not kept`,
    );
  }

  /** A tick has ended. */
  ticked(): void {
    if (this.#record === null) return;
    const { zone, membership } = this.#parts;
    this.#told.note(zone);
    if (membership.toldCount > TOLD_MAX) this.forget("too many players came and left since the swap");
  }

  /** From now on there is nothing to undo, and this is why. An undo that is under way ends with that. */
  forget(why: string): void {
    if (this.#run !== null) this.#fails(why);
    this.#run = null;
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
    if (record === null) return { zoneId, tick, runs, open: null, why: this.#why };
    const { tried, kernel: through, tick: fromTick } = record;
    const open = { module: tried.hash, through: through.hash, fromTick, isInPlace: runs !== through.hash };
    return { zoneId, tick, runs, open, why: "" };
  }

  /** Throws WowsimError: "undo_impossible", "undo_running", "undo_in_place". */
  start(order: UndoOrder): UndoLook {
    const { zone, options, membership } = this.#parts;
    this.#refuseWhileRunning();
    const look = this.look();
    if (this.#record === null)
      throw new WowsimError("undo_impossible", `Zone ${zone.id} has nothing to undo: ${look.why}.`);
    if (look.open?.isInPlace === true && !order.isDry)
      throw new WowsimError("undo_in_place", `Zone ${zone.id} still runs ${look.runs}; roll it back first.`);
    this.#order = order;
    const memory = createMemory(this.#record.kernel);
    this.#run = new UndoRun(this.#record, {
      ...options,
      memory,
      departedIn: (batch, from) => membership.departedIn(batch, from),
    });
    return look;
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
      this.#run = null;
      return this.#conclude(run);
    } catch (error) {
      this.#run = null;
      this.#fails(messageOf(error));
      return null;
    }
  }

  #conclude(run: UndoRun): { fromTick: number; rewritten: Rewritten } | null {
    const { zone, options, log } = this.#parts;
    const { record } = run;
    const { isDry, reason } = this.#order;
    const findings = this.#findings(run);
    const start = options.now();
    const taken = isDry ? null : this.#takeOver(run);
    const report: UndoReport = {
      zone_id: zone.id,
      dry_run: isDry,
      from_hash: record.tried.hash,
      to_hash: record.kernel.hash,
      from_tick: record.tick,
      tick: run.tick,
      hash: run.hash.toString(16).padStart(16, "0"),
      reason,
      ran_ms: round(run.ranMs),
      pause_ms: taken === null ? 0 : round(options.now() - start),
      clients: taken?.clients ?? 0,
      ...findings,
    };
    this.#end = { type: "undone", report };
    if (taken === null) return null;
    const { from_hash, to_hash, from_tick, tick, hash, players_changed, leavers_changed } = report;
    const why = reason === "" ? {} : { reason };
    log.undone(tick, { from_hash, to_hash, from_tick, hash, ...why, players_changed, leavers_changed });
    this.forget(`module ${from_hash}, swapped in after tick ${from_tick}, is undone already`);
    return { fromTick: from_tick, rewritten: taken.rewritten };
  }

  #findings(run: UndoRun): UndoFindings {
    const { zone, options, membership } = this.#parts;
    const { state, kernel, tick } = run.record;
    return findingsOf({
      before: figuresOf(state, kernel.layout),
      was: figuresOf(zone.bytes.subarray(zone.at.stateBase, zone.at.stateEnd), zone.kernel.layout),
      is: figuresOf(run.state, kernel.layout),
      left: membership.departedSince(tick),
      leaves: run.departures,
      told: this.#told,
      happened: run.told,
      content: options.content,
    });
  }

  #fails(error: string): void {
    this.#end = { type: "undo_failed", isDry: this.#order.isDry, error };
  }

  #refuseWhileRunning(): void {
    if (this.#run === null) return;
    const message = `Zone ${this.#parts.zone.id} is being undone; wait until it is done; see deploy_undo_report.`;
    throw new WowsimError("undo_running", message);
  }

  #takeOver(run: UndoRun): { clients: number; rewritten: Rewritten } {
    const { zone, membership } = this.#parts;
    const { record } = run;
    zone.replace(record.kernel, run.state);
    const rewritten = membership.rewrite(record.tick, run.departures);
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
