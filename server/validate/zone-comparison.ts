// Runs each recorded tick of one zone with a candidate too, from the recorded state, and keeps account of what both did. After a
// tick in which they differ the candidate gets the recorded state again, so that each difference is its own. Ticks that a module
// before the present one ran are run by the present one as well, from the recorded states: what it has changed since is not
// the candidate's.
//
//   const comparison = new ZoneComparison({ incumbent, candidate, memories }, { zone, content, names })
//   comparison.follows(lane)              // before each tick of the recorded lane
//   lane.step(batch); comparison.step(batch)
//   comparison.result()                   // { ticks: 6000, equal: 5991, terms: [...], fuel: ..., traps: ..., ... }
//
// Turned around, the recorded lane ran the candidate, and the other module is the one before it: all sums change sides, and a tick in
// which the module before traps is left out, because that is not the candidate's fault.

import { COUNTER_PLAYERS } from "../../assembly/abi.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { SharedColumns } from "../lockstep/columns.ts";
import { Draws } from "../lockstep/draws.ts";
import type { Follower } from "../lockstep/follower.ts";
import { Lane } from "../lockstep/lane.ts";
import { haveSame } from "../lockstep/outputs.ts";
import { trapFields } from "../lockstep/lockstep.ts";
import type { Content } from "../protocol/content/content.ts";
import { nameOf, OP_NAMES } from "../protocol/game/wire-names.ts";
import type { ReplayNames } from "../protocol/replay.ts";
import type { CandidateTrap } from "../protocol/validation.ts";
import type { ZoneTrap } from "../zone/trap.ts";
import { commandsOf, countCommands } from "./commands-in-words.ts";
import { FuelAccount } from "./fuel-account.ts";
import type { FuelSums } from "./fuel-account.ts";
import { countBreaches } from "./invariants.ts";
import { LaneTally } from "./lane-tally.ts";
import { Before } from "./state-view.ts";
import { TermBook } from "./term-book.ts";
import type { TermRow } from "./term-book.ts";
import { tallyColumns } from "./column-terms.ts";
import { BROKEN, Vocabulary } from "./vocabulary.ts";

/** Ticks between two comparisons of the whole state; the rows in use are compared after each tick. */
const WHOLE_TICKS = 20;
/** A candidate that traps again and again takes long, and has failed anyway. */
const TRAPS_MAX = 8;
/** Processor time that a tick of the candidate may take: as much as a server with a watchdog of one second gives it. */
const TICK_MS_MAX = 300;

export interface ComparisonContext {
  zone: number;
  content: Content;
  names: ReplayNames;
  /** The recorded module is the candidate, and the other one the incumbent. Only where the recorded module is the one compared. */
  isTurned?: boolean;
  /** In milliseconds, for `besideMs`. */
  clock?: () => number;
}

/** Plain data, which threads can send. */
export interface ComparisonResult {
  ticks: number;
  equal: number;
  /** Of these ticks, those that another module had run. `skipped`: ticks that were left out, because the incumbent traps there. */
  again: number;
  skipped: number;
  terms: TermRow[];
  /** Ticks in which another number of random numbers was drawn. */
  drawTicks: number;
  fuel: FuelSums;
  traps: { count: number; first: CandidateTrap | null };
  /** Commands, by opcode; and ticks by level of overload. */
  commands: [op: number, count: number][];
  levels: [level: number, ticks: number][];
  /** Most players at a time, and ticks with at least one. */
  players: number;
  peopled: number;
  added: string[];
  dropped: string[];
}

/** The kernels that are compared. Turned around, `incumbent` is still the recorded one, and `candidate` the one beside it. */
export interface Compared {
  incumbent: Kernel;
  candidate: Kernel;
  /** For the candidate; and for the incumbent where another module ran the ticks. */
  memories: { candidate: WebAssembly.Memory; incumbent: () => WebAssembly.Memory };
}

interface Pair {
  recorded: Lane;
  /** The recorded lane, or one of its own that gets each of its states. */
  incumbent: Lane;
  candidate: Lane;
  /** From the recorded lane to the incumbent's; null: they are the same. */
  lead: SharedColumns | null;
  /** From the incumbent's lane to the candidate's. */
  columns: SharedColumns;
  incumbentTally: LaneTally;
  candidateTally: LaneTally;
  random: { incumbent: number; candidate: number };
}

export class ZoneComparison implements Follower {
  readonly #compared: Compared;
  readonly #context: ComparisonContext;
  readonly #vocabulary: Vocabulary;
  readonly #book: TermBook;
  readonly #draws = new Draws();
  readonly #fuel = new FuelAccount();
  readonly #commands = new Map<number, number>();
  readonly #levels = new Map<number, number>();
  readonly #sums = { ticks: 0, equal: 0, drawTicks: 0, traps: 0, players: 0, peopled: 0, again: 0, skipped: 0 };
  #before: Before | null = null;
  #pair: Pair | null = null;
  #layout: { added: readonly string[]; dropped: readonly string[] } = { added: [], dropped: [] };
  #firstTrap: CandidateTrap | null = null;
  /** How the candidate ran a tick that the recorded lane has not run yet; undefined: it has not run it. */
  #ahead: ZoneTrap | null | undefined;
  /** The recorded lane ran ticks alone. */
  #isStale = false;
  readonly #isTurned: boolean;

  constructor(compared: Compared, context: ComparisonContext) {
    this.#compared = compared;
    this.#context = context;
    this.#isTurned = context.isTurned ?? false;
    this.#vocabulary = new Vocabulary(context.content);
    this.#book = new TermBook(this.#vocabulary);
  }

  /** The candidate has trapped often enough. */
  get isDone(): boolean {
    return this.#sums.traps >= TRAPS_MAX;
  }

  /** Ticks that both ran, those of them that were equal, and those left out because the incumbent traps there. */
  get counts(): { readonly ticks: number; readonly equal: number; readonly skipped: number } {
    return this.#sums;
  }

  /** Kernel time of the newest tick of the other lane, by the clock of the context. */
  get besideMs(): number {
    return this.#pair?.candidate.tickMs ?? 0;
  }

  /** Throws WowsimError("layout_mismatch" | "layout_missing"). */
  follows(recorded: Lane): void {
    if (this.#pair?.recorded !== recorded) this.#pair = this.#pairWith(recorded);
    else if (this.#isStale) this.#pair.columns.copy();
    this.#isStale = false;
    this.#ahead = undefined;
    const { incumbent, incumbentTally, random } = this.#pair;
    this.#before ??= new Before(incumbentTally.view);
    this.#before.take(incumbentTally.view);
    this.#draws.from(incumbent.view, random.incumbent);
  }

  /** Between `follows` and the recorded lane's tick: runs it first. Not where another module had run the ticks. */
  runAhead(batch: Uint8Array): void {
    const pair = this.#pair;
    if (pair !== null && pair.lead === null) this.#ahead = pair.candidate.tryStep(batch);
  }

  /** The recorded lane runs a tick alone. */
  misses(): void {
    this.#isStale = true;
  }

  leaves(): void {
    this.#pair = null;
    this.#isStale = false;
  }

  /** The whole state is compared once more. */
  ends(): void {
    const [pair, before] = [this.#pair, this.#before];
    const isComparable = !this.#isStale && this.#sums.ticks > 0;
    if (pair !== null && before !== null && isComparable && !pair.columns.areEqual(true))
      this.#differs(pair, before, 0, 0, true, new Uint8Array(0));
    this.leaves();
  }

  /** The recorded lane has run this batch. */
  step(batch: Uint8Array): void {
    const [pair, before, sums] = [this.#pair, this.#before, this.#sums];
    if (pair === null || before === null) return;
    const { recorded, incumbent, candidate, lead, random } = pair;
    if (lead !== null && incumbent.tryStep(batch) !== null) {
      // The incumbent alone can not do what the module before it did: there is nothing to compare with.
      sums.skipped++;
      return synchronise(pair, true);
    }
    const trap = this.#ahead === undefined ? candidate.tryStep(batch) : this.#ahead;
    if (trap !== null && this.#isTurned) {
      sums.skipped++;
      return synchronise(pair, true, true);
    }
    countCommands(batch, this.#commands);
    const level = incumbent.view.getUint32(incumbent.at.overloadLevel, true);
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
    const players = incumbent.view.getUint32(incumbent.at.counters + COUNTER_PLAYERS * 4, true);
    sums.players = Math.max(sums.players, players);
    if (players > 0) sums.peopled++;
    sums.ticks++;
    if (lead !== null) sums.again++;
    if (trap !== null) {
      this.#traps(trap, recorded.tick);
      return synchronise(pair, true, true);
    }
    const [old, judged] = this.#isTurned ? [candidate, incumbent] : [incumbent, candidate];
    this.#fuel.add(recorded.tick, old.fuelUsed, judged.fuelUsed);
    const isWhole = sums.ticks % WHOLE_TICKS === 0;
    const draws = this.#draws.until(incumbent.view, random.incumbent);
    if (isSame(pair, isWhole)) {
      sums.equal++;
      pair.incumbentTally.run(before, draws ?? 0, false);
      this.#book.equal(pair.incumbentTally.sums);
      return synchronise(pair, isWhole);
    }
    this.#differs(pair, before, draws, this.#draws.until(candidate.view, random.candidate), isWhole, batch);
    synchronise(pair, isWhole, true);
  }

  result(): ComparisonResult {
    const { ticks, equal, drawTicks, traps, players, peopled, again, skipped } = this.#sums;
    return {
      ticks,
      equal,
      again,
      skipped,
      terms: this.#book.rows(),
      drawTicks,
      fuel: this.#fuel.sums,
      traps: { count: traps, first: this.#firstTrap },
      commands: [...this.#commands],
      levels: [...this.#levels],
      players,
      peopled,
      added: [...this.#layout.added],
      dropped: [...this.#layout.dropped],
    };
  }

  #pairWith(recorded: Lane): Pair {
    const { incumbent: kernel, candidate: other, memories } = this.#compared;
    const incumbent = recorded.kernel.hash === kernel.hash ? recorded : new Lane(kernel, memories.incumbent(), true);
    const candidate = new Lane(other, memories.candidate, true, TICK_MS_MAX, this.#context.clock);
    const lead = incumbent === recorded ? null : new SharedColumns(recorded, incumbent);
    const columns = new SharedColumns(incumbent, candidate);
    lead?.copy(true);
    columns.copy(true);
    const { added, dropped } = columns;
    this.#layout = this.#isTurned ? { added: dropped, dropped: added } : { added, dropped };
    return {
      recorded,
      incumbent,
      candidate,
      lead,
      columns,
      incumbentTally: new LaneTally(incumbent, this.#vocabulary),
      candidateTally: new LaneTally(candidate, this.#vocabulary),
      random: { incumbent: randomOf(incumbent), candidate: randomOf(candidate) },
    };
  }

  /** Draws are null where a generator is in a state to which no draws lead. */
  #differs(
    { incumbent, columns, incumbentTally, candidateTally, candidate }: Pair,
    before: Before,
    incumbentDraws: number | null,
    candidateDraws: number | null,
    isWhole: boolean,
    batch: Uint8Array,
  ): void {
    const known = incumbentDraws ?? candidateDraws ?? 0;
    incumbentTally.run(before, incumbentDraws ?? known, true);
    candidateTally.run(before, candidateDraws ?? known, true);
    for (const tally of [incumbentTally, candidateTally]) countBreaches(tally, before, this.#vocabulary);
    const [old, judged] = this.#isTurned ? [candidateTally, incumbentTally] : [incumbentTally, candidateTally];
    const judgedDraws = this.#isTurned ? incumbentDraws : candidateDraws;
    if (judgedDraws === null) judged.sums.add(this.#vocabulary.of("broken", BROKEN.generator), 1, 0, 0);
    else if (candidateDraws !== incumbentDraws) this.#sums.drawTicks++;
    const marks = Math.max(incumbentTally.view.players, candidateTally.view.players);
    const creatures = Math.max(incumbentTally.view.creatures, candidateTally.view.creatures);
    const isUsed = (row: number): boolean =>
      row < incumbent.at.playersMax ? row < marks : row - incumbent.at.playersMax < creatures;
    const found = tallyColumns(columns, isWhole, isUsed, this.#vocabulary, judged.sums);
    if (found === 0 && incumbent.hash !== candidate.hash && columns.added.length + columns.dropped.length === 0)
      judged.sums.add(this.#vocabulary.named("state.header_hash"), 1, 0, 0);
    this.#book.differs(old.sums, judged.sums, (entity) => {
      const { zone, names } = this.#context;
      const [who, command] = entity === null ? [null, null] : [names.entity(entity), commandsOf(batch, entity, names)];
      return { zone, tick: incumbent.tick, entity, who, command };
    });
  }

  #traps(error: ZoneTrap, tick: number): void {
    this.#sums.traps++;
    if (this.#firstTrap !== null) return;
    const { message, phase, op, session, entity, spell } = trapFields(error);
    const command = op === null ? null : nameOf(OP_NAMES, op);
    this.#firstTrap = { zone: this.#context.zone, tick, message, phase, command, session, entity, spell };
  }
}

/** Where the state of a lane's generator lies. */
const randomOf = ({ kernel }: Lane): number => kernel.layout.value("HEADER_RANDOM");

function isSame({ incumbent, candidate, columns }: Pair, isWhole: boolean): boolean {
  return (
    columns.areEqual(isWhole) &&
    haveSame(incumbent, candidate, "events") &&
    haveSame(incumbent, candidate, "frames") &&
    haveSame(incumbent, candidate, "departures")
  );
}

/** All lanes have the recorded state again. `differs`: the candidate's is another one; else it is the incumbent's. */
function synchronise({ lead, columns }: Pair, isWhole: boolean, differs = false): void {
  const isLed = lead !== null && !lead.areEqual(isWhole);
  if (isLed) copyOf(lead, isWhole);
  if (isLed || differs) copyOf(columns, isWhole);
}

function copyOf(columns: SharedColumns, isWhole: boolean): void {
  if (isWhole) columns.copy();
  else columns.copyUsed();
}
