// Between the main thread and the worker that reads the journal for an undo (server/undo).
//
//   > { type: "find", zones: [1], module: null }         < { type: "found", found: [{ look: { zoneId: 1, open: { ... } }, ... }] }
//   > { type: "run", zoneId: 1 }                         < { type: "near" }          the zone keeps its batches, from tick 4711 on
//   > { type: "until", tick: 4711 }                      < { type: "history", history: { ... } }

import type { Portal } from "../protocol/content/content.ts";
import type { UndoHistory } from "./undo-history.ts";
import type { UndoLook } from "./zone-messages.ts";
import type { ZoneModule } from "./zone-start.ts";

/** Where the journal is, and what of the world it does not say. */
export interface UndoJournal {
  dataDir: string;
  tickRateHz: number;
  portals: ReadonlyMap<number, readonly Portal[]>;
}

/** Main thread to the worker. */
export type ToUndoWorker =
  /** The first message. `module`: only what this module did, by hash. */
  | { type: "find"; journal: UndoJournal; zones: readonly number[]; module: string | null }
  /** Of a zone in which something was found. */
  | { type: "run"; zoneId: number }
  | { type: "until"; tick: number };

/** `through`: the module before, when there is something to undo. */
export interface FoundUndo {
  look: UndoLook;
  /** When the module was swapped in, in milliseconds since 1970; 0: nothing was found. */
  sinceMs: number;
  through: ZoneModule | null;
}

export type FromUndoWorker =
  | { type: "found"; found: FoundUndo[] }
  /** It has run nearly all that the journal has. */
  | { type: "near" }
  | { type: "history"; history: UndoHistory }
  | { type: "failed"; code: string; message: string };
