// The folder of crash reports, <data-dir>/crashes: one file a report, named by its time; the newest 20 are kept.
//
//   await keepCrashReport(".wowsim", report)         // "/srv/.wowsim/crashes/2026-01-01T00-00-00.050Z.json"
//   await telemetryTail(".wowsim/telemetry.jsonl", "2026-01-01T00:00:00.050Z")      // the last lines that are no metrics

import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CrashReport } from "../protocol/crash-report.ts";
import type { TelemetryLine } from "../protocol/telemetry-line.ts";

const REPORTS_MAX = 20;
/** How much of a telemetry file is looked at: some seconds of a busy server. */
const TAIL_BYTES_MAX = 1 << 20;
const TAIL_LINES_MAX = 50;
const NAME = /^\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z\.json$/;

/** Adds the last telemetry, writes the report, and removes the oldest ones. Returns its path. Throws the system's error. */
export async function keepCrashReport(dataDir: string, report: CrashReport): Promise<string> {
  const folder = join(dataDir, "crashes");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${report.at.replaceAll(":", "-")}.json`);
  const whole = `${path}.${process.pid}`;
  const telemetry = await telemetryTail(report.telemetry_file, report.at);
  await writeFile(whole, `${JSON.stringify({ ...report, telemetry }, null, 2)}\n`, { mode: 0o600 });
  await rename(whole, path);
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).toSorted();
  for (const name of names.slice(0, -REPORTS_MAX)) await rm(join(folder, name), { force: true });
  return path;
}

/**
 * The last lines of a telemetry file that are no metrics, oldest first, up to a time: a next server may write there already.
 * None when the file can not be read.
 */
export async function telemetryTail(file: string, until: string): Promise<TelemetryLine[]> {
  const lines = (await endOf(file)).split("\n").flatMap(eventOf);
  return lines.filter(({ timestamp }) => timestamp <= until).slice(-TAIL_LINES_MAX);
}

/** The last part of a regular file; "" when it can not be read. */
async function endOf(file: string): Promise<string> {
  try {
    await using handle = await open(file, "r");
    const found = await handle.stat();
    if (!found.isFile()) return "";
    const bytes = Buffer.alloc(Math.min(found.size, TAIL_BYTES_MAX));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, found.size - bytes.length);
    return bytes.toString("utf8", 0, bytesRead);
  } catch {
    // No telemetry is kept there: the report has none.
    return "";
  }
}

/** The line when it is an event or an error; the first of a part and the last of a process may be broken. */
function eventOf(line: string): TelemetryLine[] {
  try {
    const parsed = JSON.parse(line) as Partial<TelemetryLine> | null;
    const isEvent = parsed?.type === "event" || parsed?.type === "error";
    return isEvent && typeof parsed.timestamp === "string" ? [parsed as TelemetryLine] : [];
  } catch {
    // A part of a line.
    return [];
  }
}
