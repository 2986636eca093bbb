// Tick times as a live chart with the budget: of the whole server, which is as slow as its slowest zone, or of one
// zone. A stretch in which nothing ticked is marked at the bottom.

import { isAbove } from "../../analysis/measured.ts";
import { shown } from "../../analysis/measures.ts";
import type { Timed } from "../../analysis/series.ts";
import { columnCells, heightOf, roundLabels, scaleFor, stretches, stretchFor } from "../chart.ts";
import type { FaultMark } from "../event-log.ts";
import { shownZone } from "../picture.ts";
import type { Picture } from "../picture.ts";
import type { Screen } from "../screen-state.ts";
import { fitText, span } from "../text.ts";
import type { Line, Span, Style } from "../text.ts";
import type { Panel } from "./panel.ts";
import { at as itemAt } from "../../../server/protocol/assert.ts";

const SPAN_MS = 60_000;
/** The scale covers at least twice the budget, so that there is room above it. */
const BUDGETS_SHOWN = 2;
const AXIS_WIDTH = 7;
/** A chart with fewer rows has no row for times. */
const TIMES_FROM_ROWS = 5;
const TIME_LABELS = 5;
const TIME_STEPS_MS = [5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000];

interface TickTime extends Timed {
  durationMs: number;
}

export const ticksPanel: Panel = {
  title(picture, screen) {
    const { health } = picture;
    const of = screen.view === "zone" ? health.zones.find(({ id }) => id === shownZone(picture, screen.zoneId)) : null;
    const { durationMs, overruns } = of ?? health;
    const whose = of ? `zone ${of.id}` : "slowest zone";
    const times = `p50 ${shown(durationMs.p50)}, p99 ${shown(durationMs.p99)}, max ${shown(durationMs.max)} ms`;
    return `Tick time, ${whose}: ${times}${isAbove(overruns, 0) ? `, ${overruns} OVER BUDGET` : ""}`;
  },
  lines(picture, screen, { width, height: rows }) {
    const columns = width - AXIS_WIDTH;
    const hasTimes = rows >= TIMES_FROM_ROWS;
    const height = hasTimes ? rows - 1 : rows;
    const budgetMs = 1_000 / picture.health.tickRateHz.meant;
    const stretchMs = stretchFor(columns, SPAN_MS);
    const { samples, endMs } = samplesOf(picture, screen, stretchMs * columns);
    const found = stretches(samples, ({ durationMs }) => durationMs, endMs, stretchMs, columns);
    const scale = scaleFor(Math.max(0, ...found.map(({ most }) => most ?? 0)), budgetMs * BUDGETS_SHOWN);
    const first = found.findIndex(({ most }) => most !== null);
    const plotted = found.map(({ most }, index) => {
      if (most !== null)
        return { cells: columnCells(heightOf(most, scale, height), height), style: styleOf(most, budgetMs) };
      // Before the first known tick, a gap means unknown; after it, a gap means that nothing ticked.
      const gap = first >= 0 && index > first && index < columns - 1 ? "×" : "";
      return {
        cells: Array.from({ length: height }, (_, row) => (row === height - 1 ? gap : "")),
        style: "bad" as const,
      };
    });
    const budgetRow = height - 1 - Math.min(height - 1, Math.floor(heightOf(budgetMs, scale, height)));
    const labels = roundLabels(scale, height);
    const plot = Array.from({ length: height }, (_, row): Line => {
      const isBudget = row === budgetRow;
      const text = isBudget ? `${Math.round(budgetMs)} ms` : labelOf(labels.get(row));
      const label = span(`${fitText(text, AXIS_WIDTH - 1, "right")} `, isBudget ? "accent" : "dim");
      return [label, ...runs(plotted, row, isBudget ? "─" : " ")];
    });
    return hasTimes ? [...plot, timeAxis(picture.log.marks, { endMs, stretchMs, columns })] : plot;
  },
};

function samplesOf(picture: Picture, screen: Screen, spanMs: number): { samples: TickTime[]; endMs: number } {
  const { timeline } = picture;
  // Without a line there is nothing to draw.
  const endMs = timeline.nowMs ?? 0;
  const zone = screen.view === "zone" ? timeline.zones.get(shownZone(picture, screen.zoneId)) : undefined;
  return { samples: (zone?.ticks ?? timeline.loop).between(endMs - spanMs), endMs };
}

function styleOf(durationMs: number, budgetMs: number): Style {
  if (durationMs > budgetMs) return "bad";
  return durationMs > budgetMs / 2 ? "warn" : "good";
}

const labelOf = (value: number | undefined): string => (value === undefined ? "" : shown(value));

interface TimeSpan {
  endMs: number;
  stretchMs: number;
  columns: number;
}

/**
 * The age of a column, about every quarter, and where faults began (▲) and ended (△). A label that would overlap a mark is
 * left out, because a number with a missing digit is wrong.
 */
function timeAxis(marks: readonly FaultMark[], { endMs, stretchMs, columns }: TimeSpan): Line {
  const cells = Array.from({ length: columns }, () => span(" ", "dim"));
  const isFree = (at: number): boolean => at < 0 || at >= columns || cells[at]?.text === " ";
  const write = (text: string, at: number): void => {
    if (![...text].every((_sign, index) => isFree(at + index))) return;
    for (const [index, sign] of [...text].entries()) if (cells[at + index]) cells[at + index] = span(sign, "dim");
  };
  const lastMs = Math.floor(endMs / stretchMs) * stretchMs;
  const columnOf = (atMs: number): number =>
    columns - 1 - Math.round((lastMs - Math.floor(atMs / stretchMs) * stretchMs) / stretchMs);
  for (const { what, atMs } of marks) {
    const column = columnOf(atMs);
    const mark = what === "begin" ? span("▲", "bad") : span("△", "good");
    if (column >= 0 && column < columns) cells[column] = mark;
  }
  const totalMs = columns * stretchMs;
  const stepMs = TIME_STEPS_MS.find((ms) => ms >= totalMs / TIME_LABELS) ?? totalMs;
  for (let agoMs = stepMs; agoMs < totalMs; agoMs += stepMs) write(`-${agoMs / 1_000}s`, columnOf(lastMs - agoMs));
  write("now", columns - 3);
  return [span(" ".repeat(AXIS_WIDTH), "dim"), ...joined(cells)];
}

/** Joins neighbouring spans of one style. */
function joined(cells: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const cell of cells) {
    const last = spans.at(-1);
    if (last?.style === cell.style) spans[spans.length - 1] = span(last.text + cell.text, cell.style);
    else spans.push(cell);
  }
  return spans;
}

/** One row of the chart, neighbours of one style joined; `between` fills the cells above the columns. */
function runs(columns: readonly { cells: string[]; style: Style }[], row: number, between: string): Span[] {
  const spans: Span[] = [];
  let text = "";
  let style: Style = "plain";
  for (const column of columns) {
    const cell = itemAt(column.cells, row);
    const next = cell === "" ? "dim" : column.style;
    if (next !== style && text !== "") {
      spans.push(span(text, style));
      text = "";
    }
    style = next;
    text += cell === "" ? between : cell;
  }
  spans.push(span(text, style));
  return spans;
}
