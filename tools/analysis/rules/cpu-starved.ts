// Other processes use the processors: the server's threads are runnable but wait for a core. Ticks begin late and
// irregularly, while each takes as long as before; health may still call that healthy.
//
// The operating system's count of that waiting (Process, cpu_wait_share) is nearly proof, together with a machine that is
// busy, mostly with other processes, and uneven ticks. A server that uses the cores itself waits as well: that is load, and
// not this cause. Where the system does not count the waiting, the confidence is lower.

import { difference, mapped, median, quantile, ratio } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { ramp, shown } from "../measures.ts";
import type { ZoneTick } from "../samples.ts";
import type { BegunTimeline } from "../timeline.ts";
import type { Finding, Rule } from "./rule.ts";

const LOOK_MS = 5_500;
const SAMPLES_MIN = 3;
const TICKS_MIN = 20;
/** Waiting threads; on a machine with free cores there are almost none. */
const WAIT_NONE = 0.6;
const WAIT_FULL = 1.5;
/** One tick in ten comes early or late by this share of an interval. */
const UNEVEN_NONE = 0.1;
const UNEVEN_FULL = 0.4;
/** Lower than the confidence of any fault's own signs, because both causes may be present. */
const CONFIDENCE_MAX = 0.7;
const CONFIDENCE_MAX_UNCOUNTED = 0.55;
const TICK_RATE_HZ = 20;

export const cpuStarved: Rule = {
  cause: "cpu-starved",
  title: "Other processes take the processors; the server's threads wait for a core",
  runbook: {
    text: "The server is healthy but gets too little CPU time. See who takes the processors (top, or the container's limits) and end it, move it, or lower its priority; or give the server cores of its own.",
    command: "wowsim health --watch",
  },
  find(timeline) {
    const samples = timeline.process.between(timeline.nowMs - LOOK_MS);
    if (samples.length < SAMPLES_MIN) return null;
    const typical = (read: (sample: (typeof samples)[number]) => Measured): Measured => median(samples.map(read));
    const wait = typical(({ cpuWaitShare }) => cpuWaitShare);
    const busy = typical(({ machineBusy }) => machineBusy);
    const cores = typical(({ machineCores }) => machineCores);
    const ours = typical(({ cpuShare }) => cpuShare);
    const intervalMs = 1_000 / (timeline.tickRateHz ?? TICK_RATE_HZ);
    const unevenMs = unevennessOf(timeline, intervalMs);
    const others = difference(busy, ours);
    const confidence =
      (wait === null ? CONFIDENCE_MAX_UNCOUNTED : CONFIDENCE_MAX * ramp(wait, WAIT_NONE, WAIT_FULL)) *
      ramp(ratio(busy, cores), 0.8, 0.95) *
      ramp(ratio(others, busy), 0.4, 0.7) *
      ramp(ratio(unevenMs, intervalMs), UNEVEN_NONE, UNEVEN_FULL);
    if (confidence === 0) return null;
    return finding(confidence, { timeline, wait, busy, cores, ours, others, unevenMs, samples: samples.length });
  },
};

interface Seen {
  timeline: BegunTimeline;
  wait: Measured;
  busy: Measured;
  cores: Measured;
  ours: Measured;
  others: Measured;
  unevenMs: Measured;
  samples: number;
}

function finding(confidence: number, seen: Seen): Finding {
  const { timeline, wait, busy, cores, ours, others, unevenMs, samples } = seen;
  const lately = [...timeline.zones.values()].flatMap(({ ticks }) => ticks.between(timeline.nowMs - LOOK_MS));
  const durationMs = median(lately.map((tick) => tick.durationMs));
  const percent = mapped(ratio(busy, cores), (share) => Math.round(Math.min(1, share) * 100));
  return {
    confidence,
    zones: [],
    sinceMs: beginOf(timeline),
    evidence: [
      `Process: cpu_wait_share p50 ${shown(wait)}: this many of the server's threads could run but waited for a core, on average (n ${samples}).`,
      `Process: the machine's ${shown(cores)} cores are ${shown(percent)} % busy (machine_busy ${shown(busy)}); others take ${shown(others)} of it, the server ${shown(ours)}.`,
      `One tick in ten comes ${shown(unevenMs)} ms or more early or late (n ${lately.length}), while a tick itself takes duration_ms p50 ${shown(durationMs)}.`,
    ],
  };
}

/** How far a tenth of the ticks at full game time is from their usual interval, in milliseconds. */
function unevennessOf({ zones, nowMs }: BegunTimeline, intervalMs: number): Measured {
  const off = [...zones.values()].flatMap(({ ticks }) => {
    const some = ticks.between(nowMs - LOOK_MS);
    return some.slice(1).flatMap((tick, index) => offBy(some[index], tick, intervalMs));
  });
  return off.length < TICKS_MIN ? null : quantile(off, 0.9);
}

function offBy(before: ZoneTick | undefined, tick: ZoneTick, intervalMs: number): number[] {
  if (before === undefined || tick.gameTimeRate < 1 || tick.durationMs > intervalMs) return [];
  return [Math.abs(tick.atMs - before.atMs - intervalMs)];
}

/** The time since which the threads have waited without a pause. */
function beginOf({ process, nowMs }: BegunTimeline): number {
  const samples = process.all();
  const calm = samples.findLastIndex(({ cpuWaitShare }) => cpuWaitShare === null || cpuWaitShare < WAIT_NONE / 2);
  return samples[calm + 1]?.atMs ?? nowMs;
}
