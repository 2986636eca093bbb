// A part of a zone's newest history in memory, with the state it begins with: for what runs it more than once, or otherwise.
//
//   const found = stretchOf(journal, 1, 1_200, problems)
//   found.module                         // "0303860778dc5604"
//   found.stretch                        // { zone: 1, tick: 4800, state, batches: [1,200 of them] }

import { timelineOf } from "../replay/timeline.ts";
import { unpackedState } from "../replay/snapshot-lane.ts";
import type { SnapshotPlace } from "../store/world-reader.ts";
import type { FreeStretch } from "./free-samples.ts";
import type { ReadableJournal } from "./zone-validation.ts";

export interface LoadedStretch {
  /** That ran it. */
  module: string;
  stretch: FreeStretch;
}

/** At most `ticks` of the newest epoch; fewer when the journal has fewer. Null when it has none that can be run. */
export function stretchOf(
  { reader, epochs }: ReadableJournal,
  zone: number,
  ticks: number,
  problems: string[],
): LoadedStretch | null {
  const newest = timelineOf(reader, epochs, zone, { from: 0, to: Number.MAX_SAFE_INTEGER }, problems).stretches.at(-1);
  if (newest === undefined) return null;
  for (const place of inOrder(newest.snapshots, newest.lastTick - ticks)) {
    const snapshot = epochs.snapshotAt(place, problems);
    if (snapshot === null) continue;
    const found = epochs.ticks(place, place.tick, Math.min(newest.lastTick, place.tick + ticks), problems);
    if (found.length === 0) continue;
    const batches = found.map(({ batch }) => batch);
    return { module: snapshot.module, stretch: { zone, tick: place.tick, state: unpackedState(snapshot), batches } };
  }
  return null;
}

/** Those with enough ticks after them first, the newest of them; then the others, the oldest first. */
function inOrder(snapshots: readonly SnapshotPlace[], latest: number): SnapshotPlace[] {
  const early = snapshots.filter(({ tick }) => tick <= latest).toReversed();
  return [...early, ...snapshots.filter(({ tick }) => tick > latest)];
}
