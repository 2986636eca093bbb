// Splits the text of an expression into tokens, each with its place for error messages.
//
//   tokensOf("player(12).health <= 0")
//   // [{ kind: "word", text: "player", at: 0 }, { kind: "sign", text: "(", at: 6 }, { kind: "number", text: "12", at: 7 }, ...]

import { WowsimError } from "../protocol/errors.ts";

export interface Token {
  kind: "number" | "word" | "sign" | "end";
  text: string;
  /** Index of its first character in the text. */
  at: number;
}

/** The longest expression, in characters. */
const LENGTH_MAX = 1_000;

const BLANKS = /\s*/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const WORD = /[A-Za-z_]\w*/y;
const SIGN = /&&|\|\||[<>=!]=|[<>!()+\-*/%.]/y;

/** Throws WowsimError("usage") at the first character that begins no token. The last token is the end. */
export function tokensOf(text: string): Token[] {
  if (text.length > LENGTH_MAX) throw wrong(text, LENGTH_MAX, `an expression has at most ${LENGTH_MAX} characters`);
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  };
  for (take(BLANKS); at < text.length; take(BLANKS)) {
    const start = at;
    const number = take(NUMBER);
    const word = number ?? take(WORD);
    const found = word ?? take(SIGN);
    if (found === null) {
      const advice = text[at] === "=" ? "compare with ==" : "that begins no number, name or sign";
      throw wrong(text, at, advice);
    }
    tokens.push({ kind: number !== null ? "number" : word !== null ? "word" : "sign", text: found, at: start });
  }
  return [...tokens, { kind: "end", text: "", at: text.length }];
}

/** The text, with an arrow below the place. */
export function wrong(text: string, at: number, what: string): WowsimError {
  const from = Math.max(0, at - 40);
  const shown = text.slice(from, at + 40).replaceAll(/\s/g, " ");
  return new WowsimError(
    "usage",
    `The condition is wrong at character ${at + 1}: ${what}.\n  ${shown}\n  ${" ".repeat(at - from)}^`,
  );
}
