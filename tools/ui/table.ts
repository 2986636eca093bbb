// Plain text tables: numbers right-aligned, words left-aligned, two spaces between columns.
//
//   entities  ns/entity
//   --------  ---------
//        500       92.1

import { padded } from "./wrap.ts";
import { at } from "../../server/protocol/assert.ts";

export type Cell = string | number | null;

/** A table's lines. A cell of null is shown as a dash. `hasRule`: a line of dashes below the head. */
export function tableLines(head: string[], rows: Cell[][], { hasRule = true } = {}): string[] {
  const texts = rows.map((row) => row.map((cell) => (cell === null ? "-" : String(cell))));
  const widths = head.map((title, column) =>
    Math.max(...[title, ...texts.map((row) => row[column] ?? "")].map((cell) => Bun.stringWidth(cell))),
  );
  const leftward = head.map((_, column) =>
    rows.some((row) => typeof row[column] === "string" && !isNumeric(row[column])),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => padded(cell, at(widths, column), leftward[column] === true ? "right" : "left"))
      .join("  ")
      .trimEnd();
  const rule = hasRule ? [line(widths.map((width) => "-".repeat(width)))] : [];
  return [line(head), ...rule, ...texts.map(line)];
}

/** Names and values, one pair on each line, values in one column: `time left  4.8 s`. */
export function fieldLines(fields: readonly (readonly [name: string, value: string | number])[]): string[] {
  const width = Math.max(0, ...fields.map(([name]) => Bun.stringWidth(name)));
  return fields.map(([name, value]) => `${padded(name, width)}  ${value}`);
}

function isNumeric(cell: string | number | null | undefined): boolean {
  return typeof cell === "number" || cell === null || /^[-+]?[\d.,]+( ?%|×)?$/.test(cell ?? "");
}
