// Writes a journal of zones in which bots play, as a server writes one, in a fraction of the time.
//
//   await writePlayedJournal(folder, { zones: 8, players: 60, ticks: 1_200, seed: 7 })

import { mkdirSync } from "node:fs";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { loadWorld } from "../protocol/content/load.ts";
import { WorldWriter } from "../store/world-writer.ts";
import { PlayedZone } from "./played-zone.ts";
import type { PlayedZoneOptions } from "./played-zone.ts";

export interface PlayedJournalOptions extends Omit<PlayedZoneOptions, "zone"> {
  zones: number;
  ticks: number;
  /** From the epoch after that tick on another kernel runs the zones: a metered binary. */
  swap?: { afterTick: number; wasm: Uint8Array; label: string };
}

const SNAPSHOT_TICKS = 200;
const TICK_MS = 50;

export async function writePlayedJournal(
  folder: string,
  { zones, ticks, swap, ...options }: PlayedJournalOptions,
): Promise<void> {
  const wasm = await Bun.file(await ensureKernel()).bytes();
  const kernel = loadKernel(wasm, "own");
  const world = await loadWorld();
  const memory = createMemory(kernel);
  mkdirSync(folder, { recursive: true });
  let nowMs = 1_000;
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => nowMs });
  const other = swap === undefined ? null : loadKernel(swap.wasm, swap.label);
  writer.begin();
  writer.module({ hash: kernel.hash, label: kernel.label, wasm });
  if (swap !== undefined && other !== null) writer.module({ hash: other.hash, label: swap.label, wasm: swap.wasm });
  for (let zone = 1; zone <= zones; zone++) {
    const played = new PlayedZone(kernel, world, { ...options, zone }, memory);
    let place = { zone, epoch: 1, module: kernel.hash };
    const snapshot = (): void => {
      const { lane } = played;
      const state = Bun.zstdCompressSync(lane.state, { level: 1 });
      writer.snapshot({ ...place, tick: lane.tick, hash: lane.hash, ticket: 0, state });
    };
    snapshot();
    for (let tick = 1; tick <= ticks; tick++) {
      nowMs += TICK_MS;
      const batch = played.play();
      writer.tick({ ...place, tick, hash: played.lane.hash, batch });
      const isSwapped = other !== null && tick === swap?.afterTick;
      if (isSwapped) {
        played.swap(other);
        place = { zone, epoch: 2, module: other.hash };
      }
      if (isSwapped || tick % SNAPSHOT_TICKS === 0) snapshot();
    }
  }
  writer.commit();
  writer.testify();
  writer.close();
}
