import { expect, test } from "bun:test";
import { columnCells, heightOf, roundLabels, scaleFor, stretches, stretchFor } from "../../../tools/dashboard/chart.ts";

const sample = (atMs: number, value: number) => ({ atMs, value });
const read = ({ value }: { value: number }): number => value;

test("a stretch tells the worst of its samples, and none where there are none", () => {
  const samples = [sample(1_000, 1), sample(1_050, 9), sample(1_900, 2), sample(3_100, 4)];
  const found = stretches(samples, read, 3_500, 1_000, 4);
  expect(found.map(({ most }) => most)).toEqual([null, 9, null, 4]);
});

test("a stretch that is over does not change any more when time goes on", () => {
  const samples = Array.from({ length: 200 }, (_, n) => sample(n * 50, n % 7));
  const early = stretches(samples, read, 9_000, 500, 10).map(({ most }) => most);
  const late = stretches(samples, read, 9_600, 500, 10).map(({ most }) => most);
  expect(late.slice(0, 8)).toEqual(early.slice(1, 9));
});

test("the scale is round, holds the most, and lets small values be seen", () => {
  expect(scaleFor(0.4, 100)).toBe(100);
  expect(scaleFor(201, 100)).toBe(500);
  expect(scaleFor(4_000, 100)).toBe(5_000);
  expect(heightOf(100, 100, 8)).toBe(8);
  expect(heightOf(1, 100, 8)).toBeCloseTo(0.8);
});

test("every label of the axis is a round number, stands where it belongs, and names the whole scale at the top", () => {
  for (const scale of [1, 5, 20, 100, 200, 500, 5_000]) {
    for (const rows of [3, 4, 8, 13, 40]) {
      const labels = roundLabels(scale, rows);
      expect(labels.get(0)).toBe(scale);
      expect(labels.size).toBeGreaterThan(1);
      for (const [row, value] of labels) {
        expect(value.toExponential()).toMatch(/^[125]e/);
        if (row > 0) expect(rows - 1 - Math.floor(heightOf(value, scale, rows))).toBe(row);
      }
      const upwards = [...labels].toSorted(([a], [b]) => b - a).map(([, value]) => value);
      expect(upwards).toEqual(upwards.toSorted((a, b) => a - b));
    }
  }
});

test("a column fills from the bottom, in eighths of a cell", () => {
  expect(columnCells(0, 3)).toEqual(["", "", ""]);
  expect(columnCells(0.001, 3)).toEqual(["", "", "▁"]);
  expect(columnCells(1.5, 3)).toEqual(["", "▄", "█"]);
  expect(columnCells(9, 3)).toEqual(["█", "█", "█"]);
});

test("about a minute is shown, however wide the plot", () => {
  expect(stretchFor(73, 60_000)).toBe(1_000);
  expect(stretchFor(240, 60_000)).toBe(250);
  expect(stretchFor(12, 60_000)).toBe(5_000);
});
