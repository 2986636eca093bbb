// Locks for the data folder and the telemetry file, so that only one server writes there: two servers would mix their lines, and
// no reader could separate them.
//
//   const lock = await lockDataDir(".wowsim")                  // creates the folder; throws WowsimError("data_dir_in_use")
//   const other = await lockTelemetryFile("/logs/a.jsonl")     // null for a pipe, a device or stdout
//
// lock-file.ts explains the lock, and what happens when its folder is removed.

import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDiskFull, messageOf, WowsimError } from "../protocol/errors.ts";
import { LockBusyError, LockFile } from "./lock-file.ts";

const LOCK_FILE = "server.lock";
/** Name of the telemetry file that means standard output. */
export const STDOUT = "-";

/** Creates the folder if necessary, and locks it. Throws WowsimError("data_dir", "data_dir_in_use" or "disk_full"). */
export async function lockDataDir(path: string): Promise<LockFile> {
  try {
    return await LockFile.take(join(path, LOCK_FILE));
  } catch (cause) {
    if (cause instanceof LockBusyError) {
      const message = `Another server keeps its data in ${path}; stop it, or choose another place with --data-dir.`;
      throw new WowsimError("data_dir_in_use", message, { cause });
    }
    if (isDiskFull(cause)) {
      const message = `The disk of ${path} is full (${messageOf(cause)}); make room there, or choose another place with --data-dir.`;
      throw new WowsimError("disk_full", message, { cause });
    }
    const message = `No data can be kept in ${path} (${messageOf(cause)}); choose another place with --data-dir.`;
    throw new WowsimError("data_dir", message, { cause });
  }
}

/** Locks the telemetry file; null for a pipe or a device. Throws WowsimError("telemetry_file" or "telemetry_file_in_use"). */
export async function lockTelemetryFile(path: string): Promise<LockFile | null> {
  if (path === STDOUT || (await isNoFile(path))) return null;
  try {
    return await LockFile.take(await lockPathOf(path));
  } catch (cause) {
    if (cause instanceof LockBusyError) {
      const message = `Another server writes its telemetry to ${path}; stop it, or choose another file with --telemetry-file.`;
      throw new WowsimError("telemetry_file_in_use", message, { cause });
    }
    const message = `Cannot write telemetry to ${path} (${messageOf(cause)}); choose another place with --data-dir or --telemetry-file.`;
    throw new WowsimError("telemetry_file", message, { cause });
  }
}

/** True for a pipe or a device, which may have any number of writers. */
async function isNoFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => !found.isFile() && !found.isDirectory(),
    () => false,
  );
}

/** Path of the lock: next to the file itself, with symbolic links resolved. */
async function lockPathOf(path: string): Promise<string> {
  const real = await realpath(path).catch(async () =>
    join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)),
  );
  return join(dirname(real), `.${basename(real)}.lock`);
}
