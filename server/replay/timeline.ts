// Which ticks of a zone a journal has, epoch by epoch, and from which snapshots they can be run.
//
//   timelineOf(reader, epochs, 1, { from: 900, to: 1200 }, problems)
//   // [{ epoch: 3, snapshots: [{ tick: 800, ... }, { tick: 1000, ... }], start: 0, lastTick: 1200, reasons: ["deploy"] }]
//
// A zone's timeline is its epochs, one after the other. Ticks that a roll-back has undone are in the older epoch; the newer
// epoch has the same numbers again. Both are history, and both are run.

import { z } from "zod";
import type { EpochReader } from "../store/world-epochs.ts";
import type { SnapshotPlace, WorldReader } from "../store/world-reader.ts";
import type { StoredEvent } from "../store/world-rows.ts";

export interface Stretch {
  zone: number;
  epoch: number;
  /** Oldest first; at least one. */
  snapshots: SnapshotPlace[];
  /** Index of the snapshot from which to run. */
  start: number;
  /** The last tick to run. */
  lastTick: number;
  /** What the journal says about the epoch's beginning, in words. */
  reasons: string[];
}

export interface Range {
  from: number;
  to: number;
}

/** What is told within this time after an epoch's first snapshot tells of its beginning too: a server says last that it started. */
const BEGIN_MS = 1_000;

/** What events of the journal say of themselves. */
const Told = z.object({
  message: z.string().optional(),
  what: z.string().optional(),
  label: z.string().optional(),
  reason: z.string().optional(),
  error: z.string().optional(),
  from_tick: z.number().optional(),
  to_tick: z.number().optional(),
});

type Event = StoredEvent & { lsn: number };

/** Empty when no tick of the range can be run. */
export function timelineOf(
  reader: WorldReader,
  epochs: EpochReader,
  zone: number,
  { from, to }: Range,
  problems: string[],
): { stretches: Stretch[]; lost: number } {
  const places = reader.snapshots(zone, problems).toReversed();
  const events = reader.events(0, problems);
  const stretches: Stretch[] = [];
  let lost = 0;
  let lastLsn = 0;
  for (const ticks of epochs.of(zone, problems)) {
    const { epoch, firstTick, lsnBefore, lastTick } = { ...ticks, lsnBefore: lastLsn };
    lastLsn = ticks.lastLsn;
    if (lastTick < from || firstTick > to) continue;
    const snapshots = places.filter((place) => place.epoch === epoch && place.tick <= to);
    const [oldest] = snapshots;
    // The epoch has only the tick with which it begins: its state is the snapshot, and there is nothing to run.
    if (oldest?.tick === lastTick && firstTick === lastTick) continue;
    if (oldest === undefined || oldest.tick >= lastTick) {
      const count = Math.min(lastTick, to) - Math.max(firstTick, from) + 1;
      lost += count;
      problems.push(
        `${count} ticks of zone ${zone}, epoch ${epoch}, from ${Math.max(firstTick, from)} on, have no snapshot before them.`,
      );
      continue;
    }
    const start = Math.max(
      0,
      snapshots.findLastIndex(({ tick }) => tick < from),
    );
    const begin = snapshots.find(({ tick }) => tick === firstTick || tick === firstTick - 1);
    const untilMs = begin === undefined ? 0 : begin.at + BEGIN_MS;
    const isBetween = ({ lsn, at }: Event): boolean => lsn > lsnBefore && (lsn < ticks.firstLsn || at <= untilMs);
    const reasons = events
      .filter((event) => (event.zone === 0 || event.zone === zone) && isBetween(event))
      .map(inWords);
    stretches.push({ zone, epoch, snapshots, start, lastTick: Math.min(lastTick, to), reasons });
  }
  return { stretches, lost };
}

/** Number of ticks that a stretch runs, without damage. */
export function ticksOf({ snapshots, start, lastTick }: Stretch): number {
  return Math.max(0, lastTick - (snapshots[start]?.tick ?? lastTick));
}

/** "deploy: Module swapped, hotfix.wasm", or the kind alone. */
function inWords({ kind, json }: Event): string {
  const found = Told.safeParse(parsed(json));
  if (!found.success) return kind;
  const { message, what, label, reason, error, from_tick: from, to_tick: to } = found.data;
  const ticks = from === undefined || to === undefined ? undefined : `ticks ${from} to ${to} were not kept`;
  const words = [message, what, label, reason, error, ticks].filter((word) => word !== undefined);
  return words.length === 0 ? kind : `${kind}: ${words.join(", ")}`;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // An event is only a remark here: without its text it is still shown by its kind.
    return null;
  }
}
