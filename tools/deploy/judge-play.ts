// The judge's look at the play: is there enough of it to judge by, and do casts still begin, complete, and get accepted?
//
//   casts completed of started: 61/80 (76 %) → 0/141 (0 %), 0 % kept, at least 10 %, p = 2e-34
//
// Control zones may excuse what happens to casts and refusals, but only those that have enough of them, and in which play
// went on: where nobody casts, or everybody stopped, there is nothing to compare with.

import { both, difference, isBelow, mapped, median, ratio, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { shownBeside, shownP } from "../analysis/measures.ts";
import { areSamePlayers, meanPlayers, PLAYERS_NEGLIGIBLE } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import type { Check, Thresholds } from "./verdict.ts";
import type { ZoneTick } from "./samples.ts";
import { sharesDifferP } from "../analysis/statistics.ts";

/** For figures a second; the tick rate of a server is 20 Hz unless it was told otherwise, and only ratios decide. */
const TICKS_PER_SECOND = 20;
/** Of so few casts nothing can be told, in the canary zone or in another. */
const CASTS_FEW = 30;
const COMMANDS_FEW = 100;
/** A control zone that keeps less of its casts than that has troubles of its own. */
const CONTROL_KEPT_MIN = 0.5;

/** Whether the windows show enough of the same play to be compared at all. */
export function loadChecks({ before, after }: Evidence, thresholds: Thresholds): Check[] {
  const { playersRatioMax, castsMin } = thresholds;
  const was = meanPlayers(before);
  const is = meanPlayers(after);
  const isSame = areSamePlayers(was, is, thresholds);
  const isOver = both(was, is, (a, b) => Math.max(a, b) - playersRatioMax * Math.min(a, b));
  const isNegligible = isSame && isOver !== null && isOver > 0;
  const started = sum(before.map((tick) => tick.castsStarted));
  return [
    {
      id: "players",
      kind: "data",
      ok: isSame,
      text:
        `players in the zone: ${shown(was)} → ${shown(is)}, the means of ${before.length} and ${after.length} ticks, ` +
        `comparable up to ×${playersRatioMax}` +
        (isNegligible ? `; over the limit, but by fewer than the ${PLAYERS_NEGLIGIBLE} that matter` : ""),
      numbers: { before: was, after: is, ratio_max: playersRatioMax, floor: PLAYERS_NEGLIGIBLE },
    },
    {
      id: "casts_seen",
      kind: "data",
      ok: started !== null && started >= castsMin,
      text:
        `casts to judge by: ${started ?? "an unknown number"} started in ${before.length} ticks before the swap, ` +
        `at least ${castsMin} (--allow-idle waives this)`,
      numbers: { before: started, min: castsMin },
    },
  ];
}

/**
 * Casts that get finished, casts that get begun, and commands refused. What players do swings widely by itself within
 * seconds (a crowd that kills one creature interrupts its own casts), so only what play does not do is held against a
 * module: limits far out, and more than chance explains.
 */
export function castChecks(evidence: Evidence, thresholds: Thresholds): Check[] {
  const play: Play = {
    before: totals(evidence.before),
    after: totals(evidence.after),
    controls: evidence.controls.map((zone) => ({ before: totals(zone.before), after: totals(zone.after) })),
    isIdleAllowed: thresholds.castsMin === 0,
  };
  return [completionCheck(play, thresholds), startsCheck(play, thresholds), refusalsCheck(play, thresholds)];
}

interface Windows {
  before: Totals;
  after: Totals;
}

interface Play extends Windows {
  controls: Windows[];
  isIdleAllowed: boolean;
}

function completionCheck(play: Play, thresholds: Thresholds): Check {
  const { castCompletionKeptMin: keptMin, alpha } = thresholds;
  const { before, after } = play;
  const figures = {
    started_before: before.started,
    completed_before: before.completed,
    started_after: after.started,
    completed_after: after.completed,
  };
  const text = `casts completed of started: ${part(before.completed, before.started)} → ${part(after.completed, after.started)}`;
  // That none are begun any more is for the next check to say.
  if (after.started === 0 || isTooLittle(play)) return tooLittle("cast_completion", text, figures, play);
  const { kept, controls } = keptOf(completionShare, play);
  const p = chance([after.completed, after.started], [before.completed, before.started]);
  return {
    ...keptCheck(
      "cast_completion",
      `${text}, ${keptText(kept, keptMin, controls)}, p = ${shownP(p, alpha)}`,
      kept,
      keptMin,
      p,
      alpha,
    ),
    numbers: { ...figures, kept, kept_min: keptMin, p, alpha, control_zones: controls },
  };
}

function startsCheck(play: Play, { castStartsKeptMin: keptMin }: Thresholds): Check {
  const { before, after } = play;
  const figures = { started_before: before.started, started_after: after.started };
  const text =
    `casts started per player and second: ${shown(startsPerPlayerSecond(before), 2)} → ` +
    `${shown(startsPerPlayerSecond(after), 2)} (${before.started ?? "?"} and ${after.started ?? "?"} casts)`;
  if (isTooLittle(play)) return tooLittle("cast_starts", text, figures, play);
  const { kept, controls } = keptOf(startsPerPlayerSecond, play);
  return {
    ...keptCheck("cast_starts", `${text}, ${keptText(kept, keptMin, controls)}`, kept, keptMin, 0, 1),
    numbers: { ...figures, kept, kept_min: keptMin, control_zones: controls },
  };
}

function refusalsCheck({ before, after, controls }: Play, thresholds: Thresholds): Check {
  const { refusedShareRiseMax: riseMax, alpha } = thresholds;
  const usable = controls.filter((zone) =>
    [zone.before, zone.after].every(({ commands }) => commands !== null && commands >= COMMANDS_FEW),
  );
  const excused = Math.max(0, median(usable.map((zone) => riseOfRefusals(zone))) ?? 0);
  const rise = riseOfRefusals({ before, after });
  const netRise = mapped(rise, (value) => value - excused);
  const p = chance([before.refused, before.commands], [after.refused, after.commands]);
  const isMeasured = netRise !== null && p !== null;
  const isOver = isMeasured && netRise > riseMax;
  return {
    id: "refusals",
    kind: isMeasured ? "comparison" : "data",
    ok: isMeasured && !(isOver && p < alpha),
    text:
      `commands refused: ${part(before.refused, before.commands)} → ${part(after.refused, after.commands)}, ` +
      `net rise ${percent(netRise, riseMax)} (${controlsText(usable.length)}), at most ${percent(riseMax)}, p = ${shownP(p, alpha)}` +
      (isOver && p >= alpha ? `; over the limit, but p is not under ${alpha}` : ""),
    numbers: { rise, net_rise: netRise, net_rise_max: riseMax, p, alpha, control_zones: usable.length },
  };
}

/** Too few casts before the swap to lose any; whether that matters is for "casts to judge by" to say. */
const isTooLittle = ({ before }: Play): boolean => before.started !== null && before.started < CASTS_FEW;

function tooLittle(id: string, text: string, numbers: Check["numbers"], play: Play): Check {
  const isFew = isTooLittle(play);
  const why = isFew ? `fewer than ${CASTS_FEW} before the swap` : "none after the swap";
  return { id, kind: "data", ok: !isFew || play.isIdleAllowed, text: `${text}: not compared, ${why}`, numbers };
}

/** Holds when enough was kept, or when chance may have taken it; what was not measured is no proof of either. */
function keptCheck(
  id: string,
  text: string,
  kept: Measured,
  keptMin: number,
  p: Measured,
  alpha: number,
): Omit<Check, "numbers"> {
  if (kept === null || p === null) return { id, kind: "data", ok: false, text };
  const isOver = kept < keptMin;
  const excuse = isOver && p >= alpha ? `; over the limit, but p is not under ${alpha}` : "";
  return { id, kind: "comparison", ok: !(isOver && p < alpha), text: `${text}${excuse}` };
}

/** What is left of a rate, where control zones that keep theirs may excuse a fall; and how many such zones there are. */
function keptOf(
  rate: (of: Totals) => Measured,
  { before, after, controls }: Play,
): { kept: Measured; controls: number } {
  const changes = controls
    .filter(({ before: { started } }) => started !== null && started >= CASTS_FEW)
    .map((zone) => ratio(rate(zone.after), rate(zone.before)))
    .filter((change) => change !== null && change >= CONTROL_KEPT_MIN);
  const excused = Math.min(1, median(changes) ?? 1);
  const kept = mapped(ratio(rate(after), rate(before)), (value) => value / excused);
  return { kept, controls: changes.length };
}

interface Totals {
  started: Measured;
  completed: Measured;
  refused: Measured;
  commands: Measured;
  playerTicks: Measured;
}

function totals(ticks: readonly ZoneTick[]): Totals {
  return {
    started: sum(ticks.map((tick) => tick.castsStarted)),
    completed: sum(ticks.map((tick) => tick.castsCompleted)),
    refused: sum(ticks.map((tick) => tick.refused)),
    commands: sum(ticks.map((tick) => tick.commands)),
    playerTicks: sum(ticks.map((tick) => tick.players)),
  };
}

/** Of all; some complete that were started before the window, and a share is not more than all. */
const shareOf = (some: Measured, all: Measured): Measured => mapped(ratio(some, all), (value) => Math.min(1, value));
const completionShare = (of: Totals): Measured => shareOf(of.completed, of.started);
const startsPerPlayerSecond = (of: Totals): Measured =>
  mapped(ratio(of.started, of.playerTicks), (value) => value * TICKS_PER_SECOND);

/** Where nothing was asked for, nothing was refused. */
const refusedShare = (of: Totals): Measured => (of.commands === 0 ? 0 : shareOf(of.refused, of.commands));
const riseOfRefusals = ({ before, after }: Windows): Measured => difference(refusedShare(after), refusedShare(before));

/** The chance that the second share is so much larger; null when one is not known. */
function chance(low: [Measured, Measured], high: [Measured, Measured]): Measured {
  const [a, b] = low;
  const [c, d] = high;
  return a === null || b === null || c === null || d === null ? null : sharesDifferP([a, b], [c, d]);
}

const keptText = (kept: Measured, keptMin: number, controls: number): string =>
  `${percent(kept, keptMin)} kept (${controlsText(controls)}), at least ${percent(keptMin)}`;
const controlsText = (controls: number): string =>
  controls === 0 ? "own past only" : `net of ${controls} control ${controls === 1 ? "zone" : "zones"}`;
/** "61/80 (76 %)"; more than all is said as it is, without a share. */
function part(some: Measured, all: Measured): string {
  const share = isBelow(all, 1) || both(some, all, (a, b) => a - b) === null ? null : ratio(some, all);
  const shownShare = share === null || share > 1 ? "" : ` (${percent(share)})`;
  return `${some ?? "?"}/${all ?? "?"}${shownShare}`;
}
const shown = (value: Measured, digits = 1): string => (value === null ? "unknown" : value.toFixed(digits));
const whole = (hundredths: number): string => String(Math.round(hundredths) || 0);

/** Beside the limit it is compared with, where there is one, with the digits that tell the two apart; never "-0 %". */
function percent(value: Measured, limit?: number): string {
  if (value === null) return "unknown";
  const text = limit === undefined ? whole(value * 100) : shownBeside(value * 100, limit * 100, whole);
  return `${text} %`;
}
