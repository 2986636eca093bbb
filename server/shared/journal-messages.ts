// The messages between the main thread and the journal thread. They are rare; what is written goes through rings
// (journal-records.ts).
//
//   main → journal  { type: "start", folder: ".wowsim", producers: [{ ring, wake }, ...], ... }
//   main ← journal  { type: "ready", found: { zones: [...], facts: [...], ... }, failing: null }
//   main → journal  { type: "succeed", producer: 2, ring, wake, request: 7, zones: [3] }      // a worker is replaced
//   main ← journal  { type: "histories", request: 7, zones: [...] }
//   main ← journal  { type: "state", failing: "database or disk is full" }
//   main → journal  { type: "stop" }
//   main ← journal  { type: "stopped" }

import type { ZoneHistory } from "./zone-history.ts";

/** Who writes to the journal: a ring, and the wake-up of the thread that waits until its records are safe. */
export interface JournalProducer {
  ring: SharedArrayBuffer;
  wake: SharedArrayBuffer;
}

export interface JournalStart {
  type: "start";
  folder: string;
  /** Whether a commit waits for the disk. */
  isSynced: boolean;
  /** Number 0 is the main thread, then the zone workers. */
  producers: JournalProducer[];
  /** Wakes the journal thread. */
  bell: SharedArrayBuffer;
  /** Where the thread writes what it measures of itself (journal-figures.ts). */
  figures: SharedArrayBuffer;
  /** What faults do to its disk (disk-trouble.ts). */
  trouble: SharedArrayBuffer;
  /** How much is kept. */
  retention: { hours: number; megabytes: number };
}

export type ToJournal =
  | JournalStart
  | ({ type: "succeed"; producer: number; request: number; zones: number[] } & JournalProducer)
  | { type: "stop" };

/** What the journal has of a zone. */
export interface FoundZone {
  zone: number;
  epoch: number;
  /** Null when nothing of it can be used. */
  history: ZoneHistory | null;
  /** Hash of the module that ran the history; empty without one. */
  module: string;
  /** Ticks that the journal had, or should have, after the end of the history. */
  lostTicks: number;
  problems: string[];
}

export interface FoundModule {
  hash: string;
  label: string;
  wasm: Uint8Array;
}

/** What an earlier server left behind. */
export interface FoundWorld {
  /** What the file is: empty for a new one. */
  meta: Record<string, string>;
  zones: FoundZone[];
  modules: FoundModule[];
  /** JSON each. */
  facts: { kind: string; key: string; json: string }[];
  /** Committed changes that are missing at the end of the file; null when the witness can not tell. */
  rowsMissing: number | null;
  problems: string[];
}

export type FromJournal =
  /** `failing`: why nothing can be written from the start on; null when everything is. */
  | { type: "ready"; found: FoundWorld; failing: string | null }
  | { type: "failed"; code: string; message: string }
  | { type: "histories"; request: number; zones: FoundZone[] }
  /** Null: everything is written. Else why nothing can be written now. */
  | { type: "state"; failing: string | null }
  /** Something is left out for good: a record that is none, or those of a lost worker that the disk did not take in time. */
  | { type: "trouble"; why: string }
  | { type: "stopped" };
