// The tick becomes slower little by little, outside the kernel, and memory grows with it: something is kept and traversed
// in every tick.
//
// The rule takes the floor (lowest tenth) of each second's time outside the kernel. From the newest second backwards it keeps
// the lowest so far: a staircase that only rises, without the outliers. Certain when it has several steps, no step is most
// of the rise, and the kernel's work (fuel) has not grown. Memory that does not grow lowers the confidence.

import type { ProcessSample, ZoneTick } from "../samples.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { median, ratio } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, perSecond, pointsOf, ramp, shown } from "../measures.ts";
import type { Point } from "../measures.ts";
import { inEachZone, nameOf, plainTicks } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";
import { at } from "../../../server/protocol/assert.ts";

const RISE_MS_MIN = 1.5;
const STEP_MS_MIN = 0.4;
const STEPS_MIN = 3;
const FLOOR = 0.1;
/** The newest second is not finished: its ticks may all be early ones. */
const UNFINISHED_MS = 1_000;
const SILENT_MS_MAX = 5_000;
const CONFIDENCE_MAX = 0.95;

export const slowLeak: Rule = {
  cause: "slow-leak",
  title: "Ticks get slower step by step, outside the kernel, while memory grows",
  runbook: {
    text: "Something is kept from tick to tick and traversed each time. Take a heap profile, find what grows, and restart in a quiet hour before ticks overrun; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate slow-leak",
  },
  find: inEachZone(examine),
};

function examine(zone: ZoneHistory, timeline: BegunTimeline): Finding | null {
  const { nowMs } = timeline;
  const last = zone.ticks.last;
  if (zone.state === "DOWN" || last === undefined || nowMs - last.atMs > SILENT_MS_MAX) return null;
  const newest = zone.ticks.between(nowMs - SILENT_MS_MAX, nowMs - UNFINISHED_MS);
  if (!newest.some(({ overheadMs }) => overheadMs >= RISE_MS_MIN)) return null;
  const ticks = plainTicks(zone).filter(({ atMs }) => atMs < nowMs - UNFINISHED_MS);
  const floors = perSecond(
    pointsOf(ticks, ({ overheadMs }) => overheadMs),
    FLOOR,
  );
  const stairs = staircaseOf(floors);
  const [begin, end] = [stairs[0], stairs.at(-1)];
  if (begin === undefined || end === undefined || stairs.length <= STEPS_MIN) return null;
  const rise = end.value - begin.value;
  if (rise < RISE_MS_MIN) return null;

  const steps = stairs.length - 1;
  const highest = Math.max(...stairs.slice(1).map(({ value }, index) => value - at(stairs, index).value));
  const sinceMs = stairs[1]?.atMs ?? begin.atMs;
  const before = ticks.filter(({ atMs }) => atMs < sinceMs);
  const after = ticks.filter(({ atMs }) => atMs >= end.atMs);
  const [fuelBefore, fuelAfter] = [fuelOf(before), fuelOf(after)];
  const work = ratio(fuelAfter, fuelBefore);
  const memory = growthOf(timeline.process.between(sinceMs));
  const confidence =
    CONFIDENCE_MAX *
    (0.6 + 0.4 * ramp(steps, STEPS_MIN - 1, 6)) *
    ramp(highest / rise, 0.75, 0.5) *
    (work === null ? 0.8 : ramp(work, 2.5, 1.5)) *
    (memory.mb > 0 ? 1 : 0.85);
  const name = nameOf(zone);
  const seconds = Math.round((end.atMs - sinceMs) / 1_000) + 1;
  const evidence = [
    `${name}: the fastest ticks' time outside the kernel rose in ${steps} steps, ${shown(begin.value)} → ${shown(end.value)} ms in the ${seconds} s since ${clock(sinceMs)}; no step was more than ${shown(highest)} ms.`,
    `${name}: the kernel's work did not grow with it, fuel_used p50 ${shown(fuelBefore)} → ${shown(fuelAfter)} (n ${before.length} → ${after.length}).`,
    memory.text,
  ];
  return { confidence, zones: [zone.id], sinceMs, evidence, explains: ["latency-spike"] };
}

const fuelOf = (ticks: readonly ZoneTick[]): Measured => median(ticks.map(({ fuelUsed }) => fuelUsed));

/** The rising levels up to now, each at its first time. A value above the floor of a later second is an outlier, not a level. */
export function staircaseOf(floors: readonly Point[]): Point[] {
  let lowest = Number.POSITIVE_INFINITY;
  const envelope = floors
    .toReversed()
    .map(({ atMs, value }) => ({ atMs, value: (lowest = Math.min(lowest, value)) }))
    .toReversed();
  const stairs: Point[] = [];
  for (const point of envelope) {
    const level = stairs.at(-1);
    if (level === undefined || point.value >= level.value + STEP_MS_MIN) stairs.push(point);
  }
  return stairs;
}

/** Least squares over resident memory, so that a garbage collection does not hide the growth. */
function growthOf(samples: readonly ProcessSample[]): { mb: number; text: string } {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 3) {
    return { mb: 0, text: "Process: too few memory samples since then to say whether memory grows." };
  }
  const points = pointsOf(samples, ({ rssMb }) => rssMb);
  const meanX = points.reduce((sum, { atMs }) => sum + atMs, 0) / points.length;
  const meanY = points.reduce((sum, { value }) => sum + value, 0) / points.length;
  const products = points.reduce((sum, { atMs, value }) => sum + (atMs - meanX) * (value - meanY), 0);
  const squares = points.reduce((sum, { atMs }) => sum + (atMs - meanX) ** 2, 0);
  const mb = (products / squares) * (last.atMs - first.atMs);
  const text = `Process: rss_mb ${shown(first.rssMb)} → ${shown(last.rssMb)} meanwhile, a trend of ${mb < 0 ? "" : "+"}${shown(mb)} MiB (n ${points.length}).`;
  return { mb, text };
}
