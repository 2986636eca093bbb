// The judge's checks of the play: is there enough of it, and do casts still begin, complete, and get accepted?
//
//   casts completed of started: 61/80 (76 %) → 0/141 (0 %), 0 % kept, at least 10 %, p = 2e-34
//
// Control zones may excuse a change of casts and refusals, but only zones with enough casts where the play continued: a zone
// where nobody casts, or everybody stopped, is no comparison.

import { both, difference, isBelow, mapped, median, ratio, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { shownBeside, shownP } from "../analysis/measures.ts";
import { areSamePlayers, meanPlayers, PLAYERS_NEGLIGIBLE } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import type { Check, Thresholds } from "./verdict.ts";
import type { ZoneTick } from "./samples.ts";
import { sharesDifferP } from "../analysis/statistics.ts";

/** For figures a second. A server ticks at 20 Hz unless it is configured otherwise, and only ratios matter here. */
const TICKS_PER_SECOND = 20;
/** With fewer casts, in the canary zone or a control zone, no conclusion is possible. */
const CASTS_FEW = 30;
const COMMANDS_FEW = 100;
/** A control zone that keeps a smaller share of its casts has problems of its own. */
const CONTROL_KEPT_MIN = 0.5;

/** Whether the two windows have enough of the same play to be compared at all. */
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
 * Casts completed, casts started, and commands refused. Play itself varies widely within seconds (a crowd that kills one
 * creature interrupts its own casts). So a module fails only for changes that play does not cause: beyond wide limits, and
 * by more than chance explains.
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
  // If no casts start any more, the next check reports it.
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

/** Too few casts before the swap to measure a loss; the check "casts to judge by" says whether that matters. */
const isTooLittle = ({ before }: Play): boolean => before.started !== null && before.started < CASTS_FEW;

function tooLittle(id: string, text: string, numbers: Check["numbers"], play: Play): Check {
  const isFew = isTooLittle(play);
  const why = isFew ? `fewer than ${CASTS_FEW} before the swap` : "none after the swap";
  return { id, kind: "data", ok: !isFew || play.isIdleAllowed, text: `${text}: not compared, ${why}`, numbers };
}

/** Holds when enough was kept, or when the loss may be chance; a missing value proves neither. */
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

/** The share of a rate that was kept, corrected by the control zones that kept theirs; and the number of such zones. */
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

/** A share of all. Some casts complete that started before the window, so it is limited to 1. */
const shareOf = (some: Measured, all: Measured): Measured => mapped(ratio(some, all), (value) => Math.min(1, value));
const completionShare = (of: Totals): Measured => shareOf(of.completed, of.started);
const startsPerPlayerSecond = (of: Totals): Measured =>
  mapped(ratio(of.started, of.playerTicks), (value) => value * TICKS_PER_SECOND);

/** Without commands, no command was refused. */
const refusedShare = (of: Totals): Measured => (of.commands === 0 ? 0 : shareOf(of.refused, of.commands));
const riseOfRefusals = ({ before, after }: Windows): Measured => difference(refusedShare(after), refusedShare(before));

/** The probability that the second share is so much larger by chance; null when one is not known. */
function chance(low: [Measured, Measured], high: [Measured, Measured]): Measured {
  const [a, b] = low;
  const [c, d] = high;
  return a === null || b === null || c === null || d === null ? null : sharesDifferP([a, b], [c, d]);
}

const keptText = (kept: Measured, keptMin: number, controls: number): string =>
  `${percent(kept, keptMin)} kept (${controlsText(controls)}), at least ${percent(keptMin)}`;
const controlsText = (controls: number): string =>
  controls === 0 ? "own past only" : `net of ${controls} control ${controls === 1 ? "zone" : "zones"}`;
/** "61/80 (76 %)"; when the part is more than the whole, no share is given. */
function part(some: Measured, all: Measured): string {
  const share = isBelow(all, 1) || both(some, all, (a, b) => a - b) === null ? null : ratio(some, all);
  const shownShare = share === null || share > 1 ? "" : ` (${percent(share)})`;
  return `${some ?? "?"}/${all ?? "?"}${shownShare}`;
}
const shown = (value: Measured, digits = 1): string => (value === null ? "unknown" : value.toFixed(digits));
const whole = (hundredths: number): string => String(Math.round(hundredths) || 0);

/** With the limit that it was compared with, if any, in enough digits to differ from it; never "-0 %". */
function percent(value: Measured, limit?: number): string {
  if (value === null) return "unknown";
  const text = limit === undefined ? whole(value * 100) : shownBeside(value * 100, limit * 100, whole);
  return `${text} %`;
}
