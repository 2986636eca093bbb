// A part of a zone's newest history in memory, with the state it begins with: for what runs it more than once, or otherwise.
//
//   const found = stretchOf(journal, 1, 1_200, problems)
//   found.module                         // "0303860778dc5604"
//   found.stretch                        // { zone: 1, tick: 4800, state, batches: [1,200 of them] }
//   repeated(found.stretch, 3_600)       // the same players do the same three times: [3,600 of them]

import { COMMAND_BYTES, COMMAND_SEQ, COMMAND_SESSION } from "../../assembly/abi.ts";
import { at } from "../protocol/assert.ts";
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

/**
 * A stretch of so many ticks: when the journal has fewer, the players give the same commands again and again. So what takes a minute to
 * show is also found in a short recording. The zone goes on from where it is each time.
 */
export function repeated(stretch: FreeStretch, ticks: number): FreeStretch {
  const { batches } = stretch;
  if (batches.length >= ticks) return stretch;
  const counts = numbersOf(batches);
  const again = Array.from({ length: ticks - batches.length }, (_, index) => {
    const tick = index + batches.length;
    return renumbered(at(batches, tick % batches.length), counts, Math.floor(tick / batches.length));
  });
  return { ...stretch, batches: [...batches, ...again] };
}

/** By session: how many sequence numbers its commands take. */
function numbersOf(batches: readonly Uint8Array[]): Map<number, number> {
  const first = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const batch of batches) {
    eachNumbered(viewOf(batch), (_, session, seq) => {
      first.set(session, Math.min(seq, first.get(session) ?? seq));
      counts.set(session, Math.max(counts.get(session) ?? 0, seq - (first.get(session) ?? seq) + 1));
    });
  }
  return counts;
}

/** A kernel takes each number once, so they go on from round to round. */
function renumbered(batch: Uint8Array, counts: ReadonlyMap<number, number>, round: number): Uint8Array {
  const copy = batch.slice();
  const view = viewOf(copy);
  eachNumbered(view, (offset, session, seq) =>
    view.setUint32(offset + COMMAND_SEQ, seq + round * (counts.get(session) ?? 0), true),
  );
  return copy;
}

function eachNumbered(view: DataView, found: (offset: number, session: number, seq: number) => void): void {
  for (let offset = 0; offset + COMMAND_BYTES <= view.byteLength; offset += COMMAND_BYTES) {
    const seq = view.getUint32(offset + COMMAND_SEQ, true);
    if (seq !== 0) found(offset, view.getUint32(offset + COMMAND_SESSION, true), seq);
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

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
