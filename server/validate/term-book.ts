// Sums of all terms over all ticks of a zone, of both kernels, and where they differed.
//
//   book.equal(sums)                          // a tick in which nothing differs: what the one did, both did
//   book.differs(incumbent, candidate, first) // each term by itself
//   book.rows()                               // plain data, which threads can send
//
// A difference is looked at tick by tick: sums that are equal in the end may hide that others were hit.

import type { FirstDifference } from "../protocol/behaviour.ts";
import { explain, FAMILY_OF_BROKEN, FAMILY_OF_DEATHS, FAMILY_OF_DRAWS, familyOf, isHit } from "./causes.ts";
import type { Explanation } from "./causes.ts";
import type { TickSums } from "./tick-sums.ts";
import { TERMS_MAX } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A term's sums, as threads send them and as they are added up over zones. */
export interface TermRow {
  what: string;
  incumbent: number;
  candidate: number;
  incumbentCount: number;
  candidateCount: number;
  /** Ticks in which both differ, and those of them in which nothing else explains it. */
  ticks: number;
  own: number;
  /** Ticks in which another number of draws explains it (the draws themselves: their own); sum and squares of the differences in them. */
  chance: { ticks: number; sum: number; squares: number };
  /** How often each term explained it. */
  follows: Record<string, number>;
  first: FirstDifference | null;
}

/** Says more about the first difference of a term, given the entity to which it happened. */
type Describe = (entity: number | null) => FirstDifference;

interface Difference {
  ticks: number;
  own: number;
  chance: { ticks: number; sum: number; squares: number };
  follows: Map<number, number>;
  first: FirstDifference;
}

/** Terms that one term is said to follow from. */
const FOLLOWS_MAX = 64;
/** Sets of families whose explanation is kept. */
const KEPT_MAX = 4_096;

export class TermBook {
  readonly #vocabulary: Vocabulary;
  readonly #incumbent = new Float64Array(TERMS_MAX);
  readonly #candidate = new Float64Array(TERMS_MAX);
  readonly #incumbentCount = new Float64Array(TERMS_MAX);
  readonly #candidateCount = new Float64Array(TERMS_MAX);
  readonly #families = new Int16Array(TERMS_MAX).fill(-1);
  readonly #differences = new Map<number, Difference>();
  readonly #explanations = new Map<string, Explanation>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  equal(sums: TickSums): void {
    for (let index = 0; index < sums.touchedCount; index++) {
      const term = sums.touched[index] ?? 0;
      const [value, count] = [sums.value[term] ?? 0, sums.count[term] ?? 0];
      add(this.#incumbent, term, value);
      add(this.#candidate, term, value);
      add(this.#incumbentCount, term, count);
      add(this.#candidateCount, term, count);
    }
  }

  /** Both sums with their logs. */
  differs(incumbent: TickSums, candidate: TickSums, describe: Describe): void {
    for (const [sums, values, counts] of [
      [incumbent, this.#incumbent, this.#incumbentCount],
      [candidate, this.#candidate, this.#candidateCount],
    ] as const)
      for (let index = 0; index < sums.touchedCount; index++) {
        const term = sums.touched[index] ?? 0;
        add(values, term, sums.value[term] ?? 0);
        add(counts, term, sums.count[term] ?? 0);
      }
    const terms = differing(incumbent, candidate);
    if (terms.length > 0) this.#note(terms, incumbent, candidate, describe);
  }

  rows(): TermRow[] {
    const rows: TermRow[] = [];
    for (let term = 0; term < this.#vocabulary.size; term++) {
      const difference = this.#differences.get(term);
      const [incumbentCount, candidateCount] = [this.#incumbentCount[term] ?? 0, this.#candidateCount[term] ?? 0];
      if (incumbentCount + candidateCount === 0 && difference === undefined) continue;
      const follows = [...(difference?.follows ?? [])].map(([each, ticks]) => [this.#vocabulary.nameOf(each), ticks]);
      rows.push({
        what: this.#vocabulary.nameOf(term),
        incumbent: this.#incumbent[term] ?? 0,
        candidate: this.#candidate[term] ?? 0,
        incumbentCount,
        candidateCount,
        ticks: difference?.ticks ?? 0,
        own: difference?.own ?? 0,
        chance: difference?.chance ?? { ticks: 0, sum: 0, squares: 0 },
        follows: Object.fromEntries(follows) as Record<string, number>,
        first: difference?.first ?? null,
      });
    }
    return rows;
  }

  #note(terms: readonly number[], incumbent: TickSums, candidate: TickSums, describe: Describe): void {
    const families = new Set(terms.map((term) => this.#familyOf(term)));
    const { own, open, byChance } = this.#explanationOf(families);
    const hits = this.#hitsBefore(terms, own, incumbent, candidate);
    if (own.has(FAMILY_OF_DRAWS)) this.#spareDraws(terms, incumbent, candidate, hits);
    const isCause = (family: number): boolean => (own.has(family) && family !== FAMILY_OF_BROKEN) || open.has(family);
    // An invariant that is broken explains nothing.
    const causes = terms.filter((term) => isCause(this.#familyOf(term)));
    for (const term of terms) {
      const family = this.#familyOf(term);
      const difference = this.#differenceOf(term, incumbent, candidate, describe);
      const by = (candidate.value[term] ?? 0) - (incumbent.value[term] ?? 0);
      difference.ticks++;
      const before = hits.get(term);
      if (before !== undefined) for (const cause of before) note(difference.follows, cause);
      else if (own.has(family)) difference.own++;
      else for (const cause of causes) if (this.#familyOf(cause) !== family) note(difference.follows, cause);
      const isOfDraws = family === FAMILY_OF_DRAWS && own.has(family) && before === undefined;
      if (!isOfDraws && !byChance.has(family)) continue;
      difference.chance.ticks++;
      difference.chance.sum += by;
      difference.chance.squares += by * by;
    }
  }

  /**
   * Hits that differ where other hits of the tick do, on the same targets: a target that one hit leaves less health, or less of a
   * shield, takes less of the next. For each such term the others; each of two that differ on the same targets may be the cause.
   */
  #hitsBefore(
    terms: readonly number[],
    own: ReadonlySet<number>,
    incumbent: TickSums,
    candidate: TickSums,
  ): Map<number, number[]> {
    const hits = terms.filter((term) => isHit(this.#familyOf(term)) && own.has(this.#familyOf(term)));
    if (hits.length < 2) return new Map();
    const targets = new Map(hits.map((term) => [term, new Set(entitiesOf(term, incumbent, candidate))]));
    const isWithin = (one: number, other: number): boolean => {
      const [few, many] = [targets.get(one), targets.get(other)];
      return few !== undefined && many !== undefined && few.size > 0 && few.isSubsetOf(many);
    };
    const before = hits.map((term): [number, number[]] => {
      return [term, hits.filter((other) => other !== term && isWithin(term, other))];
    });
    return new Map(before.filter(([, others]) => others.length > 0));
  }

  /**
   * A hit that kills sooner in its tick spares the rolls of those that would have followed on the same target: then the draws follow from
   * it, though as many have died. Adds them to `hits`.
   */
  #spareDraws(terms: readonly number[], incumbent: TickSums, candidate: TickSums, hits: Map<number, number[]>): void {
    const died = new Set<number>();
    for (const { logCount, logTerm, logEntity } of [incumbent, candidate])
      for (let index = 0; index < logCount; index++)
        if (this.#familyOf(logTerm[index] ?? 0) === FAMILY_OF_DEATHS) died.add(logEntity[index] ?? 0);
    if (died.size === 0) return;
    const isOfDead = (term: number): boolean =>
      isHit(this.#familyOf(term)) && [...entitiesOf(term, incumbent, candidate)].some((entity) => died.has(entity));
    const deadly = terms.filter(isOfDead);
    if (deadly.length === 0) return;
    for (const term of terms) if (this.#familyOf(term) === FAMILY_OF_DRAWS) hits.set(term, deadly);
  }

  #differenceOf(term: number, incumbent: TickSums, candidate: TickSums, describe: Describe): Difference {
    const known = this.#differences.get(term);
    if (known !== undefined) return known;
    const first = describe(entityOf(term, incumbent, candidate));
    const chance = { ticks: 0, sum: 0, squares: 0 };
    const difference = { ticks: 0, own: 0, chance, follows: new Map<number, number>(), first };
    this.#differences.set(term, difference);
    return difference;
  }

  #familyOf(term: number): number {
    const known = this.#families[term] ?? -1;
    if (known >= 0) return known;
    const family = familyOf(this.#vocabulary.nameOf(term));
    this.#families[term] = family;
    return family;
  }

  #explanationOf(families: ReadonlySet<number>): Explanation {
    const key = [...families].toSorted((one, other) => one - other).join(" ");
    const known = this.#explanations.get(key);
    if (known !== undefined) return known;
    if (this.#explanations.size >= KEPT_MAX) this.#explanations.clear();
    const explanation = explain(families);
    this.#explanations.set(key, explanation);
    return explanation;
  }
}

function add(into: Float64Array, term: number, value: number): void {
  into[term] = (into[term] ?? 0) + value;
}

function note(of: Map<number, number>, term: number): void {
  if (of.size < FOLLOWS_MAX || of.has(term)) of.set(term, (of.get(term) ?? 0) + 1);
}

function differing(incumbent: TickSums, candidate: TickSums): number[] {
  const terms: number[] = [];
  const isDifferent = (term: number): boolean =>
    incumbent.count[term] !== candidate.count[term] ||
    incumbent.mark[term] !== candidate.mark[term] ||
    incumbent.value[term] !== candidate.value[term];
  for (let index = 0; index < incumbent.touchedCount; index++) {
    const term = incumbent.touched[index] ?? 0;
    if (isDifferent(term)) terms.push(term);
  }
  for (let index = 0; index < candidate.touchedCount; index++) {
    const term = candidate.touched[index] ?? 0;
    if (incumbent.count[term] === 0) terms.push(term);
  }
  return terms;
}

/** The entity of the first contribution that only one side has; null when it belongs to none, or was not logged. */
function entityOf(term: number, incumbent: TickSums, candidate: TickSums): number | null {
  for (const entity of entitiesOf(term, incumbent, candidate)) return entity === 0 ? null : entity;
  return null;
}

/** The entities of contributions that only one side has, in the order of the log; 0: one that belongs to none. */
function* entitiesOf(term: number, incumbent: TickSums, candidate: TickSums): Generator<number> {
  const balance = new Map<number, number>();
  const count = ({ logCount, logTerm, logMark }: TickSums, by: number): void => {
    for (let index = 0; index < logCount; index++) {
      const mark = logMark[index] ?? 0;
      if (logTerm[index] === term) balance.set(mark, (balance.get(mark) ?? 0) + by);
    }
  };
  count(incumbent, 1);
  count(candidate, -1);
  for (const { logCount, logTerm, logEntity, logMark } of [incumbent, candidate])
    for (let index = 0; index < logCount; index++) {
      if (logTerm[index] !== term || (balance.get(logMark[index] ?? 0) ?? 0) === 0) continue;
      yield logEntity[index] ?? 0;
    }
}
