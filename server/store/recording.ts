// Opens a recording: a part of a world's journal as one small file. Its name ends in .wowrec, and it is a world.sqlite with the
// snapshots, ticks, events and modules of one zone, compressed with zstd. A plain world.sqlite is opened in the same way.
//
//   const reader = openRecording("zone-1.wowrec")       // a WorldReader over a copy in memory
//
// A recording comes from another machine, so its size is bounded before it is unpacked, and WorldReader checks each row. A
// recording of an older format is brought to today's in memory; the file stays as it is.

import { Database } from "bun:sqlite";
import { readFileSync, statSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { WorldReader } from "./world-reader.ts";
import { formatOf, migrate } from "./world-schema.ts";

/** How the names of recordings end. */
export const RECORDING_SUFFIX = ".wowrec";
/** The most bytes of a recording, packed or not. Some hours of a full zone are less. */
export const RECORDING_BYTES_MAX = 1_024 * 1_024 * 1_024;

const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const SQLITE_MAGIC = Buffer.from("SQLite format 3\0");
/** Offsets in a database's header of the versions to write and to read it; 2 means that it has a write-ahead log. */
const VERSION_OFFSETS = [18, 19];
const WITHOUT_LOG = 1;
/** Offsets in a database's header of the bytes of a page (big-endian u16, 1 means 65,536) and the number of pages (u32). */
const PAGE_BYTES_AT = 16;
const PAGES_AT = 28;
const HEADER_BYTES = 100;
const NO_RECORDING = "is no recording of a world; wowsim store export makes one";

/** Throws WowsimError("no_such_file" | "file_unreadable" | "recording_invalid" | "journal_too_new"). */
export function openRecording(path: string): WorldReader {
  const bytes = unpacked(path, contentOf(path));
  if (!startsWith(bytes, SQLITE_MAGIC)) throw invalid(path, NO_RECORDING);
  const missing = bytesMissing(bytes);
  if (missing > 0) throw invalid(path, `is cut off: ${missing} bytes are missing`);
  // A database in memory can not have a log beside it. All of this one is in its file.
  for (const offset of VERSION_OFFSETS) bytes[offset] = WITHOUT_LOG;
  const database = opened(path, bytes);
  try {
    if (formatOf(database) === 0) throw invalid(path, NO_RECORDING);
    if (hasMoreThanTables(database)) throw invalid(path, NO_RECORDING);
    migrate(database);
    return new WorldReader(database, null, true);
  } catch (error) {
    database.close();
    throw error instanceof WowsimError ? error : invalid(path, `is damaged (${messageOf(error)})`, error);
  }
}

function contentOf(path: string): Uint8Array {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw invalid(path, "is no regular file");
    if (found.size > RECORDING_BYTES_MAX)
      throw invalid(path, `has more than ${RECORDING_BYTES_MAX} bytes, which no recording has`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof WowsimError) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = isMissing ? `There is no file ${path}.` : `${path} can not be read (${messageOf(cause)}).`;
    throw new WowsimError(isMissing ? "no_such_file" : "file_unreadable", message, { cause });
  }
}

function unpacked(path: string, bytes: Uint8Array): Uint8Array {
  if (!startsWith(bytes, ZSTD_MAGIC)) return bytes;
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: RECORDING_BYTES_MAX });
  } catch (cause) {
    throw invalid(path, `can not be unpacked (${messageOf(cause)}): it is cut off, damaged or too large`, cause);
  }
}

function opened(path: string, bytes: Uint8Array): Database {
  try {
    const database = Database.deserialize(bytes);
    formatOf(database);
    return database;
  } catch (cause) {
    throw invalid(path, `is damaged (${messageOf(cause)})`, cause);
  }
}

/** A view in the place of a table could have rows without end. */
function hasMoreThanTables(database: Database): boolean {
  const sql = "SELECT count(*) AS many FROM sqlite_master WHERE type NOT IN ('table', 'index')";
  return database.query<{ many: number }, []>(sql).get()?.many !== 0;
}

/** Bytes that the database's header promises, and that are not there: unpacking does not notice each cut. */
function bytesMissing(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) return HEADER_BYTES - bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pageBytes = view.getUint16(PAGE_BYTES_AT);
  return view.getUint32(PAGES_AT) * (pageBytes === 1 ? 65_536 : pageBytes) - bytes.length;
}

function startsWith(bytes: Uint8Array, magic: ArrayLike<number>): boolean {
  return Array.from(magic).every((byte, index) => bytes[index] === byte);
}

function invalid(path: string, what: string, cause?: unknown): WowsimError {
  return new WowsimError("recording_invalid", `${path} ${what}.`, { cause });
}
