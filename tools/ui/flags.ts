// Flags that several subcommands share, and the parsers of their values.
//
//   addFormatFlag(command)                      // --format text|json
//   durationFrom("1s", "24h")("5m")             // 300000; "0" and "9999h" are refused, and the error gives the range
//   command.option("--seed <n>", "seed", parseInteger(0, 0xffff_ffff), 1)
//
// The flags that choose a server are in server-flags.ts.

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { assert } from "../../server/protocol/assert.ts";

export type OutputFormat = "text" | "json";

export function addFormatFlag(command: Command): Command {
  return command.addOption(
    new Option("--format <format>", "for people or for scripts").choices(["text", "json"]).default("text"),
  );
}

/** A port a client can connect to, or (for a server) 0 for any free one. */
export function parsePort(text: string): number {
  return parseInteger(0, 65_535)(text);
}

/** An argument parser for whole numbers in [min, max]. */
export function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** An argument parser for numbers in [min, max]. */
export function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max))
      throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
    return value;
  };
}

const MS_PER_UNIT: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A timer longer than 2^31 - 1 ms fires at once, so no command may wait longer. */
const TIMER_MAX = "596h";

/** Parses "500ms", "5s", "2m", "1h", or a bare number of seconds; returns whole milliseconds. Throws InvalidArgumentError. */
export function parseDurationMs(text: string): number {
  return durationFrom("0s", TIMER_MAX)(text);
}

/**
 * An argument parser for a duration from `min` to `max` (both included, written like "5s"); it returns whole milliseconds.
 * `why`, a sentence, is added to the error for a value outside the range.
 */
export function durationFrom(min: string, max: string, why = ""): (text: string) => number {
  const [minMs, maxMs] = [msOf(min), msOf(max)];
  assert(minMs !== null && maxMs !== null, "bounds are times");
  return (text) => {
    const ms = msOf(text);
    if (ms === null) throw new InvalidArgumentError("Give a duration such as 500ms, 5s, 2m or 1h.");
    if (ms >= minMs && ms <= maxMs) return ms;
    throw new InvalidArgumentError(`Give a time from ${min} to ${max}.${why === "" ? "" : ` ${why}`}`);
  };
}

/** Milliseconds; null when the text is not a duration. */
function msOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const amount = match?.[1];
  return amount === undefined ? null : Math.round(Number(amount) * (MS_PER_UNIT[match?.[2] ?? "s"] ?? 1_000));
}

/** Parses "100t" (ticks) or a duration; returns ticks of a server at `tickRateHz`. Throws InvalidArgumentError. */
export function parseTicks(text: string, tickRateHz = 20): number {
  const ticks = /^(\d+)t$/.exec(text)?.[1];
  return ticks === undefined ? Math.round((parseDurationMs(text) / 1_000) * tickRateHz) : Number(ticks);
}
