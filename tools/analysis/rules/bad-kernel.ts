// A zone runs a new kernel, and with it each tick costs more, or the kernel traps: a hotfix that makes things worse.
//
// Compared are the ticks right before and after the change of the kernel hash in the same zone, and the zones that kept
// their kernel over the same time. Fuel counts work exactly: a rise of a sixth beyond that of the load (entities and
// commands) and of the other zones is certain. Kernel time alone is noisy and counts less. A test over blocks of
// ticks (statistics.ts) excludes chance. The other sign is exceptions that began with the new kernel.

import { known, median, measured, ratio, sum } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, ramp, shown } from "../measures.ts";
import { compare, controlChange, MEDIAN } from "../statistics.ts";
import type { ZoneTick } from "../samples.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { inEachZone, nameOf, plainTicks } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

const TICKS_MIN = 40;
/** Ticks compared on each side of the change. */
const TICKS_MAX = 600;
/** The engine compiles a new module while it runs, so its first ticks are slow. */
const SETTLE_TICKS = 10;
/** Fuel counts all instructions, so a change in one part of a tick is a smaller share of the total. */
const FUEL_NONE = 1.06;
const FUEL_FULL = 1.16;
const CONFIDENCE_MAX = 0.96;
const CONFIDENCE_MAX_TIME = 0.75;
/** One-sided p of the test that the rise is chance. */
const CHANCE_MAX = 0.01;
const CONTROLS_SHOWN_MAX = 2;

export const badKernel: Rule = {
  cause: "bad-kernel",
  title: "The new kernel costs more than the one before, or traps",
  runbook: {
    text: "Give the zone back the kernel it ran before; players stay connected. A canary goes back by itself when its deploy ends. Then compare the two builds.",
    command: "wowsim build-kernel --out kernel.wasm && wowsim deploy kernel.wasm",
  },
  find: inEachZone(examine),
};

function examine(zone: ZoneHistory, timeline: BegunTimeline): Finding | null {
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
  const others = keptKernel(zone, timeline, change.atMs);
  const confidence = Math.max(
    CONFIDENCE_MAX * ramp(riseOf(fuelOf, before, after, others), FUEL_NONE, FUEL_FULL),
    CONFIDENCE_MAX_TIME * ramp(riseOf(timeOf, before, after, others), 1.5, 3),
    trappedBefore === 0 ? CONFIDENCE_MAX * ramp(trapped, 0, 2) : 0,
  );
  if (confidence === 0) return null;
  const name = nameOf(zone);
  const of = (read: Reading): string => `${shown(median(before.map(read)))} → ${shown(median(after.map(read)))}`;
  const evidence = [
    `${name}: kernel ${old} → ${newest.kernel} at ${clock(change.atMs)}, tick ${change.tick}.`,
    `${name}: fuel_used p50 ${of(fuelOf)}, kernel_ms p50 ${of(timeOf)} (n ${before.length} → ${after.length}), entities and commands ${of(loadOf)}.`,
    `${name}: exceptions ${trappedBefore} → ${trapped}.`,
    ...others
      .slice(0, CONTROLS_SHOWN_MAX)
      .map((other) => `${nameOf(other.zone)} kept its kernel: fuel_used p50 ${shownMedians(other, fuelOf)}.`),
  ];
  const explains = trapped > 0 && trappedBefore === 0 ? ["zone-trap", "zone-runaway", "cascading-zone-failure"] : [];
  return { confidence, zones: [zone.id], sinceMs: change.atMs, evidence, explains };
}

type Reading = (tick: ZoneTick) => Measured;

interface Other {
  zone: ZoneHistory;
  before: ZoneTick[];
  after: ZoneTick[];
}

/** The zones that ran one kernel all the time: a change of load would show in them. */
function keptKernel(changed: ZoneHistory, { zones }: BegunTimeline, atMs: number): Other[] {
  return [...zones.values()]
    .filter((zone) => zone !== changed && zone.ticks.first?.kernel === zone.ticks.last?.kernel)
    .map((zone) => ({
      zone,
      before: zone.ticks.between(Number.NEGATIVE_INFINITY, atMs).slice(-TICKS_MAX),
      after: zone.ticks.between(atMs).slice(-TICKS_MAX),
    }))
    .filter(({ before, after }) => before.length >= TICKS_MIN && after.length >= TICKS_MIN);
}

/** The factor by which a figure rose beyond the load and the other zones; 1 where it may be chance. */
function riseOf(read: Reading, before: ZoneTick[], after: ZoneTick[], others: Other[]): number {
  if (before.length < TICKS_MIN || after.length < TICKS_MIN) return 1;
  const load = ratio(median(after.map(loadOf)), median(before.map(loadOf)));
  const meanwhile = controlChange(
    MEDIAN,
    others.map((other) => ({ before: known(other.before.map(read)), after: known(other.after.map(read)) })),
  );
  const control = Math.max(1, ...known([load, measured(meanwhile)]));
  const { netRatio, p } = compare(MEDIAN, known(before.map(read)), known(after.map(read)), control);
  return p < CHANCE_MAX ? (measured(netRatio) ?? 1) : 1;
}

const shownMedians = ({ before, after }: Other, read: Reading): string =>
  `${shown(median(before.map(read)))} → ${shown(median(after.map(read)))} (n ${before.length} → ${after.length})`;

const fuelOf: Reading = ({ fuelUsed }) => fuelUsed;
const timeOf: Reading = ({ kernelMs }) => kernelMs;
const loadOf: Reading = ({ players, creatures, commands }) => sum([players, creatures, commands]);
