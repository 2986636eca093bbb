// Cleans text from outside, so that it can not control a terminal. The same rule applies to every name, line and answer from
// outside, whether it is stored, sent on or shown.
//
//   printable("Bot\x1b[2J")        // "Bot?[2J": the control sequence is plain text now
//   isPrintable("Ünal 漢字")        // true
//   parseOutsideJson('{"name":"\\u001b[2J"}')     // { name: "?[2J" }
//
// Not printable are controls (C0, C1, delete), invisible and bidirectional marks, lone surrogates, private and unassigned
// characters, separators of lines and paragraphs, and the replacement character for invalid UTF-8. A joiner is printable where a
// script or an emoji needs it: between letters of scripts whose letters change their form next to each other, and between
// the parts of an emoji.

const JOINED = String.raw`[\p{L}\p{M}--[\p{scx=Latin}\p{scx=Greek}\p{scx=Cyrillic}\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]]`;
const JOINER = String.raw`[\u200c\u200d](?=${JOINED})(?<=${JOINED}.)|\u200d(?=\p{ExtPict})(?<=\p{ExtPict}[\ufe0f\p{EMod}]?.)`;
const UNPRINTABLE = new RegExp(String.raw`(?!${JOINER})[\p{C}\p{Zl}\p{Zp}\ufffd]`, "gv");
const JOINERS = new RegExp(JOINER, "gv");
/** Matches characters in JSON that may not be printable, or escapes of them. Nearly all lines have neither, so this test is a fast path. */
const SUSPICIOUS = /[^\x20-\x7e]|\\[bfnrtu]/;
const STAND_IN = "?";
/** Deeper than any line, answer or file of wowsim; deeper values are replaced as a whole. */
const DEPTH_MAX = 32;

export const isPrintable = (text: string): boolean => text.search(UNPRINTABLE) < 0;

/** The text without the joiners that are printable. */
export const withoutJoiners = (text: string): string => text.replaceAll(JOINERS, "");

/** The text with a question mark for each character that is not printable. */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, STAND_IN);

/** The same for a text of several lines: newlines and tabs stay. */
export const printableLines = (text: string): string =>
  text.replaceAll(UNPRINTABLE, (found) => (found === "\n" || found === "\t" ? found : STAND_IN));

/**
 * A parsed JSON value whose strings, including field names, are all printable. `text` is the JSON it was parsed from: if that
 * has no escape and no unprintable character, the value is returned unchanged.
 */
export function printableJson<Value>(value: Value, text: string): Value {
  return SUSPICIOUS.test(text) ? (cleaned(value, 0) as Value) : value;
}

/** Parses JSON from outside. Throws SyntaxError, whose message is printable too. */
export function parseOutsideJson(text: string): unknown {
  try {
    return printableJson(JSON.parse(text), text);
  } catch (error) {
    throw error instanceof SyntaxError ? new SyntaxError(printable(error.message)) : error;
  }
}

/** The value as printable JSON: unprintable characters are escaped, so a script reads the original text. */
export const shownJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(UNPRINTABLE, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(
      "",
    ),
  );

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === "string") return printable(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return null;
  if (Array.isArray(value)) return value.map((entry) => cleaned(entry, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [printable(name), cleaned(entry, depth + 1)]));
}
