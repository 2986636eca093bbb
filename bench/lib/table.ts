// Plain text tables: numbers to the right, words to the left, two spaces between columns.
//
//   entities  ns/entity
//        500       92.1

/** A table's lines. A cell of null is shown as a dash. */
export function tableLines(head: string[], rows: (string | number | null)[][]): string[] {
  const texts = rows.map((row) => row.map((cell) => (cell === null ? "-" : String(cell))));
  const widths = head.map((title, column) => Math.max(title.length, ...texts.map((row) => row[column]?.length ?? 0)));
  const leftward = head.map((_, column) =>
    rows.some((row) => typeof row[column] === "string" && !isNumeric(row[column])),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) =>
        leftward[column] === true ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...texts.map(line)];
}

function isNumeric(cell: string | number | null | undefined): boolean {
  return typeof cell === "number" || cell === null || /^[-+]?[\d.,]+( ?%|×)?$/.test(cell ?? "");
}
