// The epochs of a zone's timeline, and the ticks of each. A replay runs all of them, also those that a newer epoch has rewritten;
// a start of a server needs the newest history alone (world-history.ts).
//
//   const epochs = new EpochReader(reader.source)
//   epochs.of(1)                        // [{ epoch: 3, firstTick: 101, lastTick: 2412, firstLsn: 9, lastLsn: 4711 }]
//   epochs.ticks(place, 200, 300, [])   // the ticks 201 to 300 of the epoch of a snapshot

import { attempt, scan } from "./scan.ts";
import { ticksAfter } from "./world-history.ts";
import type { StoredSnapshot, StoredTick } from "./world-rows.ts";
import { readSnapshot } from "./world-timeline.ts";
import type { JournalSource, SnapshotPlace } from "./world-timeline.ts";

/** Which ticks of an epoch the journal has. */
export interface EpochTicks {
  epoch: number;
  firstTick: number;
  lastTick: number;
  firstLsn: number;
  lastLsn: number;
}

export class EpochReader {
  readonly #source: JournalSource;

  constructor(source: JournalSource) {
    this.#source = source;
  }

  /** Epochs of a zone that have ticks, oldest first; by the index, or by the table itself when the index is damaged. */
  of(zone: number, problems: string[] = []): EpochTicks[] {
    const sql =
      "SELECT epoch, min(tick) AS firstTick, max(tick) AS lastTick, min(lsn) AS firstLsn, max(lsn) AS lastLsn FROM record WHERE zone = ? GROUP BY epoch ORDER BY epoch";
    const byIndex = attempt(problems, `The index of zone ${zone}`, () =>
      this.#source.database.query<EpochTicks, [number]>(sql).all(zone),
    );
    return byIndex ?? this.#ofTable(zone, problems);
  }

  /** The state of a snapshot; null when it is damaged. */
  snapshotAt(place: SnapshotPlace, problems: string[]): StoredSnapshot | null {
    return readSnapshot(this.#source, place, problems);
  }

  /** Ticks of the snapshot's epoch after tick `after`, up to `to`; fewer when one is missing or damaged. */
  ticks(place: SnapshotPlace, after: number, to: number, problems: string[]): StoredTick[] {
    return ticksAfter(this.#source, { ...place, tick: after, end: to, mayEndEarly: false }, problems);
  }

  #ofTable(zone: number, problems: string[]): EpochTicks[] {
    const wanted = { table: "record", key: "lsn", columns: "lsn, epoch, tick", where: "zone = ?", values: [zone] };
    const epochs = new Map<number, EpochTicks>();
    for (const { lsn, epoch, tick } of scan(this.#source.database, wanted, problems)) {
      if (typeof lsn !== "number" || typeof epoch !== "number" || typeof tick !== "number") continue;
      const known = epochs.get(epoch) ?? { epoch, firstTick: tick, lastTick: tick, firstLsn: lsn, lastLsn: lsn };
      known.firstTick = Math.min(known.firstTick, tick);
      known.lastTick = Math.max(known.lastTick, tick);
      known.lastLsn = lsn;
      epochs.set(epoch, known);
    }
    return [...epochs.values()].toSorted((one, other) => one.epoch - other.epoch);
  }
}
