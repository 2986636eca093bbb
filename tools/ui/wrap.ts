// Text that fits a terminal, by what its characters take there: two cells for wide ones, none for colours.
//
//   wrapped("No server answers. Start one.", 18)             // ["No server answers.", "Start one."]
//   folded("  degraded  zone 1 is DEGRADED by ...", 40)      // goes on below "zone 1", not at the edge
//   cut("玩家 40", 6)                                         // "玩家 4"
//   padded("玩家", 6)                                         // "玩家  "
//
// A command that is to be pasted is broken as a shell wants it, with a backslash, and nowhere else: a shell would run the
// first half of it.

/** Stands for a blank that nothing is broken at. */
const TIED = "\u{F8FF}";
/** A command that a line ends with, behind a prompt, a colon or nothing. */
const LAST_COMMAND = /(?<=^ *|[$:] +)(?:cd |PATH=|wowsim [a-z]).*$/;
/** One in a sentence, with the flags that say where the server is. */
const COMMAND = /\bwowsim [a-z-]+(?: --?[a-z-]+ [^\s,;)]+)*/g;
/** Words of a row with this many gaps are columns, which stand below those of other rows. */
const COLUMNS_MIN = 4;
const HANG_MAX = 24;
/** Of a command: a flag with its value, anything else by itself. */
const WORDS = /--[a-z-]+ (?!-|&)(?:'[^']*'|[^ ])+|(?:'[^']*'|[^ ])+/g;
const COMMAND_INDENT = "  ";

const widthOf = (text: string): number => Bun.stringWidth(text);

/** The text in lines of at most `width` cells, broken at blanks; a longer word stands alone, unless it has wide characters. */
export function wrapped(text: string, width: number): string[] {
  const words = tied(text).split(" ");
  const lines = Bun.wrapAnsi(words.map((word) => broken(word, width)).join(" "), width).split("\n");
  return lines.map((line) => line.replaceAll(TIED, " "));
}

/** One line, broken where it is longer; what goes on hangs below where its text begins. A row of a table stays as it is. */
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

/** A shell's line in lines of at most `width` cells that a shell reads as one; a word in quotes is one. */
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

/** What stands before a command, and the command; behind words it begins on a line of its own. */
function withCommand(before: string, command: string, width: number): string {
  const hang = widthOf(before);
  if (["", "$"].includes(Bun.stripANSI(before).trim()))
    return before + wrappedCommand(command, width - hang, " ".repeat(hang + 2)).join("\n");
  const lines = wrappedCommand(command, width - COMMAND_INDENT.length).map((line) => COMMAND_INDENT + line);
  return [...wrapped(before.trimEnd(), width), ...lines].join("\n");
}

/** As much of a text as fits; colours in it are left out. Bun.sliceAnsi lets half of a wide character stand over. */
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

/** With blanks behind it, or before it, up to so many cells. */
export function padded(text: string, width: number, side: "right" | "left" = "right"): string {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "right" ? text + blanks : blanks + text;
}

const tie = (command: string): string => command.replaceAll(" ", TIED);

function tied(text: string): string {
  return text.replace(LAST_COMMAND, tie).replaceAll(COMMAND, tie);
}

/** A word of a script that writes without blanks may be broken anywhere. */
function broken(word: string, width: number): string {
  const isWide = widthOf(word) > Bun.stripANSI(word).length;
  return isWide ? Bun.wrapAnsi(word, width, { hard: true }) : word;
}

const gapsOf = (line: string): number => Bun.stripANSI(line).trim().match(/ {2,}/g)?.length ?? 0;

/** Cells before a line's text: its indent, and a mark or a label that is set off from it. */
function hangOf(line: string): number {
  const plain = Bun.stripANSI(line);
  const label = /^ *(?:[-$>·•…] |\S(?:.*?\S)? {2,})?/.exec(plain)?.[0] ?? "";
  return widthOf(label) <= HANG_MAX ? widthOf(label) : (/^ */.exec(plain)?.[0].length ?? 0);
}

/** The begin of a line that takes so many cells, with the colours in it. */
function prefixOf(line: string, cells: number): string {
  let at = 0;
  while (at < line.length && widthOf(line.slice(0, at)) < cells) at++;
  return line.slice(0, at);
}
