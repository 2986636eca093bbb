// The whole process stood still for a while and went on: it was stopped (SIGSTOP, a debugger, a suspended or migrated virtual
// machine), or all of its threads were blocked at once.
//
// The sign is a gap in which no zone ticked and the main thread sent nothing. No single blocked thread explains both: zones
// tick on while the main thread hangs, and the main thread reports while a zone hangs. Certain when the gap is well over a
// second, and when the once-a-second line reports itself that it is late (interval_ms). Lines that were only lost in transit
// leave gaps in the tick numbers; here there is none.

import { difference, greatest, isAbove, known } from "../measured.ts";
import { clock, ramp, shown } from "../measures.ts";
import type { BegunTimeline, ZoneHistory } from "../timeline.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

/** With all zones blocked, the main thread still sends a line once a second. */
const HOLE_MS_NONE = 1_200;
const HOLE_MS_FULL = 1_800;
/** When the process stood still, a line that is due once a second is at least this late. */
const LATE_MS = 1_500;
/** Up to this many missing tick numbers are not counted as lost lines. */
const TICKS_SKIPPED_MAX = 3;
const CONFIDENCE_MAX = 0.95;
const CONFIDENCE_MAX_UNCONFIRMED = 0.7;

export const processStandstill: Rule = {
  cause: "process-standstill",
  title: "The whole process stood still for a while, all threads at once",
  runbook: {
    text: "Nothing in the server does that to all threads. Look for who stopped it: a debugger, a signal (SIGSTOP, Ctrl-Z), a suspended or migrated virtual machine, a container that was paused, memory that was swapped out. It goes on by itself; ticks that were missed are given up.",
    command: "wowsim health",
  },
  find(timeline) {
    const hole = holeOf(timeline);
    const zones = [...timeline.zones.values()].filter(({ ticks }) => ticks.length > 0);
    return hole === null || zones.length === 0 ? null : examine(hole, zones, timeline);
  },
};

interface Hole {
  fromMs: number;
  toMs: number;
}

/** The longest finished gap without any line; null when none is long. */
function holeOf({ zones, nowMs, traffic, process, census }: BegunTimeline): Hole | null {
  const sinceMs = nowMs - EVENT_STALE_MS;
  const series = [traffic, process, census, ...[...zones.values()].map(({ ticks }) => ticks)];
  const spoke = series.flatMap((each) => each.between(sinceMs).map(({ atMs }) => atMs)).toSorted((a, b) => a - b);
  let longest: Hole | null = null;
  for (const [index, toMs] of spoke.slice(1).entries()) {
    const fromMs = spoke[index] ?? toMs;
    const isLonger = longest === null || toMs - fromMs >= longest.toMs - longest.fromMs;
    if (toMs - fromMs > HOLE_MS_NONE && isLonger) longest = { fromMs, toMs };
  }
  return longest;
}

function examine({ fromMs, toMs }: Hole, zones: readonly ZoneHistory[], timeline: BegunTimeline): Finding | null {
  const skipped = zones.map(({ ticks }) => {
    const [before, after] = [ticks.lastBefore(fromMs + 1), ticks.between(toMs)[0]];
    return before === undefined || after === undefined ? null : after.tick - before.tick - 1;
  });
  if (isAbove(greatest(skipped), TICKS_SKIPPED_MAX)) return null;
  const late = timeline.traffic.between(toMs)[0]?.intervalMs ?? null;
  const [before, after] = [timeline.process.lastBefore(fromMs + 1), timeline.process.between(toMs)[0]];
  const apart = before === undefined || after === undefined ? null : after.atMs - before.atMs;
  const owned = timeline.standstills.between(fromMs, toMs + LATE_MS)[0]?.ms ?? null;
  const isConfirmed = isAbove(late, LATE_MS) || isAbove(apart, LATE_MS) || isAbove(owned, HOLE_MS_NONE / 2);
  const confidence =
    (isConfirmed ? CONFIDENCE_MAX : CONFIDENCE_MAX_UNCONFIRMED) *
    ramp(toMs - fromMs, HOLE_MS_NONE, HOLE_MS_FULL) *
    ramp(timeline.nowMs - toMs, EVENT_STALE_MS, EVENT_FRESH_MS);
  const missed = known(zones.map((zone) => missedIn(zone, fromMs, toMs)));
  const evidence = [
    `No zone ticked and the main thread said nothing for ${shown((toMs - fromMs) / 1_000)} s, from ${clock(fromMs)} to ${clock(toMs)}; no tick is missing in the count of ${zones.length === 1 ? "the zone" : `${zones.length} zones`}.`,
  ];
  if (isConfirmed) {
    evidence.push(
      `What comes once a second came late: Traffic's interval_ms ${shown(late)}, Process ${shown(apart)} ms after the one before, in which it used ${shown(after?.cpuShare ?? null)} cores.`,
    );
  }
  if (owned !== null)
    evidence.push(`Server stood still: its main thread says so itself, for ${shown(owned / 1_000)} s.`);
  if (missed.length > 0) evidence.push(`missed_ticks: ${missed.map((count) => `+${count}`).join(", ")} in the zones.`);
  return { confidence, zones: [], sinceMs: fromMs, evidence, explains: ["latency-spike", "cpu-starved"] };
}

function missedIn({ ticks }: ZoneHistory, fromMs: number, toMs: number): number | null {
  const after = ticks.between(toMs, toMs + HOLE_MS_FULL).at(-1);
  return difference(after?.missedTicks ?? null, ticks.lastBefore(fromMs + 1)?.missedTicks ?? null);
}
