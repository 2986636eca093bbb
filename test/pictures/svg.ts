// A screen of cells (ansi.ts) as one SVG file that needs nothing else: no font, no script, nothing from outside, since what
// shows a README's pictures forbids all that. It brings its own dark ground, and so is read on a light page and on a dark one.
//
//   const svg = screenSvg({ title: "wowsim dashboard", rows: cellRows(captured), columns: 120 })
//
// Whatever font the reader has, every character stands in its cell: a run of ASCII says how long it is, any other character
// stands by itself in the middle of its cell, and lines and blocks are not text at all but drawn to the cell's edges.

import { join } from "node:path";
import type { Cell, CellStyle, Color } from "./ansi.ts";
import { BLOCKS, LINES } from "./glyphs.ts";
import { labelsOf } from "./labels.ts";

export interface Shown {
  /** What is shown, for the bar above it and for who can not see it. */
  title: string;
  rows: readonly (readonly Cell[])[];
  columns: number;
}

const FONT_SIZE = 14;
const CELL = { width: 8.4, height: 18 };
/** From a cell's top to the line that letters stand on. */
const BASELINE = 13.5;
const PADDING = 16;
const BAR_HEIGHT = 34;
const FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
const GROUND = "#0d1117";
const EDGE = "#30363d";
const TEXT = "#d1d7e0";
const QUIET = "#8b949e";
/** How much of a dim colour is left; the rest is ground. */
const DIM_SHARE = 0.62;

/** The sixteen named colours, each readable on the ground. */
const PALETTE = [
  "#484f58 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4".split(" "),
  "#6e7681 #ffa198 #56d364 #e3b341 #79c0ff #d2a8ff #56d4dd #f0f6fc".split(" "),
].flat();

export function screenSvg({ title, rows, columns }: Shown): string {
  const width = round(columns * CELL.width + 2 * PADDING);
  const height = rows.length * CELL.height + BAR_HEIGHT + PADDING;
  const body = rows.flatMap((row, index) => rowElements(row, BAR_HEIGHT + index * CELL.height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<metadata>${labelsOf(rows).map(escaped).join("\n")}</metadata>`,
    `<style>text{font:${FONT_SIZE}px ${FONTS};white-space:pre}.b{font-weight:bold}.i{font-style:italic}.u{text-decoration:underline}.c{text-anchor:middle}path,rect{shape-rendering:crispEdges}.g{shape-rendering:auto}</style>`,
    `<rect class="g" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="${GROUND}" stroke="${EDGE}"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map(
      (color, index) => `<circle cx="${20 + index * 18}" cy="18" r="5.5" fill="${color}"/>`,
    ),
    `<text class="c" x="${round(width / 2)}" y="22.5" fill="${QUIET}">${escaped(title)}</text>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

/** What a picture shows whatever the day's figures are. */
export const readLabels = (svg: string): string[] =>
  (/<metadata>(.*?)<\/metadata>/s.exec(svg)?.[1] ?? "").split("\n").map(unescaped);

export const pictureFile = (name: string): string => join(import.meta.dir, `../../docs/pictures/${name}.svg`);

/** What is behind the cells first, so that nothing is covered by its neighbour. */
function rowElements(row: readonly Cell[], top: number): string[] {
  const behind: string[] = [];
  const before: string[] = [];
  let column = 0;
  for (const cells of runs(row)) {
    const width = cells.reduce((sum, cell) => sum + cell.width, 0);
    const style = cells[0]?.style;
    if (style !== undefined) {
      const x = PADDING + column * CELL.width;
      const { front, back } = colorsOf(style);
      if (back !== null) behind.push(rect(x, top, width * CELL.width, CELL.height, back));
      const text = cells.map((cell) => cell.text).join("");
      before.push(...glyphElements({ text, x, top, width: width * CELL.width, front, style }));
    }
    column += width;
  }
  return [...behind, ...before];
}

interface Placed {
  text: string;
  x: number;
  top: number;
  width: number;
  front: string;
  style: CellStyle;
}

function glyphElements({ text, x, top, width, front, style }: Placed): string[] {
  if (text.trim() === "" && !style.underline) return [];
  const count = [...text].length;
  const line = LINES[text[0] ?? ""];
  if (line !== undefined) return [linePath(line, x, top, width, front)];
  const block = BLOCKS[text[0] ?? ""];
  if (block !== undefined) {
    const { left = 0, up = 0, right = 1, down = 1, opacity } = block;
    const box = [x + left * width, top + up * CELL.height, (right - left) * width, (down - up) * CELL.height] as const;
    return [rect(...box, front, opacity)];
  }
  const names = [style.bold && "b", style.italic && "i", style.underline && "u"].filter((name) => name !== false);
  const y = round(top + BASELINE);
  if (count === 1 && text > "~") {
    const classes = ["c", ...names].join(" ");
    return [`<text class="${classes}" x="${round(x + width / 2)}" y="${y}" fill="${front}">${escaped(text)}</text>`];
  }
  const classes = names.length === 0 ? "" : ` class="${names.join(" ")}"`;
  const length = `textLength="${round(width)}" lengthAdjust="spacingAndGlyphs"`;
  return [`<text${classes} x="${round(x)}" y="${y}" ${length} fill="${front}">${escaped(text)}</text>`];
}

/**
 * Cells of one style side by side that can be drawn as one: words of ASCII with single blanks between them, blanks, the same
 * line or block again and again, which then has no seams. Anything else is alone.
 */
function runs(row: readonly Cell[]): Cell[][] {
  const groups: Cell[][] = [];
  for (const cell of row) {
    const last = groups.at(-1);
    const previous = last?.at(-1);
    if (last !== undefined && previous !== undefined && isOneRun(previous, cell)) last.push(cell);
    else groups.push([cell]);
  }
  return groups.flatMap(wordsApart);
}

function isOneRun(one: Cell, next: Cell): boolean {
  if (!Bun.deepEquals(one.style, next.style)) return false;
  const areAscii = isAscii(one) && isAscii(next);
  return areAscii || (one.text === next.text && isWhole(one.text));
}

/** Whether it goes from one side of its cell to the other. */
function isWhole(glyph: string): boolean {
  const block = BLOCKS[glyph];
  if (block !== undefined) return block.left === undefined && block.right === undefined;
  return LINES[glyph] === "lr";
}

/** Two and more blanks are a gap, and blanks at either end too: a length would be stretched over them. */
function wordsApart(run: Cell[]): Cell[][] {
  if (run.length === 1 || !run.every(isAscii) || run[0]?.style.underline === true) return [run];
  const text = run.map((cell) => cell.text).join("");
  return [...text.matchAll(/^ +| {2,}| $|(?:[^ ]| (?=[^ ]))+/g)].map(({ 0: part, index }) =>
    run.slice(index, index + part.length),
  );
}

const isAscii = ({ text }: Cell): boolean => text.length === 1 && text <= "~";

function colorsOf(style: CellStyle): { front: string; back: string | null } {
  const own = style.front === null ? TEXT : hexOf(style.front);
  const shown = style.dim ? mixed(own, GROUND, DIM_SHARE) : own;
  const back = style.back === null ? null : hexOf(style.back);
  return style.inverse ? { front: back ?? GROUND, back: shown } : { front: shown, back };
}

/** 16 named colours, then a cube of 6 x 6 x 6, then 24 greys. */
function hexOf(color: Exclude<Color, null>): string {
  if (typeof color === "string") return color;
  const named = PALETTE[color];
  if (named !== undefined) return named;
  if (color >= 232) return hex([0, 0, 0].map(() => 8 + (color - 232) * 10));
  const cube = color - 16;
  return hex(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => (step === 0 ? 0 : 55 + step * 40)),
  );
}

function mixed(one: string, other: string, share: number): string {
  const [ours, theirs] = [one, other].map((color) =>
    [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)),
  );
  return hex((ours ?? []).map((part, index) => Math.round(part * share + (theirs?.[index] ?? 0) * (1 - share))));
}

const hex = (parts: readonly number[]): string =>
  `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

/** Arms from the middle of the run's first cell to its edges; the one to the right goes to the end of the run. */
function linePath(arms: string, x: number, top: number, width: number, color: string): string {
  const middle = { x: round(x + CELL.width / 2), y: round(top + CELL.height / 2) };
  const ends: Record<string, string> = {
    l: `M${round(x)} ${middle.y}H${middle.x}`,
    r: `M${middle.x} ${middle.y}H${round(x + width)}`,
    u: `M${middle.x} ${round(top)}V${middle.y}`,
    d: `M${middle.x} ${middle.y}V${round(top + CELL.height)}`,
  };
  const path = [...arms].map((arm) => ends[arm] ?? "").join("");
  return `<path d="${path}" stroke="${color}" fill="none"/>`;
}

function rect(x: number, y: number, width: number, height: number, color: string, opacity?: number): string {
  const faint = opacity === undefined ? "" : ` opacity="${opacity}"`;
  const box = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
  return `<rect ${box} fill="${color}"${faint}/>`;
}

const round = (length: number): number => Math.round(length * 100) / 100;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const unescaped = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
