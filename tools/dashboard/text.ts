// What the dashboard's screen is made of: lines of spans, each a text in one style that may do something when clicked.
// Pure data, so that a panel is a function that tests can read.
//
//   [{ text: "zone 1 ", style: "plain" }, { text: "DOWN", style: "bad", on: { do: "zone", zoneId: 1 } }]
//
// Every character here takes one cell of the screen: `clean` sees to that for texts that come from outside, such as the
// names that players give themselves, and with it no text can speak to the terminal.

import type { Command } from "./commands.ts";

/** What a span means; which colours that is, if any, is the screen's business. */
export type Style = "plain" | "dim" | "bold" | "title" | "good" | "warn" | "bad" | "accent" | "key" | "selected";

export interface Span {
  readonly text: string;
  readonly style: Style;
  /** What a click on it does. */
  readonly on?: Command | undefined;
}

export type Line = readonly Span[];

/** Whatever is not surely one cell wide: controls, combining and bidirectional marks, wide characters, surrogates. */
const NOT_ONE_CELL =
  /[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0556\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u25fc\u2800-\u28ff]/gu;

/** The text with everything replaced that is not one cell wide, such as control characters. */
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

/** Cells [from, to) of a line; less when it ends before. */
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

/** Exactly so many cells: cut short, with an ellipsis, or filled up with blanks. */
export function fit(of: Line, width: number): Span[] {
  const has = widthOf(of);
  if (has === width) return [...of];
  if (has < width) return [...of, span(" ".repeat(width - has))];
  if (width <= 0) return [];
  return [...slice(of, 0, width - 1), span("…", "dim")];
}

/** A text of exactly so many cells. */
export function fitText(text: string, width: number, align: "left" | "right" = "left"): string {
  if (text.length > width) return width <= 0 ? "" : `${text.slice(0, width - 1)}…`;
  return align === "left" ? text.padEnd(width) : text.padStart(width);
}

/** Puts a line over another from cell `x` on. */
export function overlay(under: Line, x: number, over: Line): Span[] {
  const end = x + widthOf(over);
  return [...slice(under, 0, x), ...over, ...slice(under, end, Number.POSITIVE_INFINITY)];
}

/** The same line as one that does something when clicked, where its spans do nothing of their own. */
export const clickable = (of: Line, on: Command): Span[] => of.map((part) => ({ ...part, on: part.on ?? on }));

/** Words on as many lines as they need, each at most so wide. A word that is wider goes on in the next line: nothing is lost. */
export function wrap(text: string, width: number): string[] {
  return Bun.wrapAnsi(clean(text), width, { hard: true })
    .split("\n")
    .filter((each) => each !== "");
}
