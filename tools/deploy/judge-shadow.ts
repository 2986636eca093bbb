// The judge's comparisons with the shadow: the module before, which ran the same ticks from the same states. The players may do what they
// like: both modules got the same commands.
//
//   behaviour: pass: everything equal in 1,200 ticks
//   time: the candidate took over ×1.15 in 3 of 30 blocks of 20 ticks (×1.01 in the median), evidence ×0.1, convicts at ×200

import { median } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { signBets } from "../analysis/sign-bets.ts";
import { shown, shownBeside } from "../analysis/measures.ts";
import { TIME_BLOCK_TICKS, TIME_WARM_UP_TICKS } from "../../server/protocol/shadow.ts";
import type { ShadowReport, TimeBlock } from "../../server/protocol/shadow.ts";
import type { Check, Limits, ShadowEvidence } from "./verdict.ts";

/** Checks of a report that this judge makes itself, or that say what a module costs. */
const FUEL_OF_ONE_TICK = "fuel of one tick";
const OF_COST: ReadonlySet<string> = new Set(["fuel", FUEL_OF_ONE_TICK, "time"]);
/** The only check of a report that a server without play may leave open. */
const OF_PLAY = "recording";
/** The error rate is shared by two tests. */
const TESTS = 2;
/** Of the test of slowest ticks, where life has shown slow ticks as well: six blocks in a row convict. */
const ERROR_RATE_SLOW = 0.1;
/** The least share of the compared ticks whose time has to be known. */
const TIMED_MIN = 0.8;

/** `isSlow`: the zones themselves had slow ticks. A machine that is busy gives them to both modules of the shadow alike. */
export function shadowChecks(shadow: ShadowEvidence, limits: Limits, isSlow = false): Check[] {
  const { report } = shadow;
  if (report === null) return [];
  return [
    mismatchCheck(report),
    behaviourCheck(report, limits),
    fuelCheck(report, limits),
    ...hitchChecks(report),
    ...timeChecks(shadow, report, limits, isSlow),
  ];
}

function mismatchCheck({ shadow: { zones } }: ShadowReport): Check {
  const mismatched = zones.reduce((total, zone) => total + zone.mismatched, 0);
  return {
    id: "mismatched",
    kind: "hard",
    ok: mismatched === 0,
    text: `ticks that did not give the recorded state again: ${mismatched}, none allowed`,
    numbers: { value: mismatched, limit: 0, n: null },
  };
}

function behaviourCheck(report: ShadowReport, { isIdleAllowed }: Limits): Check {
  const { verdict, reason, checks, ticks, equal } = report;
  const broken = checks.filter(({ holds }) => holds === false);
  const open = checks.filter(({ holds }) => holds === null);
  const isCostOnly = broken.length > 0 && broken.every(({ name }) => OF_COST.has(name));
  const isUnplayed = broken.length === 0 && open.every(({ name }) => name === OF_PLAY || OF_COST.has(name));
  const isUnknown = verdict === "inconclusive" && !(isIdleAllowed && isUnplayed);
  const isBad = verdict === "fail" && !isCostOnly;
  return {
    id: "behaviour",
    kind: isUnknown ? "data" : "comparison",
    ok: !isBad && !isUnknown,
    text: `behaviour: ${reason}${isCostOnly ? ` (only what it costs; all else holds in ${ticks} ticks)` : ""}`,
    numbers: { value: equal, limit: null, n: ticks },
  };
}

function fuelCheck({ fuel_ratio: ratio, ticks }: ShadowReport, { fuelRatioMax }: Limits): Check {
  const text = ratio === null ? "not measured" : `×${shownBeside(ratio, fuelRatioMax, (value) => value.toFixed(3))}`;
  return {
    id: "fuel",
    kind: ratio === null ? "data" : "comparison",
    ok: ratio !== null && ratio <= fuelRatioMax,
    text: `fuel: ${text} of the module before in ${ticks} ticks, at most ×${fuelRatioMax}`,
    numbers: { value: ratio, limit: fuelRatioMax, n: ticks },
  };
}

/** Ticks that cost far more than their shadow's, while the sum does not show it: a check of the report. */
function hitchChecks({ checks, ticks }: ShadowReport): Check[] {
  const found = checks.filter(({ name, holds }) => name === FUEL_OF_ONE_TICK && holds !== null);
  return found.map(({ holds, shown: text }) => ({
    id: "fuel_of_one_tick",
    kind: "comparison",
    ok: holds === true,
    text: `${FUEL_OF_ONE_TICK}: ${text}`,
    numbers: { value: null, limit: null, n: ticks },
  }));
}

function timeChecks(shadow: ShadowEvidence, report: ShadowReport, limits: Limits, isSlow: boolean): Check[] {
  const { blocks, blocksMissed } = shadow;
  const least = timeBlocksLeast(report, limits);
  const checks = [timeCheck(blocks, limits), slowestCheck(blocks, limits, isSlow)];
  if (blocks.length >= least || checks.some(({ ok }) => !ok)) return checks;
  const missed = blocksMissed === 0 ? "" : `, ${blocksMissed} were missed`;
  const text = `time: known of ${blocks.length} blocks of ${TIME_BLOCK_TICKS} ticks${missed}, at least ${least}`;
  const numbers = { value: blocks.length, limit: least, n: blocks.length };
  return [{ id: "time", kind: "data", ok: false, text, numbers }];
}

/** Blocks whose time has to be known. */
export function timeBlocksLeast({ shadow: { zones } }: ShadowReport, { errorRate }: Limits): number {
  const compared = zones.reduce((total, zone) => total + zone.compared, 0);
  const share = Math.floor((TIMED_MIN * (compared - TIME_WARM_UP_TICKS)) / TIME_BLOCK_TICKS);
  return Math.max(share, blocksToConvict(errorRate));
}

/** With fewer blocks nothing could be said against any module. */
export function blocksToConvict(errorRate: number): number {
  const over: boolean[] = [];
  while (signBets(over).greatest < TESTS / errorRate) over.push(true);
  return over.length;
}

/** The ordinary tick: is the block's median over the limit? */
function timeCheck(blocks: readonly TimeBlock[], { timeRatioMax, timeFloorMs, errorRate }: Limits): Check {
  const isOver = ({ log_ratio, incumbent_us, candidate_us }: TimeBlock): boolean =>
    log_ratio > Math.log(timeRatioMax) && candidate_us - incumbent_us >= timeFloorMs * 1_000;
  const over = blocks.map(isOver);
  const ratio = Math.exp(median(blocks.map(({ log_ratio }) => log_ratio)) ?? 0);
  const is = median(blocks.map(({ candidate_us }) => candidate_us));
  const was = median(blocks.map(({ incumbent_us }) => incumbent_us));
  const count = over.filter(Boolean).length;
  return convicted("time", over, errorRate, {
    text:
      `time: ${shown(was)} → ${shown(is)} µs a tick, over ×${timeRatioMax} and ${timeFloorMs * 1_000} µs in ${count} of ` +
      `${blocks.length} blocks of ${TIME_BLOCK_TICKS} ticks (×${ratio.toFixed(2)} in the median)`,
    numbers: { ratio, ratio_max: timeRatioMax, over: count, blocks: blocks.length },
  });
}

/** The slowest tick: of the blocks in which those of both modules differ clearly, in how many is it the candidate's? */
function slowestCheck(blocks: readonly TimeBlock[], limits: Limits, isSlow: boolean): Check {
  const { slowestRatioMax, slowestFloorMs, errorRate } = limits;
  const isSlower = (one: number, other: number): boolean =>
    one > slowestRatioMax * other && one - other >= slowestFloorMs * 1_000;
  const differing = blocks
    .map(({ incumbent_max_us: was, candidate_max_us: is }) => ({ worse: isSlower(is, was), better: isSlower(was, is) }))
    .filter(({ worse, better }) => worse || better);
  const over = differing.map(({ worse }) => worse);
  const count = over.filter(Boolean).length;
  return convicted("slowest_ticks", over, isSlow ? Math.max(errorRate, ERROR_RATE_SLOW) : errorRate, {
    text:
      `slowest ticks: in ${differing.length} of ${blocks.length} blocks one module's was ×${slowestRatioMax} and ` +
      `${slowestFloorMs} ms slower, in ${count} the candidate's${isSlow ? ", and the zone had slow ticks" : ""}`,
    numbers: { over: count, differing: differing.length, blocks: blocks.length },
  });
}

function convicted(
  id: string,
  over: readonly boolean[],
  errorRate: number,
  { text, numbers }: { text: string; numbers: Record<string, Measured> },
): Check {
  const { greatest } = signBets(over);
  const limit = TESTS / errorRate;
  return {
    id,
    kind: "comparison",
    ok: greatest < limit,
    text: `${text}; evidence ${shownBeside(greatest, limit)}, below ${shown(limit)}`,
    numbers: { ...numbers, value: greatest, limit, n: over.length },
  };
}
