// How the room that a journal may take on the disk (serve --journal-megabytes) is shared out among its files:
//
//   budgetOf(64 * 2 ** 20)
//   |-- ballast, an eighth, 32 MB at most --|-- log, 4 MB --|-- a burst, twice --|-- pages in use --|
//
// A file never shrinks, so it is as large as its pages in use have ever been: history is deleted before they are too many.

import { BALLAST_BYTES } from "./ballast.ts";

/** SQLite cuts its log to this after a checkpoint. A reader that takes long makes it grow until it ends. */
export const LOG_BYTES_KEPT = 4 * 2 ** 20;
/** What is written before retention makes room: a burst, which is as large as what came during the one before. It lies in the log, then in the file. */
const BURST_SHARE = 1 / 16;
const BURST_BYTES = { min: 2 * 2 ** 20, max: 16 * 2 ** 20 } as const;
const BALLAST_SHARE = 1 / 8;

export interface JournalBudget {
  ballastBytes: number;
  /** Pages in use; above this, history is deleted although it is not old. */
  bytesMax: number;
}

/** `bytes`: all files of the journal. */
export function budgetOf(bytes: number): JournalBudget {
  const ballastBytes = Math.min(BALLAST_BYTES, Math.floor(bytes * BALLAST_SHARE));
  const burstBytes = Math.min(BURST_BYTES.max, Math.max(BURST_BYTES.min, Math.floor(bytes * BURST_SHARE)));
  return { ballastBytes, bytesMax: Math.max(0, bytes - ballastBytes - LOG_BYTES_KEPT - 2 * burstBytes) };
}
