// Makes a sound file of a damaged journal, before anything is written to it: to write to a damaged file can damage more.
//
//   rescueWorld(".wowsim", "2026-11-29T17-00-00")
//   // { problems: ["Tick 4711 of zone 1 is damaged."], kept: "world-damaged-2026-11-29T17-00-00.sqlite" }; null: it is sound
//
// The new file has what a start needs: of each zone the newest snapshot that can be used and the ticks after it; all facts,
// events and modules that are good. The damaged files stay beside it under another name, the newest few of them. A process
// that is killed in between loses nothing: the new file counts once it has its second name, and the next start goes on there.

import { Database } from "bun:sqlite";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WowsimError } from "../protocol/errors.ts";
import { checksum } from "./checksum.ts";
import { pack } from "./packing.ts";
import { takeIdentity } from "./world-identity.ts";
import { WorldReader } from "./world-reader.ts";
import type { StoredHistory } from "./world-reader.ts";
import { crcOfEvent, crcOfFact, crcOfModule, crcOfSnapshot, crcOfTick, FACT_KINDS } from "./world-rows.ts";
import { migrate } from "./world-schema.ts";
import { countTally, TALLY_KEY, writeTally } from "./world-tally.ts";
import { WORLD_FILE } from "./world-writer.ts";

export interface Rescue {
  /** What was damaged or missing, one sentence each. */
  problems: string[];
  /** The new name of the damaged file. */
  kept: string;
}

/** While it is written, and when it is complete. */
const RESCUING_FILE = "world.rescuing.sqlite";
const RESCUED_FILE = "world.rescued.sqlite";
const KEPT_PREFIX = "world-damaged-";
const KEPT_MAX = 3;
/** Files that belong to a database. */
const SUFFIXES = ["", "-wal", "-shm"] as const;

/**
 * `stamp` becomes a part of a file name. Null when there is nothing to rescue. Throws WowsimError when the journal can not be
 * read at all, and the error of SQLite or of the system when no new file can be written.
 */
export function rescueWorld(folder: string, stamp: string): Rescue | null {
  if (existsSync(join(folder, RESCUED_FILE))) swap(folder, stamp);
  const reader = openDamaged(folder);
  if (reader === null) return null;
  try {
    const histories = reader.zones().map((zone) => reader.history(zone));
    const damage = [...reader.damage(), ...histories.flatMap((history) => history.problems)];
    if (damage.length === 0) return null;
    const problems = [
      ...new Set([
        ...damage,
        ...write(
          folder,
          reader,
          histories.filter((each) => each.snapshot !== null),
        ),
      ]),
    ];
    return { problems, kept: swap(folder, stamp) };
  } finally {
    reader.close();
  }
}

/** Null when there is no journal, or one of an earlier format, which is brought to today's before it can be read. */
function openDamaged(folder: string): WorldReader | null {
  try {
    return WorldReader.open(folder);
  } catch (error) {
    if (error instanceof WowsimError && error.code === "journal_format") return null;
    throw error;
  }
}

/** Writes what is good to the new file. Returns what was not. */
function write(folder: string, reader: WorldReader, histories: readonly StoredHistory[]): string[] {
  const path = join(folder, RESCUING_FILE);
  rmSync(path, { force: true });
  const database = new Database(path, { create: true });
  const problems: string[] = [];
  try {
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    migrate(database);
    database.transaction(() => copy(database, reader, histories, problems))();
  } finally {
    database.close();
  }
  renameSync(path, join(folder, RESCUED_FILE));
  return problems;
}

function copy(database: Database, reader: WorldReader, histories: readonly StoredHistory[], problems: string[]): void {
  const { world } = reader;
  const insert = (table: string, values: (string | number | Uint8Array)[]): void =>
    void database.query(`INSERT OR REPLACE INTO ${table} VALUES (${values.map(() => "?").join(", ")})`).run(...values);
  takeIdentity(database, world);
  for (const key of reader.metaKeys()) {
    const value = key === TALLY_KEY ? null : reader.meta(key, problems);
    if (value !== null) insert("meta", [key, value, checksum([key, value])]);
  }
  for (const kind of FACT_KINDS)
    for (const { key, json } of reader.facts(kind, problems))
      insert("fact", [kind, key, json, crcOfFact(world, kind, key, json)]);
  for (const { lsn, at, kind, zone, tick, json, body } of reader.events(0, problems))
    insert("event", [
      lsn,
      at,
      kind,
      zone,
      tick,
      json,
      crcOfEvent(world, { lsn, at, kind, zone, tick, json, body }),
      body,
    ]);
  for (const { hash } of reader.modules(problems)) {
    const module = reader.module(hash, problems);
    if (module !== null) insert("module", [hash, module.label, crcOfModule(world, module), module.wasm]);
  }
  // Rows get new numbers, above all that were ever given.
  let lsn = Math.max(reader.testimony?.lsn ?? 0, reader.lsn ?? 0, countTally(database).lsn);
  for (const { zone, snapshot, ticks } of histories) {
    const { epoch, tick, at, module, hash, ticket, state: body } = snapshot;
    const row = { lsn: ++lsn, zone, epoch, tick, at, module, hash, ticket, body };
    insert("snapshot", [lsn, zone, epoch, tick, at, module, hash, ticket, crcOfSnapshot(world, row), body]);
    for (const each of ticks) {
      const record = { ...each, ...pack(each.batch), lsn: ++lsn };
      const crc = crcOfTick(world, record);
      insert("record", [lsn, zone, epoch, each.tick, each.at, each.module, each.hash, record.packed, crc, record.body]);
    }
  }
  writeTally(database, { ...countTally(database), lsn });
}

/** Gives the damaged files other names, and the new file the name of the journal. Returns the damaged one's new name. */
function swap(folder: string, stamp: string): string {
  const kept = `${KEPT_PREFIX}${stamp}.sqlite`;
  for (const suffix of SUFFIXES) {
    const path = join(folder, `${WORLD_FILE}${suffix}`);
    if (existsSync(path)) renameSync(path, join(folder, `${kept}${suffix}`));
  }
  renameSync(join(folder, RESCUED_FILE), join(folder, WORLD_FILE));
  const older = readdirSync(folder)
    .filter((name) => name.startsWith(KEPT_PREFIX) && name.endsWith(".sqlite"))
    .toSorted()
    .slice(0, -KEPT_MAX);
  for (const name of older) for (const suffix of SUFFIXES) rmSync(join(folder, `${name}${suffix}`), { force: true });
  return kept;
}
