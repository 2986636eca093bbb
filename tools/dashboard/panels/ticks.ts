// Tick times as a live plot against the budget: of the server as a whole, which is as slow as its slowest zone, or of one
// zone. A stretch in which nothing ticked is marked at the bottom.

import { shown } from "../../analysis/measures.ts";
import type { Timed } from "../../analysis/series.ts";
import { columnCells, heightOf, scaleFor, stretches, stretchFor, valueAt } from "../chart.ts";
import { shownZone } from "../picture.ts";
import type { Picture } from "../picture.ts";
import type { Screen } from "../screen-state.ts";
import { fitText, span } from "../text.ts";
import type { Line, Size, Span, Style } from "../text.ts";
import type { Panel } from "./panel.ts";

const SPAN_MS = 60_000;
/** The scale begins at twice the budget, so that there is room above it. */
const BUDGETS_SHOWN = 2;
const AXIS_WIDTH = 7;

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
    return `Tick time, ${whose}: ${times}${overruns > 0 ? `, ${overruns} OVER BUDGET` : ""}`;
  },
  lines(picture, screen, { width, height }) {
    const columns = width - AXIS_WIDTH;
    const budgetMs = 1_000 / picture.health.tickRateHz.meant;
    const stretchMs = stretchFor(columns, SPAN_MS);
    const { samples, endMs } = samplesOf(picture, screen, stretchMs * columns);
    const found = stretches(samples, ({ durationMs }) => durationMs, endMs, stretchMs, columns);
    const scale = scaleFor(Math.max(0, ...found.map(({ most }) => most ?? 0)), budgetMs * BUDGETS_SHOWN);
    const first = found.findIndex(({ most }) => most !== null);
    const plotted = found.map(({ most }, index) => {
      if (most !== null)
        return { cells: columnCells(heightOf(most, scale, height), height), style: styleOf(most, budgetMs) };
      // Before the first tick that is known, nothing is known; after it, that nothing ticked is news.
      const gap = first >= 0 && index > first && index < columns - 1 ? "×" : "";
      return {
        cells: Array.from({ length: height }, (_, row) => (row === height - 1 ? gap : "")),
        style: "bad" as const,
      };
    });
    const budgetRow = height - 1 - Math.min(height - 1, Math.floor(heightOf(budgetMs, scale, height)));
    return Array.from({ length: height }, (_, row): Line => {
      const isBudget = row === budgetRow;
      return [axis(row, { scale, height, budgetMs, isBudget }), ...runs(plotted, row, isBudget ? "─" : " ")];
    });
  },
};

function samplesOf(picture: Picture, screen: Screen, spanMs: number): { samples: TickTime[]; endMs: number } {
  const { timeline } = picture;
  const endMs = timeline.nowMs;
  const zone = screen.view === "zone" ? timeline.zones.get(shownZone(picture, screen.zoneId)) : undefined;
  return { samples: (zone?.ticks ?? timeline.loop).between(endMs - spanMs), endMs };
}

function styleOf(durationMs: number, budgetMs: number): Style {
  if (durationMs > budgetMs) return "bad";
  return durationMs > budgetMs / 2 ? "warn" : "good";
}

interface Axis extends Pick<Size, "height"> {
  scale: number;
  budgetMs: number;
  isBudget: boolean;
}

/** The budget at its line, the scale's end at the top, and what every second row in between stands for. */
function axis(row: number, { scale, height, budgetMs, isBudget }: Axis): Span {
  const text = isBudget
    ? `${Math.round(budgetMs)} ms`
    : row === 0
      ? shown(scale)
      : labelAt(height - row, height, scale);
  return span(`${fitText(text, AXIS_WIDTH - 1, "right")} `, isBudget ? "accent" : "dim");
}

function labelAt(rowsUp: number, height: number, scale: number): string {
  return rowsUp % 2 === 0 && rowsUp < height ? shown(valueAt(rowsUp, scale, height)) : "";
}

/** One row of the plot, neighbours of one style in one span; `between` fills what no column reaches. */
function runs(columns: readonly { cells: string[]; style: Style }[], row: number, between: string): Span[] {
  const spans: Span[] = [];
  let text = "";
  let style: Style = "plain";
  for (const column of columns) {
    const cell = column.cells[row] ?? "";
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
