// How many of each thing a zone has room for. The host reads these values too, to know the size of each area.
//
//   PLAYERS_MAX 4096 and CREATURES_MAX 4096: rows 0 to 4095 are players, 4096 to 8191 creatures

import { AURA_COUNT_MAX, COOLDOWN_COUNT_MAX, ITEM_COUNT_MAX, SCHOOL_COUNT, STACK_COUNT_MAX } from "../abi";

export const PLAYERS_MAX: u32 = 4096;
export const CREATURES_MAX: u32 = 4096;
export const ROWS_MAX: u32 = PLAYERS_MAX + CREATURES_MAX;
export const COMMANDS_MAX: u32 = 32768;
export const EVENTS_MAX: u32 = 16384;
/** Entities that one watcher knows at a time. */
export const KNOWN_MAX: u32 = 64;
/** Entries in one creature's threat table. */
export const THREAT_MAX: u32 = 24;
export const AURAS_MAX: u32 = AURA_COUNT_MAX;
/** Spells of one player that are on cooldown at a time. */
export const COOLDOWNS_MAX: u32 = COOLDOWN_COUNT_MAX;
export const SCHOOLS_MAX: u32 = SCHOOL_COUNT;
export const SPELLS_MAX: u32 = 256;
export const SPELL_IDS_MAX: u32 = 4096;
export const TEMPLATES_MAX: u32 = 128;
export const CLASSES_MAX: u32 = 16;
/** A stack has room for 256 kinds. */
export const ITEMS_MAX: u32 = ITEM_COUNT_MAX;
/** Stacks of one player. */
export const STACKS_MAX: u32 = STACK_COUNT_MAX;
export const FRAME_BYTES_MAX: u32 = 4 * 1024 * 1024;
