// What world.sqlite says of itself: how many rows it has, and a sum over the facts. A page of an earlier time can come back
// (a damaged write-ahead log does that), and each row on it is sound. Only a count of all rows tells that some are missing,
// and only a sum tells that a fact is an older one.
//
//   {"lsn":4711,"record":3200,"snapshot":40,"event":9,"fact":120,"factSum":3141592653}      the value of meta's "tally"
//
// It is written in each transaction that changes anything but ticks, so a transaction of ticks alone costs nothing more.
// `record` counts the ticks with an lsn up to `lsn`.

import type { Database } from "bun:sqlite";
import { checksum } from "./checksum.ts";

export interface Tally {
  lsn: number;
  record: number;
  snapshot: number;
  event: number;
  fact: number;
  /** The sum of the checksums of all facts, modulo 2^32. */
  factSum: number;
}

export const TALLY_KEY = "tally";
const FIELDS = ["lsn", "record", "snapshot", "event", "fact", "factSum"] as const;

/** The tally that a file should have. Throws SQLite's error. */
export function countTally(database: Database, lsn = Number.MAX_SAFE_INTEGER): Tally {
  const sql =
    "SELECT (SELECT count(*) FROM record NOT INDEXED WHERE lsn <= ?1) AS record, (SELECT count(*) FROM snapshot NOT INDEXED) AS snapshot, (SELECT count(*) FROM event) AS event, (SELECT count(*) FROM fact) AS fact, (SELECT ifnull(sum(crc), 0) % 4294967296 FROM fact) AS factSum";
  const row = database.query<Omit<Tally, "lsn">, [number]>(sql).get(lsn);
  return { record: 0, snapshot: 0, event: 0, fact: 0, factSum: 0, ...row, lsn: newestLsn(database) };
}

export function addTally(tally: Tally, changes: Partial<Tally>): Tally {
  const [snapshot, event, fact] = [changes.snapshot ?? 0, changes.event ?? 0, changes.fact ?? 0];
  return {
    ...tally,
    snapshot: tally.snapshot + snapshot,
    event: tally.event + event,
    fact: tally.fact + fact,
    factSum: (tally.factSum + (changes.factSum ?? 0)) >>> 0,
  };
}

/** The newest lsn of any row. Throws SQLite's error. */
export function newestLsn(database: Database): number {
  const sql =
    "SELECT max((SELECT ifnull(max(lsn), 0) FROM record), (SELECT ifnull(max(lsn), 0) FROM snapshot), (SELECT ifnull(max(lsn), 0) FROM event)) AS lsn";
  return database.query<{ lsn: number }, []>(sql).get()?.lsn ?? 0;
}

/** The tally in the file; null when it is missing or damaged. Throws SQLite's error. */
export function readTally(database: Database): Tally | null {
  const sql = "SELECT value, crc FROM meta WHERE key = ?";
  const row = database.query<{ value: unknown; crc: unknown }, [string]>(sql).get(TALLY_KEY);
  if (typeof row?.value !== "string" || checksum([TALLY_KEY, row.value]) !== row.crc) return null;
  const tally = JSON.parse(row.value) as Record<string, unknown>;
  const [lsn, record, snapshot, event, fact, factSum] = FIELDS.map((field) => Number(tally[field] ?? 0));
  return {
    lsn: lsn ?? 0,
    record: record ?? 0,
    snapshot: snapshot ?? 0,
    event: event ?? 0,
    fact: fact ?? 0,
    factSum: factSum ?? 0,
  };
}

/** Throws SQLite's error. */
export function writeTally(database: Database, tally: Tally): void {
  const value = JSON.stringify(tally);
  database.run("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", [TALLY_KEY, value, checksum([TALLY_KEY, value])]);
}
