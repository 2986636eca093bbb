// Validates a candidate on one zone of a journal: the newest ticks, one step at a time, beside the module that the zone runs now.
//
//   const found = await validateZone(journal, { zone: 1, ticks: 6_000, candidate, ... }, new Pause(6_000, signal), {})
//   found.comparison      // { ticks: 6000, equal: 5991, ... }
//
// It needs a journal that can be read, and nothing else of a server: it runs in a worker, on a live server's journal, on a recording.

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { differences } from "../../assembly/toolchain/migration.ts";
import type { Content } from "../protocol/content/content.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { ValidationObserver } from "../protocol/validation.ts";
import type { RecordedModules } from "../replay/modules.ts";
import { JournalNames } from "../replay/names.ts";
import type { Pause } from "../replay/pause.ts";
import { timelineOf } from "../replay/timeline.ts";
import type { Stretch } from "../replay/timeline.ts";
import { ZoneReplayRun } from "../replay/zone-replay.ts";
import type { EpochReader } from "../store/world-epochs.ts";
import type { WorldReader } from "../store/world-reader.ts";
import { ZoneComparison } from "./zone-comparison.ts";
import type { Compared, ComparisonResult } from "./zone-comparison.ts";

/** A journal that is open. */
export interface ReadableJournal {
  reader: WorldReader;
  epochs: EpochReader;
}

export interface ZoneRequest {
  zone: number;
  /** Of the zone's newest history. */
  ticks: number;
  modules: RecordedModules;
  candidate: Kernel;
  memories: Compared["memories"];
  content: Content;
}

/** Plain data, which threads can send. */
export interface ZoneValidation {
  zone: number;
  incumbent: { module: string; label: string };
  fromTick: number;
  toTick: number;
  /** Ticks that the journal should have, and that could not be run. */
  lost: number;
  /** Ticks of other modules that were left out: the present one can not take their states over. */
  ofOthers: number;
  /** Ticks that did not give the recorded state. */
  unequal: number;
  problems: string[];
  comparison: ComparisonResult;
}

/** Throws WowsimError("nothing_recorded" | "layout_mismatch" | ...). */
export async function validateZone(
  { reader, epochs }: ReadableJournal,
  { zone, ticks, modules, candidate, memories, content }: ZoneRequest,
  pause: Pause,
  observer: ValidationObserver,
): Promise<ZoneValidation> {
  const problems: string[] = [];
  const last = epochs.of(zone, problems).at(-1)?.lastTick;
  if (last === undefined) throw new WowsimError("nothing_recorded", `The journal has no tick of zone ${zone}.`);
  const from = Math.max(0, last - ticks + 1);
  const { stretches, lost } = timelineOf(reader, epochs, zone, { from, to: last }, problems);
  const present = stretches.at(-1)?.snapshots.at(-1)?.module;
  if (present === undefined)
    throw new WowsimError("nothing_recorded", `No tick of zone ${zone} can be run. ${problems.join(" ")}`.trim());
  const incumbent = modules.get(present);
  const own = stretches.filter((each) => canFollow(each, incumbent, modules, problems));
  const names = new JournalNames(reader, content);
  new Uint8Array(memories.candidate.buffer).fill(0);
  const follower = new ZoneComparison({ incumbent, candidate, memories }, { zone, content, names });
  const run = new ZoneReplayRun(
    {
      epochs,
      modules,
      names,
      observer: { onProgress: (share, at, tick) => observer.onProgress?.(share, `zone ${at}, tick ${tick}`) },
      pause,
      from,
      watch: null,
      wantsEvents: false,
      until: null,
      follower,
    },
    zone,
  );
  await run.play(own);
  const { result } = run;
  const ofOthers = stretches.filter((each) => !own.includes(each)).reduce((sum, each) => sum + ticksIn(each, from), 0);
  return {
    zone,
    incumbent: { module: incumbent.hash, label: incumbent.label },
    fromTick: Math.max(from, result.fromTick),
    toTick: result.toTick,
    lost: lost + result.lost,
    ofOthers,
    unequal: result.ticks - result.verified,
    problems: [...problems, ...result.problems],
    comparison: follower.result(),
  };
}

/** Whether the present module can take over the states of the one that ran a stretch. */
function canFollow({ snapshots }: Stretch, incumbent: Kernel, modules: RecordedModules, problems: string[]): boolean {
  const module = snapshots.at(-1)?.module ?? incumbent.hash;
  if (module === incumbent.hash) return true;
  try {
    return differences(modules.get(module).layout, incumbent.layout).length === 0;
  } catch (error) {
    problems.push(`${messageOf(error)}.`);
    return false;
  }
}

/** Ticks of a stretch from a tick on. */
function ticksIn({ snapshots, lastTick }: Stretch, from: number): number {
  return Math.max(0, lastTick - Math.max(from - 1, snapshots[0]?.tick ?? lastTick));
}
