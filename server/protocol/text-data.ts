// Parses data that a person has written (TOML, YAML, JSON), and reports the line of a mistake. Bun's parsers do not report it: the line
// in their errors is a line of the calling program.
//
//   parseText("toml", "a = 1\nb = \n")
//   // WowsimError: line 2: Missing value after '='; values must be on the same line: b =
//
// The parsers read from left to right and stop at the first mistake. So a text that is cut off after the line of the
// mistake fails with the same message, and a text that is cut off before it does not: this finds the line. For JSON
// this file scans the text itself, because every cut-off JSON text fails with the same message.

import { duplicateKey } from "./duplicate-keys.ts";
import { messageOf, WowsimError } from "./errors.ts";

export type TextFormat = "toml" | "yaml" | "json";

const PARSERS: Record<TextFormat, (text: string) => unknown> = {
  toml: (text) => Bun.TOML.parse(text),
  yaml: (text) => Bun.YAML.parse(text),
  json: (text) => JSON.parse(text) as unknown,
};

/** Up to this many lines, each one is tried; for longer texts, a binary search. */
const LINES_TRIED_MAX = 300;
const QUOTED_CHARS_MAX = 60;

/** The parsed value. Throws WowsimError("text_invalid") with the line, the mistake, and the beginning of the line. */
export function parseText(format: TextFormat, text: string): unknown {
  const parse = PARSERS[format];
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    const reason = messageOf(cause).replace(/^\w+ Parse error: /, "");
    const line = format === "json" ? jsonLine(text) : firstBadLine(text.split("\n"), (cut) => failureOf(format, cut));
    const open = format === "yaml" ? openQuote(text.split("\n").slice(0, line)) : null;
    if (open !== null) throw invalidAt(text, open, "a quote is opened here and not closed", cause);
    throw invalidAt(text, line, reason, cause);
  }
  const twice = format === "toml" ? null : duplicateKey(format, text, parse);
  if (twice === null) return data;
  const { key, line, firstLine } = twice;
  throw invalidAt(text, line, `${JSON.stringify(key)} is there twice, first in line ${firstLine}`);
}

function invalidAt(text: string, line: number, reason: string, cause?: unknown): WowsimError {
  const quoted = (text.split("\n")[line - 1] ?? "").trim().slice(0, QUOTED_CHARS_MAX);
  return new WowsimError("text_invalid", `line ${line}: ${reason}${quoted === "" ? "" : `: ${quoted}`}`, { cause });
}

/** The parser's error message for a text; null when it is valid. */
function failureOf(format: TextFormat, text: string): string | null {
  try {
    PARSERS[format](text);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Number of the first line from which on every text that is cut off after it fails like the whole text. */
function firstBadLine(lines: readonly string[], failureOfText: (text: string) => string | null): number {
  const whole = failureOfText(lines.join("\n"));
  const failsBehind = (line: number): boolean => failureOfText(`${lines.slice(0, line).join("\n")}\n`) === whole;
  let bad = lines.length;
  if (lines.length <= LINES_TRIED_MAX) {
    while (bad > 1 && failsBehind(bad - 1)) bad--;
    return bad;
  }
  let good = 0;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (failsBehind(middle)) bad = middle;
    else good = middle;
  }
  return bad;
}

/** Matches a value that begins with a quote that its line does not close. */
const OPENED = /^[^#"']*[:,[{-]\s+(["'])(?:(?!\1).)*$/;

/**
 * A YAML string may span several lines: an unclosed string ends at the next quote, and the error comes after that.
 * For a text that fails in its last line, this is the line where closing the quote repairs the text; null when there is none.
 */
function openQuote(lines: readonly string[]): number | null {
  const at = lines.findIndex((line, index) => {
    const quote = OPENED.exec(line)?.[1];
    if (quote === undefined) return false;
    return failureOf("yaml", lines.with(index, line + quote).join("\n")) === null;
  });
  return at < 0 ? null : at + 1;
}

const JSON_TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)/iy;
const CLOSES: Record<string, string> = { "}": "{", "]": "[" };

/** The line of the first token that is invalid JSON at its place. */
function jsonLine(text: string): number {
  const open: string[] = [];
  let expected: "value" | "first" | "key" | "colon" | "next" = "value";
  JSON_TOKEN.lastIndex = 0;
  for (;;) {
    const at = JSON_TOKEN.lastIndex;
    const found = JSON_TOKEN.exec(text);
    const mark = found?.[1] ?? "";
    const isString = found?.[0].endsWith('"') === true;
    if (found === null) return lineAt(text, at);
    const inside = open.at(-1) ?? "";
    if ((mark === "{" || mark === "[") && (expected === "value" || (expected === "first" && inside === "["))) {
      open.push(mark);
      expected = "first";
    } else if (mark in CLOSES && CLOSES[mark] === inside && (expected === "next" || expected === "first")) {
      open.pop();
      expected = "next";
    } else if (mark === "," && expected === "next" && inside !== "") expected = inside === "{" ? "key" : "value";
    else if (mark === ":" && expected === "colon") expected = "value";
    else if (isString && (expected === "key" || (expected === "first" && inside === "{"))) expected = "colon";
    else if (mark === "" && (expected === "value" || (expected === "first" && inside === "["))) expected = "next";
    else return lineAt(text, at);
  }
}

/** The line of the first character at or after this position that is no blank; the last such line if there is none after it. */
function lineAt(text: string, place: number): number {
  const rest = text.slice(place).search(/[^ \t\r\n]/);
  const end = rest < 0 ? text.trimEnd().length : place + rest;
  return text.slice(0, end).split("\n").length;
}
