// Places in a zone's journal, and what lies between them. All of it costs a few steps of an index, so it can be asked several times a
// second while the journal grows.
//
//   headOf(journal, 1, problems)                    // { epoch: 3, tick: 2412 }, or null: nothing is there
//   ticksBetween(journal, 1, place, head, [])       // 37

import { attempt } from "../store/scan.ts";
import { headInRows } from "../store/world-heads.ts";
import type { ReadableJournal } from "../validate/zone-validation.ts";

/** A tick of an epoch. Epochs follow each other; a later one may begin at an earlier tick. */
export interface Place {
  epoch: number;
  tick: number;
}

export function isAfter(one: Place, other: Place): boolean {
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.tick > other.tick);
}

/** The newest tick or state of a zone. */
export function headOf({ reader }: ReadableJournal, zone: number, problems: string[]): Place | null {
  return attempt(problems, `The index of zone ${zone}`, () => headInRows(reader.source.database, zone));
}

/** The newest tick of an epoch after a tick; that tick when there is none. */
export function lastTickOf({ reader }: ReadableJournal, zone: number, { epoch, tick }: Place): number {
  const sql = "SELECT max(tick) AS tick FROM record WHERE zone = ? AND epoch = ? AND tick > ?";
  const { database } = reader.source;
  const row = attempt([], "", () =>
    database.query<{ tick: number | null }, [number, number, number]>(sql).get(zone, epoch, tick),
  );
  return row?.tick ?? tick;
}

/** Ticks after one place up to another, as far as rows or their numbers tell. */
export function ticksBetween({ reader }: ReadableJournal, zone: number, from: Place, to: Place): number {
  if (!isAfter(to, from)) return 0;
  const apart = Math.max(0, to.tick - from.tick);
  if (from.epoch === to.epoch) return apart;
  const sql =
    "SELECT count(*) AS ticks FROM record WHERE zone = ?1 AND (epoch, tick) > (?2, ?3) AND (epoch, tick) <= (?4, ?5)";
  const { database } = reader.source;
  const row = attempt([], "", () =>
    database
      .query<{ ticks: number }, [number, number, number, number, number]>(sql)
      .get(zone, from.epoch, from.tick, to.epoch, to.tick),
  );
  return Math.max(apart, row?.ticks ?? 0);
}
