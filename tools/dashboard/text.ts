// The elements of the dashboard's screen: lines of spans, each a text in one style, possibly with a command for clicks.
// Pure data, so that a panel is a function whose result tests can read.
//
//   [{ text: "zone 1 ", style: "plain" }, { text: "DOWN", style: "bad", on: { do: "zone", zoneId: 1 } }]
//
// Every character takes one cell of the screen. `clean` ensures this for texts from outside, such as the names that
// players choose; it also means that no text can control the terminal.

import type { Command } from "./commands.ts";

/** The meaning of a span; the screen maps it to colours. */
export type Style = "plain" | "dim" | "bold" | "title" | "good" | "warn" | "bad" | "accent" | "key" | "selected";

export interface Span {
  readonly text: string;
  readonly style: Style;
  /** The command of a click on it. */
  readonly on?: Command | undefined;
}

export type Line = readonly Span[];

/** Characters that may not be one cell wide: controls, combining and bidirectional marks, wide characters, surrogates, code points without a character. */
const NOT_ONE_CELL =
  /[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0556\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u25fc\u2800-\u28ff]|\p{Cn}/gu;

/** The text with every character replaced that is not one cell wide, such as control characters. */
export const clean = (text: string): string => text.replaceAll(NOT_ONE_CELL, "?");

export const span = (text: string, style: Style = "plain", on?: Command): Span => ({ text, style, on });

/** A line of one span; the text may come from outside. */
export const line = (text: string, style: Style = "plain", on?: Command): Line => [span(clean(text), style, on)];

export const EMPTY: Line = [];

export function widthOf(of: Line): number {
  let width = 0;
  for (const { text } of of) width += text.length;
  return width;
}

export const textOf = (of: Line): string => of.map(({ text }) => text).join("");

/** Cells [from, to) of a line; fewer when the line is shorter. */
export function slice(of: Line, from: number, to: number): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const part of of) {
    const end = at + part.text.length;
    if (end > from && at < to) {
      const text = part.text.slice(Math.max(0, from - at), to - at);
      found.push(text.length === part.text.length ? part : { ...part, text });
    }
    at = end;
  }
  return found;
}

/** Exactly this many cells: cut with an ellipsis, or padded with blanks. */
export function fit(of: Line, width: number): Span[] {
  const has = widthOf(of);
  if (has === width) return [...of];
  if (has < width) return [...of, span(" ".repeat(width - has))];
  if (width <= 0) return [];
  return [...slice(of, 0, width - 1), span("…", "dim")];
}

/** A text of exactly this many cells. */
export function fitText(text: string, width: number, align: "left" | "right" = "left"): string {
  if (text.length > width) return width <= 0 ? "" : `${text.slice(0, width - 1)}…`;
  return align === "left" ? text.padEnd(width) : text.padStart(width);
}

/** Puts a line over another one, from cell `x` on. */
export function overlay(under: Line, x: number, over: Line): Span[] {
  const end = x + widthOf(over);
  return [...slice(under, 0, x), ...over, ...slice(under, end, Number.POSITIVE_INFINITY)];
}

/** The line with a command for clicks on all spans that have none. */
export const clickable = (of: Line, on: Command): Span[] => of.map((part) => ({ ...part, on: part.on ?? on }));

/** The words on as many lines as needed, each at most this wide. A wider word continues on the next line: nothing is lost. */
export function wrap(text: string, width: number): string[] {
  return Bun.wrapAnsi(clean(text), width, { hard: true })
    .split("\n")
    .filter((each) => each !== "");
}
