// Makes a recording: a part of one zone's history as one small file, for another machine. wowsim store export.
//
//   exportRecording(".wowsim", { zone: 1, span: { lastMs: 600_000 }, out: "zone-1.wowrec" })
//   // { file: "zone-1.wowrec", bytes: 812345, snapshotTick: 4600, firstTick: 4601, lastTick: 16600, ... }
//
// The file is a world.sqlite, compressed with zstd, with the snapshot that the history begins with, the ticks after it, the
// snapshots and events in between, and their modules. Rows are copied as they are, with their checksums, so a recording tells
// damage as the journal does. Sessions and characters stay at home: they contain what nobody else should know.

import { Database } from "bun:sqlite";
import { existsSync, writeFileSync } from "node:fs";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { Export, ExportWish } from "../protocol/store-tools.ts";
import type { RawRow } from "./scan.ts";
import { openJournal } from "./store-status.ts";
import { checksum } from "./checksum.ts";
import { takeIdentity } from "./world-identity.ts";
import type { WorldReader } from "./world-reader.ts";
import { crcOfEvent, crcOfFact, crcOfModule, crcOfSnapshot } from "./world-rows.ts";
import { migrate } from "./world-schema.ts";
import { countTally, TALLY_KEY, writeTally } from "./world-tally.ts";
import { readSnapshot, tickOf } from "./world-timeline.ts";
import type { SnapshotPlace } from "./world-timeline.ts";

/** Bytes of the rows of a recording, before they are compressed again. */
export const EXPORT_BYTES_MAX = 512 * 2 ** 20;
const ZSTD_LEVEL = 6;

interface Place {
  epoch: number;
  tick: number;
}

/** Rows of a zone from its snapshot at `start` to tick `to` of the epoch `end.epoch`. */
interface Piece {
  zone: number;
  start: Place;
  end: Place;
}

/** Throws WowsimError("no_journal" | "no_such_ticks" | "file_exists" | "recording_too_large" | ...). */
export function exportRecording(dataDir: string, wish: ExportWish): Export {
  const reader = openJournal(dataDir);
  try {
    const problems: string[] = [];
    const { piece, firstTick } = pieceOf(reader, wish, problems);
    if (wish.out === "-") throw new WowsimError("usage", "A recording is no text for a pipe; name a file with --out.");
    const file = wish.out ?? `zone-${piece.zone}-${piece.end.tick}.wowrec`;
    const copy = new Copy(reader, problems);
    const counts = copy.take(piece);
    const packed = Bun.zstdCompressSync(copy.bytes(), { level: ZSTD_LEVEL });
    write(file, packed);
    const { zone, start, end } = piece;
    return {
      file,
      bytes: packed.length,
      zone,
      snapshotTick: start.tick,
      firstTick,
      lastTick: end.tick,
      ...counts,
      problems,
    };
  } finally {
    reader.close();
  }
}

/** Where the piece begins and ends, and the first tick that was asked for. */
function pieceOf(
  reader: WorldReader,
  { zone, span }: ExportWish,
  problems: string[],
): { piece: Piece; firstTick: number } {
  const to = "to" in span ? span.to : Number.MAX_SAFE_INTEGER;
  const last = reader.history(zone, to);
  if (last.snapshot === null) throw noSuchTicks(reader, zone, last.problems);
  const end = { epoch: last.snapshot.epoch, tick: last.ticks.at(-1)?.tick ?? last.snapshot.tick };
  const from = "from" in span ? span.from : tickAfter(reader, zone, end, span.lastMs);
  const first = reader.history(zone, Math.min(from, end.tick));
  const start = first.snapshot ?? oldestPlace(reader, zone, end);
  if (start === null || from > end.tick) throw noSuchTicks(reader, zone, first.problems);
  // A history that begins later than was asked for is no damage: the export says where it begins.
  problems.push(...new Set([...(first.snapshot === null ? [] : first.problems), ...last.problems]));
  return {
    piece: { zone, start: { epoch: start.epoch, tick: start.tick }, end },
    firstTick: Math.max(from, start.tick + 1),
  };
}

/** The first tick of the last milliseconds before the end. */
function tickAfter(reader: WorldReader, zone: number, { epoch, tick }: Place, lastMs: number): number {
  const sql = "SELECT tick, at FROM record WHERE zone = ? AND (epoch, tick) <= (?, ?) ORDER BY epoch DESC, tick DESC";
  let first = tick;
  let endAt: number | null = null;
  const rows = reader.source.database.query<{ tick: number; at: number }, [number, number, number]>(sql);
  for (const row of rows.iterate(zone, epoch, tick)) {
    endAt ??= row.at;
    if (row.at < endAt - lastMs) break;
    first = Math.min(first, row.tick);
  }
  return first;
}

/** The oldest snapshot of the zone before the end; null when there is none. */
function oldestPlace(reader: WorldReader, zone: number, end: Place): SnapshotPlace | null {
  return reader.snapshots(zone).findLast((place) => isWithin(place, { epoch: 0, tick: 0 }, end)) ?? null;
}

function isWithin({ epoch, tick }: Place, start: Place, end: Place): boolean {
  const isAfterStart = epoch === start.epoch ? tick >= start.tick : epoch > start.epoch;
  return isAfterStart && epoch <= end.epoch && tick <= end.tick;
}

/** A database in memory that rows are copied to. */
class Copy {
  readonly #database = new Database(":memory:");
  readonly #reader: WorldReader;
  readonly #problems: string[];
  #bytes = 0;

  constructor(reader: WorldReader, problems: string[]) {
    this.#reader = reader;
    this.#problems = problems;
    migrate(this.#database);
    takeIdentity(this.#database, reader.world);
  }

  take(piece: Piece): { ticks: number; snapshots: number; events: number; modules: number } {
    const modules = new Set<string>();
    const times: number[] = [];
    const keep = (row: { module: string; at: number }): void => {
      modules.add(row.module);
      times.push(row.at);
    };
    const snapshots = this.#snapshots(piece, keep);
    const ticks = this.#ticks(piece, keep);
    const [from, to] = [
      times.reduce((least, at) => Math.min(least, at), Infinity),
      times.reduce((most, at) => Math.max(most, at), 0),
    ];
    const events = this.#events(piece.zone, from, to);
    this.#takeFact(piece.zone);
    this.#takeMeta();
    return { ticks, snapshots, events, modules: this.#modules(modules) };
  }

  /** The whole database. */
  bytes(): Uint8Array {
    writeTally(this.#database, countTally(this.#database));
    return this.#database.serialize();
  }

  #snapshots({ zone, start, end }: Piece, keep: (row: { module: string; at: number }) => void): number {
    let count = 0;
    for (const place of this.#reader.snapshots(zone, this.#problems)) {
      if (!isWithin(place, start, end)) continue;
      const snapshot = readSnapshot(this.#reader.source, place, this.#problems);
      if (snapshot === null) continue;
      const { lsn } = place;
      const { epoch, tick, at, module, hash, ticket, state: body } = snapshot;
      const crc = crcOfSnapshot(this.#reader.world, { lsn, zone, epoch, tick, at, module, hash, ticket, body });
      this.#insert("snapshot", [lsn, zone, epoch, tick, at, module, hash, ticket, crc, body]);
      keep(snapshot);
      count++;
    }
    return count;
  }

  #ticks({ zone, start, end }: Piece, keep: (row: { module: string; at: number }) => void): number {
    const sql =
      "SELECT lsn, zone, epoch, tick, at, module, hash, packed, crc, body FROM record WHERE zone = ? AND (epoch, tick) > (?, ?) AND epoch <= ? AND tick <= ? ORDER BY epoch, tick";
    let count = 0;
    try {
      const rows = this.#reader.source.database.query<RawRow, number[]>(sql);
      for (const row of rows.iterate(zone, start.epoch, start.tick, end.epoch, end.tick)) {
        const tick = tickOf(this.#reader.world, row);
        if (tick === null) {
          this.#problems.push(`A damaged tick near ${String(row["tick"])} was left out.`);
          continue;
        }
        this.#insert("record", Object.values(row) as Value[]);
        keep(tick);
        count++;
      }
    } catch (error) {
      if (error instanceof WowsimError) throw error;
      this.#problems.push(`The ticks can not be read to their end: ${messageOf(error)}.`);
    }
    return count;
  }

  #events(zone: number, from: number, to: number): number {
    const events = this.#reader.events(0, this.#problems);
    const wanted = events.filter(
      (event) => (event.zone === zone || event.zone === 0) && event.at >= from && event.at <= to,
    );
    for (const { lsn, at, kind, zone: place, tick, json, body } of wanted) {
      const crc = crcOfEvent(this.#reader.world, { lsn, at, kind, zone: place, tick, json, body });
      this.#insert("event", [lsn, at, kind, place, tick, json, crc, body]);
    }
    return wanted.length;
  }

  #modules(hashes: ReadonlySet<string>): number {
    let count = 0;
    for (const hash of hashes) {
      const module = this.#reader.module(hash, this.#problems);
      if (module === null) {
        this.#problems.push(`The module ${hash} is not in the journal, so nothing that it ran can be run again.`);
        continue;
      }
      this.#insert("module", [hash, module.label, crcOfModule(this.#reader.world, module), module.wasm]);
      count++;
    }
    return count;
  }

  /** What is true of the zone. */
  #takeFact(zone: number): void {
    const fact = this.#reader.facts("zone").find(({ key }) => key === String(zone));
    if (fact === undefined) return;
    const { kind, key, json } = fact;
    this.#insert("fact", [kind, key, json, crcOfFact(this.#reader.world, kind, key, json)]);
  }

  #takeMeta(): void {
    for (const key of this.#reader.metaKeys()) {
      const value = key === TALLY_KEY ? null : this.#reader.meta(key, this.#problems);
      if (value !== null) this.#insert("meta", [key, value, checksum([key, value])]);
    }
  }

  #insert(table: string, values: Value[]): void {
    for (const value of values) if (value instanceof Uint8Array) this.#bytes += value.length;
    if (this.#bytes > EXPORT_BYTES_MAX) throw tooLarge();
    this.#database.query(`INSERT OR REPLACE INTO ${table} VALUES (${values.map(() => "?").join(", ")})`).run(...values);
  }
}

type Value = string | number | Uint8Array;

function write(file: string, bytes: Uint8Array): void {
  if (existsSync(file)) {
    throw new WowsimError(
      "file_exists",
      `${file} is there already, and was not changed; choose another name with --out.`,
    );
  }
  try {
    writeFileSync(file, bytes, { flag: "wx" });
  } catch (cause) {
    const message = `${file} can not be written (${messageOf(cause)}); choose another place with --out.`;
    throw new WowsimError("output_failed", message, { cause });
  }
}

function noSuchTicks(reader: WorldReader, zone: number, problems: readonly string[]): WowsimError {
  const zones = reader.zones();
  const advice = zones.includes(zone)
    ? "wowsim store status tells which ticks there are."
    : `The journal has ${zones.length === 0 ? "no zones" : `the zones ${zones.join(", ")}`}.`;
  const why = problems.length === 0 ? "" : ` (${problems.join(" ")})`;
  return new WowsimError("no_such_ticks", `The journal has none of these ticks of zone ${zone}${why}. ${advice}`);
}

function tooLarge(): WowsimError {
  return new WowsimError(
    "recording_too_large",
    `That is more than ${EXPORT_BYTES_MAX / 2 ** 20} MB of history; take less time with --last, or --from and --to.`,
  );
}
