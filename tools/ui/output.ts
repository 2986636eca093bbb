// Everything that a command prints goes through here: results to stdout, errors to stderr, colour only where it is wanted.
//
//   out(paint.green("healthy"))       // coloured on a terminal, plain in a pipe or with NO_COLOR set
//   fail(error)                       // "wowsim: No server answers on ..." on stderr, exit code 3
//   fail("interrupted", EXIT.interrupted)
//
// With --format json, stderr has JSON lines as well: {"error":{"code":"...","message":"..."}} and
// {"note":"..."}. So stdout holds only the result, and a script never has to parse an error from text.

import { ENDING_CODE } from "../../server/protocol/endings.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { printableLines, shownJson } from "../../server/protocol/printable.ts";
import { folded } from "./wrap.ts";

/** The colour codes that `paint` puts around a text. */
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
  /** Nothing speaks against it, and too little was seen to speak for it. */
  inconclusive: 5,
  /** Wrong usage: in the command line (also a missing or wrong token) or in an input file. EX_USAGE of sysexits(3). */
  usage: 64,
  /** How a server ended that nobody stopped: `crash`, `disk` or `watchdog`. */
  ...ENDING_CODE,
  interrupted: 130,
} as const;

/** The exit code for each error code; every other error is a plain failure. */
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
  no_journal: EXIT.nothing,
  nothing_recorded: EXIT.nothing,
  no_such_ticks: EXIT.nothing,
  no_such_deploy: EXIT.nothing,
  journal_unkept: EXIT.disk,
  token_required: EXIT.usage,
  wrong_token: EXIT.usage,
  usage: EXIT.usage,
  no_terminal: EXIT.usage,
  scenario_invalid: EXIT.usage,
  policy_invalid: EXIT.usage,
  expectations_invalid: EXIT.usage,
  content_invalid: EXIT.usage,
  no_such_zone: EXIT.usage,
  no_such_host: EXIT.usage,
  unknown_fault: EXIT.usage,
};

/** The exit code of a command that ends with this error. */
export function exitCodeOf(error: unknown): number {
  return (error instanceof WowsimError ? EXIT_OF_ERROR[error.code] : undefined) ?? EXIT.degraded;
}

/** True when the stream (default: stdout) is a terminal that a person reads. */
export const isTerminal = (stream: { isTTY?: boolean } = process.stdout): boolean =>
  stream.isTTY === true && process.env["CI"] === undefined && process.env["TERM"] !== "dumb";

/** True when colour is wanted: a terminal, and NO_COLOR is not set (https://no-color.org). */
export const hasColor = (): boolean =>
  process.stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

const COLUMNS = 80;

/** The width of stdout in cells; 80 when it is not a terminal. */
export const columns = (): number => process.stdout.columns ?? COLUMNS;

/**
 * Ends the command when its output can not be written. A reader that has seen enough (`| head`) closes the pipe: that is no
 * failure. Any other error, such as a full disk, is reported in one line.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") fail(outputError(error));
    process.exit();
  });
  // There is nowhere left to report it.
  process.stderr.on("error", () => {});
}

function outputError(cause: NodeJS.ErrnoException): WowsimError {
  const message = `The output can not be written (${cause.code ?? cause.message}). Free space there, or send it somewhere else.`;
  return new WowsimError("output_failed", message, { cause });
}

/** An error text for stderr; on a terminal its lines are broken at blanks. */
export function complaint(text: string, stream: Stream = process.stderr): string {
  return fitting(text, stream);
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/** A text for a stream: on a terminal, lines are broken between words; elsewhere they stay whole, for programs to read. */
export function fitting(text: string, { isTTY, columns: width = COLUMNS }: Stream = process.stdout): string {
  if (isTTY !== true) return text;
  return text
    .split("\n")
    .map((line) => folded(line, width))
    .join("\n");
}

/** One line on stdout; several when the terminal is narrower. */
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
 * Removes terminal control sequences from the output, whatever their source, except the colours of `paint`.
 * Input is cleaned where it is read (parseOutsideJson); this catches whatever was missed there.
 */
function shown(text: string): string {
  if (!hasColor()) return printableLines(text);
  return text
    .split(PAINTED)
    .map((part, at) => (at % 2 === 1 ? part : printableLines(part)))
    .join("");
}

/** Whether the command line asks for JSON, even if it is otherwise wrong: then its problems are reported as JSON too. */
export function wantsJson(args: readonly string[] = process.argv.slice(2)): boolean {
  return args.some((arg, at) => arg === "--format=json" || (arg === "--format" && args[at + 1] === "json"));
}

/** Reports an error on stderr and sets the exit code: the error's own, or the one given. */
export function fail(error: unknown, exitCode: number = exitCodeOf(error)): void {
  const message = messageOf(error);
  if (wantsJson()) errorLine(error instanceof WowsimError ? error.code : codeOf(exitCode), message);
  else err(complaint(`wowsim: ${message}`));
  process.exitCode = exitCode;
}

/** An error as a JSON line, for scripts. */
export function errorLine(code: string, message: string): void {
  err(shownJson({ error: { code, message } }));
}

/** Writes a note (worth knowing, but no error) to stderr: a text for people, or a JSON line of its own. */
export function note(text: string, speaker = "wowsim"): void {
  err(wantsJson() ? shownJson({ note: text }) : complaint(`${speaker}: ${text}`));
}

/** The code for an error that has none of its own: the meaning of its exit code. */
function codeOf(exitCode: number): string {
  if (exitCode === EXIT.degraded) return "failed";
  return Object.entries(EXIT).find(([, code]) => code === exitCode)?.[0] ?? "failed";
}

const style = (open: number, close: number) => (text: string) =>
  hasColor() ? `\x1b[${open}m${text}\x1b[${close}m` : text;

/** Colours and weights; each returns the text unchanged where colour is not wanted. */
export const paint = {
  bold: style(1, 22),
  dim: style(2, 22),
  red: style(31, 39),
  green: style(32, 39),
  yellow: style(33, 39),
  cyan: style(36, 39),
};
