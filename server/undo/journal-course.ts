// The course of a zone as its journal has it: which module ran which ticks, from the newest state back. An undo reads from it what there
// is to undo.
//
//   const spans = spansOf(journal, 1, problems)     // [{ epoch: 3, begin: 101, end: 730, module: "6f1c…" }, { epoch: 4, ... }]
//   findUndo(1, spans, { module: null, deployed, undone })
//   // { module: "a2f5…", through: "6f1c…", fromTick: 730, spans: [...] }; throws WowsimError("undo_impossible", why)
//
// A newer epoch takes the place of the older ones' ticks from its beginning on. Ticks that no epoch has (the zone was DOWN, the journal
// was lost) cut the course: nothing before them can lead to the present state.

import { at } from "../protocol/assert.ts";
import { WowsimError } from "../protocol/errors.ts";
import { attempt } from "../store/scan.ts";
import type { SnapshotPlace, WorldReader } from "../store/world-reader.ts";

/** Ticks of an epoch that count. */
export interface Span {
  epoch: number;
  /** The tick of the epoch's first snapshot, and the last tick that no newer epoch has. */
  begin: number;
  end: number;
  /** By hash. */
  module: string;
  /** When it began, in milliseconds since 1970. */
  at: number;
}

/** What the journal tells beside ticks. */
export interface ToldOfModules {
  /** Only what this module did, by hash; null: the last one. */
  module: string | null;
  /** Whether a deploy gave the zone this module; else it came with the server. */
  deployed: (hash: string) => boolean;
  /** Undos that were done: what was swapped in after `fromTick` was undone after `tick`. */
  undone: readonly { fromTick: number; tick: number }[];
}

export interface FoundCourse {
  /** The module to undo and the one before it, by hash. */
  module: string;
  through: string;
  /** The tick after which the module was swapped in. */
  fromTick: number;
  /** The epoch that has the state after that tick. */
  epoch: number;
  /** When it was swapped in, in milliseconds since 1970. */
  sinceMs: number;
}

/** The spans of a zone, oldest first, each with ticks. */
export function spansOf(reader: WorldReader, zone: number, problems: string[]): Span[] {
  const places = Map.groupBy(reader.snapshots(zone, problems), ({ epoch }) => epoch);
  const { database } = reader.source;
  const query = database.query<{ tick: number | null }, [number, number]>(
    "SELECT max(tick) AS tick FROM record WHERE zone = ? AND epoch = ?",
  );
  const spans: Span[] = [];
  let begun = Number.POSITIVE_INFINITY;
  for (const [epoch, snapshots] of [...places].toSorted(([one], [other]) => other - one)) {
    const ticks = snapshots.map(({ tick }) => tick);
    const begin = Math.min(...ticks);
    const row = attempt(problems, `The index of zone ${zone}`, () => query.get(zone, epoch));
    const end = Math.min(Math.max(row?.tick ?? 0, ...ticks), begun - 1);
    const { module, at: beganMs } = at<SnapshotPlace>(snapshots, snapshots.length - 1);
    if (end >= begin) spans.unshift({ epoch, begin, end, module, at: beganMs });
    begun = Math.min(begun, begin);
  }
  return spans;
}

/** Throws WowsimError("undo_impossible") with why. */
export function findUndo(zone: number, spans: readonly Span[], told: ToldOfModules): FoundCourse {
  const newest = spans.at(-1);
  if (newest === undefined) throw impossible(`the journal has nothing of zone ${zone}`);
  const { course, cut } = unbroken(spans);
  const reach = reachOf(at(course, 0), cut);
  const last = lastOf(course, told.module);
  if (last < 0 && told.module !== null) throw impossible(`module ${told.module} ran in none of its ticks; ${reach}`);
  // Back to the newest tick of the module that runs now; or, when that one is to be undone, of the one before it.
  const isInPlace = last < 0 || at(course, last).module === newest.module;
  const bad = isInPlace ? course.length - 1 : last;
  const { module } = at(course, bad);
  const base = course
    .slice(0, bad)
    .findLastIndex((span) => (isInPlace ? span.module !== module : span.module === newest.module));
  const before = course[base];
  if (before === undefined) {
    const what = told.deployed(module) ? `module ${module} was swapped in earlier` : "no module was swapped in";
    throw impossible(`${what}, and ${reach}`);
  }
  if (!told.deployed(module)) throw impossible(`module ${module} came with the server and not by a deploy; ${reach}`);
  const { end: fromTick, module: through, epoch } = before;
  if (told.undone.some((undo) => undo.fromTick === fromTick && undo.tick > fromTick))
    throw impossible(`module ${module}, swapped in after tick ${fromTick}, is undone already`);
  return { module, through, fromTick, epoch, sinceMs: at(course, base + 1).at };
}

/** The newest span of the module that is meant, or of whatever ran before the present module came back; below 0: none. */
function lastOf(course: readonly Span[], module: string | null): number {
  if (module !== null) return course.findLastIndex((span) => span.module === module);
  const now = at(course, course.length - 1).module;
  const other = course.findLastIndex((span) => span.module !== now);
  const isBack = course.slice(0, Math.max(0, other)).some((span) => span.module === now);
  return isBack ? other : -1;
}

/** The newest spans that follow each other without a missing tick, and the first tick that is missing before them. */
function unbroken(spans: readonly Span[]): { course: readonly Span[]; cut: { from: number; to: number } | null } {
  for (let index = spans.length - 1; index > 0; index--) {
    const [before, { begin }] = [at(spans, index - 1), at(spans, index)];
    if (begin > before.end + 1) return { course: spans.slice(index), cut: { from: before.end + 1, to: begin - 1 } };
  }
  return { course: spans, cut: null };
}

function reachOf({ begin }: Span, cut: { from: number; to: number } | null): string {
  const why =
    cut === null ? "" : `, since ticks ${cut.from} to ${cut.to} are not in it: the zone was DOWN, or the journal lost`;
  return `its journal reaches back to tick ${begin}${why}`;
}

export function impossible(why: string): WowsimError {
  return new WowsimError("undo_impossible", why);
}
