// Reads a table of which some pages may be damaged: from its beginning up to the damage, then from its end down to it. Only the
// rows of the damaged pages are missing.
//
//   scan(database, { table: "event", key: "lsn", where: "lsn >= ?", values: [4000] }, problems)
//
// It reads the table itself and no index of it, so a damaged index costs nothing.

import type { Database } from "bun:sqlite";
import { messageOf } from "../protocol/errors.ts";

export interface Scan {
  table: string;
  /** Column by which the table is sorted on disk: its primary key. */
  key: string;
  /** Default: all columns. */
  columns?: string;
  /** Default: all rows. */
  where?: string;
  values?: (string | number)[];
}

/** A row as SQLite returns it. Nothing is known of it yet: damage changes types too. */
export type RawRow = Record<string, unknown>;

/** Rows in the order of the key. What can not be read is told in `problems`. */
export function scan(
  database: Database,
  { table, key, columns = "*", where = "1", values = [] }: Scan,
  problems: string[],
): RawRow[] {
  const walk = (order: string): { rows: RawRow[]; error: unknown } => {
    const rows: RawRow[] = [];
    try {
      const sql = `SELECT ${columns} FROM ${table} NOT INDEXED WHERE ${where} ORDER BY ${key} ${order}`;
      for (const row of database.query<RawRow, (string | number)[]>(sql).iterate(...values)) rows.push(row);
      return { rows, error: null };
    } catch (error) {
      return { rows, error: error ?? new Error("unknown") };
    }
  };
  const up = walk("ASC");
  const rows = up.error === null ? up.rows : [...up.rows, ...rest(up, key, () => walk("DESC").rows)];
  if (up.error !== null) problems.push(`A part of the table ${table} can not be read: ${messageOf(up.error)}.`);
  if (rows.every((row, index) => index === 0 || isBefore(rows[index - 1], row, key))) return rows;
  problems.push(`The table ${table} is out of order: pages of it are not where they belong.`);
  return rows.toSorted((one, other) => (isBefore(one, other, key) ? -1 : 1));
}

/** The rows from the end down to where the walk from the beginning had to stop. */
function rest(up: { rows: RawRow[] }, key: string, walkDown: () => RawRow[]): RawRow[] {
  const last = up.rows.at(-1);
  return walkDown()
    .filter((row) => last === undefined || isBefore(last, row, key))
    .toReversed();
}

function isBefore(one: RawRow | undefined, other: RawRow, key: string): boolean {
  return one === undefined || (one[key] as string | number) < (other[key] as string | number);
}

/** Runs a query that damage can make fail; null then, and `problems` tells why. */
export function attempt<Value>(problems: string[], what: string, read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    problems.push(`${what} can not be read: ${messageOf(error)}.`);
    return null;
  }
}
