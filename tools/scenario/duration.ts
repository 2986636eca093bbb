// Times in a scenario: "500ms", "5s", "2m", or a number of seconds; parsed to milliseconds.

import { InvalidArgumentError } from "commander";
import { z } from "zod";
import { parseDurationMs } from "../ui/flags.ts";

/** A time from `minMs` to `maxMs`. */
export function durationMs(minMs: number, maxMs: number) {
  return z.union([z.string(), z.number()], "must be a time such as 500ms, 5s or 2m").transform((given, context) => {
    const ms = parsed(String(given));
    if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue(`must be a time from ${inWords(minMs)} to ${inWords(maxMs)}, such as 500ms, 5s or 2m`);
    return z.NEVER;
  });
}

function parsed(text: string): number | null {
  try {
    return parseDurationMs(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return null;
    throw error;
  }
}

/** "500ms", "5s", "2m". */
export function inWords(ms: number): string {
  if (ms % 60_000 === 0 && ms > 0) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${Math.round(ms)}ms`;
}
