// A panel: a title, and lines for a given size, computed from the picture and the screen state. A panel does not know
// its position or the terminal.

import type { Picture } from "../picture.ts";
import type { Screen } from "../screen-state.ts";
import { fitText, span } from "../text.ts";
import type { Line, Span, Style } from "../text.ts";
import type { Size } from "../layout.ts";

export interface Panel {
  title(picture: Picture, screen: Screen): string;
  /** At most size.height lines; lines wider than size.width are cut. */
  lines(picture: Picture, screen: Screen, size: Size): Line[];
}

/** A column of a table. */
export interface Column<Row> {
  head: string;
  width: number;
  align?: "left" | "right";
  /** When the table is too wide, the column with the highest value is left out first; 0 always stays. */
  spare?: number;
  cell(row: Row): string | { text: string; style: Style };
}

const GAP = "  ";

/** Head and rows. The first column gets the remaining width. */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): Span[][] {
  const shown = columnsIn(columns, width);
  const head = shown.map((column) => span(fitText(column.head, column.width, column.align), "dim"));
  const body = rows.map((row) =>
    shown.map((column) => {
      const cell = column.cell(row);
      const { text, style } = typeof cell === "string" ? { text: cell, style: "plain" as const } : cell;
      return span(fitText(text, column.width, column.align), style);
    }),
  );
  return [head, ...body].map((cells) => cells.flatMap((cell, index) => (index === 0 ? [cell] : [span(GAP), cell])));
}

function columnsIn<Row>(columns: readonly Column<Row>[], width: number): Column<Row>[] {
  let shown = [...columns];
  const needed = (): number => shown.reduce((sum, column) => sum + column.width, GAP.length * (shown.length - 1));
  for (;;) {
    const spare = Math.max(...shown.map((column) => column.spare ?? 0));
    if (needed() <= width || spare === 0) break;
    shown = shown.filter((column) => (column.spare ?? 0) !== spare);
  }
  const left = Math.max(0, width - needed());
  return shown.map((column, index) => (index === 0 ? { ...column, width: column.width + left } : column));
}
