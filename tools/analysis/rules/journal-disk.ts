// The journal's disk: it is full, it refuses writes for another reason, or it is slow. The first two are known from the error that
// the journal thread reports. A slow disk reports nothing: it is known from ticks that wait for it, or no longer do because the
// journal is lost.
//
// After its end a cause is named for some more seconds, since the errors in the log are still there.

import { median } from "../measured.ts";
import { clock, ramp, shown } from "../measures.ts";
import type { ZoneTick } from "../samples.ts";
import type { BegunTimeline } from "../timeline.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS, RECENT_MS } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

/** A tick that has waited for so long is late, in milliseconds; a healthy disk takes a few. */
const LAG_MS_LATE = 50;
const SHARE_NONE = 0.2;
const SHARE_FULL = 0.7;
const CONFIDENCE_MAX = 0.95;
const FULL = /\bfull\b|ENOSPC|EDQUOT|no space|quota/i;
const READ_ONLY = /read-?only|EROFS|EACCES|EPERM/i;

export const diskFull: Rule = {
  cause: "disk-full",
  title: "The journal's disk is full",
  runbook: {
    text: "Players play on, and what they are told is not kept. Make room on the disk (df -h), or lower --journal-megabytes; the server goes on by itself then. In a drill, end the fault.",
    command: "wowsim inject-fault deactivate disk-full",
  },
  find: (timeline) => refusal(timeline, (error) => FULL.test(error)),
};

export const journalRefused: Rule = {
  cause: "journal-refused",
  title: "The journal can not be written",
  runbook: {
    text: "Players play on, and what they are told is not kept. The error says why: a read-only or failing disk (dmesg, mount), or files that were moved. Mend that; the server goes on by itself, or says that it must be restarted.",
    command: "wowsim health --watch",
  },
  find: (timeline) => refusal(timeline, (error) => !FULL.test(error)),
};

export const diskSlow: Rule = {
  cause: "disk-slow",
  title: "The journal's disk is slow",
  runbook: {
    text: "See what keeps the disk busy (iostat -x 1, the volume's limits) and end it or move it, or give the journal a disk of its own; --durability process needs no syncs. In a drill, end the fault.",
    command: "wowsim inject-fault deactivate disk-slow",
  },
  find(timeline) {
    const fromMs = timeline.nowMs - EVENT_STALE_MS;
    const { failures } = timeline.journal;
    if (failures.between(fromMs).length > 0 || timeline.journal.error !== null) return null;
    const ticks = [...timeline.zones.values()].flatMap((zone) => zone.ticks.between(fromMs));
    const late = ticks.filter(isLate).toSorted((a, b) => a.atMs - b.atMs);
    const last = late.at(-1);
    if (last === undefined) return null;
    const around = ticks.filter(({ atMs }) => atMs > last.atMs - RECENT_MS && atMs <= last.atMs);
    const share = around.filter(isLate).length / around.length;
    const confidence =
      CONFIDENCE_MAX *
      ramp(share, SHARE_NONE, SHARE_FULL) *
      ramp(timeline.nowMs - last.atMs, EVENT_STALE_MS, EVENT_FRESH_MS);
    return { confidence, zones: [], sinceMs: firstLate(timeline, last.atMs), evidence: evidenceOf(around, timeline) };
  },
};

const isLate = ({ durable, journalLagMs }: ZoneTick): boolean =>
  durable === false || (journalLagMs !== null && journalLagMs >= LAG_MS_LATE);

function evidenceOf(ticks: readonly ZoneTick[], timeline: BegunTimeline): string[] {
  const late = ticks.filter(isLate);
  const lost = ticks.filter(({ durable }) => durable === false).length;
  const lagMs = median(late.map(({ journalLagMs }) => journalLagMs));
  return [
    `${late.length} of ${ticks.length} ticks waited ${LAG_MS_LATE} ms or longer for the journal, or no longer waited: journal_lag_ms p50 ${shown(lagMs)}; durable is false in ${lost}.`,
    "The journal thread reports no error.",
    ...lossOf(timeline),
  ];
}

/** When the newest unbroken run of late ticks began; a second without one ends it. */
function firstLate({ zones }: BegunTimeline, lastMs: number): number {
  const times = [...zones.values()]
    .flatMap((zone) => zone.ticks.between(Number.NEGATIVE_INFINITY, lastMs + 1))
    .filter(isLate)
    .map(({ atMs }) => atMs)
    .toSorted((a, b) => b - a);
  let sinceMs = lastMs;
  for (const atMs of times) {
    if (sinceMs - atMs > 1_000) break;
    sinceMs = atMs;
  }
  return sinceMs;
}

function refusal(timeline: BegunTimeline, isIt: (error: string) => boolean): Finding | null {
  const { journal, nowMs } = timeline;
  const newest = journal.failures.last;
  if (newest === undefined || !isIt(newest.error)) return null;
  const isOver = journal.error === null;
  const endMs = isOver ? (journal.endedAtMs ?? newest.atMs) : nowMs;
  const confidence = CONFIDENCE_MAX * ramp(nowMs - endMs, EVENT_STALE_MS, EVENT_FRESH_MS);
  const hint = READ_ONLY.test(newest.error) ? " It may not be written to." : "";
  const until = isOver ? `, until ${clock(endMs)}` : "";
  const evidence = [
    `The journal thread reports, since ${clock(newest.atMs)}${until}: ${newest.error}.${hint}`.replace("..", "."),
  ];
  return { confidence, zones: [], sinceMs: newest.atMs, evidence: [...evidence, ...lossOf(timeline)] };
}

/** Where the journal is lost now, and since when; or that it is back. */
function lossOf({ journal }: BegunTimeline): string[] {
  const lost = new Map<number, number>();
  const losses = journal.losses.all();
  for (const { zones, isBack, atMs } of losses)
    for (const zone of zones) {
      if (isBack) lost.delete(zone);
      else lost.set(zone, atMs);
    }
  const last = losses.at(-1);
  if (lost.size === 0) return last === undefined ? [] : [`The journal is back since ${clock(last.atMs)}.`];
  const zones = [...lost.keys()].toSorted((a, b) => a - b).join(", ");
  const since = clock(Math.min(...lost.values()));
  return [
    `The journal of ${lost.size === 1 ? "zone" : "zones"} ${zones} is lost since ${since}: what players are told there is not kept.`,
  ];
}
