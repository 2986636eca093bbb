// Runs the ticks of a zone's journal since a swap twice: as they were, and through the module before the swap. What comes of it is the
// beginning of an undo, and the zone goes on from there with the batches that it has in memory (server/zone/zone-undo.ts).
//
//   const rerun = new JournalRerun({ zone: 1, course, ... })
//   while (rerun.advance(journal, 4711, isTimeOver)) {}     // on a fresh look at the journal each time
//   rerun.history                                           // when rerun.tick is 4711
//
// It holds a few hundred batches in memory, however long ago the swap was.

import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { layoutEntries } from "../../assembly/toolchain/load.ts";
import { assert, entryOf } from "../protocol/assert.ts";
import type { Content, Portal } from "../protocol/content/content.ts";
import { messageOf } from "../protocol/errors.ts";
import type { OpenJournal } from "../replay/open-journal.ts";
import { unpackedState } from "../replay/snapshot-lane.ts";
import type { LeftPlayer, UndoHistory } from "../shared/undo-history.ts";
import { ticksAfter } from "../store/world-history.ts";
import type { StoredTick } from "../store/world-rows.ts";
import { departedIn } from "../zone/crossings.ts";
import { UndoRun } from "../zone/undo-run.ts";
import { CameIn } from "./came-in.ts";
import { impossible, spansOf } from "./journal-course.ts";
import type { FoundCourse, Span } from "./journal-course.ts";
import { RecordedCourse } from "./recorded-course.ts";

export interface JournalRerunOptions {
  zone: number;
  course: FoundCourse;
  /** A module of the journal, by hash. */
  kernelOf: (hash: string, journal: OpenJournal) => Kernel;
  portals: readonly Portal[];
  content: Content;
  tickRateHz: number;
  /** Milliseconds. */
  now: () => number;
  cpuMs: () => number;
}

/** Ticks that are read and run at once. */
const READ_TICKS = 200;
/** Batches that the rerun may need again: its newest copy of the state is never older. */
const KEPT_TICKS = 400;
/** Players who left, of whom all state is kept. */
const LEFT_MAX = 10_000;
/** As for a replay (server/lockstep/lane.ts). */
const FUEL_PER_TICK = 1_000_000_000n;
const TIME_LIMIT_MS = 1_000;

export class JournalRerun {
  /** The newest tick that was run. */
  tick: number;
  readonly #options: JournalRerunOptions;
  readonly #recorded: RecordedCourse;
  readonly #cameIn: CameIn;
  readonly #batches = new Map<number, Uint8Array>();
  #run: UndoRun | null = null;
  #before: Uint8Array = new Uint8Array(0);
  #epoch: number;

  constructor(options: JournalRerunOptions) {
    const { zone, course } = options;
    this.#options = options;
    this.tick = course.fromTick;
    this.#epoch = course.epoch;
    this.#recorded = new RecordedCourse({ ...options, notesFrom: course.fromTick });
    this.#cameIn = new CameIn(zone);
  }

  /**
   * Runs ticks up to `upTo` (default: all) until the time is over; how many the journal has after them. Throws
   * WowsimError("undo_impossible" | "undo_trapped" | "module_missing").
   */
  advance(journal: OpenJournal, upTo: number | null, isTimeOver: () => boolean): number {
    const { zone } = this.#options;
    const run = this.#run ?? this.#begin(journal);
    this.#cameIn.look(journal);
    const spans = spansOf(journal.reader, zone, []);
    const newest = spans.at(-1)?.end ?? 0;
    this.#checkPlace(spans);
    const end = Math.min(newest, upTo ?? newest);
    while (this.tick < end) {
      for (const tick of this.#read(journal, spans, end)) this.#take(journal, tick);
      run.advance(Number.POSITIVE_INFINITY, this.tick);
      for (const old of this.#batches.keys()) if (old <= this.tick - KEPT_TICKS) this.#batches.delete(old);
      if (run.departures.length > LEFT_MAX || this.#recorded.left.length > LEFT_MAX)
        throw impossible("too many players came and left since the swap");
      if (isTimeOver()) break;
    }
    return newest - this.tick;
  }

  get history(): UndoHistory {
    const { zone: zoneId, course } = this.#options;
    const run = this.#run;
    assert(run !== null, "a rerun has begun before its end");
    const { module, hash, label, layout } = run.course.kernel;
    const { left, entered, told } = this.#recorded;
    return {
      zoneId,
      triedHash: course.module,
      through: { module, hash, label, layout: layoutEntries(layout) },
      fromTick: course.fromTick,
      before: shared(this.#before),
      tick: this.tick,
      state: shared(run.state),
      ranMs: run.ranMs,
      told: told.plain,
      happened: run.told.plain,
      left: [...left],
      leaves: [...run.departures] satisfies LeftPlayer[],
      entered,
    };
  }

  /** Brings the zone to the tick before the swap. */
  #begin(journal: OpenJournal): UndoRun {
    const { zone, course, kernelOf, portals } = this.#options;
    const { fromTick, module: triedHash, epoch } = course;
    const kernel = kernelOf(course.through, journal);
    this.#toSwap(journal, kernel);
    const before = this.#recorded.state;
    this.#before = before;
    this.#epoch = epoch;
    const batch = (tick: number): Uint8Array => entryOf(this.#batches, tick);
    const state = before;
    const run = new UndoRun(
      { kernel, triedHash, before, fromTick, state, tick: fromTick, batch },
      {
        ...this.#options,
        memory: createMemory(kernel),
        fuelPerTick: FUEL_PER_TICK,
        timeLimitMs: TIME_LIMIT_MS,
        departedIn: (of, from) => departedIn(of, from, zone, portals),
      },
    );
    this.#run = run;
    return run;
  }

  /** From the newest state that leads there. */
  #toSwap(journal: OpenJournal, kernel: Kernel): void {
    const { zone, course } = this.#options;
    const { epoch, fromTick } = course;
    const problems: string[] = [];
    const places = journal.reader.snapshots(zone).filter((place) => place.epoch === epoch && place.tick <= fromTick);
    for (const place of places) {
      const snapshot = journal.epochs.snapshotAt(place, problems);
      if (snapshot === null) continue;
      try {
        this.#recorded.adopt(kernel, unpackedState(snapshot), place.tick);
      } catch (error) {
        problems.push(messageOf(error));
        continue;
      }
      const ticks = journal.epochs.ticks(place, place.tick, fromTick, problems);
      if (ticks.length === fromTick - place.tick && ticks.every((tick) => this.#recorded.runs(kernel, tick))) return;
    }
    const why = problems.length === 0 ? "its ticks do not give the recorded states" : problems.join(" ");
    throw impossible(`the state of tick ${fromTick} can not be had from the journal: ${why}`);
  }

  /** What was run is still the zone's course. */
  #checkPlace(spans: readonly Span[]): void {
    const span = spans.findLast(({ begin }) => begin <= this.tick);
    if (span?.epoch === this.#epoch && this.tick <= span.end) return;
    throw impossible(`zone ${this.#options.zone} went on from an earlier tick meanwhile; try again`);
  }

  /** The next ticks, of one epoch. */
  #read({ reader }: OpenJournal, spans: readonly Span[], end: number): StoredTick[] {
    const { zone } = this.#options;
    const next = this.tick + 1;
    const span = spans.findLast(({ begin }) => begin <= next);
    if (span === undefined || span.end < next) throw impossible(`tick ${next} of zone ${zone} is not in the journal`);
    const last = Math.min(span.end, end, this.tick + READ_TICKS);
    const wanted = { zone, epoch: span.epoch, tick: this.tick, end: last, mayEndEarly: false };
    const ticks = ticksAfter(reader.source, wanted, []);
    if (ticks.length === 0) throw impossible(`the batch of tick ${next} of zone ${zone} is not in the journal`);
    this.#epoch = span.epoch;
    return ticks;
  }

  #take(journal: OpenJournal, tick: StoredTick): void {
    const { zone, kernelOf } = this.#options;
    this.#batches.set(tick.tick, this.#cameIn.of(tick));
    this.tick = tick.tick;
    const kernel = kernelOf(tick.module, journal);
    if (this.#recorded.runs(kernel, tick)) return;
    const place = journal.reader.snapshots(zone).find((each) => each.epoch === tick.epoch && each.tick === tick.tick);
    const snapshot = place === undefined ? null : journal.epochs.snapshotAt(place, []);
    if (snapshot !== null) this.#recorded.adopt(kernel, unpackedState(snapshot), tick.tick);
  }
}

/** A copy that threads pass on without copying it: it goes by the main thread. */
function shared(state: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(state.length));
  copy.set(state);
  return copy;
}
