// Finds the history that leads to a tick of a zone: the newest snapshot that can be used, and the ticks after it.
//
//   readHistory({ database, world, testimony }, 1, 4711)
//   // { zone: 1, snapshot: { tick: 4600, ... }, ticks: [4601 ... 4710], lostTicks: 1, problems: ["Tick 4711 of zone 1 is damaged."] }
//
// A newer epoch has rewritten what an older one did after the tick at which the newer one began. So when no snapshot of the
// newest epoch can be used, the older epoch counts only up to that tick.

import { scan } from "./scan.ts";
import type { RawRow } from "./scan.ts";
import { epochsAfter, headAt, readSnapshot, snapshotPlaces, tickOf } from "./world-timeline.ts";
import type { JournalSource } from "./world-timeline.ts";
import type { StoredSnapshot, StoredTick } from "./world-rows.ts";

/** A snapshot and the ticks after it. */
export interface StoredHistory {
  zone: number;
  snapshot: StoredSnapshot;
  /** Of the snapshot's epoch, in order, without a gap. */
  ticks: StoredTick[];
  /** Ticks that the journal had, or should have, after the last one of these. */
  lostTicks: number;
  /** What was damaged or missing, one sentence each. */
  problems: string[];
}

/** A zone of which nothing can be used. */
export interface LostHistory {
  zone: number;
  snapshot: null;
  lostTicks: number;
  problems: string[];
}

/** The history that leads to tick `to`. */
export function readHistory(source: JournalSource, zone: number, to: number): StoredHistory | LostHistory {
  const problems: string[] = [];
  const places = snapshotPlaces(source.database, zone, problems);
  const head = headAt(source, zone, to, places, problems);
  for (const place of places) {
    const later = epochsAfter(source, zone, place.epoch, places, head);
    const bound = Math.min(to, ...later.begins.values());
    if (place.tick > bound) continue;
    const snapshot = readSnapshot(source, place, problems);
    if (snapshot === null) continue;
    // An older epoch is only read up to where the next one began; what comes after it is lost, and no gap.
    const isNewest = head === null || head.epoch === place.epoch;
    const end = isNewest ? (head?.tick ?? bound) : bound;
    const ticks = ticksAfter(source, { ...place, end: Math.min(end, bound), mayEndEarly: !isNewest }, problems);
    const last = ticks.at(-1)?.tick ?? snapshot.tick;
    const lostTicks = Math.max(0, (head?.tick ?? 0) - last);
    if (!isNewest) {
      problems.push(`Epoch ${head.epoch} of zone ${zone} can not be used; epoch ${place.epoch} ends at tick ${last}.`);
      if (later.unknown.length > 0) problems.push(unknownBegins(zone, later.unknown));
    }
    return { zone, snapshot, ticks, lostTicks, problems };
  }
  const oldest = places.reduce((tick, place) => Math.min(tick, place.tick), Number.MAX_SAFE_INTEGER);
  if (problems.length === 0 && places.length > 0 && oldest > to) {
    problems.push(`The journal of zone ${zone} begins at tick ${oldest}; what was before is no longer kept.`);
    return { zone, snapshot: null, lostTicks: 0, problems };
  }
  if (problems.length === 0) problems.push(`Zone ${zone} has no snapshot.`);
  return { zone, snapshot: null, lostTicks: head?.tick ?? 0, problems };
}

interface Span {
  zone: number;
  epoch: number;
  /** The tick of the snapshot. */
  tick: number;
  /** The last tick that there should be. */
  end: number;
  /** There need not be a tick at `end`. */
  mayEndEarly: boolean;
}

/** The ticks after a snapshot, by the index; when these do not reach the end, by the table itself if that gives more. */
export function ticksAfter(source: JournalSource, span: Span, problems: string[]): StoredTick[] {
  const { zone, epoch, tick, end } = span;
  const where = "zone = ? AND epoch = ? AND tick > ? AND tick <= ?";
  const values = [zone, epoch, tick, end];
  const byIndex = `SELECT * FROM record WHERE ${where} ORDER BY tick`;
  const first = readTicks(source.world, span, () =>
    source.database.query<RawRow, number[]>(byIndex).iterate(...values),
  );
  if (first.problem === null) return first.ticks;
  const byTable = { table: "record", key: "lsn", where, values };
  const second = readTicks(source.world, span, () => scan(source.database, byTable, []));
  const better = second.ticks.length > first.ticks.length ? second : first;
  problems.push(better.problem ?? `The index of zone ${zone} is damaged.`);
  return better.ticks;
}

interface ReadTicks {
  ticks: StoredTick[];
  /** Why they do not reach the end; null when they do. */
  problem: string | null;
}

function readTicks(world: number, span: Span, read: () => Iterable<RawRow>): ReadTicks {
  const { zone, epoch, end } = span;
  const ticks: StoredTick[] = [];
  let next = span.tick + 1;
  try {
    for (const row of read()) {
      const tick = tickOf(world, row);
      // A damaged row may say any tick: it stands where the next one should.
      if (tick === null) return { ticks, problem: `Tick ${next} of zone ${zone} is damaged.` };
      if (tick.zone !== zone || tick.epoch !== epoch || tick.tick < next)
        return { ticks, problem: `Tick ${next} of zone ${zone} is damaged.` };
      if (tick.tick > next) return { ticks, problem: missing(zone, next, tick.tick - 1) };
      ticks.push(tick);
      next++;
    }
  } catch (error) {
    return { ticks, problem: `The ticks of zone ${zone} after ${next - 1} can not be read: ${String(error)}.` };
  }
  const isShort = next <= end && end < Number.MAX_SAFE_INTEGER && !span.mayEndEarly;
  return { ticks, problem: isShort ? missing(zone, next, end) : null };
}

function missing(zone: number, from: number, to: number): string {
  return from === to
    ? `Tick ${from} of zone ${zone} is missing.`
    : `Ticks ${from} to ${to} of zone ${zone} are missing.`;
}

function unknownBegins(zone: number, epochs: readonly number[]): string {
  const names = epochs.length === 1 ? `Epoch ${epochs[0]}` : `Epochs ${epochs[0]} to ${epochs.at(-1)}`;
  return `${names} of zone ${zone} can not be found: it is not known which of these ticks were rewritten.`;
}
