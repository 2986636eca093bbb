// What the journal gives an undo when the zone's memory does not have it: the worker that reads it (server/undo) has run all ticks from
// the swap to some tick T twice, as they were and through the module before, and the zone goes on from T with the batches that it has kept
// since.

import type { Entered } from "./ring-records.ts";
import type { Crossing } from "./transfer.ts";
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
