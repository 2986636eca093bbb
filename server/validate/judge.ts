// The verdict about a candidate, from what both kernels did. Every line has its values, limits and numbers of samples; what decided
// stands first, and is the first line of every report.
//
//   judge({ whole, zones, expectations, limits, others: [] })
//   // { verdict: "fail", class: "changed", reason: "Fireball damage +12 % (n 4,120) is not expected; everything else equal in 38,400 ticks", ... }

import type { BehaviourTerm } from "../protocol/behaviour.ts";
import { changeOf, firstInWords, numberInWords, sumsOf, termInWords } from "../protocol/behaviour-words.ts";
import { holdExpectations } from "../protocol/expectation-verdict.ts";
import type { ExpectationLine } from "../protocol/expectation-verdict.ts";
import { matches, ofTicks } from "../protocol/expectations.ts";
import type { Expectation } from "../protocol/expectations.ts";
import type { BehaviourClass, ValidationCheck, ValidationVerdict } from "../protocol/validation.ts";
import { fuelChecks } from "./fuel-checks.ts";
import { isBreach, isHarmless } from "./harmless.ts";
import type { MergedTerm, Whole } from "./merge.ts";
import { trapInWords } from "./extra-checks.ts";
import { RECORDING_MIN, recordingChecks } from "./recording-checks.ts";
import type { RecordingMin } from "./recording-checks.ts";
import type { ZoneValidation } from "./zone-validation.ts";

export interface JudgeLimits {
  /** The candidate's fuel over the incumbent's. */
  fuelRatioMax: number;
  /** Standard errors from which on a difference is no chance any more. */
  zMax: number;
}

export interface Evidence {
  whole: Whole;
  zones: readonly ZoneValidation[];
  expectations: readonly Expectation[];
  limits: JudgeLimits;
  /** Lines of other parts: free runs, random commands, time. */
  others: readonly ValidationCheck[];
  /** Terms of what random commands brought about: what is expected and was not recorded may have happened there. */
  made?: readonly BehaviourTerm[];
  /** The recording is a short stretch: it needs this, and what is expected need not have happened in it. Null: it is not. */
  short?: RecordingMin | null;
}

export interface Judgement {
  verdict: ValidationVerdict;
  class: BehaviourClass;
  reason: string;
  checks: ValidationCheck[];
  terms: BehaviourTerm[];
}

/** Differing ticks that it takes to say that only the order of draws has changed. */
const DRAW_TICKS_MIN = 30;
/** Terms that the first line names. */
const NAMED_MAX = 2;

export function judge(evidence: Evidence): Judgement {
  const { whole, zones, expectations, limits, others, made = [], short = null } = evidence;
  const terms = whole.terms.map((term) => withoutLuck(term, limits));
  const behaviour = classOf(terms, whole, limits);
  const isLuck = behaviour === "draw_order";
  const isSpared = (term: MergedTerm): boolean => isHarmless(term) || isBreach(term) || (isLuck && term.ticks > 0);
  const judged = terms.filter((term) => !isSpared(term));
  // In no ticks nothing can have happened, and that is nothing against the candidate.
  const isShort = short !== null || whole.ticks === 0;
  const inTicks = ofTicks(expectations);
  const lines = holdExpectations(inTicks, judged, isShort).lines.map((line) => alsoMade(line, inTicks, made));
  const checks = [
    ...trapChecks(whole),
    ...brokenChecks(terms),
    ...lines.filter(isTold).map((line) => ({ name: line.what, holds: line.holds, shown: shownOf(line) })),
    ...(isLuck ? [luckCheck(terms, limits)] : []),
    equalCheck(whole, terms, behaviour),
    ...fuelChecks(whole, limits.fuelRatioMax),
    ...others,
    ...recordingChecks(whole, zones, short ?? RECORDING_MIN),
  ];
  const sorted = [...checks.filter(failed), ...checks.filter(untold), ...checks.filter(({ holds }) => holds === true)];
  const verdict = checks.some(failed) ? "fail" : checks.some(untold) ? "inconclusive" : "pass";
  const reason = reasonOf(sorted[0], terms, whole, lines, behaviour);
  return { verdict, class: behaviour, reason, checks: sorted, terms: terms.map(plain) };
}

const failed = ({ holds }: ValidationCheck): boolean => holds === false;
const untold = ({ holds }: ValidationCheck): boolean => holds === null;

/** Of what is expected nothing was recorded: then what random commands brought about decides, if they did. */
function alsoMade(
  line: ExpectationLine,
  expectations: readonly Expectation[],
  made: readonly BehaviourTerm[],
): ExpectationLine {
  const expectation = expectations.find(({ table }) => table === line.table);
  if (line.holds || line.incumbent !== null || expectation === undefined) return line;
  const own = made.filter(({ what }) => matches(expectation.what, what));
  const { lines } = holdExpectations([expectation], own);
  const [first] = lines;
  if (first === undefined || first.incumbent === null || !lines.every(({ holds }) => holds)) return line;
  return { ...line, holds: true, text: `${line.what}: not recorded; with random commands ${shownOf(first)}` };
}

/** What follows from others needs no line: its cause has one. */
const isTold = ({ holds, expected, follows }: ExpectationLine): boolean =>
  expected !== null || (!holds && follows.length === 0);

const isUnexpected = ({ holds, incumbent, follows }: ExpectationLine): boolean =>
  !holds && incumbent !== null && follows.length === 0;

function shownOf({ text, what }: ExpectationLine): string {
  return text.startsWith(`${what}: `) ? text.slice(what.length + 2) : text;
}

/** A difference that another number of draws explains, but that is too large or too one-sided for chance, is the code's. */
function withoutLuck(term: MergedTerm, { zMax }: JudgeLimits): MergedTerm {
  const isChance = term.what === "draws" || Math.abs(zOf(term)) <= zMax;
  return isChance ? term : { ...term, own: Math.max(term.own, term.chance.ticks) };
}

/** Standard errors by which the differences that another number of draws explains lie from 0. */
export function zOf({ chance: { sum, squares } }: Pick<MergedTerm, "chance">): number {
  return squares === 0 ? 0 : sum / Math.sqrt(squares);
}

function classOf(terms: readonly MergedTerm[], whole: Whole, limits: JudgeLimits): BehaviourClass {
  if (whole.traps.count > 0) return "trap";
  const own = terms.filter((term) => term.own > 0);
  if (own.some(isBreach)) return "corrupt";
  const serious = own.filter((term) => !isHarmless(term));
  if (serious.length === 0) return own.length + whole.added.length + whole.dropped.length > 0 ? "added" : "identical";
  return serious.every((term) => isBalanced(term, limits)) ? "draw_order" : "changed";
}

/** Draws that are now more and now fewer, as when two rolls change places; not one more each time. */
function isBalanced(term: MergedTerm, { zMax }: JudgeLimits): boolean {
  return term.what === "draws" && term.chance.ticks >= DRAW_TICKS_MIN && Math.abs(zOf(term)) <= zMax;
}

function trapChecks({ traps, ticks }: Whole): ValidationCheck[] {
  const { count, first } = traps;
  if (first === null) return [{ name: "traps", holds: true, shown: `0 in ${numberInWords(ticks)} ticks, limit 0` }];
  const shown = `${count} in ${numberInWords(ticks)} ticks, limit 0; first ${trapInWords(first)}`;
  return [{ name: "traps", holds: false, shown }];
}

function brokenChecks(terms: readonly MergedTerm[]): ValidationCheck[] {
  return terms
    .filter((term) => isBreach(term) && term.own > 0)
    .map((term) => {
      const where = term.first === null ? "" : `; first ${firstInWords(term.first)}`;
      const shown = `${sumsOf(term)} times in ${numberInWords(term.ticks)} ticks, limit: no more than the incumbent${where}`;
      return { name: term.what, holds: false, shown };
    });
}

function luckCheck(terms: readonly MergedTerm[], { zMax }: JudgeLimits): ValidationCheck {
  const differing = terms.filter((term) => term.ticks > 0);
  const most = differing.reduce((z, term) => Math.max(z, Math.abs(zOf(term))), 0);
  const ticks = Math.max(0, ...differing.map(({ ticks: each }) => each));
  const shown = `${differing.length} terms differ in ${numberInWords(ticks)} ticks in which the draws do, by ${most.toFixed(1)} standard errors at most, limit ${zMax}`;
  return { name: "order of draws", holds: true, shown };
}

/** How much is equal, byte by byte. It always holds: that something differs is judged term by term. */
function equalCheck(whole: Whole, terms: readonly MergedTerm[], behaviour: BehaviourClass): ValidationCheck {
  const { ticks, equal } = whole;
  const differing = terms.filter((term) => term.ticks > 0).length;
  const share = `states, events, frames and draws equal, byte by byte, after ${numberInWords(equal)} of ${numberInWords(ticks)} ticks`;
  const shown = `${share}; ${differing} of ${terms.length} terms differ`;
  return { name: behaviour.replaceAll("_", " "), holds: ticks > 0 ? true : null, shown };
}

/** The first line of a report. `first`: the line that decided. */
function reasonOf(
  first: ValidationCheck | undefined,
  terms: readonly MergedTerm[],
  { ticks, equal }: Whole,
  lines: readonly ExpectationLine[],
  behaviour: BehaviourClass,
): string {
  const inTicks = `in ${numberInWords(ticks)} ticks`;
  const decides = first !== undefined && first.holds !== true;
  const unexpected = new Set(lines.filter(isUnexpected).map(({ what }) => what));
  if (decides && !unexpected.has(first.name)) return `${first.name}: ${first.shown}`;
  const expected = new Set(lines.flatMap((line) => (line.expected === null ? [] : [line.what])));
  const named = terms.filter(({ what, ticks: each }) =>
    decides ? unexpected.has(what) : each > 0 && expected.has(what),
  );
  const isRest = terms.some((term) => term.ticks > 0 && term.own === 0 && !named.includes(term));
  const rest = `everything else equal${isRest ? ", or following from it," : ""} ${inTicks}`;
  if (named.length > 0) return `${namedInWords(named)} ${decides ? "not expected" : "as expected"}; ${rest}`;
  if (behaviour !== "draw_order")
    return `${behaviour === "added" ? "equal but for what it adds" : "everything equal"} ${inTicks}`;
  return `only the order of draws differs, in ${numberInWords(ticks - equal)} of ${numberInWords(ticks)} ticks`;
}

function namedInWords(named: readonly MergedTerm[]): string {
  const words = named
    .slice(0, NAMED_MAX)
    .map((term) => `${termInWords(term.what)} ${changeInWords(term)} (n ${numberInWords(term.n)})`);
  return `${words.join(", ")}${named.length > NAMED_MAX ? ` and ${named.length - NAMED_MAX} more` : ""}`;
}

function changeInWords(term: MergedTerm): string {
  const change = changeOf(term);
  return change.endsWith("%") ? change : `${change}, ${sumsOf(term)}`;
}

function plain({ what, incumbent, candidate, n, ticks, own, follows, first }: MergedTerm): BehaviourTerm {
  return { what, incumbent, candidate, n, ticks, own, follows, first };
}
