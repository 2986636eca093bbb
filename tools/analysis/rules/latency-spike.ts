// Something outside the kernel holds up every tick by about the same time: a blocking call, a slow disk, a lock.
//
// A tick is slow when its time outside the kernel is far above the zone's usual (its lower quartile), or above 10 ms where
// no earlier ticks are known. Certain when the slow ticks are many, alike (small spread), began from one tick to the next
// (a leak grows slowly) and stayed at one level (a leak takes its next step), and when the added time is not the kernel's.
// A delay of less than an interval must last a second, because it may be the first step of a leak.

import type { ZoneTick } from "../samples.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { difference, isBelow, median, quantile, ratio } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, interquartileRange, ramp, shown } from "../measures.ts";
import { inEachZone, nameOf, plainTicks, RECENT_MS } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

/** The number of ticks used where ticks are so slow that RECENT_MS holds fewer. */
const RECENT_TICKS_MIN = 5;
const RECENT_MS_MAX = 30_000;
const SLOW_TICKS_MIN = 3;
const TICK_RATE_HZ = 20;
const BASELINE_TICKS_MIN = 20;
const RISE_MS_MIN = 5;
const RISE_RATIO_MIN = 3;
/** Outside the kernel a tick takes tenths of a millisecond; this much is abnormal even without earlier ticks. */
const STRANGE_MS = 10;
/** Slow ticks in a row: a fast leak takes its next step within this many. */
const STEP_TICKS_NONE = 20;
const STEP_TICKS_FULL = 26;
/** The level is the median of this many of the first, and of the last, slow ticks. */
const LEVEL_TICKS = 5;
const CONFIDENCE_MAX = 0.95;
const CONFIDENCE_MAX_WITHOUT_BEFORE = 0.8;

export const latencySpike: Rule = {
  cause: "latency-spike",
  title: "Every tick is held up by the same time outside the kernel",
  runbook: {
    text: "Something blocks the tick thread. Find the blocking call (profile the zone worker, look at disk and locks) and take it out; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate latency-spike",
  },
  find: inEachZone(examine),
};

function examine(zone: ZoneHistory, { nowMs, tickRateHz }: BegunTimeline): Finding | null {
  const intervalMs = 1_000 / (tickRateHz ?? TICK_RATE_HZ);
  const newest = zone.ticks.newest(SLOW_TICKS_MIN);
  const maySlow = Math.max(...zone.ticks.between(nowMs - RECENT_MS).map(overheadOf), ...newest.map(overheadOf));
  if (zone.state === "DOWN" || !(maySlow > RISE_MS_MIN)) return null;
  const ticks = plainTicks(zone);
  const recent = recentOf(ticks, nowMs);
  const earlier = ticks.slice(0, ticks.length - recent.length);
  const usual = quantile(earlier.map(overheadOf), 0.25);
  const hasBefore = earlier.length >= BASELINE_TICKS_MIN && isBelow(usual, STRANGE_MS);
  const limit = hasBefore && usual !== null ? Math.max(usual * RISE_RATIO_MIN, usual + RISE_MS_MIN) : STRANGE_MS;
  const slow = recent.filter(({ overheadMs }) => overheadMs > limit);
  if (slow.length < SLOW_TICKS_MIN) return null;

  const share = slow.length / recent.length;
  const level = median(slow.map(overheadOf));
  if (level === null) return null;
  const sinceMs = beginOf(ticks, Math.max(limit, level / 2), share);
  if (sinceMs === undefined) return null;
  const before = hasBefore ? ticks.filter(({ atMs }) => atMs < sinceMs) : [];
  const lastBefore = median(before.slice(-RECENT_TICKS_MIN).map(overheadOf));
  const spread = interquartileRange(slow.map(overheadOf));
  const kernelBefore = before.length > 0 ? median(before.map(kernelOf)) : 0;
  const kernelAdded = difference(median(slow.map(kernelOf)), kernelBefore);
  const outside = kernelAdded === null ? 1 : ratio(level, level + Math.max(0, kernelAdded));
  const confidence =
    (before.length > 0 ? CONFIDENCE_MAX : CONFIDENCE_MAX_WITHOUT_BEFORE) *
    (0.5 + 0.5 * ramp(share, 0.1, 0.6)) *
    ramp(ratio(spread, level), 0.6, 0.15) *
    ramp(outside, 0.5, 0.85) *
    (before.length > 0
      ? ramp(ratio(lastBefore, level), 0.45, 0.2) * steadiness(ticks, sinceMs, limit, intervalMs)
      : 1) *
    (kernelAdded === null ? 0.8 : 1);
  return { confidence, zones: [zone.id], sinceMs, evidence: evidenceOf(zone, before, slow, recent, sinceMs) };
}

/** 0 for ticks that rise in steps, or that have not been slow for long enough to decide. */
function steadiness(ticks: readonly ZoneTick[], sinceMs: number, limit: number, intervalMs: number): number {
  const slow = ticks.filter(({ atMs, overheadMs }) => atMs >= sinceMs && overheadMs > limit).map(overheadOf);
  const [first, last] = [median(slow.slice(0, LEVEL_TICKS)), median(slow.slice(-LEVEL_TICKS))];
  const isLong = last !== null && last >= intervalMs;
  return ramp(ratio(last, first), 1.6, 1.3) * (isLong ? 1 : ramp(slow.length, STEP_TICKS_NONE, STEP_TICKS_FULL));
}

function evidenceOf(
  zone: ZoneHistory,
  before: ZoneTick[],
  slow: ZoneTick[],
  recent: ZoneTick[],
  sinceMs: number,
): string[] {
  const change = (read: (tick: ZoneTick) => Measured): string => {
    const after = shown(median(slow.map(read)));
    return before.length > 0 ? `${shown(median(before.map(read)))} → ${after}` : after;
  };
  const name = nameOf(zone);
  const counts = before.length > 0 ? `n ${before.length} → ${slow.length}` : `n ${slow.length}, nothing seen before`;
  const lines = [
    `${name}: duration_ms p50 ${change(({ durationMs }) => durationMs)} (${counts}), since ${clock(sinceMs)}; ${slow.length} of the last ${recent.length} ticks are slow.`,
  ];
  if (median(slow.map(kernelOf)) !== null) {
    lines.push(
      `${name}: of that the kernel takes kernel_ms p50 ${change(kernelOf)}, fuel_used p50 ${change(({ fuelUsed }) => fuelUsed)}.`,
    );
  }
  const spread = interquartileRange(slow.map(overheadOf));
  lines.push(
    `${name}: the time outside the kernel is even, p50 ${shown(median(slow.map(overheadOf)))} ms, half of the slow ticks within ${shown(spread)} ms of each other.`,
  );
  const [first, last] = [before.at(-1) ?? recent[0], recent.at(-1)];
  const missed = difference(last?.missedTicks ?? null, first?.missedTicks ?? null);
  if (missed !== null && missed > 0) lines.push(`${name}: missed_ticks +${missed}.`);
  return lines;
}

/** The newest ticks, as many as describe the present; none when the zone has been silent for long. */
function recentOf(ticks: ZoneTick[], nowMs: number): ZoneTick[] {
  const recent = ticks.filter(({ atMs }) => atMs >= nowMs - RECENT_MS);
  if (recent.length >= RECENT_TICKS_MIN) return recent;
  return ticks.slice(-RECENT_TICKS_MIN).filter(({ atMs }) => atMs >= nowMs - RECENT_MS_MAX);
}

/** The begin of the current run of ticks above `limit`; a longer pause ends a run, also a pause at its very end. */
function beginOf(ticks: ZoneTick[], limit: number, share: number): number | undefined {
  const gapMax = Math.ceil(5 / share);
  let begin: ZoneTick | undefined;
  let gap = 0;
  for (let index = ticks.length - 1; index >= 0 && gap <= gapMax; index--) {
    const tick = ticks[index];
    if (tick !== undefined && tick.overheadMs > limit) {
      begin = tick;
      gap = 0;
    } else gap++;
  }
  return begin?.atMs;
}

const overheadOf = ({ overheadMs }: ZoneTick): number => overheadMs;
const kernelOf = ({ kernelMs }: ZoneTick): Measured => kernelMs;
