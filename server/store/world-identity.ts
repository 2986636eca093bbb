// Which world a journal belongs to: a random number, given when the file is made. All checksums begin with it (world-rows.ts)
// and the witness names it, so files of two worlds that were mixed up are told apart.
//
//   identify(database, testimony)     // { world: 2881141438, problems: [] }
//
// The number stands in the table meta, in the header of the file (application_id) and in the witness: one damaged page must
// not make every checksum wrong.

import type { Database } from "bun:sqlite";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { checksum } from "./checksum.ts";
import type { Testimony } from "./witness.ts";

const WORLD_KEY = "world";

export interface Identity {
  /** An unsigned 32-bit number; 0 when no place tells it. */
  world: number;
  /** One sentence each. */
  problems: string[];
}

/** Gives a new file its number, within the transaction that makes its tables. */
export function giveIdentity(database: Database): void {
  takeIdentity(database, 1 + Math.floor(Math.random() * 0xffff_fffe));
}

/** Makes the file one of this world, as an export of it is. */
export function takeIdentity(database: Database, world: number): void {
  const value = String(world);
  database.run("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", [WORLD_KEY, value, checksum([WORLD_KEY, value])]);
  database.run(`PRAGMA application_id = ${world | 0}`);
}

/**
 * Finds the number, and says which places do not have it. Throws WowsimError("journal_mixed") when the witness is sound and
 * belongs to a world that the file knows nothing of: then a person has to decide.
 */
export function identify(database: Database, testimony: Testimony | null): Identity {
  const problems: string[] = [];
  const inMeta = inMetaOf(database, problems);
  const inHeader = inHeaderOf(database, problems);
  const inWitness = testimony?.world ?? 0;
  if (inWitness === 0) {
    const world = inMeta || inHeader;
    if (inMeta !== inHeader) problems.push("Two places of world.sqlite name different worlds.");
    return { world, problems };
  }
  if (inMeta !== inWitness && inHeader !== inWitness) throw mixed();
  if (inMeta !== inWitness) problems.push("The number of the world in the table meta is damaged.");
  if (inHeader !== inWitness) problems.push("The number of the world in the header of world.sqlite is damaged.");
  return { world: inWitness, problems };
}

function mixed(): WowsimError {
  return new WowsimError(
    "journal_mixed",
    "world.sqlite and world.witness belong to different worlds, or the place that says so is damaged. Put back the file that belongs here; or remove world.witness to use world.sqlite as it is; or begin a new world with --fresh.",
  );
}

function inMetaOf(database: Database, problems: string[]): number {
  try {
    const sql = "SELECT value, crc FROM meta WHERE key = ?";
    const row = database.query<{ value: unknown; crc: unknown }, [string]>(sql).get(WORLD_KEY);
    const isSound = typeof row?.value === "string" && checksum([WORLD_KEY, row.value]) === row.crc;
    return isSound ? Number(row.value) : 0;
  } catch (error) {
    problems.push(`The table meta can not be read: ${messageOf(error)}.`);
    return 0;
  }
}

function inHeaderOf(database: Database, problems: string[]): number {
  try {
    const row = database.query<{ application_id: number }, []>("PRAGMA application_id").get();
    return (row?.application_id ?? 0) >>> 0;
  } catch (error) {
    problems.push(`The header of world.sqlite can not be read: ${messageOf(error)}.`);
    return 0;
  }
}
