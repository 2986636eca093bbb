// The verdict on a canary, from samples and the shadow's report alone: no clock and no socket, so that every verdict can be repeated.
//
//   judge({ zoneIds: [2], candidate: "9f3c…", during, shadow }, limitsOf(policy, 600, false))
//   // { promote: false, conclusion: "failed", reason: "behaviour: fail: Fireball damage +12 % (n 41) not expected; ...", checks: [...] }
//
// Three kinds of checks. Data: is there enough, and is it complete? Hard: what may not happen in a zone on trial. Comparison: what did the
// candidate do otherwise than the module before it, on the same ticks and from the same states? A module is promoted only when every
// check holds. Missing data fails a data check. What other zones do, and what players did before the swap, is no evidence.

import { zonesText } from "../analysis/measures.ts";
import { dataChecks } from "./evidence.ts";
import { guardChecks, hasSlowTicks } from "./guards.ts";
import { shadowChecks } from "./judge-shadow.ts";
import type { Check, JudgeInput, Limits, Verdict } from "./verdict.ts";

/** Checks by priority: the first failed one gives the reason and is printed first. */
const ORDER = ["hard", "comparison", "data"];

/** Judges a finished canary. Never throws; without enough data, the module is not promoted. */
export function judge(input: JudgeInput, limits: Limits): Verdict {
  const { zoneIds, during, shadow } = input;
  const isSlow = zoneIds.some((zoneId) => hasSlowTicks(during, zoneId, limits));
  return verdictOf([
    ...ofZones(zoneIds, (zoneId) => dataChecks(input, zoneId, limits)),
    ...ofZones(zoneIds, (zoneId) => guardChecks(during, zoneId, limits)),
    ...shadowChecks(shadow, limits, isSlow),
  ]);
}

/** Fuel varies with what happens: before the end it has to be so much over its limit, in so many ticks. */
const EARLY_FUEL_OVER = 1.25;
const EARLY_FUEL_TICKS = 40;

/**
 * The verdict before the end of the watch, when it is already beyond doubt: something happened that may not, or the shadow differs. The
 * tests of time may be looked at as often as one likes. Null while nothing is decided.
 */
export function judgeEarly(input: JudgeInput, limits: Limits): Verdict | null {
  const verdict = judge(input, limits);
  return verdict.checks.some((check) => !check.ok && isDecided(check)) ? verdict : null;
}

/** A failed check that more ticks would not change. */
export function isDecided({ id, kind, numbers }: Check): boolean {
  if (id !== "fuel") return kind !== "data";
  const { value: ratio, limit, n: ticks } = numbers;
  return (
    ratio !== null && limit !== null && ticks !== null && ticks >= EARLY_FUEL_TICKS && ratio > EARLY_FUEL_OVER * limit
  );
}

/** The least share of the ticks that the feed has to bring of zones that were promoted. */
const COVERAGE_ON_MIN = 0.5;

/**
 * Zones that run a promoted module: what may not happen, and what the shadow says, as long as there is one. `isOver`: the watch is over,
 * so the feed has to have told of it.
 */
export function judgeOn(input: JudgeInput, limits: Limits, isOver: boolean): Verdict {
  const { zoneIds, during, shadow } = input;
  const loose = { ...limits, coverageMin: COVERAGE_ON_MIN };
  const told = (zoneId: number): Check[] => dataChecks(input, zoneId, loose).filter(({ id }) => OF_FEED.has(id));
  return verdictOf([
    ...ofZones(zoneIds, (zoneId) => [...guardChecks(during, zoneId, limits), ...(isOver ? told(zoneId) : [])]),
    ...shadowChecks(shadow, limits).filter((check) => check.ok || isDecided(check)),
  ]);
}

const OF_FEED: ReadonlySet<string> = new Set(["samples", "coverage"]);

export function verdictOf(checks: readonly Check[]): Verdict {
  const held = checks.filter(({ ok }) => ok);
  const failed = checks.filter(({ ok }) => !ok).toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return { ...conclusionOf(failed, checks.length), checks: [...failed, ...held] };
}

function conclusionOf(failed: readonly Check[], count: number): Pick<Verdict, "promote" | "conclusion" | "reason"> {
  const [first] = failed;
  if (first === undefined && count > 0)
    return { promote: true, conclusion: "passed", reason: `all ${count} checks hold` };
  if (first !== undefined && first.kind !== "data") return { promote: false, conclusion: "failed", reason: first.text };
  const missing = failed.map(({ text }) => text).join("; ");
  return { promote: false, conclusion: "inconclusive", reason: missing === "" ? "nothing was measured" : missing };
}

/** Each zone that fails a check has its line; those that hold share one. */
function ofZones(zoneIds: readonly number[], checksOf: (zoneId: number) => Check[]): Check[] {
  const rows = zoneIds.map((zoneId) => checksOf(zoneId).map((check) => ({ zoneId, check })));
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, index) => rows.flatMap((row) => row[index] ?? [])).flatMap((same) => {
    const bad = same.filter(({ check }) => !check.ok);
    if (bad.length > 0) return bad.map(({ zoneId, check }) => named(check, zoneIds, [zoneId]));
    const [first] = same;
    return first === undefined ? [] : [named(first.check, zoneIds, [first.zoneId])];
  });
}

function named(check: Check, all: readonly number[], zones: readonly number[]): Check {
  if (all.length === 1) return check;
  const rest = check.ok ? `; all ${all.length} zones hold` : "";
  return { ...check, text: `${zonesText(zones)}: ${check.text}${rest}` };
}
