// A journal whose file can not be written when it is opened: a file mode, an owner, a read-only mount. SQLite opens it for reading
// then, and stays so. Once the file can be written it must be opened anew.
//
//   refusal(writer, ".wowsim")                // "... is read-only: ..."; null: it can be written
//   writer = reopened(writer, ".wowsim", options)      // the same writer until the file can be written, then another one

import { accessSync, chmodSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { WORLD_FILE, WorldWriter } from "./world-writer.ts";
import type { WorldWriterOptions } from "./world-writer.ts";

const MODE_BITS = 0o777;
/** Files that SQLite makes with the mode of the database. */
const COMPANIONS = ["-wal", "-shm"] as const;

/** Why the writer can write nothing; null when it can. */
export function refusal(writer: WorldWriter, folder: string): string | null {
  if (!writer.isReadOnly) return null;
  return `${join(folder, WORLD_FILE)} is read-only: make it writable for the user that runs the server`;
}

/** Closes the writer when it opens another one. Throws what is in the way; then it can be called again. */
export function reopened(writer: WorldWriter, folder: string, options: WorldWriterOptions): WorldWriter {
  const path = join(folder, WORLD_FILE);
  if (!writer.isReadOnly || !isWritable(path)) return writer;
  // First: SQLite shares what it knows of a file between the connections of a process, also that it can not be written.
  writer.close();
  for (const companion of COMPANIONS) takeMode(path, path + companion);
  return WorldWriter.open(folder, options);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

/** A log that was made while the file was read-only can not be written either. */
function takeMode(from: string, to: string): void {
  try {
    const [mode, own] = [statSync(from).mode & MODE_BITS, statSync(to).mode & MODE_BITS];
    if (own !== mode) chmodSync(to, mode);
  } catch {
    // There is none, or it is another user's: then the new writer is read-only too, and it is tried again.
  }
}
