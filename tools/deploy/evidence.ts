// Whether there is enough to judge by: the canary zones' ticks, complete and with all of their values, run by the candidate, with
// players, and compared by the shadow. What is missing is said, and never counts as good.

import { known, mapped, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { shownBeside } from "../analysis/measures.ts";
import type { ZoneTick } from "./samples.ts";
import type { Check, JudgeInput, Limits } from "./verdict.ts";

/** What a zone told since the swap. */
export function dataChecks(input: JudgeInput, zoneId: number, limits: Limits): Check[] {
  const ticks = input.during.ticksOf(zoneId);
  return [
    samplesCheck(input.during.arrival(zoneId).arrived, limits),
    coverageCheck(input, zoneId, limits),
    valuesCheck(input, zoneId, ticks),
    candidateCheck(input, ticks),
    comparedCheck(input, zoneId, ticks, limits),
    ...(limits.isIdleAllowed ? [] : [playersCheck(ticks, limits), castsCheck(ticks, limits)]),
  ];
}

function samplesCheck(ticks: number, { ticks: wanted, coverageMin }: Limits): Check {
  const least = Math.ceil(wanted * coverageMin);
  return {
    id: "samples",
    kind: "data",
    ok: ticks >= least,
    text: `samples: ${ticks} ticks after the swap, at least ${least}`,
    numbers: { value: ticks, limit: least, n: ticks },
  };
}

function coverageCheck({ during }: JudgeInput, zoneId: number, { coverageMin }: Limits): Check {
  const { arrived, expected } = during.arrival(zoneId);
  const coverage = expected === 0 ? 0 : arrived / expected;
  return {
    id: "coverage",
    kind: "data",
    ok: coverage >= coverageMin,
    text: `feed: ${arrived} of ${expected} ticks arrived (${percent(coverage, coverageMin)}), at least ${percent(coverageMin)}`,
    numbers: { value: coverage, limit: coverageMin, n: expected, arrived },
  };
}

function valuesCheck({ during }: JudgeInput, zoneId: number, ticks: readonly ZoneTick[]): Check {
  const lacking = Object.entries(during.lacking(zoneId)).map(([name, count]) => `${count} ticks lack ${name}`);
  return {
    id: "values",
    kind: "data",
    ok: lacking.length === 0,
    text: `values: ${lacking.length === 0 ? `nothing is missing in ${ticks.length} ticks` : lacking.join(", ")}, none may be`,
    numbers: { value: lacking.length, limit: 0, n: ticks.length },
  };
}

function candidateCheck({ candidate }: JudgeInput, ticks: readonly ZoneTick[]): Check {
  const own = ticks.filter(({ kernel }) => kernel === candidate).length;
  return {
    id: "candidate_runs",
    kind: "data",
    ok: ticks.length > 0 && own === ticks.length,
    text: `module: ${own} of ${ticks.length} ticks were run by the candidate, all must be`,
    numbers: { value: own, limit: ticks.length, n: ticks.length },
  };
}

/** A shadow that yields to the players compares some ticks only: as many as were to be watched, in a longer watch, and this share of all. */
const COMPARED_SHARE_MIN = 0.5;

/** How many ticks of a zone the shadow has to compare, when it ran so many. */
export function comparedLeast(ran: number, { ticks, comparedMin }: Limits): number {
  return Math.max(1, Math.ceil(ticks * comparedMin), Math.ceil(ran * comparedMin * COMPARED_SHARE_MIN));
}

/** As many of the zone's ticks as the feed tells of, at most as many as the shadow itself looked at. */
function comparedCheck({ shadow }: JudgeInput, zoneId: number, ticks: readonly ZoneTick[], limits: Limits): Check {
  const ran = ticksRun(ticks);
  const least = comparedLeast(ran, limits);
  const zone = shadow.report?.shadow.zones.find(({ zone_id: id }) => id === zoneId);
  const compared = zone?.compared ?? 0;
  const looked = zone === undefined ? 0 : zone.to_tick - zone.from_tick + 1;
  const isPossible = compared <= looked && (zone?.equal ?? 0) <= compared;
  const why = shadow.problem ?? (zone === undefined ? "it said nothing of this zone" : null);
  return {
    id: "compared",
    kind: "data",
    ok: isPossible && compared >= least,
    text:
      `shadow: ${compared} of ${ran} ticks compared with the module before, at least ${least}` +
      (isPossible ? "" : ", which can not be: it looked at fewer") +
      (why === null ? "" : ` (${why})`),
    numbers: { value: compared, limit: least, n: ran, equal: zone?.equal ?? null, skipped: zone?.skipped ?? null },
  };
}

/** From the first tick that arrived to the last. */
export function ticksRun(ticks: readonly ZoneTick[]): number {
  const [first, last] = [ticks[0], ticks.at(-1)];
  return first === undefined || last === undefined ? 0 : last.tick - first.tick + 1;
}

function playersCheck(ticks: readonly ZoneTick[], { peopledMin }: Limits): Check {
  const peopled = ticks.filter(({ players }) => players !== null && players >= 1).length;
  const least = Math.max(1, Math.ceil(ticks.length * peopledMin));
  const mean = meanPlayers(ticks);
  return {
    id: "players",
    kind: "data",
    ok: peopled >= least,
    text: `players: in ${peopled} of ${ticks.length} ticks, at least ${least} (${shown(mean)} on average; --allow-idle waives this)`,
    numbers: { value: peopled, limit: least, n: ticks.length, mean },
  };
}

function castsCheck(ticks: readonly ZoneTick[], { castsMin }: Limits): Check {
  const started = sum(known(ticks.map(({ castsStarted }) => castsStarted)));
  return {
    id: "casts_seen",
    kind: "data",
    ok: started !== null && started >= castsMin,
    text: `casts to judge by: ${started ?? "none"} started in ${ticks.length} ticks, at least ${castsMin} (--allow-idle waives this)`,
    numbers: { value: started, limit: castsMin, n: ticks.length },
  };
}

export const meanPlayers = (ticks: readonly ZoneTick[]): Measured =>
  mapped(sum(known(ticks.map(({ players }) => players))), (total) => total / ticks.length);

const shown = (value: Measured): string => (value === null ? "unknown" : value.toFixed(1));
const whole = (hundredths: number): string => hundredths.toFixed(0);

/** With the limit that it was compared with, if any, in enough digits to differ from it. */
export function percent(share: number, limit?: number): string {
  return `${limit === undefined ? Number((share * 100).toFixed(1)) : shownBeside(share * 100, limit * 100, whole)} %`;
}
