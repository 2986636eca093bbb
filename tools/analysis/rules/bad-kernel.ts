// A zone runs another kernel than before, and with it each tick costs more, or the kernel traps: a hotfix that is none.
//
// Compared are the ticks right before and after the kernel hash changed, in the same zone. Fuel counts work exactly, so
// that a rise of it beyond that of the load (entities and commands) is sure from 1.5 times on; kernel time alone is noisy
// and counts less. Exceptions that began with the new kernel are the other sign.

import { clock, median, ramp, shown } from "../measures.ts";
import type { ZoneTick } from "../samples.ts";
import type { Timeline, ZoneHistory } from "../timeline.ts";
import { merge, nameOf, plainTicks } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

const TICKS_MIN = 20;
/** Looked at on each side of the change. */
const TICKS_MAX = 600;
/** The engine compiles a fresh module while it runs. */
const SETTLE_TICKS = 10;
const CONFIDENCE_MAX = 0.96;
const CONFIDENCE_MAX_TIME = 0.75;

export const badKernel: Rule = {
  cause: "bad-kernel",
  title: "The new kernel costs more than the one before, or traps",
  runbook: {
    text: "Roll the zone back to the kernel it ran before; players stay connected. Then compare the two builds.",
    command: "wowsim deploy rollback",
  },
  find: (timeline) => merge([...timeline.zones.values()].map((zone) => examine(zone, timeline))),
};

function examine(zone: ZoneHistory, timeline: Timeline): Finding | null {
  if (zone.ticks.first?.kernel === zone.ticks.last?.kernel) return null;
  const ticks = plainTicks(zone).filter(({ kernel }) => kernel !== "");
  const newest = ticks.at(-1);
  if (newest === undefined) return null;
  const last = ticks.findLastIndex(({ kernel }) => kernel !== newest.kernel);
  const change = ticks[last + 1];
  const old = ticks[last]?.kernel;
  if (change === undefined || old === undefined) return null;
  const after = ticks
    .slice(last + 1)
    .slice(SETTLE_TICKS)
    .slice(-TICKS_MAX);
  const before = ticks
    .slice(0, last + 1)
    .filter(({ kernel }) => kernel === old)
    .slice(-TICKS_MAX);
  const exceptions = zone.events.all().filter(({ what }) => what === "exception");
  const trapped = exceptions.filter(({ atMs }) => atMs >= change.atMs).length;
  const trappedBefore = exceptions.length - trapped;
  const isCompared = before.length >= TICKS_MIN && after.length >= TICKS_MIN;
  const load = isCompared ? Math.max(1, ratio(before, after, loadOf)) : 1;
  const fuel = isCompared ? ratio(before, after, ({ fuelUsed }) => fuelUsed) / load : 1;
  const time = isCompared ? ratio(before, after, ({ kernelMs }) => kernelMs) / load : 1;
  const confidence = Math.max(
    CONFIDENCE_MAX * ramp(fuel, 1.1, 1.5),
    CONFIDENCE_MAX_TIME * ramp(time, 1.5, 3),
    trappedBefore === 0 ? CONFIDENCE_MAX * ramp(trapped, 0, 2) : 0,
  );
  if (confidence === 0) return null;
  const name = nameOf(zone);
  const of = (read: (tick: ZoneTick) => number): string =>
    `${shown(median(before.map(read)))} → ${shown(median(after.map(read)))}`;
  const evidence = [
    `${name}: kernel ${old} → ${newest.kernel} at ${clock(change.atMs)}, tick ${change.tick}.`,
    `${name}: fuel_used p50 ${of(({ fuelUsed }) => fuelUsed)}, kernel_ms p50 ${of(({ kernelMs }) => kernelMs)} (n ${before.length} → ${after.length}), entities and commands ${of(loadOf)}.`,
    `${name}: exceptions ${trappedBefore} → ${trapped}.`,
    ...controls(zone, timeline, change.atMs),
  ];
  const explains = trapped > 0 && trappedBefore === 0 ? ["zone-trap", "zone-runaway"] : [];
  return { confidence, zones: [zone.id], sinceMs: change.atMs, evidence, explains };
}

/** What the zones did that kept their kernel: had the load changed, they would show it. */
function controls(changed: ZoneHistory, { zones }: Timeline, atMs: number): string[] {
  return [...zones.values()]
    .filter((zone) => zone !== changed && new Set(zone.ticks.newest(TICKS_MAX).map(({ kernel }) => kernel)).size === 1)
    .slice(0, 2)
    .map((zone) => {
      const before = zone.ticks.between(Number.NEGATIVE_INFINITY, atMs);
      const after = zone.ticks.between(atMs);
      return `${nameOf(zone)} kept its kernel: fuel_used p50 ${shown(fuelOf(before))} → ${shown(fuelOf(after))} (n ${before.length} → ${after.length}).`;
    });
}

const fuelOf = (ticks: readonly ZoneTick[]): number => median(ticks.map(({ fuelUsed }) => fuelUsed));
const loadOf = ({ players, creatures, commands }: ZoneTick): number => players + creatures + commands;

/** After divided by before, of the medians; 1 when that says nothing. */
function ratio(before: readonly ZoneTick[], after: readonly ZoneTick[], read: (tick: ZoneTick) => number): number {
  const result = median(after.map(read)) / median(before.map(read));
  return Number.isFinite(result) ? result : 1;
}
