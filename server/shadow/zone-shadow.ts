// Follows one zone's journal while it grows, and runs each new tick with another module too, from the recorded state.
//
//   const shadow = new ZoneShadow({ zone: 1, beside, role: "candidate", ticks: 400, ... })
//   while (shadow.advance(journal, 1, isTimeOver)) {}      // some times a second, each time on a fresh look at the journal
//   shadow.numbers                                         // { zone_id: 1, compared: 380, equal: 371, skipped: 1, ... }
//
// It begins at the newest state of the newest epoch, and goes on tick by tick. When an epoch ends (a recovery, a swap, an undo, a lost
// worker), it runs that epoch to its end, and goes on from the first state of the next one: so it sees a module on trial from its
// first tick on. Where ticks are missing, damaged, or do not give the recorded state, it goes on from the newest state after them,
// and counts what it left out.

import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Lane } from "../lockstep/lane.ts";
import type { Content } from "../protocol/content/content.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { ShadowedZone, ShadowRole } from "../protocol/shadow.ts";
import { JournalNames } from "../replay/names.ts";
import { LaneScene } from "../replay/scene.ts";
import { snapshotLane } from "../replay/snapshot-lane.ts";
import { ticksAfter } from "../store/world-history.ts";
import type { SnapshotPlace } from "../store/world-reader.ts";
import type { StoredTick } from "../store/world-rows.ts";
import { ZoneComparison } from "../validate/zone-comparison.ts";
import type { ReadableJournal, ZoneValidation } from "../validate/zone-validation.ts";
import { headOf, isAfter, lastTickOf, ticksBetween } from "./journal-places.ts";
import type { Place } from "./journal-places.ts";
import type { KernelTimes } from "./kernel-times.ts";
import type { FoundModules } from "./found-modules.ts";

export interface ZoneShadowOptions {
  zone: number;
  /** The shadow's module. */
  beside: Kernel;
  role: ShadowRole;
  /** How many are looked at; 0: no end. */
  ticks: number;
  modules: FoundModules;
  content: Content;
  times: KernelTimes;
  /** Milliseconds. */
  clock: () => number;
  /** What is missing or damaged, one sentence each. */
  tell: (problem: string) => void;
}

/** Ticks that are read and run at once; those of a full zone take some tens of milliseconds. */
const READ_TICKS = 20;
/** A shadow that is so many ticks behind goes on from a newer state, if one is so much newer. */
const BEHIND_TICKS_MAX = 400;
const JUMP_TICKS_MIN = 100;
/** When not every tick is compared, blocks of so many ticks are, and then blocks are left out. */
export const STRIDE_TICKS = 20;

/** Where the next state to begin from is looked for. `newest`: whatever lies between is left out. `next`: after the epoch's end. */
type Search = "newest" | "next";
/** Why ticks were left out. */
type Cause = "rested" | "behind" | "lost";

/** An epoch that is being followed. */
interface Run {
  module: string;
  /** Null: the zone runs the shadow's module itself, or one that can not be compared. */
  lane: Lane | null;
  comparison: ZoneComparison | null;
}

export class ZoneShadow {
  readonly #options: ZoneShadowOptions;
  readonly #memories = new Map<string, WebAssembly.Memory>();
  readonly #comparisons = new Map<string, { kernel: Kernel; comparison: ZoneComparison }>();
  readonly #left: Record<Cause, number> = { rested: 0, behind: 0, lost: 0 };
  readonly #sums = { from: 0, own: 0, mismatched: 0, unsampled: 0, passed: 0, incomparable: 0 };
  #names: JournalNames | null = null;
  #at: Place | null = null;
  #run: Run | null = null;
  #search: Search = "newest";
  #cause: Cause = "lost";
  #behind = 0;
  #world: number | null = null;
  /** Up to there the recorded module runs alone. */
  #aloneUntil: Place | null = null;
  #isFinished = false;

  /** The newest place of the journal, and since when it is the newest. */
  #head: Place | null = null;
  #headSinceMs: number;

  constructor(options: ZoneShadowOptions) {
    this.#options = options;
    this.#headSinceMs = options.clock();
  }

  /** How long the journal has had no new tick of the zone, in milliseconds; 0 when it needs none. */
  get silentMs(): number {
    return this.#isFinished ? 0 : this.#options.clock() - this.#headSinceMs;
  }

  get zone(): number {
    return this.#options.zone;
  }

  /** It has looked at all its ticks, or has seen the candidate trap often enough. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Ticks that it has looked at, compared or not. */
  get passed(): number {
    return this.#sums.passed;
  }

  /** Ticks that were left out while it rested. */
  get rested(): number {
    return this.#left.rested;
  }

  get numbers(): ShadowedZone {
    const { from, own, mismatched, unsampled, incomparable } = this.#sums;
    const { rested, behind, lost } = this.#left;
    const counts = [...this.#comparisons.values()].map(({ comparison }) => comparison.counts);
    const sum = (of: (each: ZoneComparison["counts"]) => number): number =>
      counts.reduce((total, each) => total + of(each), 0);
    return {
      zone_id: this.zone,
      from_tick: from,
      to_tick: from === 0 ? 0 : (this.#at?.tick ?? 0),
      compared: sum(({ ticks }) => ticks),
      equal: sum(({ equal }) => equal),
      skipped: rested + behind + lost + unsampled + incomparable + sum(({ skipped }) => skipped),
      behind: this.#behind,
      mismatched,
      own,
    };
  }

  /** For each module that the zone ran beside the shadow's. */
  findings(): ZoneValidation[] {
    const { role, beside } = this.#options;
    const { from_tick: fromTick, to_tick: toTick, mismatched } = this.numbers;
    return [...this.#comparisons.values()].map(({ kernel, comparison }, index) => {
      const { hash: module, label } = role === "incumbent" ? beside : kernel;
      const [lost, unequal] = index === 0 ? [this.#left.lost, mismatched] : [0, 0];
      const common = { zone: this.zone, incumbent: { module, label }, fromTick, toTick, ofOthers: 0, problems: [] };
      return { ...common, lost, unequal, comparison: comparison.result() };
    });
  }

  /** After a rest: what came meanwhile is left out. It goes on from a newer state, or runs the recorded module alone up to now. */
  resumes(journal: ReadableJournal): void {
    const [at, head] = [this.#at, headOf(journal, this.zone, [])];
    if (at === null || head === null) return;
    const isNewer = journal.reader.snapshots(this.zone).some((place) => isAfter(place, at));
    if (isNewer) this.#leave("newest", "rested");
    else this.#aloneUntil = head;
  }

  /** The last look: compares the whole state once more. */
  ends(): void {
    this.#run?.comparison?.ends();
    this.#run = null;
    this.#behind = 0;
    this.#isFinished = true;
  }

  /** Only says how far behind it is. */
  looks(journal: ReadableJournal): void {
    const head = this.#headOf(journal, []);
    if (head !== null && this.#at !== null && !this.#isFinished)
      this.#behind = ticksBetween(journal, this.zone, this.#at, head);
  }

  /**
   * Runs what is new, until there is nothing more or the time is over; true: there is more. `stride` 2: every second block of ticks is
   * compared, and so on.
   */
  advance(journal: ReadableJournal, stride: number, isTimeOver: () => boolean): boolean {
    const { tell } = this.#options;
    const problems: string[] = [];
    const head = this.#headOf(journal, problems);
    if (head !== null && !this.#isFinished) {
      this.#checkWorld(journal, head);
      while (!this.#isFinished && this.#goOn(journal, head, stride, problems) && !isTimeOver());
      if (this.#at !== null && !this.#isFinished) this.#behind = ticksBetween(journal, this.zone, this.#at, head);
    }
    for (const problem of problems) tell(problem);
    return this.#behind > 0 && this.#run !== null && !this.#isFinished;
  }

  #headOf(journal: ReadableJournal, problems: string[]): Place | null {
    const head = headOf(journal, this.zone, problems);
    if (head?.epoch === this.#head?.epoch && head?.tick === this.#head?.tick) return head;
    this.#head = head;
    this.#headSinceMs = this.#options.clock();
    return head;
  }

  /** A step; true: there may be another one. */
  #goOn(journal: ReadableJournal, head: Place, stride: number, problems: string[]): boolean {
    if (this.#run === null && !this.#begin(journal, head, problems)) return false;
    const [at, run] = [this.#at, this.#run];
    if (at === null || run === null) return false;
    const isNewest = at.epoch === head.epoch;
    if (isNewest && head.tick - at.tick > BEHIND_TICKS_MAX && this.#isFarBehind(journal, at)) {
      this.#leave("newest", "behind");
      return true;
    }
    const last = isNewest ? head.tick : lastTickOf(journal, this.zone, at);
    if (at.tick >= last) {
      if (isNewest) return false;
      this.#run?.comparison?.ends();
      this.#leave("next", "lost");
      return true;
    }
    return run.lane === null ? this.#count(at, run, last) : this.#read(journal, at, last, stride, problems);
  }

  /** Nothing to compare in these ticks: they are only counted. */
  #count(at: Place, { module }: Run, last: number): boolean {
    const { beside, role } = this.#options;
    const ticks = last - at.tick;
    if (module === beside.hash) this.#sums.own += ticks;
    else this.#sums.incomparable += ticks;
    // A trial that has not begun yet does not pass.
    if (role === "candidate" || this.#sums.passed > 0) this.#passes(at.tick + 1, ticks);
    this.#at = { epoch: at.epoch, tick: last };
    return true;
  }

  #read(journal: ReadableJournal, at: Place, last: number, stride: number, problems: string[]): boolean {
    const end = Math.min(last, at.tick + READ_TICKS);
    const span = { zone: this.zone, epoch: at.epoch, tick: at.tick, end, mayEndEarly: false };
    const ticks = ticksAfter(journal.reader.source, span, problems);
    for (const tick of ticks) {
      if (!this.#step(tick, stride)) return true;
      if (this.#isFinished) return false;
    }
    if (ticks.length < end - at.tick) this.#leave("newest", "lost");
    return true;
  }

  /** Runs a tick with both modules; false when it does not give the recorded state. */
  #step({ epoch, tick, module, hash, batch }: StoredTick, stride: number): boolean {
    const { lane, comparison } = this.#run ?? {};
    const { tell, times, role } = this.#options;
    if (lane === null || lane === undefined || comparison === null || comparison === undefined) return false;
    const isAlone = this.#aloneUntil !== null && !isAfter({ epoch, tick }, this.#aloneUntil);
    const isCompared = !isAlone && Math.floor(tick / STRIDE_TICKS) % stride === 0;
    const isAhead = isCompared && tick % 2 === 0;
    try {
      if (isCompared) comparison.follows(lane);
      if (isAhead) comparison.runAhead(batch);
      lane.step(batch);
    } catch (error) {
      if (error instanceof WowsimError && error.code.startsWith("layout_")) return this.#isIncomparable(error);
      tell(`Tick ${tick} of zone ${this.zone} traps in the shadow: ${messageOf(error)}.`);
      return this.#mismatches();
    }
    if (lane.hash !== hash || lane.kernel.hash !== module) {
      tell(`Tick ${tick} of zone ${this.zone} gives another state: hash ${lane.hash}, and the journal has ${hash}.`);
      return this.#mismatches();
    }
    this.#at = { epoch, tick };
    if (isCompared) {
      const { ticks } = comparison.counts;
      comparison.step(batch);
      const isIncumbentFirst = isAhead === (role === "incumbent");
      const [one, other] =
        role === "incumbent" ? [comparison.besideMs, lane.tickMs] : [lane.tickMs, comparison.besideMs];
      if (comparison.counts.ticks > ticks) times.add(isIncumbentFirst, one, other);
    } else {
      comparison.misses();
      if (isAlone) this.#left.rested++;
      else this.#sums.unsampled++;
    }
    this.#passes(tick, 1);
    if (comparison.isDone) this.ends();
    return true;
  }

  #passes(first: number, ticks: number): void {
    const sums = this.#sums;
    if (sums.passed === 0) sums.from = first;
    sums.passed += ticks;
    if (this.#options.ticks > 0 && sums.passed >= this.#options.ticks) this.ends();
  }

  #mismatches(): false {
    this.#sums.mismatched++;
    this.#leave("newest", "lost");
    return false;
  }

  #isIncomparable(error: WowsimError): false {
    const { tell } = this.#options;
    tell(`Zone ${this.zone} can not be compared: ${error.message}`);
    if (this.#run !== null) this.#run = { module: this.#run.module, lane: null, comparison: null };
    return false;
  }

  #leave(search: Search, cause: Cause): void {
    this.#run?.comparison?.leaves();
    this.#run = null;
    this.#search = search;
    this.#cause = cause;
  }

  /** Begins at a state that can be used; false when there is none yet. */
  #begin(journal: ReadableJournal, head: Place, problems: string[]): boolean {
    const at = this.#at;
    const places = journal.reader.snapshots(this.zone, problems).filter((place) => at === null || isAfter(place, at));
    const hasNext = at !== null && places.some(({ epoch }) => epoch > at.epoch);
    // Of a gap before an epoch's end the rest is lost; the next epoch is followed from its beginning.
    const isInOrder = this.#search === "next" || (this.#cause === "lost" && hasNext);
    const wanted = isInOrder
      ? places.filter(({ epoch }) => at === null || epoch > at.epoch).toReversed()
      : places.filter(({ epoch }) => epoch === head.epoch);
    for (const place of wanted) {
      const run = this.#runFrom(journal, place, problems);
      if (run === null) continue;
      if (at !== null) this.#leftOut(ticksBetween(journal, this.zone, at, place));
      this.#at = { epoch: place.epoch, tick: place.tick };
      this.#run = run;
      return true;
    }
    if (places.length === 0 && at === null) problems.push(`Zone ${this.zone} has no state to begin from.`);
    return false;
  }

  /** The tick with which an epoch begins stands in the journal as a state; it is left out, and nothing is wrong. */
  #leftOut(ticks: number): void {
    const { passed } = this.#sums;
    if (passed === 0 || ticks === 0) return;
    this.#left[this.#cause] += ticks;
    if (this.#cause === "lost" && ticks > 1)
      this.#options.tell(`${ticks} ticks of zone ${this.zone} could not be run, from ${(this.#at?.tick ?? 0) + 1} on.`);
    this.#passes(0, ticks);
  }

  #runFrom(journal: ReadableJournal, place: SnapshotPlace, problems: string[]): Run | null {
    const { beside, modules, content, clock } = this.#options;
    const snapshot = journal.epochs.snapshotAt(place, problems);
    if (snapshot === null) return null;
    const { module } = snapshot;
    if (module === beside.hash) return { module, lane: null, comparison: null };
    try {
      const kernel = modules.get(module, journal.reader);
      const lane = snapshotLane(snapshot, kernel, this.#memoryFor("recorded", kernel), clock);
      this.#names ??= new JournalNames(journal.reader, content);
      this.#names.reads(journal.reader);
      this.#names.looksAt(new LaneScene(lane));
      return { module, lane, comparison: this.#comparisonWith(kernel, this.#names) };
    } catch (error) {
      const what = `The state of zone ${this.zone} at tick ${place.tick} can not be used`;
      problems.push(`${what}: ${messageOf(error).replace(/\.$/, "")}.`);
      return null;
    }
  }

  #comparisonWith(kernel: Kernel, names: JournalNames): ZoneComparison {
    const known = this.#comparisons.get(kernel.hash);
    if (known !== undefined) return known.comparison;
    const { beside, role, content, clock } = this.#options;
    const recorded = (): WebAssembly.Memory => this.#memoryFor("recorded", kernel);
    const memories = { candidate: this.#memoryFor("beside", beside), incumbent: recorded };
    const context = { zone: this.zone, content, names, isTurned: role === "incumbent", clock };
    const comparison = new ZoneComparison({ incumbent: kernel, candidate: beside, memories }, context);
    this.#comparisons.set(kernel.hash, { kernel, comparison });
    return comparison;
  }

  #memoryFor(lane: "recorded" | "beside", kernel: Kernel): WebAssembly.Memory {
    const key = `${lane} ${kernel.layout.value("MEMORY_PAGES")}`;
    const memory = this.#memories.get(key) ?? createMemory(kernel);
    this.#memories.set(key, memory);
    return memory;
  }

  #isFarBehind(journal: ReadableJournal, at: Place): boolean {
    const [newest] = journal.reader.snapshots(this.zone);
    return newest !== undefined && newest.epoch === at.epoch && newest.tick - at.tick >= JUMP_TICKS_MIN;
  }

  /** A journal that was rescued or replaced may be another one, or may end earlier. */
  #checkWorld({ reader }: ReadableJournal, head: Place): void {
    const { tell } = this.#options;
    const isOther = this.#world !== null && reader.world !== this.#world;
    this.#world = reader.world;
    if (!isOther && (this.#at === null || !isAfter(this.#at, head))) return;
    tell(`The journal of zone ${this.zone} was replaced, and goes on at tick ${head.tick} of epoch ${head.epoch}.`);
    this.#leave("newest", "lost");
    this.#at = null;
  }
}
