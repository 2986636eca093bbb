// The process suddenly holds much more memory, and keeps it: something was loaded, cached or mapped at once.
//
// The sign is a surge of resident memory within seconds whose gain is still held. Certain when it is large and outside the
// JavaScript heap itself (external_mb rises with it, or heap_mb without external_mb does not), and when no players who
// could need the memory joined meanwhile.

import { difference, least, ratio } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, ramp, shown } from "../measures.ts";
import type { ProcessSample } from "../samples.ts";
import type { BegunTimeline } from "../timeline.ts";
import type { Rule } from "./rule.ts";

/** A rise of this many MiB a second is a surge. */
const SURGE_MB_PER_S = 6;
const STEP_MB_NONE = 16;
const STEP_MB_FULL = 40;
/** The most that one joining player may need, MiB. */
const MB_PER_PLAYER = 0.2;
const CONFIDENCE_MAX = 0.95;
/** When external memory is not known. */
const CONFIDENCE_MAX_BLIND = 0.6;

export const memoryPressure: Rule = {
  cause: "memory-pressure",
  title: "The process took a lot of memory at once and keeps it",
  runbook: {
    text: "See what was loaded at that moment, and whether the machine has room for it before it swaps or kills; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate memory-pressure",
  },
  find(timeline) {
    const samples = timeline.process.all();
    const surge = lastSurge(samples);
    const last = samples.at(-1);
    if (surge === null || last === undefined) return null;
    const { before, top, after } = surge;
    const heldMb = difference(least(after.map(({ rssMb }) => rssMb)), before.rssMb);
    const needMb = difference(heldMb, newPlayers(timeline, before.atMs, top.atMs) * MB_PER_PLAYER);
    const externalMb = difference(top.externalMb, before.externalMb);
    const ownHeapMb = difference(ownHeapOf(top), ownHeapOf(before));
    const isBlind = externalMb === null || ownHeapMb === null;
    const place = isBlind
      ? CONFIDENCE_MAX_BLIND
      : CONFIDENCE_MAX * ramp(ratio(externalMb, heldMb), 0.3, 0.8) * ramp(ratio(ownHeapMb, heldMb), 0.6, 0.2);
    const confidence =
      place *
      ramp(needMb, STEP_MB_NONE, STEP_MB_FULL) *
      ramp(ratio(heldMb, difference(top.rssMb, before.rssMb)), 0.4, 0.75);
    const seconds = (top.atMs - before.atMs) / 1_000;
    const evidence = [
      `Process: rss_mb ${shown(before.rssMb)} → ${shown(top.rssMb)} within ${shown(seconds)} s, at ${clock(top.atMs)}; ${shown(last.rssMb)} now, ${after.length} samples later.`,
    ];
    if (!isBlind) {
      evidence.push(
        `Process: external_mb ${shown(before.externalMb)} → ${shown(top.externalMb)}, the rest of the heap ${shown(ownHeapOf(before))} → ${shown(ownHeapOf(top))} MiB.`,
      );
    }
    return { confidence, zones: [], sinceMs: before.atMs, evidence };
  },
};

const ownHeapOf = ({ heapMb, externalMb }: ProcessSample): Measured => difference(heapMb, externalMb);

interface Surge {
  /** The sample before the surge, its highest sample, and all samples from that one on. */
  before: ProcessSample;
  top: ProcessSample;
  after: ProcessSample[];
}

/** The newest run of samples that are each far above the previous one. */
function lastSurge(samples: readonly ProcessSample[]): Surge | null {
  const isSurging = (index: number): boolean => {
    const [one, two] = [samples[index - 1], samples[index]];
    if (one === undefined || two === undefined) return false;
    const grownMb = difference(two.rssMb, one.rssMb);
    return grownMb !== null && grownMb > 0 && grownMb >= (SURGE_MB_PER_S * (two.atMs - one.atMs)) / 1_000;
  };
  let end = samples.length - 1;
  while (end > 0 && !isSurging(end)) end--;
  let begin = end;
  while (begin > 0 && isSurging(begin)) begin--;
  const [before, top] = [samples[begin], samples[end]];
  return end <= 0 || before === undefined || top === undefined ? null : { before, top, after: samples.slice(end) };
}

function newPlayers({ traffic }: BegunTimeline, fromMs: number, toMs: number): number {
  const [before, after] = [traffic.lastBefore(fromMs), traffic.lastBefore(toMs + 1_000)];
  // Without a player count, nobody is known to have joined.
  return Math.max(0, difference(after?.connected ?? null, before?.connected ?? null) ?? 0);
}
