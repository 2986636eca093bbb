// Experiments use Python's regular expressions. Syntax that differs in JavaScript is rewritten; syntax that JavaScript lacks
// is refused by name, so that no pattern changes its meaning. \w, \d and \b know ASCII only.
//
//   pythonPattern("(?i)^ok: (?P<n>\\d+)$").test("OK: 12\n")      // true: Python's $ also matches before a last newline
//   pythonPattern("a++")                                         // throws: possessive repetition (*+, ++, ?+) is not understood
//
// https://docs.python.org/3/library/re.html

/** Flags at the begin of a pattern, and JavaScript's names for them; "" where that is the default. */
const FLAGS: Readonly<Record<string, string>> = { i: "i", m: "m", s: "s", u: "", a: "" };
const LEADING_FLAGS = /^\(\?([aimsu]+)\)/;

const REFUSED: readonly [RegExp, string][] = [
  [/^\(\?[aimsuLx]*x/, "verbose patterns (?x)"],
  [/^\(\?[aimsuLx]*L/, "patterns of the locale (?L)"],
  [/^\(\?[aimsu]+\)/, "flags that are not at the pattern's begin"],
  [/^\(\?\(/, "conditional groups (?(1)...)"],
  [/^\(\?>/, "atomic groups (?>...)"],
  [/^[*+?}]\+/, "possessive repetition (*+, ++, ?+)"],
];

/** Python syntax that JavaScript writes differently. `{`, `}` and `]` may be literal characters in Python. */
const PIECES: readonly [RegExp, (match: RegExpExecArray, mode: Mode) => string][] = [
  [/^\(\?P<(\w+)>/, ([, name]) => `(?<${name}>`],
  [/^\(\?P=(\w+)\)/, ([, name]) => `\\k<${name}>`],
  [/^\(\?#[^)]*\)/, () => ""],
  [/^\{(\d*),(\d*)\}/, ([, least = "", most = ""]) => `{${least === "" ? 0 : least},${most}}`],
  [/^\{\d+\}/, ([whole]) => whole],
  [/^[{}\]]/, ([whole]) => `\\${whole}`],
  // In Python, only \n ends a line.
  [/^\^/, (_, { isMultiline }) => (isMultiline ? "(?<![^\\n])" : "^")],
  [/^\$/, (_, { isMultiline }) => (isMultiline ? "(?![^\\n])" : "(?=\\n?(?![^]))")],
  [/^\./, (_, { isDotAll }) => (isDotAll ? "." : "[^\\n]")],
  [/^\\A/, () => "(?<![^])"],
  [/^\\Z/, () => "(?![^])"],
  [/^\\-/, () => "-"],
];
/** The same, also inside []. */
const ESCAPES: typeof PIECES = [
  [/^\\a/, () => "\\x07"],
  [/^\\U([0-9a-fA-F]{8})/, ([, code]) => `\\u{${code}}`],
  // An escaped punctuation character is a literal; JavaScript only allows this for characters with a special meaning.
  [/^\\([^\w^$\\.*+?()[\]{}|/-])/u, ([, sign = ""]) => sign],
  [/^\\[^]/, ([whole]) => whole],
];
const CLASS_BEGIN = /^\[\^?\]?/;

/** The text in the pattern, and its replacement. */
interface Piece {
  from: string;
  to: string;
}

interface Mode {
  isMultiline: boolean;
  isDotAll: boolean;
}

/** A regular expression that matches as Python's `re.search`. Throws SyntaxError with the syntax that is not supported. */
export function pythonPattern(pattern: string): RegExp {
  const [leading = "", letters = ""] = LEADING_FLAGS.exec(pattern) ?? [];
  const mode = { isMultiline: letters.includes("m"), isDotAll: letters.includes("s") };
  const flags = [...new Set(letters)].map((letter) => FLAGS[letter] ?? "").join("");
  return new RegExp(translated(pattern.slice(leading.length), mode), `u${flags}`);
}

function translated(pattern: string, mode: Mode): string {
  let result = "";
  let isInClass = false;
  let rest = pattern;
  while (rest !== "") {
    const piece: Piece = isInClass ? nextInClass(rest) : next(rest, mode);
    isInClass = isInClass ? piece.from !== "]" : piece.from.startsWith("[");
    result += piece.to;
    rest = rest.slice(piece.from.length);
  }
  return result;
}

function next(rest: string, mode: Mode): Piece {
  for (const [what, name] of REFUSED)
    if (what.test(rest)) throw new SyntaxError(`${name}: not understood here, in ${JSON.stringify(rest)}`);
  const begin = CLASS_BEGIN.exec(rest)?.[0];
  // A ] as the first character is a literal.
  if (begin !== undefined) return { from: begin, to: begin.replace("]", "\\]") };
  return pieceOf(rest, mode, [...PIECES, ...ESCAPES]);
}

const nextInClass = (rest: string): Piece => pieceOf(rest, { isMultiline: false, isDotAll: false }, ESCAPES);

function pieceOf(rest: string, mode: Mode, pieces: typeof PIECES): Piece {
  for (const [what, rewrite] of pieces) {
    const match = what.exec(rest);
    if (match !== null) return { from: match[0], to: rewrite(match, mode) };
  }
  const [sign = ""] = rest;
  return { from: sign, to: sign };
}
