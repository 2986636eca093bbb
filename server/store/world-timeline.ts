// What is known of a zone's timeline before any history is read: its snapshots, how far it came, where its epochs began.
//
//   headAt(source, 1, Infinity, places, problems)     // { epoch: 3, begin: 100, tick: 2412 }
//   epochsAfter(source, 1, 1, places, head)           // { begins: Map { 2 => 60, 3 => 100 }, unknown: [] }

import type { Database } from "bun:sqlite";
import { unpack } from "./packing.ts";
import { attempt, scan } from "./scan.ts";
import type { RawRow } from "./scan.ts";
import { isAhead } from "./witness.ts";
import type { Head, Testimony } from "./witness.ts";
import { beginInRows, further, headInRows } from "./world-heads.ts";
import { crcOfSnapshot, crcOfTick, isSound, SNAPSHOT_TYPES, TICK_TYPES } from "./world-rows.ts";
import type { SnapshotRow, StoredSnapshot, StoredTick, TickRow } from "./world-rows.ts";

/** Of more epochs than these between two known ones, the rest is not told. */
const EPOCHS_TOLD_MAX = 1_000;

export interface SnapshotPlace {
  lsn: number;
  zone: number;
  epoch: number;
  tick: number;
  at: number;
  module: string;
  bytes: number;
}

export interface JournalSource {
  database: Database;
  /** The number of the world (world-identity.ts). */
  world: number;
  /** What the witness of this world says; null when there is none. */
  testimony: Testimony | null;
}

/** All snapshots of a zone, newest first, without their states. */
export function snapshotPlaces(database: Database, zone: number, problems: string[]): SnapshotPlace[] {
  const columns = "lsn, zone, epoch, tick, at, module, length(body) AS bytes";
  const rows = scan(database, { table: "snapshot", key: "lsn", columns, where: "zone = ?", values: [zone] }, problems);
  return rows
    .filter((row): row is RawRow & SnapshotPlace => typeof row["epoch"] === "number" && typeof row["tick"] === "number")
    .toSorted((one, other) => other.epoch - one.epoch || other.tick - one.tick);
}

/** A row of record as a tick; null when it is damaged. */
export function tickOf(world: number, row: RawRow): StoredTick | null {
  if (!isSound<TickRow>(row, TICK_TYPES, (sound) => crcOfTick(world, sound))) return null;
  try {
    return { ...row, batch: unpack(row.packed, row.body) };
  } catch {
    // The checksum is that of these bytes, and yet they can not be decompressed: damaged before they were written.
    return null;
  }
}

export function readSnapshot(
  { database, world }: JournalSource,
  { lsn, zone, tick }: SnapshotPlace,
  problems: string[],
): StoredSnapshot | null {
  const what = `The snapshot of zone ${zone} at tick ${tick}`;
  const row = attempt(
    problems,
    what,
    () => database.query<RawRow, [number]>("SELECT * FROM snapshot WHERE lsn = ?").get(lsn) ?? {},
  );
  if (row === null) return null;
  if (isSound<SnapshotRow>(row, SNAPSHOT_TYPES, (sound) => crcOfSnapshot(world, sound)))
    return { ...row, state: row.body };
  problems.push(`${what} is damaged.`);
  return null;
}

/**
 * The newest place of the zone that anything knows of, not after `to`. What the witness says counts; rows beyond it count
 * when they are sound.
 */
export function headAt(
  source: JournalSource,
  zone: number,
  to: number,
  places: readonly SnapshotPlace[],
  problems: string[],
): Head | null {
  const { database, testimony } = source;
  const witnessed = testimony?.heads.get(zone);
  const place = places.find(({ tick }) => tick <= to);
  const inRows = attempt(problems, `The index of zone ${zone}`, () => headInRows(database, zone, to));
  let head = inRows ?? newestByLsn(database, zone, to);
  if (place !== undefined) head = further(head, { epoch: place.epoch, begin: place.tick, tick: place.tick });
  if (witnessed === undefined || witnessed.begin > to) return head;
  const known = { ...witnessed, tick: Math.min(witnessed.tick, to) };
  return head !== null && isAhead(head, known) && isSoundHead(source, zone, head, places)
    ? further(head, known)
    : known;
}

/** True when a sound row is at this place. */
function isSoundHead(
  source: JournalSource,
  zone: number,
  { epoch, tick }: Head,
  places: readonly SnapshotPlace[],
): boolean {
  const sql = "SELECT * FROM record WHERE zone = ? AND epoch = ? AND tick = ?";
  const row = attempt([], "", () =>
    source.database.query<RawRow, [number, number, number]>(sql).get(zone, epoch, tick),
  );
  if (row !== null && tickOf(source.world, row) !== null) return true;
  const place = places.find((each) => each.epoch === epoch && each.tick === tick);
  return place !== undefined && readSnapshot(source, place, []) !== null;
}

/** The same from the end of the table, for when the index is damaged. */
function newestByLsn(database: Database, zone: number, to: number): Head | null {
  const sql = "SELECT epoch, tick FROM record NOT INDEXED WHERE zone = ? AND tick <= ? ORDER BY lsn DESC LIMIT 1";
  const row = attempt([], "", () =>
    database.query<{ epoch: number; tick: number }, [number, number]>(sql).get(zone, to),
  );
  return row === null ? null : { ...row, begin: row.tick };
}

/** Where the epochs after one began, as far as anything knows, and those of which nothing is left. */
export function epochsAfter(
  { database, testimony }: JournalSource,
  zone: number,
  epoch: number,
  places: readonly SnapshotPlace[],
  head: Head | null,
): { begins: Map<number, number>; unknown: number[] } {
  const begins = new Map<number, number>();
  if (head === null || head.epoch <= epoch) return { begins, unknown: [] };
  const know = (later: number, begin: number): void => {
    if (later > epoch) begins.set(later, Math.min(begin, begins.get(later) ?? begin));
  };
  for (const place of places) know(place.epoch, place.tick);
  const witnessed = testimony?.heads.get(zone);
  if (witnessed !== undefined) know(witnessed.epoch, witnessed.begin);
  const sql = "SELECT epoch FROM record WHERE zone = ? AND epoch > ? ORDER BY epoch LIMIT 1";
  attempt([], "", () => {
    const query = database.query<{ epoch: number }, [number, number]>(sql);
    for (let row = query.get(zone, epoch); row !== null; row = query.get(zone, row.epoch))
      know(row.epoch, beginInRows(database, zone, row.epoch) ?? Number.MAX_SAFE_INTEGER);
  });
  const unknown: number[] = [];
  const last = Math.min(head.epoch, epoch + EPOCHS_TOLD_MAX);
  for (let later = epoch + 1; later <= last; later++) if (!begins.has(later)) unknown.push(later);
  return { begins, unknown };
}
