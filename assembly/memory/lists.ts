// Memory map, sixth part: lists of entities, then the map from entity id to row. Each row has fixed room for its list, and a
// column holds the list's length. These areas end the state, which is what snapshots contain.
//
//   third aura of row 4100:   16 bytes at AURA_BASE + (4100 * AURAS_MAX + 2) * AURA_BYTES

import {
  AURAS_MAX,
  COOLDOWNS_MAX,
  CREATURES_MAX,
  ITEMS_MAX,
  KNOWN_MAX,
  PLAYERS_MAX,
  ROWS_MAX,
  STACKS_MAX,
  THREAT_MAX,
} from "./capacities";
import { CREATURE_COLUMNS_END } from "./creature-columns";

const PLAYERS: usize = PLAYERS_MAX * 4;
const CREATURES: usize = CREATURES_MAX * 4;

/** u32[COOLDOWNS_MAX] for each player: ids of spells on cooldown, and the ticks at which they are ready. */
export const COOLDOWN_SPELL: usize = CREATURE_COLUMNS_END;
export const COOLDOWN_END: usize = COOLDOWN_SPELL + PLAYERS * COOLDOWNS_MAX;
/** u32[KNOWN_MAX] for each player: ids of the entities that its watcher knows. */
export const KNOWN_ID: usize = COOLDOWN_END + PLAYERS * COOLDOWNS_MAX;
/** u16[KNOWN_MAX] for each player: the rows of these entities. */
export const KNOWN_ROW: usize = KNOWN_ID + PLAYERS * KNOWN_MAX;
/** f32[THREAT_MAX] for each creature: threat values. */
export const THREAT_VALUE: usize = KNOWN_ROW + PLAYERS_MAX * KNOWN_MAX * 2;
/** u16[THREAT_MAX] for each creature: player rows. */
export const THREAT_ROW: usize = THREAT_VALUE + CREATURES * THREAT_MAX;
/**
 * 16 bytes each, AURAS_MAX for each entity: spell u16, stacks u16, caster's entity id, end tick, amount (of one stack, or
 * remaining).
 */
export const AURA_BASE: usize = THREAT_ROW + CREATURES_MAX * THREAT_MAX * 2;
export const AURA_BYTES: u32 = 16;
export const AURA_SPELL: u32 = 0;
export const AURA_STACKS: u32 = 2;
export const AURA_CASTER: u32 = 4;
export const AURA_END: u32 = 8;
export const AURA_AMOUNT: u32 = 12;

/** u32[STACKS_MAX] for each player: what it holds, gold in the first place (items/stacks.ts). */
export const STACK_BASE: usize = AURA_BASE + ROWS_MAX * AURAS_MAX * AURA_BYTES;

// ---- The ledger ----------------------------------------------------------------------------------------------------------------

/**
 * u32[ITEMS_MAX] each, by kind: pieces created (loot), destroyed (a player left for good), arrived and departed (with a player
 * who crosses). What all players hold is created - destroyed + arrived - departed, modulo 2^32, at the end of every tick.
 */
export const LEDGER_CREATED: usize = STACK_BASE + PLAYERS * STACKS_MAX;
export const LEDGER_DESTROYED: usize = LEDGER_CREATED + ITEMS_MAX * 4;
export const LEDGER_ARRIVED: usize = LEDGER_DESTROYED + ITEMS_MAX * 4;
export const LEDGER_DEPARTED: usize = LEDGER_ARRIVED + ITEMS_MAX * 4;
export const LEDGER_END: usize = LEDGER_DEPARTED + ITEMS_MAX * 4;

// ---- Entity id to row, and free rows ------------------------------------------------------------------------------------------

/** Open addressing. A slot holds entity id and row (u32 each). A power of two, twice the number of rows. */
export const MAP_SLOTS: u32 = ROWS_MAX * 2;
export const MAP_BASE: usize = (LEDGER_END + 7) & ~7;
/** One bit for each row, 1 = free; u64 words, players first. */
export const FREE_BASE: usize = MAP_BASE + MAP_SLOTS * 8;

export const STATE_END: usize = FREE_BASE + ROWS_MAX / 8;
