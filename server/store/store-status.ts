// Sums up a journal: wowsim store status. It reads one moment of it, also while a server writes, and changes nothing.
//
//   storeStatus(".wowsim")     // { format: 1, files: { "world.sqlite": 4194304 }, zones: [{ zone: 1, tick: 4711, ... }], ... }

import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { WowsimError } from "../protocol/errors.ts";
import type { StoreStatus, ZoneStatus } from "../protocol/store-tools.ts";
import { BALLAST_FILE } from "./ballast.ts";
import { bytesUsed } from "./retention.ts";
import { attempt } from "./scan.ts";
import { headInRows } from "./world-heads.ts";
import { WorldReader } from "./world-reader.ts";
import { FACT_KINDS } from "./world-rows.ts";
import { DURABILITY_KEY } from "./world-schema.ts";
import { WITNESS_FILE, WORLD_FILE } from "./world-writer.ts";

const FILES = [WORLD_FILE, `${WORLD_FILE}-wal`, WITNESS_FILE, BALLAST_FILE] as const;

/** Throws WowsimError. */
export function storeStatus(dataDir: string): StoreStatus {
  const reader = openJournal(dataDir);
  try {
    const problems = reader.problems();
    const { database } = reader.source;
    const events = reader.events(0, problems);
    return {
      format: reader.format,
      world: reader.world.toString(16).padStart(8, "0"),
      files: fileSizes(dataDir),
      bytesUsed: attempt(problems, "The size", () => bytesUsed(database)),
      durability: reader.meta(DURABILITY_KEY),
      lsn: reader.lsn,
      zones: reader.zones(problems).map((zone) => zoneStatus(database, zone, problems)),
      modules: reader.modules(problems),
      facts: Object.fromEntries(FACT_KINDS.map((kind) => [kind, reader.facts(kind, problems).length])),
      events: Object.fromEntries(
        [...Map.groupBy(events, ({ kind }) => kind)].map(([kind, those]) => [kind, those.length]),
      ),
      gaps: events.filter(({ kind }) => kind === "gap").map(({ at, zone, tick, json }) => ({ at, zone, tick, json })),
      problems: [...new Set(problems)],
    };
  } finally {
    reader.close();
  }
}

/** The journal in a folder. Throws WowsimError, "no_journal" when there is none. */
export function openJournal(dataDir: string): WorldReader {
  const reader = WorldReader.open(dataDir);
  if (reader !== null) return reader;
  throw new WowsimError(
    "no_journal",
    `There is no journal in ${dataDir}: no server has kept its world there. Give its folder with --data-dir.`,
  );
}

/** Bytes of the journal's files that are there. */
export function fileSizes(dataDir: string): Record<string, number> {
  const sizes = FILES.map((file) => [file, statSync(join(dataDir, file), { throwIfNoEntry: false })?.size] as const);
  return Object.fromEntries(sizes.filter((entry): entry is [(typeof FILES)[number], number] => entry[1] !== undefined));
}

function zoneStatus(database: Database, zone: number, problems: string[]): ZoneStatus {
  const read = <Row>(sql: string): Row | null =>
    attempt(problems, `The index of zone ${zone}`, () => database.query<Row, [number]>(sql).get(zone));
  const head = attempt(problems, `The index of zone ${zone}`, () => headInRows(database, zone));
  const end = (order: string): { tick: number; at: number } | null =>
    read(`SELECT tick, at FROM record WHERE zone = ? ORDER BY epoch ${order}, tick ${order} LIMIT 1`);
  const [oldest, newest] = [end("ASC"), end("DESC")];
  const count = (table: string): number =>
    read<{ rows: number }>(`SELECT count(*) AS rows FROM ${table} WHERE zone = ?`)?.rows ?? 0;
  return {
    zone,
    epoch: head?.epoch ?? 0,
    tick: head?.tick ?? 0,
    newestAt: newest?.at ?? null,
    oldestTick: oldest?.tick ?? null,
    oldestAt: oldest?.at ?? null,
    ticks: count("record"),
    snapshots: count("snapshot"),
  };
}
