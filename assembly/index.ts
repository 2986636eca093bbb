// The kernel of a zone: the functions that a host may call, and the order of a tick.
//
// All state is in the imported memory (memory.ts), so a zone can be copied, restored, replayed, and run by another
// build between two ticks.

import { COUNTER_CREATURES, COUNTER_PLAYERS, COUNTER_WATCHERS, PHASE_HASH, PHASE_IDLE, PHASE_VISIBILITY } from "./abi";
import { tickAuras } from "./combat/aura-ticks";
import { startInterrupts, startCasts } from "./spells/cast-starts";
import { advanceCasts } from "./spells/casts";
import { Cell } from "./memory/columns";
import { handleCommands } from "./players/commands";
import { Counter } from "./state/counters";
import { updateCreatures } from "./creatures/creatures";
import { clearEvents } from "./state/events";
import { buildFrames } from "./frames/frames";
import { buildGrid, invalidateGrid } from "./space/grid";
import { hashState } from "./state/hash";
import {
  HEADER_CREATURES,
  HEADER_FRAME_BYTES,
  HEADER_LAYOUT_VERSION,
  HEADER_PLAYERS,
  HEADER_TICK,
  HEADER_TICK_RATE,
  HEADER_WATCHERS,
  HEADER_ZONE_ID,
  LAYOUT_VERSION,
  MEMORY_PAGES,
  SCRATCH_END,
  STATE_BASE,
  STATE_END,
} from "./memory/memory";
import { movePlayers } from "./players/movement";
import { scanAroundPlayers } from "./creatures/proximity-aggro";
import { Breadcrumb } from "./state/breadcrumb";
import { initOverload } from "./state/overload";
import { regenerate } from "./combat/regeneration";
import { seedRandom } from "./state/random";
import { respawnCreatures } from "./creatures/respawn";
import { revivePlayers } from "./players/revival";
import { initRows, lowerHighWaterMarks } from "./state/entity-rows";
import { swingAll } from "./combat/swings";
import { endOffers } from "./items/trade";
import { forgetTransfers } from "./players/transfer";

export * from "./memory/memory";

// Fails to compile when the memory map is larger than the memory.
if (SCRATCH_END > <usize>MEMORY_PAGES * 65536) ERROR("raise MEMORY_PAGES");

/** Writes a fresh zone into the memory. The host then writes content tables and the spawn point, before the first tick. */
export function init(seed: u32, zoneId: u32, tickRateHz: u32): void {
  memory.fill(STATE_BASE, 0, STATE_END - STATE_BASE);
  Cell.set(HEADER_LAYOUT_VERSION, LAYOUT_VERSION);
  Cell.set(HEADER_ZONE_ID, zoneId);
  Cell.set(HEADER_TICK_RATE, max<u32>(tickRateHz, 1));
  initOverload();
  initRows();
  seedRandom(seed, zoneId);
  hash();
}

/** Runs one tick over the commands in the command area. Tick numbers go up by one, from 1. */
export function tick(now: u32): void {
  Cell.set(HEADER_TICK, now);
  Cell.set(HEADER_FRAME_BYTES, 0);
  Counter.clear();
  clearEvents();
  invalidateGrid();
  forgetTransfers();
  lowerHighWaterMarks();
  handleCommands();
  movePlayers();
  startInterrupts();
  advanceCasts();
  tickAuras();
  startCasts();
  swingAll();
  updateCreatures();
  endOffers();
  revivePlayers();
  respawnCreatures();
  regenerate();
  tellWatchers();
  Counter.set(COUNTER_PLAYERS, Cell.get(HEADER_PLAYERS));
  Counter.set(COUNTER_CREATURES, Cell.get(HEADER_CREATURES));
  Counter.set(COUNTER_WATCHERS, Cell.get(HEADER_WATCHERS));
  hash();
}

/** Creatures notice players, and the frames of watchers are built. */
function tellWatchers(): void {
  Breadcrumb.phase(PHASE_VISIBILITY);
  if (Cell.get(HEADER_PLAYERS) == 0) return;
  buildGrid();
  scanAroundPlayers();
  buildFrames();
}

/** Recomputes the state hash without ticking. */
export function hash(): void {
  Breadcrumb.phase(PHASE_HASH);
  hashState();
  Breadcrumb.phase(PHASE_IDLE);
}
