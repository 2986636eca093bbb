// From ticks to the few numbers that a verdict is based on.
//
//   compare(MEDIAN, baseline, during, 1.02)
//   // { before: 0.31, after: 0.33, ratio: 1.06, netRatio: 1.04, p: 0.2, blocksBefore: 10, blocksAfter: 40 }
//
// Neighbouring ticks are not independent (another process on the machine may slow twenty in a row), so the tests use
// blocks of BLOCK_TICKS: the median of each block for the ordinary tick, its maximum for the tail.
// Missing values are left out at the input, and a result that can not be computed is null: Infinity and NaN never reach
// a comparison, where each would be right or wrong by accident.

import { both, greatest, known, mapped, median, quantile } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { mannWhitney, normalUpperTail } from "./mann-whitney.ts";

/** Half a second at 20 Hz. */
export const BLOCK_TICKS = 10;

/** How a figure changed, against its own past and against the rest of the server over the same time. */
export interface Change {
  before: Measured;
  after: Measured;
  /** after / before; null when `before` is 0 and `after` is not. */
  ratio: Measured;
  /** The same ratio in the control zones; 1 when there are none. */
  controlRatio: number;
  /** ratio / controlRatio: the difference in differences. */
  netRatio: Measured;
  /** One-sided Mann-Whitney p over blocks: after / controlRatio against before. */
  p: number;
  blocksBefore: number;
  blocksAfter: number;
}

/** Which figure of a window is compared, and how one block is reduced to one value. */
export interface Figure {
  ofWindow(values: readonly number[]): Measured;
  ofBlock(values: readonly number[]): Measured;
}

export const MEDIAN: Figure = { ofWindow: median, ofBlock: median };
export const P99: Figure = { ofWindow: (values) => quantile(values, 0.99), ofBlock: greatest };

/** The slowest tick of the typical half second: it rises when slow ticks become more frequent, where p99 may not move. */
export const WORST: Figure = {
  ofWindow: (values) => median(blocks(values).map((block) => greatest(block))),
  ofBlock: greatest,
};

/** How `figure` changed from `before` to `after`, compared with the control zones over the same time. */
export function compare(
  figure: Figure,
  before: readonly Measured[],
  after: readonly Measured[],
  controlRatio: number,
): Change {
  const blocksBefore = ofBlocks(figure, known(before));
  const blocksAfter = ofBlocks(figure, known(after)).map((value) => value / controlRatio);
  const was = figure.ofWindow(known(before));
  const is = figure.ofWindow(known(after));
  const ratio = changeOf(is, was);
  return {
    before: was,
    after: is,
    ratio,
    controlRatio,
    netRatio: mapped(ratio, (value) => value / controlRatio),
    p: mannWhitney(blocksBefore, blocksAfter).p,
    blocksBefore: blocksBefore.length,
    blocksAfter: blocksAfter.length,
  };
}

/** How the typical block of the control zones changed: the median over the zones where it is known; null when there are none. */
export function controlChange(
  figure: Figure,
  zones: readonly { before: readonly Measured[]; after: readonly Measured[] }[],
): Measured {
  const typical = (values: readonly Measured[]): Measured => median(ofBlocks(figure, known(values)));
  return median(zones.map(({ before, after }) => changeOf(typical(after), typical(before))).filter(isPositive));
}

/** A change to 0 can not be a divisor. */
const isPositive = (value: Measured): boolean => value !== null && value > 0;

const ofBlocks = (figure: Figure, values: readonly number[]): number[] =>
  known(blocks(values).map((block) => figure.ofBlock(block)));

/** Whole blocks of BLOCK_TICKS values, in order; an incomplete last block is left out. */
export function blocks(values: readonly number[]): number[][] {
  const result: number[][] = [];
  for (let at = 0; at + BLOCK_TICKS <= values.length; at += BLOCK_TICKS)
    result.push(values.slice(at, at + BLOCK_TICKS));
  return result;
}

/** after / before. From 0 to 0 is no change (1); from 0 to more has no factor (null). */
export const changeOf = (after: Measured, before: Measured): Measured =>
  both(after, before, (is, was) => (was === 0 && is === 0 ? 1 : is / was));

/**
 * One-sided p: the chance that the second share is this far above the first if both were the same. Each argument is a part
 * and its whole, [3, 40]; a part larger than its whole counts as the whole. The z-test of two proportions with pooled
 * variance; 1 when there is nothing to compare.
 */
export function sharesDifferP(one: readonly [number, number], other: readonly [number, number]): number {
  const low = [Math.min(...one), one[1]] as const;
  const high = [Math.min(...other), other[1]] as const;
  const whole = low[1] + high[1];
  if (low[1] === 0 || high[1] === 0) return 1;
  const pooled = (low[0] + high[0]) / whole;
  const variance = pooled * (1 - pooled) * (1 / low[1] + 1 / high[1]);
  if (!(variance > 0)) return 1;
  return normalUpperTail((high[0] / high[1] - low[0] / low[1]) / Math.sqrt(variance));
}
