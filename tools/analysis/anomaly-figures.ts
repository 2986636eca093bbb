// The figures in which anomalies are looked for, each read off one second of a Timeline.
//
//   { what: "tick time p50", unit: "ms", kind: "rises", deltaMin: 4, read: (zone, second) => 200.3 }
//
// Of a level, only the worse direction counts: a server that gets faster is not an anomaly.

import { difference, median, sum } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { overrunsOf } from "./samples.ts";
import type { ZoneEvent, ZoneTick } from "./samples.ts";
import type { Timed } from "./series.ts";
import type { Timeline, ZoneHistory } from "./timeline.ts";

/** A second, in milliseconds since 1970: from the first on, up to the other. */
export interface Second {
  fromMs: number;
  toMs: number;
}

export interface Figure<Source> {
  what: string;
  unit: string;
  /** Which change is for the worse; "forbidden": any value above 0 is. */
  kind: "rises" | "falls" | "forbidden";
  /** A difference from usual that is not worth a word, however regular the figure is. */
  deltaMin: number;
  /** Missing: nothing was measured in that second. */
  read(source: Source, second: Second): Measured;
}

const ticksIn = (zone: ZoneHistory, { fromMs, toMs }: Second): ZoneTick[] => zone.ticks.between(fromMs, toMs);

const medianOf =
  (read: (tick: ZoneTick) => Measured) =>
  (zone: ZoneHistory, second: Second): Measured =>
    median(ticksIn(zone, second).map(read));

const forbidden = (what: string, read: Figure<ZoneHistory>["read"]): Figure<ZoneHistory> => {
  return { what, unit: "", kind: "forbidden", deltaMin: 0, read };
};

const eventsLike =
  (isWanted: (event: ZoneEvent) => boolean) =>
  (zone: ZoneHistory, { fromMs, toMs }: Second): number =>
    zone.events.between(fromMs, toMs).filter(isWanted).length;

export const ZONE_FIGURES: readonly Figure<ZoneHistory>[] = [
  { what: "tick time p50", unit: "ms", kind: "rises", deltaMin: 4, read: medianOf(({ durationMs }) => durationMs) },
  { what: "kernel time p50", unit: "ms", kind: "rises", deltaMin: 2, read: medianOf(({ kernelMs }) => kernelMs) },
  { what: "commands a tick", unit: "", kind: "rises", deltaMin: 50, read: medianOf(({ commands }) => commands) },
  {
    what: "ticks a second",
    unit: "",
    kind: "falls",
    deltaMin: 3,
    read: (zone, second) => ticksIn(zone, second).length,
  },
  forbidden(
    "tick exceptions",
    eventsLike(({ what }) => what === "exception"),
  ),
  forbidden(
    "went DOWN",
    eventsLike(({ what, toState }) => what === "state" && toState === "DOWN"),
  ),
  forbidden(
    "restarts failed",
    eventsLike(({ what }) => what === "restart_failed"),
  ),
  forbidden("ticks over budget", (zone, second) => overrunsOf(ticksIn(zone, second))),
  forbidden("commands dropped", (zone, second) =>
    sum(ticksIn(zone, second).map(({ commandsDropped }) => commandsDropped)),
  ),
  forbidden("ticks given up", (zone, second) => {
    const last = ticksIn(zone, second).at(-1);
    if (last === undefined) return null;
    return difference(last.missedTicks, zone.ticks.lastBefore(second.fromMs)?.missedTicks ?? last.missedTicks);
  }),
];

interface Between<Sample extends Timed> {
  between(fromMs: number, toMs: number): Sample[];
}

const newest =
  <Sample extends Timed>(series: (timeline: Timeline) => Between<Sample>, read: (sample: Sample) => Measured) =>
  (timeline: Timeline, { fromMs, toMs }: Second): Measured => {
    const sample = series(timeline).between(fromMs, toMs).at(-1);
    return sample === undefined ? null : read(sample);
  };

const traffic = ({ traffic: series }: Timeline): Timeline["traffic"] => series;

export const SERVER_FIGURES: readonly Figure<Timeline>[] = [
  {
    what: "resident memory",
    unit: "MiB",
    kind: "rises",
    deltaMin: 20,
    read: newest(
      ({ process }) => process,
      ({ rssMb }) => rssMb,
    ),
  },
  {
    what: "round trip p99",
    unit: "ms",
    kind: "rises",
    deltaMin: 60,
    read: newest(
      ({ roundTrips }) => roundTrips,
      ({ msP99 }) => msP99,
    ),
  },
  {
    what: "connections ended",
    unit: "",
    kind: "rises",
    deltaMin: 1,
    read: newest(traffic, ({ disconnected }) => disconnected),
  },
  {
    what: "malformed messages",
    unit: "",
    kind: "rises",
    deltaMin: 5,
    read: newest(traffic, ({ malformed }) => malformed),
  },
  {
    what: "entities in more than one zone",
    unit: "",
    kind: "forbidden",
    deltaMin: 0,
    read: newest(
      ({ census }) => census,
      ({ duplicates }) => duplicates,
    ),
  },
  {
    what: "telemetry lines lost",
    unit: "",
    kind: "forbidden",
    deltaMin: 0,
    read: ({ process }, { fromMs, toMs }) => {
      const last = process.between(fromMs, toMs).at(-1);
      return last === undefined ? null : difference(last.linesLost, process.lastBefore(fromMs)?.linesLost ?? null);
    },
  },
];
