// Brings a zone to where its journal ends: puts the snapshot into its memory and runs the journalled batches. Each hash must
// equal the journalled one.
//
//   const { problem } = revive(zone, history)      // zone.tick is 4711 again
//   revive(zone, history, { upTo: 4000 })          // earlier
//
// When a tick traps or gives another state, the zone is brought to the tick before it, and `problem` says so. The zone must
// have the module that ran the history.

import { messageOf, WowsimError } from "../protocol/errors.ts";
import { hexOf } from "../shared/journal-records.ts";
import type { HistoryTick, ZoneHistory } from "../shared/zone-history.ts";
import type { Zone } from "./zone.ts";

export interface RevivalOptions {
  /** The last tick to run; default: all. */
  upTo?: number;
  /** Called before the first tick, and again when the ticks are run a second time, without the one that went wrong. */
  onBegin?: () => void;
  /** Called after each tick, with the zone as it then is. */
  onTick?: (tick: HistoryTick) => void;
}

export interface Revival {
  /** Ticks run after the snapshot. */
  replayed: number;
  /** Why not all ticks were run; null when all were. */
  problem: string | null;
}

/** Throws WowsimError("snapshot_damaged") when the snapshot itself can not be used. */
export function revive(zone: Zone, history: ZoneHistory, options: RevivalOptions = {}): Revival {
  const { upTo = Infinity, onBegin, onTick } = options;
  const state = Bun.zstdDecompressSync(history.snapshot.state);
  const ticks = history.ticks.filter(({ tick }) => tick <= upTo);
  const runAll = (count: number): Revival => {
    adopt(zone, history, state);
    onBegin?.();
    for (const [index, tick] of ticks.slice(0, count).entries()) {
      const problem = run(zone, tick);
      if (problem !== null) return { replayed: index, problem };
      onTick?.(tick);
    }
    return { replayed: count, problem: null };
  };
  const first = runAll(ticks.length);
  if (first.problem !== null) runAll(first.replayed);
  return first;
}

function adopt(zone: Zone, { snapshot }: ZoneHistory, state: Uint8Array): void {
  zone.adopt(state, snapshot.tick);
  if (hexOf(zone.hash) === snapshot.hash) return;
  throw new WowsimError("snapshot_damaged", `The snapshot of tick ${snapshot.tick} does not have its own hash.`);
}

/** Why the tick can not be run as it was; null when it was. */
function run(zone: Zone, { tick, hash, batch }: HistoryTick): string | null {
  try {
    zone.step(batch);
  } catch (error) {
    return `Tick ${tick} traps in the replay: ${messageOf(error)}.`;
  }
  return hexOf(zone.hash) === hash ? null : `The replay of tick ${tick} gives another state.`;
}
