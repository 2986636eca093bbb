// A column chart for the terminal: one column for each stretch of time, as high as the worst value measured in it.
//
//   heightOf(0.6, scale)           // 0.2 rows of 6: the scale is a square root, so that 0.5 ms and 200 ms both show
//   columnCells(2.3, 6)            // from the top: ["", "", "", "▃", "█", "█"]
//
// Stretches begin at fixed times, so that a column moves but its value does not change.

import type { Timed } from "../analysis/series.ts";
import { at } from "../../server/protocol/assert.ts";

/** As a share of the scale: smaller values are all in the lowest row. */
const SMALLEST_LABEL = 1e-4;
const EIGHTHS = ["", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** Allowed lengths of a stretch in milliseconds: they divide a second or are whole seconds. */
const STRETCHES_MS = [100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000];

export interface Stretch {
  /** The worst value; null when nothing was measured. */
  most: number | null;
}

/** The length of a stretch with which `count` stretches show about `spanMs`. */
export const stretchFor = (count: number, spanMs: number): number =>
  STRETCHES_MS.find((ms) => ms * count >= spanMs) ?? Math.max(...STRETCHES_MS);

/** The newest `count` stretches; the last one contains `nowMs`. Samples are in the order of time. */
export function stretches<Sample extends Timed>(
  samples: readonly Sample[],
  read: (sample: Sample) => number,
  nowMs: number,
  stretchMs: number,
  count: number,
): Stretch[] {
  const last = Math.floor(nowMs / stretchMs);
  const found: Stretch[] = Array.from({ length: count }, () => ({ most: null }));
  for (const sample of samples) {
    const stretch = found[Math.floor(sample.atMs / stretchMs) - last + count - 1];
    const value = read(sample);
    if (stretch !== undefined && !Number.isNaN(value)) stretch.most = Math.max(stretch.most ?? 0, value);
  }
  return found;
}

/** A scale from 0 up to a round number that is at least `most` and at least `least`. */
export function scaleFor(most: number, least: number): number {
  for (let size = 1; ; size *= 10) {
    for (const step of [1, 2, 5]) if (step * size >= Math.max(most, least)) return step * size;
  }
}

/**
 * Round values (1, 2 and 5 times powers of ten) and the rows, from the top, in which they lie. Of several in one row, the
 * roundest is used.
 */
export function roundLabels(scale: number, rows: number): Map<number, number> {
  const labels = new Map<number, number>();
  // 1 overwrites 5, and 5 overwrites 2.
  for (const step of [2, 5, 1]) {
    for (let size = 10 ** Math.ceil(Math.log10(scale)); step * size > scale * SMALLEST_LABEL; size /= 10) {
      const row = rows - 1 - Math.floor(heightOf(step * size, scale, rows));
      if (step * size < scale && row >= 0) labels.set(row, step * size);
    }
  }
  return labels.set(0, scale);
}

/** The height in rows; the whole scale has `rows`. */
export const heightOf = (value: number, scale: number, rows: number): number =>
  Math.sqrt(Math.min(1, Math.max(0, value / scale))) * rows;

/** A column's cells from the top, "" above it. Every value above 0 is visible. */
export function columnCells(height: number, rows: number): string[] {
  const eighths = height > 0 ? Math.max(1, Math.round(height * 8)) : 0;
  return Array.from({ length: rows }, (_, row) => {
    const inRow = eighths - (rows - 1 - row) * 8;
    return at(EIGHTHS, Math.min(8, Math.max(0, inRow)));
  });
}
