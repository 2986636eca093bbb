// The account of several zones as one: sums added up, first differences the earliest.
//
//   const whole = merge(zones, content)
//   whole.terms      // [{ what: "damage.spell.fireball", incumbent: 41200, candidate: 46144, n: 4120, ... }]

import type { BehaviourTerm } from "../protocol/behaviour.ts";
import type { Content } from "../protocol/content/content.ts";
import { EVENT_NAMES, OP_NAMES } from "../protocol/game/wire-names.ts";
import type { CandidateTrap, NotExercised } from "../protocol/validation.ts";
import type { FuelSums } from "./fuel-account.ts";
import { SITUATIONS } from "./situations.ts";
import type { Situation } from "./situations.ts";
import { rooted } from "./roots.ts";
import type { TermRow } from "./term-book.ts";
import { wordsOf } from "./vocabulary.ts";
import type { ComparisonResult } from "./zone-comparison.ts";

/** A term with what only the judge needs to know. */
export interface MergedTerm extends BehaviourTerm {
  /** Ticks in which another number of draws explains the difference; sum and sum of squares of the differences in them. */
  chance: TermRow["chance"];
}

/** The worst tick, and in which zone it was. */
export type WorstTick = NonNullable<FuelSums["worst"]> & { zone: number };

export interface Whole {
  ticks: number;
  equal: number;
  drawTicks: number;
  /** Those that differ first, by the number of ticks in which nothing else explains it. */
  terms: MergedTerm[];
  fuel: { incumbent: number; candidate: number; worst: WorstTick | null };
  traps: { count: number; first: CandidateTrap | null };
  commands: Map<number, number>;
  /** Levels of overload that zones had. */
  levels: Set<number>;
  /** Most players of a zone at a time; zone ticks with at least one. */
  players: number;
  peopled: number;
  added: string[];
  dropped: string[];
}

/** Terms that a term is said to follow from. */
const FOLLOWS_MAX = 3;

export function merge(zones: readonly { zone: number; comparison: ComparisonResult }[]): Whole {
  const sum = (of: (each: ComparisonResult) => number): number =>
    zones.reduce((total, { comparison }) => total + of(comparison), 0);
  const traps = zones.flatMap(({ comparison }) => comparison.traps.first ?? []);
  const commands = new Map<number, number>();
  for (const { comparison } of zones)
    for (const [op, count] of comparison.commands) commands.set(op, (commands.get(op) ?? 0) + count);
  return {
    ticks: sum(({ ticks }) => ticks),
    equal: sum(({ equal }) => equal),
    drawTicks: sum(({ drawTicks }) => drawTicks),
    terms: mergeTerms(zones.map(({ comparison }) => comparison.terms)),
    fuel: {
      incumbent: sum(({ fuel }) => fuel.incumbent),
      candidate: sum(({ fuel }) => fuel.candidate),
      worst: worstOf(zones),
    },
    traps: {
      count: sum((each) => each.traps.count),
      first: traps.toSorted((one, other) => one.tick - other.tick)[0] ?? null,
    },
    commands,
    levels: new Set(zones.flatMap(({ comparison }) => comparison.levels.map(([level]) => level))),
    players: Math.max(0, ...zones.map(({ comparison }) => comparison.players)),
    peopled: sum(({ peopled }) => peopled),
    added: [...new Set(zones.flatMap(({ comparison }) => comparison.added))],
    dropped: [...new Set(zones.flatMap(({ comparison }) => comparison.dropped))],
  };
}

export function mergeTerms(lists: readonly (readonly TermRow[])[]): MergedTerm[] {
  const merged = new Map<string, TermRow>();
  for (const row of lists.flat()) {
    const known = merged.get(row.what);
    merged.set(row.what, known === undefined ? row : together(known, row));
  }
  return rooted(merged)
    .map(termOf)
    .toSorted((one, other) => other.own - one.own || other.ticks - one.ticks || (one.what < other.what ? -1 : 1));
}

function together(one: TermRow, other: TermRow): TermRow {
  const follows = { ...one.follows };
  for (const [what, ticks] of Object.entries(other.follows)) follows[what] = (follows[what] ?? 0) + ticks;
  return {
    what: one.what,
    incumbent: one.incumbent + other.incumbent,
    candidate: one.candidate + other.candidate,
    incumbentCount: one.incumbentCount + other.incumbentCount,
    candidateCount: one.candidateCount + other.candidateCount,
    ticks: one.ticks + other.ticks,
    own: one.own + other.own,
    chance: {
      ticks: one.chance.ticks + other.chance.ticks,
      sum: one.chance.sum + other.chance.sum,
      squares: one.chance.squares + other.chance.squares,
    },
    follows,
    first: earlier(one.first, other.first),
  };
}

function earlier(one: TermRow["first"], other: TermRow["first"]): TermRow["first"] {
  if (one === null || other === null) return one ?? other;
  return other.tick < one.tick ? other : one;
}

function termOf({ incumbentCount, candidateCount, follows, ...row }: TermRow): MergedTerm {
  const most = Object.entries(follows).toSorted(([, one], [, other]) => other - one);
  return {
    ...row,
    n: Math.max(incumbentCount, candidateCount),
    follows: most.slice(0, FOLLOWS_MAX).map(([what]) => what),
  };
}

function worstOf(zones: readonly { zone: number; comparison: ComparisonResult }[]): WorstTick | null {
  const found = zones.flatMap(({ zone, comparison: { fuel } }) =>
    fuel.worst === null ? [] : [{ zone, ...fuel.worst }],
  );
  return found.toSorted((one, other) => other.candidate - other.incumbent - (one.candidate - one.incumbent))[0] ?? null;
}

/** What no tick had, of none of these: the candidate may do there what it likes. */
export function notExercised(
  parts: readonly Pick<Whole, "terms" | "commands" | "levels">[],
  content: Content,
): NotExercised {
  const happened = new Set(
    parts.flatMap(({ terms }) => terms.filter(({ incumbent }) => incumbent > 0).map(({ what }) => what)),
  );
  const isGiven = (op: string): boolean => parts.some(({ commands }) => (commands.get(Number(op)) ?? 0) > 0);
  const isThere = ({ op, term, level }: Situation): boolean =>
    (op !== undefined && isGiven(String(op))) ||
    (term !== undefined && happened.has(term)) ||
    (level !== undefined && parts.some(({ levels }) => levels.has(level)));
  return {
    commands: Object.entries(OP_NAMES).flatMap(([op, name]) => (isGiven(op) ? [] : [name])),
    spells: content.spells
      .filter(({ name }) => !happened.has(`casts.completed.${wordsOf(name)}`))
      .map(({ name }) => name),
    events: Object.values(EVENT_NAMES).filter((name) => !happened.has(`events.${name}`)),
    situations: SITUATIONS.filter((situation) => !isThere(situation)).map(({ name }) => name),
  };
}
