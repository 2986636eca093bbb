// What goes through a server, and how much of it goes wrong: the gateway's seconds of a stretch, as rates.
//
//   throughputOf(timeline, fromMs, nowMs)
//   // { messagesPerS: 96, commandsPerS: 60, bytesOutPerS: 41230, badShare: 0.002, errorLinesPerMin: 0, ... }
//
// Bad is what players sent and nobody could do anything with: no message at all (malformed), or refused because the server
// was too busy for it. What the rules of the game do not allow is play.

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
  /** Of all messages: malformed, or refused as busy; missing when none came. */
  badShare: Measured;
  errorLinesPerMin: Measured;
}

const MS_PER_MIN = 60_000;

/** Since `fromMs`, up to `nowMs`, the timeline's newest line. */
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
