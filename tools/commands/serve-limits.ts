// The limits of `wowsim serve` as flags: how much untrusted clients may use. docs/SECURITY.md explains them.
//
//   addLimitFlags(command)
//   limitsFrom(flags)     // { limits: { connectionsMax: 500 }, controlLimits: {}, httpLimits: {}, feedLimits: {} }
//
// Without a flag the server's own default holds; for the limits per address, loopback has another default.

import type { Command } from "commander";
import type { ServerOptions } from "../../server/protocol/server-options.ts";
import { parseInteger } from "../ui/flags.ts";

export interface LimitFlags {
  maxConnections?: number;
  connectionsPerAddress?: number;
  newSessions?: number;
  newSessionsPerAddress?: number;
  unactedSeconds?: number;
  controlConnections?: number;
  authSeconds?: number;
  httpConnections?: number;
  httpSeconds?: number;
  feedWatchers?: number;
  feedWatchersPerAddress?: number;
}

const COUNT_MAX = 1_000_000;
const MS_PER_S = 1_000;

export function addLimitFlags(command: Command): Command {
  const count = parseInteger(1, COUNT_MAX);
  const seconds = parseInteger(1, 3_600);
  return command
    .option("--max-connections <n>", "players' connections in all; default 10,000, or what open files allow", count)
    .option(
      "--connections-per-address <n>",
      "players' connections from one address; default 512, no limit from loopback",
      count,
    )
    .option("--new-sessions <n>", "new players a second in all; default 2000", count)
    .option(
      "--new-sessions-per-address <n>",
      "new players a second from one address; default 50, no limit from loopback",
      count,
    )
    .option(
      "--unacted-seconds <n>",
      "how long a player who never acted stays in the world after leaving; default 5",
      seconds,
    )
    .option("--control-connections <n>", "control connections in all; default 64", parseInteger(2, COUNT_MAX))
    .option("--auth-seconds <n>", "time to send the control port its token; default 5", seconds)
    .option("--http-connections <n>", "HTTP connections in all; default 64", parseInteger(2, COUNT_MAX))
    .option("--http-seconds <n>", "time for an HTTP request; default 5", seconds)
    .option("--feed-watchers <n>", "watchers of the telemetry feed in all; default 64", count)
    .option(
      "--feed-watchers-per-address <n>",
      "watchers of the feed from one address, no limit from loopback; default 16",
      count,
    );
}

/** The options for startServer; only those that were given. */
export function limitsFrom(
  flags: LimitFlags,
): Pick<ServerOptions, "limits" | "controlLimits" | "httpLimits" | "feedLimits"> {
  return {
    limits: given({
      connectionsMax: flags.maxConnections,
      connectionsPerAddressMax: flags.connectionsPerAddress,
      newSessionsPerSecondMax: flags.newSessions,
      newSessionsPerAddressMax: flags.newSessionsPerAddress,
      unactedResumeMsMax: inMs(flags.unactedSeconds),
    }),
    controlLimits: given({ connectionsMax: flags.controlConnections, authenticateMsMax: inMs(flags.authSeconds) }),
    httpLimits: given({ connectionsMax: flags.httpConnections, requestMsMax: inMs(flags.httpSeconds) }),
    feedLimits: given({ watchersMax: flags.feedWatchers, watchersPerAddressMax: flags.feedWatchersPerAddress }),
  };
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * MS_PER_S;
}

/** A copy without undefined values. */
function given<Name extends string>(limits: Record<Name, number | undefined>): Partial<Record<Name, number>> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Partial<
    Record<Name, number>
  >;
}
