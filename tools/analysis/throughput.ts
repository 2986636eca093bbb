// A server's throughput, and the share of it that fails: the gateway's one-second counts of a time range, as rates.
//
//   throughputOf(timeline, fromMs, nowMs)
//   // { messagesPerS: 96, commandsPerS: 60, bytesOutPerS: 41230, badShare: 0.002, errorLinesPerMin: 0, ... }
//
// "Bad" are the messages that nobody could use: not a valid message (malformed), or refused because the server was too busy.
// An action that the rules of the game forbid is normal play.

import { mapped, ratio, sum } from "./measured.ts";
import type { Measured } from "./measured.ts";
import type { Traffic } from "./samples.ts";
import type { Timeline } from "./timeline.ts";

export interface Throughput {
  messagesPerS: Measured;
  /** Messages that became a command for a zone. */
  commandsPerS: Measured;
  bytesInPerS: Measured;
  bytesOutPerS: Measured;
  malformed: Measured;
  refused: Measured;
  /** Share of all messages: malformed, or refused as busy; missing when no message came. */
  badShare: Measured;
  errorLinesPerMin: Measured;
}

const MS_PER_MIN = 60_000;

/** The rates from `fromMs` to `nowMs`, the time of the timeline's newest line. */
export function throughputOf({ traffic, errors }: Timeline, fromMs: number, nowMs: number): Throughput {
  const seconds = traffic.between(fromMs);
  const total = (read: (second: Traffic) => Measured): Measured => sum(seconds.map(read));
  const tookMs = total(({ intervalMs }) => intervalMs);
  const perS = (read: (second: Traffic) => Measured): Measured =>
    mapped(ratio(total(read), tookMs), (perMs) => perMs * 1_000);
  const malformed = total((second) => second.malformed);
  const refused = total((second) => second.commandsRefused);
  return {
    messagesPerS: perS(({ messages }) => messages),
    commandsPerS: perS(({ commands }) => commands),
    bytesInPerS: perS(({ bytesIn }) => bytesIn),
    bytesOutPerS: perS(({ bytesOut }) => bytesOut),
    malformed,
    refused,
    badShare: ratio(sum([malformed, refused]), sum([total(({ messages }) => messages), malformed])),
    errorLinesPerMin: mapped(ratio(errors.between(fromMs).length, nowMs - fromMs), (perMs) => perMs * MS_PER_MIN),
  };
}
