// What free runs say of a candidate (free-run.ts): each measure with both distributions, z and limit, and a verdict in words.
//
//   freeVerdict(options, pairs, traps, false)
//   // { verdict: "differs", holds: false, measures: [{ name: "threat_entries", z: 21.3, ... }, ...], text: "..." }
//
// A measure is judged in the whole runs and in their second halves, and the greater z counts. What differs beyond chance has to be
// expected, as "free.kills"; what follows in minutes from a change that was expected of a tick is no exception. Fuel has a limit.

import type { BehaviourTerm } from "../protocol/behaviour.ts";
import { holdExpectations } from "../protocol/expectation-verdict.ts";
import { FREE_RUNS, ofFreeRuns } from "../protocol/expectations.ts";
import { MEASURES } from "./free-measures.ts";
import type { Measure } from "./free-measures.ts";
import type { Window } from "./free-meter.ts";
import type { FreePair, FreeRunOptions, FreeTrap } from "./free-samples.ts";
import { distributionOf, zOf } from "./two-samples.ts";
import type { Distribution } from "./two-samples.ts";

export interface FreeMeasure {
  name: string;
  kind: Measure["kind"];
  /** Of the runs in which the candidate differs most: the whole ones, or their second halves. */
  window: Window;
  incumbent: Distribution;
  candidate: Distribution;
  z: number;
  zMax: number;
  /** The ratio of both means above which a z over the limit counts; 1: any. */
  ratioMin: number;
  /** Beyond chance, and beyond the ratio. */
  differs: boolean;
  /** It fails: it differs and is not expected, or is expected and does not differ. */
  fails: boolean;
  text: string;
}

export interface FreeRunResult {
  /** `unclear`: interrupted, or too few runs of both modules came to their end. */
  verdict: "equal" | "within" | "differs" | "trap" | "unclear";
  holds: boolean;
  /** Of each module, to their end. */
  runs: number;
  /** Of each module, in all these runs. */
  ticks: number;
  /** Runs in which both modules had the same states to the end. */
  equalRuns: number;
  /** Those that fail first, then the greatest |z|. */
  measures: FreeMeasure[];
  traps: FreeTrap[];
  text: string;
}

const NAMED_MAX = 3;
/** Of the runs that were asked for. */
const RUNS_SHARE_MIN = 0.75;

export function freeVerdict(
  options: FreeRunOptions,
  pairs: readonly FreePair[],
  traps: readonly FreeTrap[],
  isAborted: boolean,
): FreeRunResult {
  const ticks = pairs.reduce((sum, { stretch }) => sum + (options.stretches[stretch]?.batches.length ?? 0), 0);
  const found = judged(options, pairs);
  const failing = failuresOf(options, found);
  const measures = found
    .map((measure): FreeMeasure => ({ ...measure, fails: failing.has(measure.name) }))
    .toSorted((one, other) => Number(other.fails) - Number(one.fails) || Math.abs(other.z) - Math.abs(one.z));
  const equalRuns = pairs.filter((pair) => pair.firstDifference === null && areSame(pair)).length;
  const result = { runs: pairs.length, ticks, equalRuns, measures, traps: [...traps] };
  const trap = traps.find(({ ofCandidate }) => ofCandidate);
  if (trap !== undefined) {
    const text = `The candidate traps in zone ${trap.zone} at tick ${trap.tick}: ${trap.message}.`;
    return { ...result, verdict: "trap", holds: false, text };
  }
  if (measures.length > 0 && failing.size > 0) {
    const text = `In ${pairs.length} free runs the candidate goes elsewhere: ${wordsOf(measures, failing)}.`;
    return { ...result, verdict: "differs", holds: false, text };
  }
  if (isAborted || measures.length === 0 || pairs.length < options.runs * RUNS_SHARE_MIN) {
    const why = isAborted ? "it was interrupted" : `the running module traps itself in ${traps.length} runs`;
    const text = `Free runs say nothing: ${pairs.length} of ${options.runs} came to their end, because ${why}.`;
    return { ...result, verdict: "unclear", holds: false, text };
  }
  const many = `${pairs.length} free runs of ${ticks.toLocaleString("en-US")} ticks in all`;
  if (equalRuns === pairs.length)
    return { ...result, verdict: "equal", holds: true, text: `Both modules do the same in ${many}.` };
  const expected = measures.filter(({ differs }) => differs).map(({ text }) => text);
  const most = measures.find(({ differs, kind }) => !differs && kind !== "cost")?.text ?? "nothing";
  const parts = [...expected.map((each) => `${each}, as expected`), `within chance, most of all ${most}`];
  const text = `Nothing builds up in ${many}: ${parts.join("; ")}.`;
  return { ...result, verdict: "within", holds: true, text };
}

/** By name of a measure, or of what was expected in vain, why it fails. */
function failuresOf(options: FreeRunOptions, measures: readonly FreeMeasure[]): Map<string, string> {
  const cost = measures.filter(({ kind, differs }) => kind === "cost" && differs);
  const terms = measures.filter(({ kind }) => kind !== "cost").map((measure) => termOf(measure, options));
  const { lines } = holdExpectations(ofFreeRuns(options.expectations), terms);
  return new Map([
    ...cost.map(({ name }) => [name, "over its limit"] as const),
    ...lines
      .filter(({ holds }) => !holds)
      .map(({ what, expected }) => {
        const why = expected === null ? "not expected" : `expected ${expected}`;
        return [what.slice(FREE_RUNS.length), why] as const;
      }),
  ]);
}

/** Within chance both did the same. */
function termOf({ name, incumbent, candidate, differs }: FreeMeasure, { stretches }: FreeRunOptions): BehaviourTerm {
  const [first] = stretches;
  const place = { zone: first?.zone ?? 0, tick: (first?.tick ?? 0) + 1, entity: null, who: null, command: null };
  const ticks = differs ? incumbent.n : 0;
  return {
    what: `${FREE_RUNS}${name}`,
    incumbent: incumbent.mean,
    candidate: differs ? candidate.mean : incumbent.mean,
    n: incumbent.n,
    ticks,
    own: ticks,
    follows: [],
    first: differs ? place : null,
  };
}

function wordsOf(measures: readonly FreeMeasure[], failing: ReadonlyMap<string, string>): string {
  const named = [...failing]
    .map(([name, why]) => ({ why, text: measures.find((each) => each.name === name)?.text ?? name, name }))
    .toSorted((one, other) => placeIn(measures, one.name) - placeIn(measures, other.name));
  const shown = named.slice(0, NAMED_MAX).map(({ text, why }) => `${text}, ${why}`);
  return [...shown, ...(named.length > NAMED_MAX ? [`and ${named.length - NAMED_MAX} more`] : [])].join("; ");
}

/** What no measure has the name of comes last. */
function placeIn(measures: readonly FreeMeasure[], name: string): number {
  const place = measures.findIndex((each) => each.name === name);
  return place < 0 ? measures.length : place;
}

/** Hashes can not be compared across layouts, and do not see what nobody is told: then the measures decide. */
function areSame({ incumbent, candidate }: FreePair): boolean {
  return MEASURES.every(
    ({ kind }, index) => kind === "cost" || Object.is(incumbent.whole[index], candidate.whole[index]),
  );
}

function judged(options: FreeRunOptions, pairs: readonly FreePair[]): FreeMeasure[] {
  return MEASURES.flatMap((measure, index) => {
    const [whole, late] = (["whole", "late"] as const).map((window) =>
      inWindow(options, pairs, measure, index, window),
    );
    if (whole === undefined || late === undefined || whole === null || late === null) return [];
    return [Math.abs(late.z) > Math.abs(whole.z) ? late : whole];
  });
}

function inWindow(
  options: FreeRunOptions,
  pairs: readonly FreePair[],
  measure: Measure,
  index: number,
  window: Window,
): FreeMeasure | null {
  const valuesOf = (of: readonly FreePair[], who: "incumbent" | "candidate"): number[] =>
    of.map((pair) => pair[who][window][index] ?? Number.NaN);
  const strata = options.stretches.flatMap((_, stretch) => {
    const own = pairs.filter((pair) => pair.stretch === stretch);
    return own.length < 2 ? [] : [{ one: valuesOf(own, "incumbent"), other: valuesOf(own, "candidate") }];
  });
  if (strata.length === 0) return null;
  const z = zOf(strata);
  const incumbent = distributionOf(strata.flatMap(({ one }) => one));
  const candidate = distributionOf(strata.flatMap(({ other }) => other));
  const ratioMin = measure.kind === "cost" ? options.fuelRatioMax : 1;
  // A z that is no number comes from a sum that is none, and no sound module has one.
  const differs = !(Math.abs(z) <= options.zMax) && isBeyond(incumbent.mean, candidate.mean, ratioMin);
  const figures = {
    name: measure.name,
    kind: measure.kind,
    window,
    incumbent,
    candidate,
    z,
    zMax: options.zMax,
    ratioMin,
  };
  return { ...figures, differs, fails: false, text: textOf(figures) };
}

/** With a ratio of 1 every difference counts; with another one only a rise above it. */
function isBeyond(incumbent: number, candidate: number, ratioMin: number): boolean {
  return ratioMin === 1 || !(candidate <= incumbent * ratioMin);
}

function textOf({
  name,
  window,
  incumbent,
  candidate,
  z,
  zMax,
  ratioMin,
}: Omit<FreeMeasure, "differs" | "fails" | "text">): string {
  const when = window === "late" ? " in the second half" : "";
  const floor = ratioMin === 1 ? "" : `, at least ×${ratioMin}`;
  return `${name}${when} ${spread(incumbent)} → ${spread(candidate)} (z ${z.toFixed(1)}, limit ${zMax}${floor}, n ${incumbent.n})`;
}

function spread({ mean, sd }: Distribution): string {
  const digits = Math.abs(mean) >= 100 ? 0 : Math.abs(mean) >= 1 ? 1 : 3;
  const shown = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return `${shown(mean)} ± ${shown(sd)}`;
}
