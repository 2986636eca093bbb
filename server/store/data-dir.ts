// The data folder and the telemetry file, and that only one server writes there: two would mix their lines, and nobody
// could tell them apart.
//
//   const lock = await lockDataDir(".wowsim")                  // makes it; throws WowsimError("data_dir_in_use")
//   const other = await lockTelemetryFile("/logs/a.jsonl")     // null for a pipe, a device or stdout
//
// How the lock works, and what becomes of it when its folder is removed, is told in lock-file.ts.

import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { LockBusyError, LockFile } from "./lock-file.ts";

const LOCK_FILE = "server.lock";
/** As the telemetry file is called when it is standard output. */
export const STDOUT = "-";

/** Makes the folder where there is none, and takes it. Throws WowsimError("data_dir" or "data_dir_in_use"). */
export async function lockDataDir(path: string): Promise<LockFile> {
  try {
    return await LockFile.take(join(path, LOCK_FILE));
  } catch (cause) {
    if (cause instanceof LockBusyError) {
      const message = `Another server keeps its data in ${path}; stop it, or choose another place with --data-dir.`;
      throw new WowsimError("data_dir_in_use", message, { cause });
    }
    const message = `No data can be kept in ${path} (${messageOf(cause)}); choose another place with --data-dir.`;
    throw new WowsimError("data_dir", message, { cause });
  }
}

/** Takes the telemetry file. Throws WowsimError("telemetry_file" or "telemetry_file_in_use"). */
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

/** A pipe or a device, which may have any number of writers. */
async function isNoFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => !found.isFile() && !found.isDirectory(),
    () => false,
  );
}

/** Beside the file itself, whatever links lead to it. */
async function lockPathOf(path: string): Promise<string> {
  const real = await realpath(path).catch(async () =>
    join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)),
  );
  return join(dirname(real), `.${basename(real)}.lock`);
}
