// Makes a journal as small as it can be, while no server runs: wowsim store compact. Retention deletes what is too old or too
// much; then the file is written anew without its free pages.
//
//   await compactStore(".wowsim", { ageMs: 3_600_000 }, (share, text) => bar.update(share, text))
//   // { bytesBefore: 104857600, bytesAfter: 41943040, deleted: { record: 31200, snapshot: 120, event: 0, module: 0 } }

import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { JOURNAL_AGE_MS, JOURNAL_BYTES_MAX } from "../protocol/store-tools.ts";
import type { Compaction, OnProgress } from "../protocol/store-tools.ts";
import { lockDataDir } from "./data-dir.ts";
import { Retention } from "./retention.ts";
import { fileSizes, openJournal } from "./store-status.ts";
import { WorldReader } from "./world-reader.ts";
import { WITNESS_FILE, WORLD_FILE, WorldWriter } from "./world-writer.ts";

const TABLES = ["record", "snapshot", "event", "module"] as const;
/** Steps between two reports of progress. */
const STEPS_A_TURN = 50;

/** Throws WowsimError("no_journal" | "data_dir_in_use" | "journal_damaged" | "compact_failed" | ...). */
export async function compactStore(
  dataDir: string,
  {
    ageMs = JOURNAL_AGE_MS,
    bytesMax = JOURNAL_BYTES_MAX,
  }: { ageMs?: number | undefined; bytesMax?: number | undefined },
  onProgress: OnProgress,
): Promise<Compaction> {
  // A file of an earlier format is one to compact, and can not be read yet.
  if (!existsSync(join(dataDir, WORLD_FILE))) openJournal(dataDir).close();
  const lock = await lockDataDir(dataDir);
  try {
    const bytesBefore = bytesOf(dataDir);
    const writer = WorldWriter.open(dataDir, { synchronous: "FULL", clock: Date.now });
    try {
      assertSound(new WorldReader(writer.database, dataDir));
      const before = rowsOf(writer);
      const retention = new Retention({ ageMs, bytesMax, clock: Date.now });
      for (let steps = 1; retention.step(writer); steps++) {
        if (steps % STEPS_A_TURN !== 0) continue;
        onProgress(0.3, `${steps} steps of retention`);
        await Bun.sleep(0);
      }
      onProgress(0.6, "writing the file anew");
      await Bun.sleep(0);
      writer.database.run("VACUUM");
      writer.testify();
      const after = rowsOf(writer);
      const deleted = Object.fromEntries(TABLES.map((table) => [table, (before[table] ?? 0) - (after[table] ?? 0)]));
      writer.close();
      return { bytesBefore, bytesAfter: bytesOf(dataDir), deleted };
    } catch (error) {
      writer.close();
      throw error;
    }
  } catch (cause) {
    if (cause instanceof WowsimError) throw cause;
    const message = `The journal in ${dataDir} can not be compacted (${messageOf(cause)}); it is as it was. It needs as much free space as it has bytes.`;
    throw new WowsimError("compact_failed", message, { cause });
  } finally {
    lock.release();
  }
}

/** To write to a damaged file can damage it more. */
function assertSound(reader: WorldReader): void {
  const [problem] = reader.problems();
  if (problem === undefined) return;
  const message = `The journal is damaged, and was not changed: ${problem} wowsim store verify says all, and the next start goes on with what is good.`;
  throw new WowsimError("journal_damaged", message);
}

function rowsOf({ database }: WorldWriter): Record<string, number> {
  const count = (table: string): number =>
    database.query<{ rows: number }, []>(`SELECT count(*) AS rows FROM ${table}`).get()?.rows ?? 0;
  return Object.fromEntries(TABLES.map((table) => [table, count(table)]));
}

/** Bytes of the database, its log and the witness. */
function bytesOf(dataDir: string): number {
  const sizes = fileSizes(dataDir);
  return [WORLD_FILE, `${WORLD_FILE}-wal`, WITNESS_FILE].reduce((sum, file) => sum + (sizes[file] ?? 0), 0);
}
