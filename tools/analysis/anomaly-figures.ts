// The figures that are checked for anomalies; each is computed from one second of a Timeline.
//
//   { what: "tick time p50", unit: "ms", kind: "rises", deltaMin: 4, read: (zone, second) => 200.3 }
//
// Of a level, only the worse direction counts: a server that becomes faster is not an anomaly.

import { difference, median, sum } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { overrunsOf } from "./samples.ts";
import type { ZoneEvent, ZoneTick } from "./samples.ts";
import type { Timeline, ZoneHistory } from "./timeline.ts";

/** One second, in milliseconds since 1970: the begin is included, the end is not. */
export interface Second {
  fromMs: number;
  toMs: number;
}

export interface Figure<Source> {
  what: string;
  unit: string;
  /** The direction that is worse; "forbidden": any value above 0 is. */
  kind: "rises" | "falls" | "forbidden";
  /** Differences from usual below this are not reported, however regular the figure is. */
  deltaMin: number;
  /** Missing: nothing was measured in that second. */
  read(source: Source, second: Second): Measured;
}

const ticksIn = (zone: ZoneHistory, { fromMs, toMs }: Second): ZoneTick[] => zone.ticks.between(fromMs, toMs);

const medianOf =
  (read: (tick: ZoneTick) => Measured) =>
  (zone: ZoneHistory, second: Second): Measured =>
    median(ticksIn(zone, second).map(read));

function forbidden<Source>(what: string, read: Figure<Source>["read"]): Figure<Source> {
  return { what, unit: "", kind: "forbidden", deltaMin: 0, read };
}

function rises<Source>(what: string, unit: string, deltaMin: number, read: Figure<Source>["read"]): Figure<Source> {
  return { what, unit, kind: "rises", deltaMin, read };
}

const eventsLike =
  (isWanted: (event: ZoneEvent) => boolean) =>
  (zone: ZoneHistory, { fromMs, toMs }: Second): number =>
    zone.events.between(fromMs, toMs).filter(isWanted).length;

export const ZONE_FIGURES: readonly Figure<ZoneHistory>[] = [
  rises(
    "tick time p50",
    "ms",
    4,
    medianOf(({ durationMs }) => durationMs),
  ),
  rises(
    "kernel time p50",
    "ms",
    2,
    medianOf(({ kernelMs }) => kernelMs),
  ),
  rises(
    "commands a tick",
    "",
    50,
    medianOf(({ commands }) => commands),
  ),
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

type SeriesName = "process" | "roundTrips" | "traffic" | "census";
type SampleOf<Name extends SeriesName> = NonNullable<Timeline[Name]["last"]>;

// The newest sample of the second.
const newest =
  <Name extends SeriesName>(series: Name, read: (sample: SampleOf<Name>) => Measured) =>
  (timeline: Timeline, { fromMs, toMs }: Second): Measured => {
    const sample = timeline[series].between(fromMs, toMs).at(-1) as SampleOf<Name> | undefined;
    return sample === undefined ? null : read(sample);
  };

export const SERVER_FIGURES: readonly Figure<Timeline>[] = [
  rises(
    "resident memory",
    "MiB",
    20,
    newest("process", ({ rssMb }) => rssMb),
  ),
  rises(
    "round trip p99",
    "ms",
    60,
    newest("roundTrips", ({ msP99 }) => msP99),
  ),
  rises(
    "connections ended",
    "",
    1,
    newest("traffic", ({ disconnected }) => disconnected),
  ),
  rises(
    "malformed messages",
    "",
    5,
    newest("traffic", ({ malformed }) => malformed),
  ),
  forbidden(
    "entities in more than one zone",
    newest("census", ({ duplicates }) => duplicates),
  ),
  forbidden("telemetry lines lost", ({ process }, { fromMs, toMs }) => {
    const last = process.between(fromMs, toMs).at(-1);
    return last === undefined ? null : difference(last.linesLost, process.lastBefore(fromMs)?.linesLost ?? null);
  }),
];
