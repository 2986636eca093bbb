// Everything a command prints goes through here: text on stdout, complaints on stderr, colour only where it is wanted.
//
//   out(paint.green("healthy"))       // coloured on a terminal, plain in a pipe or with NO_COLOR set
//   fail(error, 2)                    // "wowsim: Port 8080 is in use; ..." on stderr, exit code 2

import { messageOf } from "../../server/errors.ts";

/** Exit codes of every subcommand. */
export const EXIT = { ok: 0, degraded: 1, critical: 2, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** True when the stream (stdout, or the one given) is a terminal that a person looks at. */
export const isTerminal = (stream: { isTTY?: boolean } = process.stdout): boolean =>
  stream.isTTY === true && process.env["CI"] === undefined && process.env["TERM"] !== "dumb";

/** True when colour is welcome: a terminal, and NO_COLOR is not set (https://no-color.org). */
export const hasColor = (): boolean =>
  process.stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";

/** How many characters fit on a line of stdout; 80 where it is no terminal. */
export const columns = (): number => process.stdout.columns ?? 80;

/** The text in lines of at most `width` characters, broken at spaces; a longer word stands alone. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A reader that has seen enough (`| head`) closes the pipe: then the command ends, and that is no failure. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

/** What goes to stderr, with its lines broken at blanks where a terminal would break words. */
export function complaint(text: string, { isTTY, columns: width = 80 }: Stream = process.stderr): string {
  if (isTTY !== true) return text;
  return text
    .split("\n")
    .flatMap((line) => wrapped(line, width))
    .join("\n");
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/** One line on stdout. */
export function out(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** One line on stderr. */
export function err(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One JSON document on one line of stdout. */
export function outJson(value: unknown): void {
  out(JSON.stringify(value));
}

/** Says on stderr what went wrong, and sets the exit code for when the command ends. */
export function fail(error: unknown, exitCode: number): void {
  err(complaint(`wowsim: ${messageOf(error)}`));
  process.exitCode = exitCode;
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
