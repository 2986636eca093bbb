// Decides what a journal no longer needs, and deletes it in steps so short that no commit waits long.
//
//   const retention = new Retention({ ageMs: 3_600_000, bytesMax: 2 ** 30, clock: Date.now })
//   while (retention.step(writer)) { ... }      // between two commits; each step is a transaction of its own
//
// Each zone keeps its newest snapshots and all ticks after the oldest snapshot it keeps. That one moves on when it is older
// than the age, or when the journal has too many bytes. Snapshots in between are thinned, the older the more; the first one
// of each epoch stays, since ticks of that epoch need it. A file does not shrink by this: its free pages are used again.

import type { Database } from "bun:sqlite";
import { at } from "../protocol/assert.ts";
import type { WorldWriter } from "./world-writer.ts";

export interface RetentionLimits {
  /** Milliseconds of history that every zone keeps. Older is deleted. */
  ageMs: number;
  /** Bytes of used pages. Above this, history is deleted although it is not old. */
  bytesMax: number;
  /** Milliseconds since 1970. */
  clock: () => number;
}

/** Snapshots that a zone keeps, whatever their age and size. */
export const SNAPSHOTS_MIN = 3;
/** Events that are kept, whatever their age. */
export const EVENTS_MAX = 10_000;

const MINUTE_MS = 60_000;
/** A module that nothing refers to is kept for so long. */
export const MODULE_MS = 10 * MINUTE_MS;
/** Snapshots older than `fromMs` are at least `apartMs` apart. The first line that fits counts. */
const THINNING = [
  { fromMs: 60 * MINUTE_MS, apartMs: 10 * MINUTE_MS },
  { fromMs: 5 * MINUTE_MS, apartMs: MINUTE_MS },
] as const;
/** Rows of a step. */
const TICKS_A_STEP = 32;
const LARGE_ROWS_A_STEP = 4;
/** Ticks of all zones lie side by side, so they go together, except those of a zone that could be rid of so much more. */
const ZONE_LAG_MS = MINUTE_MS;
/** Between two looks at what is there. */
const LOOK_MS = 5_000;
/** Between two looks at the size alone. */
const SIZE_LOOK_MS = 100;
/** Oldest snapshots that a look plans to delete because the journal is too large: each look reads the list of all. */
const MOVES_A_LOOK = 32;

interface Snapshot {
  lsn: number;
  zone: number;
  epoch: number;
  tick: number;
  at: number;
  /** Of its state, packed. */
  bytes: number;
}

/** A deletion that is repeated until it finds no more rows. */
interface Deletion {
  table: "record" | "snapshot" | "event" | "module";
  sql: string;
  values: (string | number)[];
}

export class Retention {
  readonly #limits: RetentionLimits;
  readonly #due: Deletion[] = [];
  #nextLookMs = 0;
  #nextSizeLookMs = 0;
  /** It is too large, and every zone has only what it must keep. */
  #isStuck = false;
  /** Since when nothing refers to a module. One that was just stored has some time until a zone runs it. */
  #unused: ReadonlyMap<string, number> = new Map();

  constructor(limits: RetentionLimits) {
    this.#limits = limits;
  }

  /**
   * True when the journal is too large and something can be done about that: `step` then does it at once, and not when its next
   * look is due. Throws SQLite's error.
   */
  hurry(database: Database): boolean {
    const isBehind = this.#isBehind(database);
    if (isBehind) this.#nextLookMs = 0;
    return isBehind;
  }

  /**
   * Deletes a few rows; true when there is more to do at once. Throws SQLite's error, with nothing changed. Not to be called
   * within a transaction.
   */
  step(writer: WorldWriter): boolean {
    const { database } = writer;
    if (this.#due.length === 0 && !this.#look(database)) return false;
    const [deletion] = this.#due;
    if (deletion === undefined) return false;
    writer.begin();
    try {
      const { changes } = database.query(deletion.sql).run(...deletion.values);
      if (deletion.table !== "module") writer.deleted({ [deletion.table]: changes });
      writer.commit();
      if (changes === 0) this.#due.shift();
    } catch (error) {
      writer.rollback();
      throw error;
    }
    // After the last deletion the size may still be above its limit.
    if (this.#due.length === 0 && bytesUsed(database) > this.#limits.bytesMax) this.#nextLookMs = 0;
    return true;
  }

  /** Looks at what there is, unless that was a moment ago; true when there is something to delete. */
  #look(database: Database): boolean {
    const now = this.#limits.clock();
    // A clock that was set back does not end retention.
    const isEarly = now < this.#nextLookMs && now >= this.#nextLookMs - LOOK_MS;
    if (isEarly && !this.#hasGrown(database, now)) return false;
    this.#nextLookMs = now + LOOK_MS;
    const zones = snapshotsByZone(database);
    const oldest = [...zones.values()].map((snapshots) => firstKept(snapshots, now - this.#limits.ageMs));
    const excess = bytesUsed(database) - this.#limits.bytesMax;
    const isLarge = excess > 0;
    this.#moveOldest(zones, oldest, excess);
    this.#planTicks(database, oldest);
    for (const kept of oldest) this.#planSnapshots(kept, zones.get(kept.zone) ?? [], now);
    this.#planEvents(database, now);
    this.#planModules(database, Math.min(now, ...oldest.map((kept) => kept.at)));
    this.#isStuck = isLarge && this.#due.length === 0;
    return this.#due.length > 0;
  }

  /** True when it has become too large since the last look, and something can be done about that. */
  #hasGrown(database: Database, now: number): boolean {
    if (now < this.#nextSizeLookMs && now >= this.#nextSizeLookMs - SIZE_LOOK_MS) return false;
    this.#nextSizeLookMs = now + SIZE_LOOK_MS;
    return this.#isBehind(database);
  }

  #isBehind(database: Database): boolean {
    return !this.#isStuck && bytesUsed(database) > this.#limits.bytesMax;
  }

  /**
   * Moves on the zone whose oldest kept snapshot is the oldest of all, of those that have more than they must keep, until
   * the snapshots left behind are `excess` bytes.
   */
  #moveOldest(zones: ReadonlyMap<number, Snapshot[]>, oldest: Snapshot[], excess: number): void {
    for (let moves = 0, left = excess; left > 0 && moves < MOVES_A_LOOK; moves++) {
      const movable = oldest.flatMap((kept, index) => {
        const snapshots = zones.get(kept.zone) ?? [];
        const next = snapshots.indexOf(kept) + 1;
        const snapshot = snapshots[next];
        return snapshot !== undefined && next <= snapshots.length - SNAPSHOTS_MIN ? [{ index, kept, snapshot }] : [];
      });
      const [first] = movable.toSorted((one, other) => one.kept.at - other.kept.at);
      if (first === undefined) return;
      oldest[first.index] = first.snapshot;
      left -= first.kept.bytes;
    }
  }

  #planTicks(database: Database, oldest: readonly Snapshot[]): void {
    const lsns = oldest.map((kept) => firstNeeded(database, kept));
    this.#planDeletion(database, "record", "lsn < ?1", [Math.min(...lsns)], "lsn");
    const oldestAt = Math.min(...oldest.map((kept) => kept.at));
    for (const { zone, epoch, tick } of oldest.filter((kept) => kept.at - oldestAt > ZONE_LAG_MS)) {
      const old = "zone = ?1 AND (epoch, tick) <= (?2, ?3)";
      this.#planDeletion(database, "record", old, [zone, epoch, tick], "epoch, tick");
    }
  }

  /** Plans to delete the rows for which `old` holds, in this order, a few a step. */
  #planDeletion(database: Database, table: "record" | "event", old: string, values: number[], order: string): void {
    const rows = `SELECT lsn FROM ${table} WHERE ${old} ORDER BY ${order}`;
    if (database.query<unknown, number[]>(`${rows} LIMIT 1`).get(...values) === null) return;
    const count = table === "record" ? TICKS_A_STEP : LARGE_ROWS_A_STEP;
    this.#due.push({ table, sql: `DELETE FROM ${table} WHERE lsn IN (${rows} LIMIT ${count})`, values });
  }

  #planSnapshots(kept: Snapshot, snapshots: readonly Snapshot[], now: number): void {
    const gone = [...snapshots.slice(0, snapshots.indexOf(kept)), ...thinned(snapshots, kept, now)];
    for (let index = 0; index < gone.length; index += LARGE_ROWS_A_STEP) {
      const lsns = gone.slice(index, index + LARGE_ROWS_A_STEP).map(({ lsn }) => lsn);
      const sql = `DELETE FROM snapshot WHERE lsn IN (${lsns.map(() => "?").join(", ")})`;
      this.#due.push({ table: "snapshot", sql, values: lsns });
    }
  }

  #planEvents(database: Database, now: number): void {
    const newest = `SELECT lsn FROM event ORDER BY lsn DESC LIMIT 1 OFFSET ${EVENTS_MAX - 1}`;
    this.#planDeletion(database, "event", `at < ?1 AND lsn < (${newest})`, [now - this.#limits.ageMs], "lsn");
  }

  /** Every epoch begins with a snapshot, which names its module; so ticks need not be looked at. */
  #planModules(database: Database, since: number): void {
    const sql =
      "SELECT hash FROM module WHERE hash NOT IN (SELECT module FROM snapshot) AND NOT EXISTS (SELECT 1 FROM fact WHERE instr(json, hash)) AND NOT EXISTS (SELECT 1 FROM event WHERE at >= ? AND instr(json, hash))";
    const unused = database
      .query<{ hash: string }, [number]>(sql)
      .all(since)
      .map(({ hash }) => hash);
    for (const hash of unused) {
      const sinceMs = this.#unused.get(hash);
      if (sinceMs === undefined || this.#limits.clock() - sinceMs < MODULE_MS) continue;
      this.#due.push({ table: "module", sql: "DELETE FROM module WHERE hash = ?", values: [hash] });
    }
    const now = this.#limits.clock();
    this.#unused = new Map(unused.map((hash) => [hash, this.#unused.get(hash) ?? now]));
  }
}

/** Bytes of the pages in use. Throws SQLite's error. */
export function bytesUsed(database: Database): number {
  const value = (name: string): number =>
    Object.values(database.query<Record<string, number>, []>(`PRAGMA ${name}`).get() ?? {})[0] ?? 0;
  return (value("page_count") - value("freelist_count")) * value("page_size");
}

/** All snapshots of each zone, oldest first. */
function snapshotsByZone(database: Database): Map<number, Snapshot[]> {
  const sql = "SELECT lsn, zone, epoch, tick, at, length(body) AS bytes FROM snapshot ORDER BY zone, epoch, tick";
  return Map.groupBy(database.query<Snapshot, []>(sql).all(), ({ zone }) => zone);
}

/** The oldest snapshot to keep: the newest one from before that time, but never one of the newest few. */
function firstKept(snapshots: readonly Snapshot[], beforeMs: number): Snapshot {
  const newestOld = snapshots.findLastIndex((snapshot) => snapshot.at <= beforeMs);
  const index = Math.max(0, Math.min(newestOld, snapshots.length - SNAPSHOTS_MIN));
  return at(snapshots, index);
}

/** The snapshots after `kept` that are closer to the one before them than their age asks for. */
function thinned(snapshots: readonly Snapshot[], kept: Snapshot, now: number): Snapshot[] {
  const gone: Snapshot[] = [];
  let last = kept;
  for (const snapshot of snapshots.slice(snapshots.indexOf(kept) + 1, -SNAPSHOTS_MIN)) {
    const apartMs = THINNING.find(({ fromMs }) => now - snapshot.at > fromMs)?.apartMs ?? 0;
    const isFirst = snapshot.epoch !== last.epoch;
    if (!isFirst && snapshot.at - last.at < apartMs) gone.push(snapshot);
    else last = snapshot;
  }
  return gone;
}

/** The lsn of the first row of the zone that is needed: a late snapshot may come after the ticks that follow it. */
function firstNeeded(database: Database, { lsn, zone, epoch, tick }: Snapshot): number {
  const sql = "SELECT lsn FROM record WHERE zone = ?1 AND (epoch, tick) > (?2, ?3) ORDER BY epoch, tick LIMIT 1";
  const row = database.query<{ lsn: number }, [number, number, number]>(sql).get(zone, epoch, tick);
  return Math.min(lsn, row?.lsn ?? lsn);
}
