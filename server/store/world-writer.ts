// Writes world.sqlite. One process has one writer. Nothing is visible or safe before commit() has returned.
//
//   const writer = WorldWriter.open(".wowsim", { synchronous: "NORMAL", clock: Date.now })
//   writer.begin()
//   writer.tick({ zone: 1, epoch: 3, tick: 4711, module, hash, batch })
//   writer.put("session", "12", { name: "Ann", ... })
//   writer.commit()           // throws the error of SQLite; then nothing is committed
//   writer.testify()          // the witness knows of it; before that, nobody is told that the rows are safe

import { Database } from "bun:sqlite";
import type { Statement } from "bun:sqlite";
import { join } from "node:path";
import { pack } from "./packing.ts";
import { crcOfEvent, crcOfFact, crcOfModule, crcOfSnapshot, crcOfTick } from "./world-rows.ts";
import type { FactKind, StoredEvent, StoredModule, StoredSnapshot, StoredTick } from "./world-rows.ts";
import { formatOf, migrate, prepareForWriting } from "./world-schema.ts";
import type { Synchronous } from "./world-schema.ts";
import { checksum } from "./checksum.ts";
import { isAhead, Witness } from "./witness.ts";
import type { Head } from "./witness.ts";
import { headsOf } from "./world-heads.ts";
import { identify } from "./world-identity.ts";
import { addTally, countTally, newestLsn, readTally, writeTally } from "./world-tally.ts";
import type { Tally } from "./world-tally.ts";

export const WORLD_FILE = "world.sqlite";
export const WITNESS_FILE = "world.witness";
/** SQLite's own limit. */
const PAGES_MAX = 4_294_967_294;

export interface WorldWriterOptions {
  synchronous: Synchronous;
  /** Milliseconds since 1970. */
  clock: () => number;
}

export class WorldWriter {
  readonly #database: Database;
  readonly #witness: Witness;
  readonly #clock: () => number;
  readonly #tick: Statement;
  readonly #snapshot: Statement;
  readonly #event: Statement;
  readonly #put: Statement;
  readonly #drop: Statement;
  readonly #module: Statement;
  readonly #crcOfFact: Statement<{ crc: number }, [string, string]>;
  readonly #jsonOfFact: Statement<{ json: string }, [string, string]>;
  readonly #statements: readonly Statement[];
  /** The number of the world, with which every checksum begins. */
  readonly #world: number;
  /**
   * The file could only be opened for reading: SQLite says so with the first change. It stays so when the file can be written
   * again, until another writer opens it.
   */
  readonly isReadOnly: boolean;
  #isClosed = false;
  /** How far each zone is committed, and how far it will be after the transaction under way. */
  readonly #heads: Map<number, Head>;
  readonly #nextHeads = new Map<number, Head>();
  #tally: Tally;
  #nextTally: Tally;
  #committedLsn: number;
  #lsn: number;
  /** The transaction under way changes more than ticks. */
  #isTallyDue = false;

  /** Opens the file in the folder, or creates it. Throws WowsimError, or the error of SQLite or of the system. */
  static open(folder: string, options: WorldWriterOptions): WorldWriter {
    const database = new Database(join(folder, WORLD_FILE), { create: true });
    try {
      prepareForWriting(database, options.synchronous);
      migrate(database);
      return new WorldWriter(database, folder, options.clock);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  private constructor(database: Database, folder: string, clock: () => number) {
    const path = join(folder, WITNESS_FILE);
    const testimony = Witness.read(path);
    this.#world = identify(database, testimony).world;
    this.#database = database;
    this.#clock = clock;
    this.#tick = database.prepare("INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#snapshot = database.prepare("INSERT OR IGNORE INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#event = database.prepare("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    this.#put = database.prepare("INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?)");
    this.#drop = database.prepare("DELETE FROM fact WHERE kind = ? AND key = ?");
    this.#module = database.prepare("INSERT OR IGNORE INTO module VALUES (?, ?, ?, ?)");
    this.#crcOfFact = database.prepare("SELECT crc FROM fact WHERE kind = ? AND key = ?");
    this.#jsonOfFact = database.prepare("SELECT json FROM fact WHERE kind = ? AND key = ?");
    const facts = [this.#put, this.#drop, this.#crcOfFact, this.#jsonOfFact];
    this.#statements = [this.#tick, this.#snapshot, this.#event, this.#module, ...facts];
    this.isReadOnly = refusesChanges(database);
    this.#heads = headsOf(database, testimony?.world === this.#world ? testimony : null);
    this.#tally = presentTally(database);
    this.#nextTally = { ...this.#tally };
    this.#committedLsn = this.#tally.lsn;
    this.#lsn = this.#committedLsn;
    this.#witness = Witness.open(path, this.#world);
    // Of a new world it is known that nothing is missing.
    if (testimony === null && this.#lsn === 0) this.testify();
  }

  /** The newest committed row. */
  get lsn(): number {
    return this.#committedLsn;
  }

  /** For retention, in a transaction of its own. */
  get database(): Database {
    return this.#database;
  }

  begin(): void {
    this.#forget();
    this.#database.run("BEGIN IMMEDIATE");
  }

  commit(): void {
    this.#nextTally.lsn = this.#lsn;
    if (this.#isTallyDue) writeTally(this.#database, this.#nextTally);
    this.#database.run("COMMIT");
    this.#committedLsn = this.#lsn;
    this.#tally = { ...this.#nextTally };
    for (const [zone, head] of this.#nextHeads) this.#heads.set(zone, head);
    this.#forget();
  }

  /** Writes to the witness what is committed. Throws the system's error; it can be called again. */
  testify(): void {
    this.#witness.write(this.#committedLsn, this.#heads);
  }

  /** Drops what was written since begin(). SQLite may have done so already, as on a full disk. */
  rollback(): void {
    this.#forget();
    if (this.#database.inTransaction) this.#database.run("ROLLBACK");
  }

  tick({ zone, epoch, tick, module, hash, batch }: Omit<StoredTick, "at">): void {
    const row = { lsn: this.#lsn + 1, zone, epoch, tick, at: this.#clock(), module, hash, ...pack(batch) };
    const crc = crcOfTick(this.#world, row);
    const { lsn, at, packed, body } = row;
    const { changes } = this.#tick.run(lsn, zone, epoch, tick, at, module, hash, packed, crc, body);
    this.#lsn += changes;
    this.#nextTally.record += changes;
    this.#advance(zone, { epoch, begin: tick - 1, tick });
  }

  snapshot({ zone, epoch, tick, module, hash, ticket, state: body }: Omit<StoredSnapshot, "at">): void {
    const row = { lsn: this.#lsn + 1, zone, epoch, tick, at: this.#clock(), module, hash, ticket, body };
    const { lsn, at } = row;
    const crc = crcOfSnapshot(this.#world, row);
    const { changes } = this.#snapshot.run(lsn, zone, epoch, tick, at, module, hash, ticket, crc, body);
    this.#change({ snapshot: changes, lsn: changes });
    this.#advance(zone, { epoch, begin: tick, tick });
  }

  event({ kind, zone, tick, json, body }: Omit<StoredEvent, "at">): void {
    const row = { lsn: this.#lsn + 1, at: this.#clock(), kind, zone, tick, json, body };
    const crc = crcOfEvent(this.#world, row);
    const { changes } = this.#event.run(row.lsn, row.at, kind, zone, tick, json, crc, body);
    this.#change({ event: changes, lsn: changes });
  }

  /** Sets a fact. `json` is its value as JSON. */
  put(kind: FactKind, key: string, json: string): void {
    const earlier = this.#crcOfFact.get(kind, key);
    const crc = crcOfFact(this.#world, kind, key, json);
    this.#put.run(kind, key, json, crc);
    this.#change({ fact: earlier === null ? 1 : 0, factSum: crc - (earlier?.crc ?? 0), lsn: 1 });
  }

  drop(kind: FactKind, key: string): void {
    const earlier = this.#crcOfFact.get(kind, key);
    if (earlier === null) return;
    this.#drop.run(kind, key);
    this.#change({ fact: -1, factSum: -earlier.crc, lsn: 1 });
  }

  /** Drops a crossing that has ended, unless a later one, from another zone, is in its place already. */
  dropCrossing(key: string, fromZone: number): void {
    const row = this.#jsonOfFact.get("crossing", key);
    if (row !== null && (JSON.parse(row.json) as { from?: number }).from === fromZone) this.drop("crossing", key);
  }

  /** Keeps a module; one with this hash that is there already stays. */
  module(module: StoredModule): void {
    this.#module.run(module.hash, module.label, crcOfModule(this.#world, module), module.wasm);
  }

  /** Says, within a transaction, how many rows retention has deleted in it. */
  deleted({ record = 0, snapshot = 0, event = 0 }: { record?: number; snapshot?: number; event?: number }): void {
    this.#nextTally.record -= record;
    this.#change({ snapshot: -snapshot, event: -event });
  }

  /** The most pages that the file may have; 0: no limit. A file that is at its limit is full, as on a full disk. */
  limitPages(pages: number): void {
    this.#database.run(`PRAGMA max_page_count = ${pages === 0 ? PAGES_MAX : pages}`);
  }

  /** Sets what the file is. */
  meta(key: string, value: string): void {
    this.#database.run("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", [key, value, checksum([key, value])]);
  }

  /** Copies the write-ahead log to the file and removes it, as far as readers let it, without waiting for them; closes both. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#database.run("PRAGMA busy_timeout = 0");
      this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // The disk is full, or can not be written: the log stays, and is read by whoever opens the file next.
    }
    // SQLite removes the log when the last connection ends, which a statement would keep open.
    for (const statement of this.#statements) statement.finalize();
    this.#database.close();
    this.#witness.close();
  }

  #change({ lsn = 0, ...changes }: Partial<Tally>): void {
    this.#isTallyDue = true;
    this.#lsn += lsn;
    this.#nextTally = addTally(this.#nextTally, changes);
  }

  #advance(zone: number, head: Head): void {
    const known = this.#nextHeads.get(zone) ?? this.#heads.get(zone);
    if (known !== undefined && !isAhead(head, known)) return;
    this.#nextHeads.set(zone, known?.epoch === head.epoch ? { ...known, tick: head.tick } : head);
  }

  /** Back to what is committed. */
  #forget(): void {
    this.#lsn = this.#committedLsn;
    this.#nextTally = { ...this.#tally };
    this.#nextHeads.clear();
    this.#isTallyDue = false;
  }
}

function refusesChanges(database: Database): boolean {
  try {
    // A transaction without a change succeeds. This one leaves nothing.
    database.run("BEGIN IMMEDIATE");
    database.run(`PRAGMA user_version = ${formatOf(database)}`);
    return false;
  } catch (error) {
    // Whatever else is wrong is told by the first commit.
    return String(Object(error).code).startsWith("SQLITE_READONLY");
  } finally {
    if (database.inTransaction) database.run("ROLLBACK");
  }
}

/** The tally that the file has now: its last one, and the ticks that came after it. */
function presentTally(database: Database): Tally {
  const tally = readTally(database);
  if (tally === null) return countTally(database);
  const sql = "SELECT count(*) AS record FROM record NOT INDEXED WHERE lsn > ?";
  const later = database.query<{ record: number }, [number]>(sql).get(tally.lsn)?.record ?? 0;
  return { ...tally, record: tally.record + later, lsn: Math.max(tally.lsn, newestLsn(database)) };
}
