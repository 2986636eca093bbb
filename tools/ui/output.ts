// Everything a command prints goes through here: text on stdout, complaints on stderr, colour only where it is wanted.
//
//   out(paint.green("healthy"))       // coloured on a terminal, plain in a pipe or with NO_COLOR set
//   fail(error)                       // "wowsim: No server answers on ..." on stderr, exit code 3
//   fail("interrupted", EXIT.interrupted)
//
// Where --format json is asked for, stderr has JSON lines as well: {"error":{"code":"...","message":"..."}} and
// {"note":"..."}. So stdout is the result and nothing else, and no error has to be told from a text.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { printableLines, shownJson } from "../../server/protocol/printable.ts";
import { folded } from "./wrap.ts";

/** What `paint` puts around a text. */
const PAINTED = new RegExp(`(${"\x1b"}\\[\\d\\d?m)`);

/** Exit codes of every subcommand; a number means the same everywhere. */
export const EXIT = {
  ok: 0,
  /** Degraded, refused, or a check failed. */
  degraded: 1,
  critical: 2,
  /** No server answers. */
  unreachable: 3,
  /** There was nothing to look at: no such file, no telemetry, no ticks. */
  nothing: 4,
  /** Wrong usage, in the command's words (a token that is missing or wrong, too) or in a file it was given. As EX_USAGE of sysexits(3), far from any verdict. */
  usage: 64,
  interrupted: 130,
} as const;

/** What an error's code says about the exit code; every other error is a plain failure. */
const EXIT_OF_ERROR: Readonly<Record<string, number>> = {
  unreachable: EXIT.unreachable,
  control_unreachable: EXIT.unreachable,
  control_closed: EXIT.unreachable,
  control_timeout: EXIT.unreachable,
  control_strange: EXIT.unreachable,
  http_unreachable: EXIT.unreachable,
  no_feed: EXIT.unreachable,
  feed_silent: EXIT.unreachable,
  feed_refused: EXIT.unreachable,
  no_such_file: EXIT.nothing,
  file_unreadable: EXIT.nothing,
  world_unreadable: EXIT.nothing,
  no_telemetry: EXIT.nothing,
  token_required: EXIT.usage,
  wrong_token: EXIT.usage,
  usage: EXIT.usage,
  no_terminal: EXIT.usage,
  scenario_invalid: EXIT.usage,
  content_invalid: EXIT.usage,
  no_such_zone: EXIT.usage,
  unknown_fault: EXIT.usage,
};

/** The exit code of a command that ends with this error. */
export function exitCodeOf(error: unknown): number {
  return (error instanceof WowsimError ? EXIT_OF_ERROR[error.code] : undefined) ?? EXIT.degraded;
}

/** True when the stream (stdout, or the one given) is a terminal that a person looks at. */
export const isTerminal = (stream: { isTTY?: boolean } = process.stdout): boolean =>
  stream.isTTY === true && process.env["CI"] === undefined && process.env["TERM"] !== "dumb";

/** True when colour is welcome: a terminal, and NO_COLOR is not set (https://no-color.org). */
export const hasColor = (): boolean =>
  process.stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

const COLUMNS = 80;

/** How many cells a line of stdout has; 80 where it is no terminal. */
export const columns = (): number => process.stdout.columns ?? COLUMNS;

/**
 * A command ends when its output can not be written. A reader that has seen enough (`| head`) closes the pipe, which is no
 * failure; anything else, such as a full disk, is told in one line.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") fail(outputError(error));
    process.exit();
  });
  // There is nowhere to tell it.
  process.stderr.on("error", () => {});
}

function outputError(cause: NodeJS.ErrnoException): WowsimError {
  const message = `The output can not be written (${cause.code ?? cause.message}). Free space there, or send it somewhere else.`;
  return new WowsimError("output_failed", message, { cause });
}

/** What goes to stderr, with its lines broken at blanks where a terminal would break words. */
export function complaint(text: string, stream: Stream = process.stderr): string {
  return fitting(text, stream);
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/** A text for a stream: on a terminal its lines end between words, elsewhere they are for programs to read. */
export function fitting(text: string, { isTTY, columns: width = COLUMNS }: Stream = process.stdout): string {
  if (isTTY !== true) return text;
  return text
    .split("\n")
    .map((line) => folded(line, width))
    .join("\n");
}

/** One line on stdout; on a terminal that is narrower, several. */
export function out(line = ""): void {
  process.stdout.write(`${fitting(shown(line))}\n`);
}

/** One line on stderr. */
export function err(line: string): void {
  process.stderr.write(`${shown(line)}\n`);
}

/** One JSON document on one line of stdout. */
export function outJson(value: unknown): void {
  process.stdout.write(`${shown(shownJson(value))}\n`);
}

/**
 * What leaves a command speaks to no terminal, wherever it came from; only the colours of `paint` do, where they are wanted.
 * What comes in is cleaned where it is read (parseOutsideJson): this is for what nobody thought of.
 */
function shown(text: string): string {
  if (!hasColor()) return printableLines(text);
  return text
    .split(PAINTED)
    .map((part, at) => (at % 2 === 1 ? part : printableLines(part)))
    .join("");
}

/** Whether the command line asks for JSON, be it right otherwise or not: then what is wrong with it is said as JSON too. */
export function wantsJson(args: readonly string[] = process.argv.slice(2)): boolean {
  return args.some((arg, at) => arg === "--format=json" || (arg === "--format" && args[at + 1] === "json"));
}

/** Says on stderr what went wrong, and sets the exit code for when the command ends: what the error is, or the one given. */
export function fail(error: unknown, exitCode: number = exitCodeOf(error)): void {
  const message = messageOf(error);
  if (wantsJson()) errorLine(error instanceof WowsimError ? error.code : codeOf(exitCode), message);
  else err(complaint(`wowsim: ${message}`));
  process.exitCode = exitCode;
}

/** An error as scripts read it. */
export function errorLine(code: string, message: string): void {
  err(shownJson({ error: { code, message } }));
}

/** Says on stderr what is worth knowing and no error: a text for people, in JSON a line of its own. */
export function note(text: string, speaker = "wowsim"): void {
  err(wantsJson() ? shownJson({ note: text }) : complaint(`${speaker}: ${text}`));
}

/** The code of an error that has none of its own: what its exit code means. */
function codeOf(exitCode: number): string {
  if (exitCode === EXIT.degraded) return "failed";
  return Object.entries(EXIT).find(([, code]) => code === exitCode)?.[0] ?? "failed";
}

const style = (open: number, close: number) => (text: string) =>
  hasColor() ? `\x1b[${open}m${text}\x1b[${close}m` : text;

/** Colours and weights; each is the identity where colour is not welcome. */
export const paint = {
  bold: style(1, 22),
  dim: style(2, 22),
  red: style(31, 39),
  green: style(32, 39),
  yellow: style(33, 39),
  cyan: style(36, 39),
};
