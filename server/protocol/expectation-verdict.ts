// Holds what two modules did against what was expected of the candidate.
//
//   const { holds, lines } = holdExpectations(parseExpectations(path, text), terms)
//   lines[0].text
//   // "damage.spell.frostbolt: 300 → 310 (+3.3 %), not expected (n 12, 3 ticks; first in zone 1 at tick 812, Timber Wolf 1100007)"
//
// A term that differs only where terms differ that were expected, and as expected, is a consequence and holds: Fireball hits
// harder, so creatures lose more health. Lines that fail come first, causes before consequences. Terms that are equal and not
// expected to change are counted only.
//
// Of a short stretch (`isShort`) little can be asked: what is expected may not have happened yet, and a few hits round to another
// share than hundreds do. Then a term that a table names holds until it has been seen often enough.

import type { BehaviourTerm } from "./behaviour.ts";
import { didYouMean } from "./did-you-mean.ts";
import { deciding, matches } from "./expectations.ts";
import type { Expectation } from "./expectations.ts";
import { changeInWords, differenceInWords, isAsExpected } from "./expected-change.ts";
import type { ExpectedChange, Sums } from "./expected-change.ts";

export interface ExpectationLine {
  holds: boolean;
  /** The term; what was expected when no term has that name. */
  what: string;
  /** As in the file; null: no difference was expected. */
  expected: string | null;
  /** Number of the table that decides. */
  table: number | null;
  /** Null: there is no such term. */
  incumbent: number | null;
  candidate: number | null;
  n: number;
  /** How often it had to happen. */
  atLeast: number;
  ticks: number;
  /** Terms of whose differences this one is a consequence; empty when it differs by itself too. */
  follows: readonly string[];
  /** All of it in one sentence. */
  text: string;
}

/** Of a short stretch: contributions from which on a term is held against the change that is expected of it. */
const SHORT_COUNT_MIN = 30;

export interface ExpectationVerdict {
  holds: boolean;
  /** Terms that do not differ, and were not expected to. */
  equal: number;
  lines: ExpectationLine[];
}

export function holdExpectations(
  expectations: readonly Expectation[],
  terms: readonly BehaviourTerm[],
  isShort = false,
): ExpectationVerdict {
  const decided = new Map<Expectation, BehaviourTerm[]>(expectations.map((each) => [each, []]));
  const others: BehaviourTerm[] = [];
  let equal = 0;
  for (const term of terms) {
    const expectation = deciding(expectations, term);
    if (expectation !== null) decided.get(expectation)?.push(term);
    else if (sumsOf(term).isEqual && isMeasured(term)) equal++;
    else others.push(term);
  }
  const lines = [...decided].flatMap(([expectation, own]) => linesOf(expectation, own, terms, isShort));
  const wanted = new Set(lines.filter(({ holds, table }) => holds && table !== null).map(({ what }) => what));
  lines.push(...others.map((term) => unexpected(term, wanted)));
  lines.sort(
    (one, other) => Number(one.holds) - Number(other.holds) || Math.sign(one.follows.length - other.follows.length),
  );
  return { holds: lines.every((line) => line.holds), equal, lines };
}

/** The line of a term that no table names. */
function unexpected(term: BehaviourTerm, wanted: ReadonlySet<string>): ExpectationLine {
  if (!isMeasured(term)) return lineOf(term, null, false, "not measured");
  const follows = consequenceOf(term);
  if (follows.length === 0) return lineOf(term, null, false, "not expected");
  return lineOf(
    term,
    null,
    follows.every((what) => wanted.has(what)),
    `follows from ${follows.join(", ")}`,
  );
}

/** What explains all of a term's differences; empty when it also differs where nothing else does. */
const consequenceOf = ({ own, follows }: BehaviourTerm): readonly string[] => (own === 0 ? follows : []);

/** A line for each term that this expectation decides about, and one when what it expects did not happen at all. */
function linesOf(
  expectation: Expectation,
  own: BehaviourTerm[],
  all: readonly BehaviourTerm[],
  isShort: boolean,
): ExpectationLine[] {
  const { what, change, atLeast } = expectation;
  const lines: ExpectationLine[] = [];
  const isWide = what.includes("*");
  let happened = 0;
  for (const term of own) {
    const sums = sumsOf(term);
    // A wide expectation is about what changes; what is too rare to be seen, or may stay as it is, says nothing against it.
    const isIdle = isWide && sums.isEqual && (term.n < atLeast || !isBroken(change, sums));
    if (isIdle) continue;
    const [holds, comment] = judged(term, expectation, isShort);
    if (holds) happened++;
    lines.push(lineOf(term, expectation, holds, comment));
  }
  if (happened > 0 || lines.length > 0 || isShort || atLeast === 0) return lines;
  return isWide && own.length > 0 && mayBeEqual(change) ? [] : [nothing(expectation, own, all)];
}

/** Whether a term that is equal contradicts the change that a wide expectation names. */
function isBroken(change: ExpectedChange, sums: Sums): boolean {
  return change.kind === "share" && !isAsExpected(change, sums);
}

function mayBeEqual(change: ExpectedChange): boolean {
  return change.kind === "equal" || (change.kind === "share" && change.from <= 0 && change.to >= 0);
}

function judged(
  term: BehaviourTerm,
  { change, atLeast }: Expectation,
  isShort: boolean,
): [holds: boolean, comment: string] {
  const expected = `expected ${changeInWords(change)}`;
  if (!isMeasured(term)) return [false, `${expected}, not measured`];
  if (isShort && term.n < Math.max(SHORT_COUNT_MIN, atLeast)) return [true, `${expected}, too few to tell`];
  if (!isAsExpected(change, sumsOf(term))) return [false, expected];
  if (term.n < atLeast) return [false, `${expected}, and at least ${atLeast} times`];
  return [true, expected];
}

function nothing(
  { what, table, change, atLeast }: Expectation,
  own: readonly BehaviourTerm[],
  all: readonly BehaviourTerm[],
): ExpectationLine {
  const names = all.map((term) => term.what);
  const taken = names.filter((name) => matches(what, name)).length;
  const why =
    own.length > 0
      ? `${own.length} terms of that name, and none of them changed`
      : taken > 0
        ? "other tables name all of its terms more exactly"
        : `nothing of that name happened.${didYouMean(what, names)}`;
  return {
    holds: false,
    what,
    expected: changeInWords(change),
    table,
    incumbent: null,
    candidate: null,
    n: 0,
    atLeast,
    ticks: 0,
    follows: [],
    text: `${what}: expected ${changeInWords(change)}, and it did not happen: ${why}`,
  };
}

function lineOf(
  term: BehaviourTerm,
  expectation: Expectation | null,
  holds: boolean,
  comment: string,
): ExpectationLine {
  const { what, incumbent, candidate, n, ticks } = term;
  const difference = isMeasured(term) ? ` (${differenceInWords(sumsOf(term))})` : "";
  const sums = `${shown(incumbent)} → ${shown(candidate)}${difference}`;
  const where = holds || term.first === null ? "" : `; first ${firstInWords(term.first)}`;
  return {
    holds,
    what,
    expected: expectation === null ? null : changeInWords(expectation.change),
    table: expectation?.table ?? null,
    incumbent,
    candidate,
    n,
    atLeast: expectation?.atLeast ?? 1,
    ticks,
    follows: consequenceOf(term),
    text: `${what}: ${sums}, ${comment} (n ${shown(n)}, ${shown(ticks)} ticks${where})`,
  };
}

function firstInWords({ zone, tick, entity, who, command }: NonNullable<BehaviourTerm["first"]>): string {
  const name = who ?? (entity === null ? null : `entity ${entity}`);
  const words = [`in zone ${zone} at tick ${tick}`, name, command].filter((word) => word !== null);
  return words.join(", ");
}

function sumsOf({ incumbent, candidate, first, ticks }: BehaviourTerm): Sums {
  return { incumbent, candidate, isEqual: first === null && ticks === 0 && incumbent === candidate };
}

const isMeasured = ({ incumbent, candidate }: BehaviourTerm): boolean =>
  Number.isFinite(incumbent) && Number.isFinite(candidate);

const shown = (value: number): string =>
  Number.isFinite(value) ? value.toLocaleString("en-US", { maximumFractionDigits: 2 }) : "?";
