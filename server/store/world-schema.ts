// The tables of world.sqlite, and how a file of an older format becomes one of today's.
//
//   record     one row for each tick of each zone: the batch as it was applied in the end, and the state hash after it
//   snapshot   the whole state of a zone at a tick, compressed
//   module     the kernels that ran these ticks
//   fact       what is true now: sessions, characters, crossings under way, the module of each zone, the halt
//   event      what happened: deploys, faults, gaps, incidents with the batch that caused them
//   meta       what the file is: the number of its world (world-identity.ts), and how many rows it has (world-tally.ts)
//
// A zone's timeline is its epochs, one after the other. Each epoch begins with a snapshot, and a replay never crosses into
// another epoch: whatever rewrites history (a roll-back, a swap, lost ticks) begins a new one. `lsn` numbers all changes
// in the order in which they were committed: rows of record, snapshot and event have theirs, and each change of a fact takes
// one. Each row has a checksum over the number of its world and its contents.

import type { Database } from "bun:sqlite";
import { WowsimError } from "../protocol/errors.ts";
import { LOG_BYTES_KEPT } from "./journal-budget.ts";
import { giveIdentity } from "./world-identity.ts";
import { countTally, writeTally } from "./world-tally.ts";

/** Bytes of a page. Larger pages made the commits of small records slower. */
const PAGE_BYTES = 4_096;
/** Pages in the write-ahead log before they are copied to the file. A small number keeps the longest commit short. */
const CHECKPOINT_PAGES = 100;

const FIRST_FORMAT = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE record (
  lsn INTEGER PRIMARY KEY, zone INTEGER NOT NULL, epoch INTEGER NOT NULL, tick INTEGER NOT NULL, at INTEGER NOT NULL,
  module TEXT NOT NULL, hash TEXT NOT NULL, packed INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX record_at ON record (zone, epoch, tick);
CREATE TABLE snapshot (
  lsn INTEGER PRIMARY KEY, zone INTEGER NOT NULL, epoch INTEGER NOT NULL, tick INTEGER NOT NULL, at INTEGER NOT NULL,
  module TEXT NOT NULL, hash TEXT NOT NULL, ticket INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX snapshot_at ON snapshot (zone, epoch, tick);
CREATE TABLE module (hash TEXT PRIMARY KEY, label TEXT NOT NULL, crc INTEGER NOT NULL, wasm BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE fact (
  kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE event (
  lsn INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, zone INTEGER NOT NULL, tick INTEGER NOT NULL,
  json TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
);
`;

/** A step is SQL, or a function for what SQL can not do: a column more changes the checksums of its table's rows. */
export type MigrationStep = string | ((database: Database) => void);

/** The n-th step makes a file of format n from one of format n - 1. Format 0 is an empty file. */
const STEPS: readonly MigrationStep[] = [
  (database) => {
    database.run(FIRST_FORMAT);
    giveIdentity(database);
    writeTally(database, countTally(database));
  },
];

/** The format that this program writes. */
export const WORLD_FORMAT = STEPS.length;

/** The key in meta for what the server was told: process, power or none. */
export const DURABILITY_KEY = "durability";

/** How safe a committed row is: in the operating system's hands, or on the disk. */
export type Synchronous = "NORMAL" | "FULL";

/** Settings of a connection that writes. */
export function prepareForWriting(database: Database, synchronous: Synchronous): void {
  database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${synchronous}`);
  database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.run(`PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}`);
  database.run("PRAGMA busy_timeout = 2000");
}

/** The format of the file; 0 when it is new. */
export function formatOf(database: Database): number {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}

/**
 * Brings the file to the newest format, in one transaction. `steps` are this program's own, except in tests.
 * Throws WowsimError("journal_too_new").
 */
export function migrate(database: Database, steps: readonly MigrationStep[] = STEPS): void {
  const format = formatOf(database);
  if (format > steps.length) {
    throw new WowsimError(
      "journal_too_new",
      `The journal has format ${format}, and this wowsim knows up to ${steps.length}; use the wowsim that wrote it, or another --data-dir.`,
    );
  }
  if (format === steps.length) return;
  database.transaction(() => {
    for (const step of steps.slice(format)) {
      if (typeof step === "string") database.run(step);
      else step(database);
    }
    database.run(`PRAGMA user_version = ${steps.length}`);
  })();
}
