// Reads world.sqlite, and trusts nothing in it: each row is checked, and what can not be read is told.
//
//   const reader = WorldReader.open(".wowsim")                // null when there is no journal
//   reader.problems()         // what is damaged or missing, as far as a start has to know
//   reader.history(1)         // { snapshot, ticks: [...], problems: ["Tick 4711 of zone 1 is damaged."], ... }
//   reader.facts("session")   // [{ key: "12", json: "{...}" }]
//
// A history begins at a snapshot and contains the ticks after it, of the same epoch and without a gap. When the newest
// snapshot is damaged, it begins at an older one. What is lost by that is in `lostTicks`. (world-history.ts)

import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { checksum } from "./checksum.ts";
import { gapProblem } from "./gap-mark.ts";
import { attempt, scan } from "./scan.ts";
import { Witness } from "./witness.ts";
import type { Testimony } from "./witness.ts";
import { zonesOf } from "./world-heads.ts";
import { readHistory } from "./world-history.ts";
import type { LostHistory, StoredHistory } from "./world-history.ts";
import { identify } from "./world-identity.ts";
import {
  crcOfEvent,
  crcOfFact,
  crcOfModule,
  EVENT_TYPES,
  FACT_KINDS,
  FACT_TYPES,
  isSound,
  MODULE_TYPES,
} from "./world-rows.ts";
import type { EventRow, FactKind, FactRow, ModuleRow, StoredEvent, StoredModule, StoredTick } from "./world-rows.ts";
import { formatOf, WORLD_FORMAT } from "./world-schema.ts";
import { snapshotPlaces, tickOf } from "./world-timeline.ts";
import type { JournalSource, SnapshotPlace } from "./world-timeline.ts";
import { newestLsn, readTally } from "./world-tally.ts";
import type { Tally } from "./world-tally.ts";
import { WITNESS_FILE, WORLD_FILE } from "./world-writer.ts";

export type { LostHistory, StoredHistory } from "./world-history.ts";
export type { SnapshotPlace } from "./world-timeline.ts";

const WITNESS_LOOKS = 3;

export class WorldReader {
  readonly #database: Database;
  readonly #source: JournalSource;
  readonly #identityProblems: readonly string[];
  readonly #folder: string | null;
  readonly #ownsDatabase: boolean;

  /** Opens the journal in the folder for reading; null when there is none. Throws WowsimError("journal_unreadable", ...). */
  static open(folder: string): WorldReader | null {
    const path = join(folder, WORLD_FILE);
    const logBytes = bytesOf(`${path}-wal`) ?? 0;
    const bytes = bytesOf(path);
    if (bytes === null) {
      if (readWitness(folder) === null && logBytes === 0) return null;
      throw missingWorld(folder);
    }
    // SQLite would take an empty file for a new database, and throw the log away.
    if (bytes === 0 && logBytes > 0) throw emptyWorld(path);
    // First, so that it can not know more than the rows that are read after it.
    const testimony = readWitness(folder);
    try {
      const database = new Database(path, { readonly: true });
      try {
        // A server that stops closes its files for a moment.
        database.run("PRAGMA busy_timeout = 2000");
        // All that this reader reads is of one moment, whatever a server commits meanwhile.
        database.run("BEGIN");
        const format = formatOf(database);
        if (format !== WORLD_FORMAT) throw otherFormat(path, format);
        return new WorldReader(database, folder, true, testimony);
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (cause) {
      if (cause instanceof WowsimError) throw cause;
      throw unreadable(path, cause);
    }
  }

  /** Reads through a connection that somebody else closes. A recording has no folder, and so no witness. */
  constructor(
    database: Database,
    folder: string | null,
    ownsDatabase = false,
    testimony = folder === null ? null : readWitness(folder),
  ) {
    this.#database = database;
    this.#ownsDatabase = ownsDatabase;
    this.#folder = folder;
    const { world, problems } = identify(database, testimony);
    this.#identityProblems = problems;
    this.#source = { database, world, testimony: testimony?.world === world ? testimony : null };
  }

  close(): void {
    if (this.#ownsDatabase) this.#database.close();
  }

  /** For what reads rows itself, or other parts of the timeline than a start does: tools, exports, world-epochs.ts. */
  get source(): JournalSource {
    return this.#source;
  }

  get format(): number {
    return formatOf(this.#database);
  }

  /** The number of the world (world-identity.ts). */
  get world(): number {
    return this.#source.world;
  }

  /** What the witness says; null when it is missing, damaged, or another world's. */
  get testimony(): Testimony | null {
    return this.#source.testimony;
  }

  /** The newest change; null when it can not be told. */
  get lsn(): number | null {
    return attempt([], "", () => Math.max(newestLsn(this.#database), readTally(this.#database)?.lsn ?? 0));
  }

  /** Committed changes that are missing at the end: the witness knows of them, the journal does not. Null: not known. */
  get rowsMissing(): number | null {
    const { lsn, testimony } = this;
    return testimony === null || lsn === null ? null : Math.max(0, testimony.lsn - lsn);
  }

  /** What is damaged or missing, one sentence each, without a look at every tick (store-verify.ts does that). */
  problems(): string[] {
    const isBlind = this.#folder !== null && this.testimony === null;
    const blind = "There is no good world.witness: rows that are missing at the end can not be noticed.";
    const gap = this.#folder === null ? null : gapProblem(this.#folder);
    return [...(isBlind ? [blind] : []), ...(gap === null ? [] : [gap]), ...this.damage()];
  }

  /** The same without what concerns the witness alone. */
  damage(): string[] {
    const problems = [...this.#identityProblems];
    const { rowsMissing } = this;
    if (rowsMissing !== null && rowsMissing > 0)
      problems.push(`${rowsMissing} committed changes are missing at the end.`);
    const tally = attempt(problems, "The tally", () => readTally(this.#database));
    if (tally === null) problems.push("The tally is damaged: missing facts and events can not be noticed.");
    else this.#compare(tally, problems);
    return problems;
  }

  /** A value of meta; null when it is missing or damaged. */
  meta(key: string, problems: string[] = []): string | null {
    const sql = "SELECT value, crc FROM meta WHERE key = ?";
    const row = attempt(problems, `The value ${key}`, () =>
      this.#database.query<{ value: unknown; crc: unknown }, [string]>(sql).get(key),
    );
    if (row === null) return null;
    if (typeof row.value === "string" && checksum([key, row.value]) === row.crc) return row.value;
    problems.push(`The value ${key} is damaged.`);
    return null;
  }

  /** The keys of meta. */
  metaKeys(problems: string[] = []): string[] {
    const rows = scan(this.#database, { table: "meta", key: "key", columns: "key" }, problems);
    return rows.map(({ key }) => String(key));
  }

  /** The zones of which there is anything. */
  zones(problems: string[] = []): number[] {
    const zones = new Set(this.testimony?.heads.keys());
    for (const zone of attempt(problems, "The index of the zones", () => zonesOf(this.#database)) ?? [])
      zones.add(zone);
    const rows = scan(this.#database, { table: "snapshot", key: "lsn", columns: "lsn, zone" }, problems);
    for (const { zone } of rows) if (typeof zone === "number") zones.add(zone);
    return [...zones].toSorted((one, other) => one - other);
  }

  /** All snapshots of a zone, newest first, without their states. */
  snapshots(zone: number, problems: string[] = []): SnapshotPlace[] {
    return snapshotPlaces(this.#database, zone, problems);
  }

  /** The history that leads to tick `to`, or to the newest tick. */
  history(zone: number, to = Number.MAX_SAFE_INTEGER): StoredHistory | LostHistory {
    return readHistory(this.#source, zone, to);
  }

  /** Facts of a kind. Damaged ones are left out, and told in `problems`. */
  facts(kind: FactKind, problems: string[] = []): FactRow[] {
    const rows = scan(this.#database, { table: "fact", key: "key", where: "kind = ?", values: [kind] }, problems);
    return rows.flatMap((row) => {
      if (isSound<FactRow>(row, FACT_TYPES, (fact) => crcOfFact(this.world, fact.kind, fact.key, fact.json)))
        return [row];
      problems.push(`The ${String(row["kind"])} ${String(row["key"])} is damaged.`);
      return [];
    });
  }

  /** Events from `fromLsn` on, oldest first. Damaged ones are left out, and told in `problems`. */
  events(fromLsn = 0, problems: string[] = []): (StoredEvent & { lsn: number })[] {
    const wanted = { table: "event", key: "lsn", where: "lsn >= ?", values: [fromLsn] };
    return scan(this.#database, wanted, problems).flatMap((row) => {
      if (isSound<EventRow>(row, EVENT_TYPES, (event) => crcOfEvent(this.world, event)))
        return [{ ...row, kind: row.kind as StoredEvent["kind"] }];
      problems.push(`Event ${String(row["lsn"])} is damaged.`);
      return [];
    });
  }

  /** A module with its binary; null when it is missing or damaged. */
  module(hash: string, problems: string[] = []): StoredModule | null {
    const sql = "SELECT * FROM module WHERE hash = ?";
    const what = `The module ${hash}`;
    const row = attempt(problems, what, () => this.#database.query<Record<string, unknown>, [string]>(sql).get(hash));
    if (row === null) return null;
    if (isSound<ModuleRow>(row, MODULE_TYPES, (module) => crcOfModule(this.world, module))) return row;
    problems.push(`${what} is damaged.`);
    return null;
  }

  /** The hashes and labels of all modules. */
  modules(problems: string[] = []): { hash: string; label: string }[] {
    const rows = scan(this.#database, { table: "module", key: "hash", columns: "hash, label" }, problems);
    return rows.map(({ hash, label }) => ({ hash: String(hash), label: String(label) }));
  }

  /** Ticks of a zone between two ticks, of all epochs, in the order in which they were committed. For exports and audits. */
  *ticks(zone: number, from: number, to: number, problems: string[]): Generator<StoredTick> {
    const sql = "SELECT * FROM record WHERE zone = ? AND tick >= ? AND tick <= ? ORDER BY lsn";
    try {
      const rows = this.#database.query<Record<string, unknown>, [number, number, number]>(sql).iterate(zone, from, to);
      for (const row of rows) {
        const tick = tickOf(this.world, row);
        if (tick === null) problems.push(`Tick ${String(row["tick"])} of zone ${zone} is damaged.`);
        else yield tick;
      }
    } catch (error) {
      problems.push(`The ticks of zone ${zone} can not all be read: ${messageOf(error)}.`);
    }
  }

  /** Facts, events and snapshots against what the last transaction that changed any of them left. */
  #compare(tally: Tally, problems: string[]): void {
    for (const [table, columns] of [
      ["snapshot", "lsn"],
      ["event", "lsn"],
      ["fact", "kind, key"],
    ] as const) {
      const key = table === "fact" ? "key" : "lsn";
      const kinds = table === "fact" ? FACT_KINDS : [null];
      const rows = kinds.reduce((sum, kind) => {
        const wanted = kind === null ? {} : { where: "kind = ?", values: [kind] };
        return sum + scan(this.#database, { table, key, columns, ...wanted }, problems).length;
      }, 0);
      const difference = tally[table] - rows;
      if (difference > 0) problems.push(`The table ${table} has lost ${difference} of ${tally[table]} rows.`);
      if (difference < 0)
        problems.push(`The table ${table} has ${-difference} rows too many: it is of another time than the rest.`);
    }
    const facts = FACT_KINDS.flatMap((kind) => this.facts(kind));
    const sum = facts.reduce((total, { crc }) => (total + crc) % 2 ** 32, 0);
    if (sum !== tally.factSum) problems.push("Facts are damaged, missing, or older than they should be.");
  }
}

/** A server may be writing to it right now: then a second look finds it whole. */
function readWitness(folder: string): Testimony | null {
  const path = join(folder, WITNESS_FILE);
  for (let look = 1; look < WITNESS_LOOKS; look++) {
    const testimony = Witness.read(path);
    if (testimony !== null) return testimony;
  }
  return Witness.read(path);
}

/** Size of a file; null when there is none. */
function bytesOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

function emptyWorld(path: string): WowsimError {
  return new WowsimError(
    "journal_unreadable",
    `${path} is empty, but its log is not: the file was cut off. Put it back from a copy, or begin a new world with --fresh, which keeps these files under other names.`,
  );
}

function missingWorld(folder: string): WowsimError {
  return new WowsimError(
    "journal_missing",
    `${WORLD_FILE} is gone from ${folder}, and what is left beside it says that there was one. Put it back, or begin a new world with --fresh.`,
  );
}

function otherFormat(path: string, format: number): WowsimError {
  const advice =
    format > WORLD_FORMAT ? "use the wowsim that wrote it" : "wowsim store compact brings it to today's format";
  return new WowsimError(
    "journal_format",
    `${path} has format ${format}, and this wowsim reads ${WORLD_FORMAT}; ${advice}.`,
  );
}

export function unreadable(path: string, cause: unknown): WowsimError {
  return new WowsimError(
    "journal_unreadable",
    `${path} can not be read (${messageOf(cause)}). Begin a new world with --fresh, which keeps this file under another name.`,
    { cause },
  );
}
