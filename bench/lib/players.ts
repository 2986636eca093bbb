// Players for a measurement: wowsim spawn-clients as a child process, so that their work is not the server's.
//
//   const report = await runPlayers({ port, count: 200, rate: 2, seconds: 600, guests: false, seed: 1 })
//   report["protocol_errors"]     // 0

import { runJsonChild } from "./json-child.ts";

export interface PlayersOptions {
  port: number;
  count: number;
  /** Actions a second and player. */
  rate: number;
  seconds: number;
  /** Like clients of the earlier simulator: no hello, no answers. */
  guests: boolean;
  seed: number;
}

/** Runs them to their end; what spawn-clients reports as JSON. Throws Error when it fails or prints none. */
export async function runPlayers(options: PlayersOptions): Promise<Record<string, unknown>> {
  const { port, count, rate, seconds, guests, seed } = options;
  const numbers = { count, rate, duration: seconds, port, seed };
  const flags = Object.entries(numbers).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  if (guests) flags.push("--guests");
  return await runJsonChild(["server/wowsim.ts", "spawn-clients", ...flags, "--format", "json"]);
}
