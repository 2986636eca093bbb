// How the room that a journal may take on the disk (serve --journal-megabytes) is shared out among its files:
//
//   budgetOf(64 * 2 ** 20)
//   |-- ballast, an eighth, 32 MB at most --|-- log, 4 MB --|-- what retention is behind, 2 MB --|-- pages in use --|
//
// A file never shrinks, so it is as large as its pages in use have ever been: history is deleted before they are too many.

import { BALLAST_BYTES } from "./ballast.ts";

/** SQLite cuts its log to this after a checkpoint. A reader that takes long makes it grow until it ends. */
export const LOG_BYTES_KEPT = 4 * 2 ** 20;
/** What is written between two looks of retention. */
const LAG_BYTES = 2 * 2 ** 20;
const BALLAST_SHARE = 1 / 8;

export interface JournalBudget {
  ballastBytes: number;
  /** Pages in use; above this, history is deleted although it is not old. */
  bytesMax: number;
}

/** `bytes`: all files of the journal. */
export function budgetOf(bytes: number): JournalBudget {
  const ballastBytes = Math.min(BALLAST_BYTES, Math.floor(bytes * BALLAST_SHARE));
  return { ballastBytes, bytesMax: Math.max(0, bytes - ballastBytes - LOG_BYTES_KEPT - LAG_BYTES) };
}
