// Flags that several subcommands share, and how their texts become values.
//
//   addServerFlags(command, ["control-port"])   // --host 127.0.0.1, --control-port 8081
//   addFormatFlag(command)                      // --format text|json

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";

export const DEFAULT_PORTS = { game: 8080, control: 8081, http: 8082, telemetry: 9090 } as const;

export type OutputFormat = "text" | "json";

const SERVER_FLAGS = {
  port: { describe: "game port (TCP)", port: DEFAULT_PORTS.game },
  "control-port": { describe: "control port (TCP)", port: DEFAULT_PORTS.control },
  "http-port": { describe: "HTTP port (/metrics, /healthz, /readyz)", port: DEFAULT_PORTS.http },
  "telemetry-port": { describe: "telemetry feed (UDP)", port: DEFAULT_PORTS.telemetry },
} as const;

/** Adds --host and the named port flags of a running server, with the default ports. */
export function addServerFlags(command: Command, ports: (keyof typeof SERVER_FLAGS)[]): Command {
  command.option("--host <address>", "the server's address", "127.0.0.1");
  for (const flag of ports) {
    const { describe, port } = SERVER_FLAGS[flag];
    command.addOption(new Option(`--${flag} <n>`, describe).argParser(parsePort).default(port));
  }
  return command;
}

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

/** "500ms", "5s", "2m", "1h", or a bare number of seconds; in milliseconds. Throws InvalidArgumentError. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const amount = match?.[1];
  if (amount === undefined) throw new InvalidArgumentError("Give a duration such as 500ms, 5s, 2m or 1h.");
  return Number(amount) * (MS_PER_UNIT[match?.[2] ?? "s"] ?? 1_000);
}

/** "100t" (ticks) or a duration; in ticks of a server at `tickRateHz`. Throws InvalidArgumentError. */
export function parseTicks(text: string, tickRateHz = 20): number {
  const ticks = /^(\d+)t$/.exec(text)?.[1];
  return ticks === undefined ? Math.round((parseDurationMs(text) / 1_000) * tickRateHz) : Number(ticks);
}
