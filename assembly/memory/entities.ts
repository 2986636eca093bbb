// Memory map, third part: the columns and lists of entities. It ends the state: what snapshots keep.
//
//   health of row 7:          the u32 at ENTITY_HEALTH + 7 * 4
//   state of creature 4100:   the u32 at CREATURE_STATE + (4100 - PLAYERS_MAX) * 4
//   its third aura:           16 bytes at AURA_BASE + (4100 * AURAS_MAX + 2) * AURA_BYTES

import { DIMINISHED_COUNT } from "../abi";
import {
  AURAS_MAX,
  CLASSES_MAX,
  COOLDOWNS_MAX,
  CREATURES_MAX,
  KNOWN_MAX,
  PLAYERS_MAX,
  ROWS_MAX,
  SCHOOLS_MAX,
  THREAT_MAX,
} from "./capacities";
import { CLASS_BASE, CLASS_STRIDE } from "./content";

// ---- Entity columns, by row: 0..PLAYERS_MAX-1 players, PLAYERS_MAX..ROWS_MAX-1 creatures --------------------------------

const ROWS: usize = ROWS_MAX * 4;

/** 0 = free row. */
export const ENTITY_ID: usize = CLASS_BASE + CLASS_STRIDE * CLASSES_MAX;
/** f32, yards. */
export const ENTITY_X: usize = ENTITY_ID + ROWS;
export const ENTITY_Y: usize = ENTITY_X + ROWS;
export const ENTITY_Z: usize = ENTITY_Y + ROWS;
export const ENTITY_HEALTH: usize = ENTITY_Z + ROWS;
export const ENTITY_MAX_HEALTH: usize = ENTITY_HEALTH + ROWS;
export const ENTITY_POWER: usize = ENTITY_MAX_HEALTH + ROWS;
export const ENTITY_MAX_POWER: usize = ENTITY_POWER + ROWS;
export const ENTITY_LEVEL: usize = ENTITY_MAX_POWER + ROWS;
/** ENTITY_PLAYER and its like, see abi.ts. */
export const ENTITY_FLAGS: usize = ENTITY_LEVEL + ROWS;
/** Entity id of the target, 0 = none. */
export const ENTITY_TARGET: usize = ENTITY_FLAGS + ROWS;
/** Class of a player, template of a creature. */
export const ENTITY_KIND: usize = ENTITY_TARGET + ROWS;
export const ENTITY_ARMOR: usize = ENTITY_KIND + ROWS;
export const ENTITY_RESISTANCE: usize = ENTITY_ARMOR + ROWS;
/** f32, yards a second, running. */
export const ENTITY_SPEED: usize = ENTITY_RESISTANCE + ROWS;
/** f32, where it is walking to while ENTITY_MOVING. */
export const ENTITY_DEST_X: usize = ENTITY_SPEED + ROWS;
export const ENTITY_DEST_Y: usize = ENTITY_DEST_X + ROWS;
export const ENTITY_DEST_Z: usize = ENTITY_DEST_Y + ROWS;
/** 0 stands, else MOVING_*: walking.ts. */
export const ENTITY_MOVING: usize = ENTITY_DEST_Z + ROWS;
/** Tick of its last displacement or move command. */
export const ENTITY_MOVED_TICK: usize = ENTITY_MOVING + ROWS;
/** Spell id of the cast in progress; meaningless while ENTITY_CAST_END is 0. */
export const ENTITY_CAST_SPELL: usize = ENTITY_MOVED_TICK + ROWS;
export const ENTITY_CAST_TARGET: usize = ENTITY_CAST_SPELL + ROWS;
export const ENTITY_CAST_TICKS: usize = ENTITY_CAST_TARGET + ROWS;
/** Tick at which the cast completes, 0 = not casting. */
export const ENTITY_CAST_END: usize = ENTITY_CAST_TICKS + ROWS;
export const ENTITY_GCD_END: usize = ENTITY_CAST_END + ROWS;
/** Tick of the last power spent. */
export const ENTITY_SPENT_TICK: usize = ENTITY_GCD_END + ROWS;
export const ENTITY_SWING_NEXT: usize = ENTITY_SPENT_TICK + ROWS;
export const ENTITY_SWING_TICKS: usize = ENTITY_SWING_NEXT + ROWS;
export const ENTITY_DAMAGE_MIN: usize = ENTITY_SWING_TICKS + ROWS;
export const ENTITY_DAMAGE_MAX: usize = ENTITY_DAMAGE_MIN + ROWS;
/** f32, yards. */
export const ENTITY_MELEE_RANGE: usize = ENTITY_DAMAGE_MAX + ROWS;
/** 1 while auto-attack is on. */
export const ENTITY_ATTACKING: usize = ENTITY_MELEE_RANGE + ROWS;
/** On how many threat tables the entity stands. */
export const ENTITY_HATED: usize = ENTITY_ATTACKING + ROWS;
export const ENTITY_DEATH_TICK: usize = ENTITY_HATED + ROWS;
/** Tick in which the row was last given to an entity or taken from one. */
export const ENTITY_SINCE: usize = ENTITY_DEATH_TICK + ROWS;
/** Tick of the last change of any kind; never less than any of the next six. */
export const ENTITY_CHANGED: usize = ENTITY_SINCE + ROWS;
export const ENTITY_CHANGED_POSITION: usize = ENTITY_CHANGED + ROWS;
export const ENTITY_CHANGED_HEALTH: usize = ENTITY_CHANGED_POSITION + ROWS;
export const ENTITY_CHANGED_FLAGS: usize = ENTITY_CHANGED_HEALTH + ROWS;
export const ENTITY_CHANGED_TARGET: usize = ENTITY_CHANGED_FLAGS + ROWS;
export const ENTITY_CHANGED_CAST: usize = ENTITY_CHANGED_TARGET + ROWS;
export const ENTITY_CHANGED_AURAS: usize = ENTITY_CHANGED_CAST + ROWS;
/** Auras on it, and what they do to it: CONTROL_* of control.ts, and by how many percent it is slowed. */
export const ENTITY_AURA_COUNT: usize = ENTITY_CHANGED_AURAS + ROWS;
export const ENTITY_CONTROL: usize = ENTITY_AURA_COUNT + ROWS;
export const ENTITY_SLOWED: usize = ENTITY_CONTROL + ROWS;
/** How often the cast in progress was pushed back. */
export const ENTITY_PUSHED: usize = ENTITY_SLOWED + ROWS;
/** Tick at which the channel in progress takes effect next, 0 = it is no channel. */
export const ENTITY_CHANNEL_NEXT: usize = ENTITY_PUSHED + ROWS;
/** Tick until which any of its schools is locked. */
export const ENTITY_LOCKED_UNTIL: usize = ENTITY_CHANNEL_NEXT + ROWS;
export const ENTITY_COLUMNS_END: usize = ENTITY_LOCKED_UNTIL + ROWS;
/** u32[SCHOOLS_MAX] a row: tick until which the school is locked; all 0 while ENTITY_LOCKED_UNTIL is. */
export const ENTITY_LOCKED: usize = ENTITY_COLUMNS_END;
export const ENTITY_LOCKED_STRIDE: u32 = SCHOOLS_MAX * 4;

// ---- Player columns, by row -----------------------------------------------------------------------------------------------

const PLAYERS: usize = PLAYERS_MAX * 4;

/** PLAYER_WATCHES and its like: player-flags.ts. */
export const PLAYER_FLAGS: usize = ENTITY_LOCKED + ROWS_MAX * ENTITY_LOCKED_STRIDE;
/** Highest command sequence number applied. */
export const PLAYER_ACK: usize = PLAYER_FLAGS + PLAYERS;
/** Tick up to which the watcher has been told everything. */
export const PLAYER_TOLD: usize = PLAYER_ACK + PLAYERS;
/** Tick up to which it has been told of what is far as well; the same as PLAYER_TOLD but in an overloaded zone. */
export const PLAYER_TOLD_FAR: usize = PLAYER_TOLD + PLAYERS;
/** One bit a slot of its known list, in KNOWN_MAX / 32 columns: near (known-list.ts). */
export const PLAYER_NEAR: usize = PLAYER_TOLD_FAR + PLAYERS;
/** Tick of the last change to what RECORD_SELF tells. */
export const PLAYER_SELF_CHANGED: usize = PLAYER_NEAR + PLAYERS * (KNOWN_MAX / 32);
/** Upper bound a client set on its own base damage, 0 = none. */
export const PLAYER_DAMAGE_BOUND: usize = PLAYER_SELF_CHANGED + PLAYERS;
/** DAMAGE_PHYSICAL or DAMAGE_MAGICAL. */
export const PLAYER_DAMAGE_TYPE: usize = PLAYER_DAMAGE_BOUND + PLAYERS;
/** Tick of the last EVENT_CORRECTED. */
export const PLAYER_CORRECTED_TICK: usize = PLAYER_DAMAGE_TYPE + PLAYERS;
/** A cast asked for in this tick: REQUEST_* of cast-requests.ts, 0 = none. */
export const PLAYER_REQUEST: usize = PLAYER_CORRECTED_TICK + PLAYERS;
export const PLAYER_REQUEST_SPELL: usize = PLAYER_REQUEST + PLAYERS;
export const PLAYER_REQUEST_TARGET: usize = PLAYER_REQUEST_SPELL + PLAYERS;
export const PLAYER_REQUEST_TICKS: usize = PLAYER_REQUEST_TARGET + PLAYERS;
export const PLAYER_REQUEST_SEQ: usize = PLAYER_REQUEST_TICKS + PLAYERS;
export const PLAYER_COOLDOWN_COUNT: usize = PLAYER_REQUEST_SEQ + PLAYERS;
export const PLAYER_KNOWN_COUNT: usize = PLAYER_COOLDOWN_COUNT + PLAYERS;
/** f32: stance factor on all threat. */
export const PLAYER_THREAT_FACTOR: usize = PLAYER_KNOWN_COUNT + PLAYERS;
/** Diminishing returns by category (control.ts): tick at which it resets << 2 | how often it struck, 3 at most. */
export const PLAYER_DIMINISHED: usize = PLAYER_THREAT_FACTOR + PLAYERS;
export const DIMINISHED_CATEGORIES: u32 = DIMINISHED_COUNT;
/** Off hand; ticks 0 = none. */
export const PLAYER_OFF_TICKS: usize = PLAYER_DIMINISHED + PLAYERS * DIMINISHED_CATEGORIES;
export const PLAYER_OFF_NEXT: usize = PLAYER_OFF_TICKS + PLAYERS;
export const PLAYER_OFF_MIN: usize = PLAYER_OFF_NEXT + PLAYERS;
export const PLAYER_OFF_MAX: usize = PLAYER_OFF_MIN + PLAYERS;
/** f32: the way of its last displacement, of any length. */
export const PLAYER_FACE_X: usize = PLAYER_OFF_MAX + PLAYERS;
export const PLAYER_FACE_Y: usize = PLAYER_FACE_X + PLAYERS;
/** Points towards the next level. */
export const PLAYER_EXPERIENCE: usize = PLAYER_FACE_Y + PLAYERS;
/** Deaths in a row, and the tick of the last return to life. */
export const PLAYER_DEATHS: usize = PLAYER_EXPERIENCE + PLAYERS;
export const PLAYER_ALIVE_TICK: usize = PLAYER_DEATHS + PLAYERS;
/** f32: where its body lies while it is a ghost. */
export const PLAYER_BODY_X: usize = PLAYER_ALIVE_TICK + PLAYERS;
export const PLAYER_BODY_Y: usize = PLAYER_BODY_X + PLAYERS;
export const PLAYER_BODY_Z: usize = PLAYER_BODY_Y + PLAYERS;
export const PLAYER_COLUMNS_END: usize = PLAYER_BODY_Z + PLAYERS;

// ---- Creature columns, by row - PLAYERS_MAX --------------------------------------------------------------------------------

const CREATURES: usize = CREATURES_MAX * 4;

/** CREATURE_IDLE and its like: creature-states.ts. */
export const CREATURE_STATE: usize = PLAYER_COLUMNS_END;
/** f32, its spawn point. */
export const CREATURE_HOME_X: usize = CREATURE_STATE + CREATURES;
export const CREATURE_HOME_Y: usize = CREATURE_HOME_X + CREATURES;
export const CREATURE_HOME_Z: usize = CREATURE_HOME_Y + CREATURES;
/** f32, where the fight last refreshed, and when. */
export const CREATURE_LEASH_X: usize = CREATURE_HOME_Z + CREATURES;
export const CREATURE_LEASH_Y: usize = CREATURE_LEASH_X + CREATURES;
export const CREATURE_LEASH_TICK: usize = CREATURE_LEASH_Y + CREATURES;
/** Last tick a player was found near enough for it to bother to move about. */
export const CREATURE_NEAR_TICK: usize = CREATURE_LEASH_TICK + CREATURES;
/** No proximity aggro before. */
export const CREATURE_WAKES_TICK: usize = CREATURE_NEAR_TICK + CREATURES;
/** When it next thinks of strolling (idle), casting (fighting), vanishing (corpse) or coming back (gone). */
export const CREATURE_TIMER: usize = CREATURE_WAKES_TICK + CREATURES;
export const CREATURE_RESPAWN_TICK: usize = CREATURE_TIMER + CREATURES;
export const CREATURE_THREAT_COUNT: usize = CREATURE_RESPAWN_TICK + CREATURES;
/** When it calls for help, 0 = it has; until when it flees, 0 = it has not in this fight. */
export const CREATURE_HELP_TICK: usize = CREATURE_THREAT_COUNT + CREATURES;
export const CREATURE_FLEE_TICK: usize = CREATURE_HELP_TICK + CREATURES;
export const CREATURE_COLUMNS_END: usize = CREATURE_FLEE_TICK + CREATURES;

// ---- Lists: a fixed room a row, its length in a column -----------------------------------------------------------------------

/** u32[COOLDOWNS_MAX] a player: spell ids cooling down, and the ticks at which they are ready. */
export const COOLDOWN_SPELL: usize = CREATURE_COLUMNS_END;
export const COOLDOWN_END: usize = COOLDOWN_SPELL + PLAYERS * COOLDOWNS_MAX;
/** u32[KNOWN_MAX] a player: entity ids told of. */
export const KNOWN_ID: usize = COOLDOWN_END + PLAYERS * COOLDOWNS_MAX;
/** u16[KNOWN_MAX] a player: their rows. */
export const KNOWN_ROW: usize = KNOWN_ID + PLAYERS * KNOWN_MAX;
/** f32[THREAT_MAX] a creature. */
export const THREAT_VALUE: usize = KNOWN_ROW + PLAYERS_MAX * KNOWN_MAX * 2;
/** u16[THREAT_MAX] a creature: player rows. */
export const THREAT_ROW: usize = THREAT_VALUE + CREATURES * THREAT_MAX;
/** 16 bytes each, AURAS_MAX an entity: spell u16, stacks u16, caster's entity id, end tick, amount (of one stack, or left). */
export const AURA_BASE: usize = THREAT_ROW + CREATURES_MAX * THREAT_MAX * 2;
export const AURA_BYTES: u32 = 16;
export const AURA_SPELL: u32 = 0;
export const AURA_STACKS: u32 = 2;
export const AURA_CASTER: u32 = 4;
export const AURA_END: u32 = 8;
export const AURA_AMOUNT: u32 = 12;

// ---- Entity id to row, and free rows ------------------------------------------------------------------------------------------

/** Open addressing; a slot is entity id, row (u32 each). A power of two, twice the rows. */
export const MAP_SLOTS: u32 = ROWS_MAX * 2;
export const MAP_BASE: usize = AURA_BASE + ROWS_MAX * AURAS_MAX * AURA_BYTES;
/** One bit a row, 1 = free; u64 words, players first. */
export const FREE_BASE: usize = MAP_BASE + MAP_SLOTS * 8;

export const STATE_END: usize = FREE_BASE + ROWS_MAX / 8;
