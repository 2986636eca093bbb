// How far each zone has come, as the rows of world.sqlite and the witness know it.
//
//   headsOf(database, testimony)     // Map { 1 => { epoch: 3, begin: 100, tick: 2412 } }
//
// Rows may be ahead of the witness (a process that was killed between the two), and the witness ahead of the rows (a damaged
// write-ahead log). The one that is further counts.

import type { Database } from "bun:sqlite";
import { isAhead } from "./witness.ts";
import type { Head, Testimony } from "./witness.ts";

interface Place {
  epoch: number;
  tick: number;
}

/** Heads of all zones that rows know, with what the witness knows of these. Throws SQLite's error. */
export function headsOf(database: Database, testimony: Testimony | null): Map<number, Head> {
  const heads = new Map<number, Head>();
  for (const zone of zonesOf(database)) {
    const head = headInRows(database, zone);
    const witnessed = testimony?.heads.get(zone);
    if (head === null) continue;
    const begin = witnessed?.epoch === head.epoch ? Math.min(witnessed.begin, head.begin) : head.begin;
    heads.set(zone, { ...head, begin });
  }
  return heads;
}

/** The zones of which there are rows. Throws SQLite's error. */
export function zonesOf(database: Database): number[] {
  const zones = new Set<number>();
  for (const table of ["snapshot", "record"]) {
    // One step of the index for each zone, and not one for each row.
    const query = database.query<{ zone: number }, [number]>(
      `SELECT zone FROM ${table} WHERE zone > ? ORDER BY zone LIMIT 1`,
    );
    for (let row = query.get(-1); row !== null; row = query.get(row.zone)) zones.add(row.zone);
  }
  return [...zones].toSorted((one, other) => one - other);
}

/** The newest place of a zone that rows know, not after tick `to`. Throws SQLite's error. */
export function headInRows(database: Database, zone: number, to = Number.MAX_SAFE_INTEGER): Head | null {
  let head: Head | null = null;
  for (const table of ["record", "snapshot"]) {
    const sql = `SELECT epoch, tick FROM ${table} WHERE zone = ? AND tick <= ? ORDER BY epoch DESC, tick DESC LIMIT 1`;
    const row = database.query<Place, [number, number]>(sql).get(zone, to);
    if (row !== null && (head === null || isAhead({ ...row, begin: 0 }, head))) head = { ...row, begin: row.tick };
  }
  if (head !== null) head.begin = beginInRows(database, zone, head.epoch) ?? head.begin;
  return head;
}

/** The tick that the epoch began at, as far as rows know it; null when no row is of that epoch. Throws SQLite's error. */
export function beginInRows(database: Database, zone: number, epoch: number): number | null {
  const first = (table: string): number | null => {
    const sql = `SELECT tick FROM ${table} WHERE zone = ? AND epoch = ? ORDER BY tick LIMIT 1`;
    return database.query<{ tick: number }, [number, number]>(sql).get(zone, epoch)?.tick ?? null;
  };
  const [snapshot, record] = [first("snapshot"), first("record")];
  // The tick with which an epoch begins has a row, and its state is the epoch's first snapshot.
  if (snapshot !== null && snapshot === record) return snapshot;
  const begins = [snapshot, record === null ? null : record - 1].filter((tick) => tick !== null);
  return begins.length === 0 ? null : Math.min(...begins);
}

/** Of two heads of a zone, the one that is further. */
export function further(one: Head | null, other: Head | null): Head | null {
  if (one === null || other === null) return one ?? other;
  if (one.epoch === other.epoch) {
    return { epoch: one.epoch, begin: Math.min(one.begin, other.begin), tick: Math.max(one.tick, other.tick) };
  }
  return one.epoch > other.epoch ? one : other;
}
