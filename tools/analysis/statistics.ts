// From ticks to the few numbers that a diagnosis compares.
//
//   compare(MEDIAN, baseline, during, 1.02)
//   // { before: 0.31, after: 0.33, ratio: 1.06, netRatio: 1.04, p: 0.2, blocksBefore: 10, blocksAfter: 40 }
//
// Neighbouring ticks are not independent (another process on the machine may slow twenty in a row), so the tests use
// blocks of BLOCK_TICKS: the median of each block.
// Missing values are left out at the input, and a result that can not be computed is null: Infinity and NaN never reach
// a comparison, where each would be right or wrong by accident.

import { both, known, mapped, median } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { mannWhitney } from "./mann-whitney.ts";

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
