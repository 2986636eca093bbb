// Wraps text to a terminal's width, counted in cells: wide characters take two, colour codes none.
//
//   wrapped("No server answers. Start one.", 18)             // ["No server answers.", "Start one."]
//   folded("  degraded  zone 1 is DEGRADED by ...", 40)      // continues below "zone 1", not at the edge
//   cut("玩家 40", 6)                                         // "玩家 4"
//   padded("玩家", 6)                                         // "玩家  "
//
// A command meant for pasting is broken only with a backslash, as a shell requires; otherwise a shell would run its first
// half.

/** Stands for a blank where no line break is allowed. */
const TIED = "\u{F8FF}";
/** A command at the end of a line, after a prompt, a colon or nothing. */
const LAST_COMMAND = /(?<=^ *|[$:] +)(?:cd |PATH=|wowsim [a-z]).*$/;
/** A command inside a sentence, with its flags that choose the server. */
const COMMAND = /\bwowsim [a-z-]+(?: --?[a-z-]+ [^\s,;)]+)*/g;
/** A row with this many gaps is a table row: its columns line up with those of other rows, so it is not broken. */
const COLUMNS_MIN = 4;
const HANG_MAX = 24;
/** The parts of a command: a flag with its value, or one word. */
const WORDS = /--[a-z-]+ (?!-|&)(?:'[^']*'|[^ ])+|(?:'[^']*'|[^ ])+/g;
const COMMAND_INDENT = "  ";

const widthOf = (text: string): number => Bun.stringWidth(text);

/** The text in lines of at most `width` cells, broken at blanks; a longer word has its own line, unless it is wide. */
export function wrapped(text: string, width: number): string[] {
  const words = tied(text).split(" ");
  const lines = Bun.wrapAnsi(words.map((word) => broken(word, width)).join(" "), width).split("\n");
  return lines.map((line) => line.replaceAll(TIED, " "));
}

/** One line, broken when it is too long; the rest is indented to where its text begins. A table row stays as it is. */
export function folded(line: string, width: number, { breaksCommands = true } = {}): string {
  if (widthOf(line) <= width || gapsOf(line) >= COLUMNS_MIN - 1) return line;
  const [command] = LAST_COMMAND.exec(line) ?? [];
  if (command !== undefined && breaksCommands)
    return withCommand(line.slice(0, line.length - command.length), command, width);
  const hang = hangOf(line);
  if (hang >= width / 2) return wrapped(line, width).join("\n");
  const start = prefixOf(line, hang);
  const [first = "", ...rest] = wrapped(line.slice(start.length), width - hang);
  return [start + first, ...rest.map((more) => " ".repeat(hang) + more)].join("\n");
}

/** A shell command in lines of at most `width` cells that a shell reads as one command; a quoted word is never broken. */
export function wrappedCommand(command: string, width: number, indent = "    "): string[] {
  const lines: string[] = [];
  for (const word of command.match(WORDS) ?? []) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(word);
    else if (widthOf(last) + widthOf(word) + 3 <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(indent + word);
  }
  return lines.map((line, at) => (at === lines.length - 1 ? line : `${line} \\`));
}

/** The text before a command, and the command; after words, the command begins on a line of its own. */
function withCommand(before: string, command: string, width: number): string {
  const hang = widthOf(before);
  if (["", "$"].includes(Bun.stripANSI(before).trim()))
    return before + wrappedCommand(command, width - hang, " ".repeat(hang + 2)).join("\n");
  const lines = wrappedCommand(command, width - COMMAND_INDENT.length).map((line) => COMMAND_INDENT + line);
  return [...wrapped(before.trimEnd(), width), ...lines].join("\n");
}

/** As much of a text as fits; colours in it are dropped. Bun.sliceAnsi would let half of a wide character exceed the width. */
export function cut(text: string, width: number): string {
  const plain = Bun.stripANSI(text);
  if (widthOf(plain) <= width) return plain;
  let fits = "";
  for (const { segment } of new Intl.Segmenter().segment(plain)) {
    if (widthOf(fits + segment) > width) break;
    fits += segment;
  }
  return fits;
}

/** The text padded with blanks to so many cells; `side` says where the blanks go. */
export function padded(text: string, width: number, side: "right" | "left" = "right"): string {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "right" ? text + blanks : blanks + text;
}

const tie = (command: string): string => command.replaceAll(" ", TIED);

function tied(text: string): string {
  return text.replace(LAST_COMMAND, tie).replaceAll(COMMAND, tie);
}

/** Breaks a word of a script that is written without blanks; it may be broken anywhere. */
function broken(word: string, width: number): string {
  const isWide = widthOf(word) > Bun.stripANSI(word).length;
  return isWide ? Bun.wrapAnsi(word, width, { hard: true }) : word;
}

const gapsOf = (line: string): number => Bun.stripANSI(line).trim().match(/ {2,}/g)?.length ?? 0;

/** Cells before a line's text: its indent, and a mark or label that is separated from it. */
function hangOf(line: string): number {
  const plain = Bun.stripANSI(line);
  const label = /^ *(?:[-$>·•…] |\S(?:.*?\S)? {2,})?/.exec(plain)?.[0] ?? "";
  return widthOf(label) <= HANG_MAX ? widthOf(label) : (/^ */.exec(plain)?.[0].length ?? 0);
}

/** The start of a line that takes so many cells, with its colour codes. */
function prefixOf(line: string, cells: number): string {
  let at = 0;
  while (at < line.length && widthOf(line.slice(0, at)) < cells) at++;
  return line.slice(0, at);
}
