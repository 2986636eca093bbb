// From ticks to the few numbers a verdict is made of.
//
//   compare(baseline, during, 1.02)
//   // { before: 0.31, after: 0.33, ratio: 1.06, netRatio: 1.04, p: 0.2, nBefore: 10, nAfter: 40 }
//
// Neighbouring ticks are not independent (a neighbour on the machine that wakes up slows twenty in a row), so tests run
// on blocks of BLOCK_TICKS: the median of each block for the ordinary tick, its maximum for the tail.

import { mannWhitney, normalUpperTail } from "./mann-whitney.ts";

/** Half a second at 20 Hz. */
export const BLOCK_TICKS = 10;

/** How a figure changed, against its own past and against what the rest of the server did meanwhile. */
export interface Change {
  before: number;
  after: number;
  /** after / before. */
  ratio: number;
  /** The same ratio in the control zones; 1 when there are none. */
  controlRatio: number;
  /** ratio / controlRatio: the difference in differences. */
  netRatio: number;
  /** One-sided Mann-Whitney p over blocks, after / controlRatio against before. */
  p: number;
  blocksBefore: number;
  blocksAfter: number;
}

/** Which figure of a window is compared, and which one figure a block stands for. */
export interface Figure {
  ofWindow(values: readonly number[]): number;
  ofBlock(values: readonly number[]): number;
}

export const MEDIAN: Figure = {
  ofWindow: (values) => quantile(values, 0.5),
  ofBlock: (values) => quantile(values, 0.5),
};
export const P99: Figure = { ofWindow: (values) => quantile(values, 0.99), ofBlock: (values) => Math.max(...values) };

/** The slowest tick of the typical half second: rises when slow ticks become more frequent, where p99 may not move. */
export const WORST: Figure = {
  ofWindow: (values) =>
    quantile(
      blocks(values).map((block) => Math.max(...block)),
      0.5,
    ),
  ofBlock: (values) => Math.max(...values),
};

/** How `figure` went from `before` to `after`, given how it went in the control zones over the same time. */
export function compare(
  figure: Figure,
  before: readonly number[],
  after: readonly number[],
  controlRatio: number,
): Change {
  const blocksBefore = blocks(before).map((block) => figure.ofBlock(block));
  const blocksAfter = blocks(after).map((block) => figure.ofBlock(block) / controlRatio);
  const was = figure.ofWindow(before);
  const is = figure.ofWindow(after);
  const ratio = safeRatio(is, was);
  return {
    before: was,
    after: is,
    ratio,
    controlRatio,
    netRatio: ratio / controlRatio,
    p: mannWhitney(blocksBefore, blocksAfter).p,
    blocksBefore: blocksBefore.length,
    blocksAfter: blocksAfter.length,
  };
}

/** How the typical block of the control zones changed: the median over zones, 1 without zones. */
export function controlChange(
  figure: Figure,
  zones: readonly { before: readonly number[]; after: readonly number[] }[],
): number {
  if (zones.length === 0) return 1;
  const typical = (values: readonly number[]): number =>
    quantile(
      blocks(values).map((block) => figure.ofBlock(block)),
      0.5,
    );
  return quantile(
    zones.map(({ before, after }) => safeRatio(typical(after), typical(before))),
    0.5,
  );
}

/** Whole blocks of BLOCK_TICKS values, in order; a last incomplete one is left out. */
export function blocks(values: readonly number[]): number[][] {
  const result: number[][] = [];
  for (let at = 0; at + BLOCK_TICKS <= values.length; at += BLOCK_TICKS)
    result.push(values.slice(at, at + BLOCK_TICKS));
  return result;
}

/** The q-quantile by linear interpolation (type 7 of Hyndman & Fan); NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** a / b, where nothing over nothing is no change. */
export function safeRatio(a: number, b: number): number {
  if (b > 0) return a / b;
  return a > 0 ? Number.POSITIVE_INFINITY : 1;
}

/**
 * One-sided: the chance that the second share lies as far above the first as it does, were both the same. Each is a part
 * and its whole, [3, 40]. The z-test of two proportions with pooled variance; nothing to compare gives 1.
 */
export function sharesDifferP(low: readonly [number, number], high: readonly [number, number]): number {
  const whole = low[1] + high[1];
  if (low[1] === 0 || high[1] === 0) return 1;
  const pooled = (low[0] + high[0]) / whole;
  const variance = pooled * (1 - pooled) * (1 / low[1] + 1 / high[1]);
  if (!(variance > 0)) return 1;
  return normalUpperTail((high[0] / high[1] - low[0] / low[1]) / Math.sqrt(variance));
}
