// What the journal gives an undo when the zone's memory does not have it: the worker that reads it (server/undo) has run all ticks from
// the swap to some tick T twice, as they were and through the module before, and the zone goes on from T with the batches that it has kept
// since.
//
//   > { type: "find", zones: [1], module: null }         < { type: "found", found: [{ zoneId: 1, open: { ... } }] }
//   > { type: "run", zoneId: 1, isDry: false }           < { type: "near", zoneId: 1 }          the zone keeps its batches, from T on
//   > { type: "until", tick: 4711 }                      < { type: "history", history: { ... } }

import type { Portal } from "../protocol/content/content.ts";
import type { Entered } from "./ring-records.ts";
import type { Crossing } from "./transfer.ts";
import type { UndoLook } from "./zone-messages.ts";
import type { ZoneModule } from "./zone-start.ts";

/** Events of ToldEvents (server/zone/told-events.ts), five words each. */
export interface PlainEvents {
  words: Uint32Array;
  /** Those that found no room. */
  left: number;
}

export interface LeftPlayer {
  tick: number;
  crossing: Crossing;
}

/** A zone's ticks from a swap to `tick`. Plain data, which threads can send. */
export interface UndoHistory {
  zoneId: number;
  /** Hash of the module that is undone. */
  triedHash: string;
  /** The module before the swap. */
  through: ZoneModule;
  /** The tick after which the zone was swapped, and the state after it. */
  fromTick: number;
  before: Uint8Array;
  /** The last tick that was run, and the state after it without the module that is undone. */
  tick: number;
  state: Uint8Array;
  /** Milliseconds in the kernel. */
  ranMs: number;
  /** What happened with the module, and without it. */
  told: PlainEvents;
  happened: PlainEvents;
  left: LeftPlayer[];
  leaves: LeftPlayer[];
  /** Of each player, the newest answer to a command that let it in. */
  entered: { tick: number; entered: Entered }[];
}

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
  through: ZoneModule | null;
}

export type FromUndoWorker =
  | { type: "found"; found: FoundUndo[] }
  /** It has run nearly all that the journal has. */
  | { type: "near" }
  | { type: "history"; history: UndoHistory }
  | { type: "failed"; code: string; message: string };
