// The memory map: where everything of a zone lies in its one linear memory. Drawn here, written below as chained
// constants, so that inserting a field moves the rest. All of it is exported by the module; a host has no copy.
//
//        0  +---------------------------------------------------------------+
//           | static data of the build (rewritten at every instantiation)   |
//    65536  +-- STATE_BASE --------------------------------------------------+
//           | header: tick, hash, generator, counts, note, counters         |
//           | content tables: spells, spell index, templates, classes       |
//           | entity columns   [row]  rows 0..4095 players, 4096.. creatures |
//           | player columns   [row]       creature columns   [row - 4096]  |
//           | cooldowns, known lists, threat tables, auras (lists per row)  |
//           | id map and free-row bits                                      |
//           +-- STATE_END ---- a snapshot ends here, what follows is scratch +
//           | commands (host writes) | frames, events (kernel writes)       |
//           | grid, marks, change records: rebuilt in every tick            |
//           +-- MEMORY_PAGES * 65536 ----------------------------------------+
//
// A column is an array with one element a row: struct of arrays. Example: the health of row 7 is the u32 at
// ENTITY_HEALTH + 7 * 4. Columns are 4 bytes an element unless their comment says otherwise.

import {
  ABI_VERSION,
  AURA_COUNT_MAX,
  COMMAND_BYTES,
  COOLDOWN_COUNT_MAX,
  DIMINISHED_COUNT,
  EVENT_BYTES,
  SCHOOL_COUNT,
  TRANSFER_WORDS,
} from "./abi";

/** Raised when a column changes its meaning without changing its place. Also carries the record formats' version. */
export const LAYOUT_VERSION: u32 = (ABI_VERSION << 16) | 1;

// ---- Capacities ----------------------------------------------------------------------------------------------------

export const PLAYERS_MAX: u32 = 4096;
export const CREATURES_MAX: u32 = 4096;
export const ROWS_MAX: u32 = PLAYERS_MAX + CREATURES_MAX;
export const COMMANDS_MAX: u32 = 32768;
export const EVENTS_MAX: u32 = 16384;
/** Entities one watcher is told of at a time. */
export const KNOWN_MAX: u32 = 64;
/** Attackers one creature keeps apart. */
export const THREAT_MAX: u32 = 24;
export const AURAS_MAX: u32 = AURA_COUNT_MAX;
/** Spells of one player cooling down at a time. */
export const COOLDOWNS_MAX: u32 = COOLDOWN_COUNT_MAX;
export const SCHOOLS_MAX: u32 = SCHOOL_COUNT;
export const SPELLS_MAX: u32 = 256;
export const SPELL_IDS_MAX: u32 = 4096;
export const TEMPLATES_MAX: u32 = 128;
export const CLASSES_MAX: u32 = 16;
export const FRAME_BYTES_MAX: u32 = 4 * 1024 * 1024;

// ---- Header ----------------------------------------------------------------------------------------------------------

export const STATE_BASE: usize = 65536;
export const HEADER_BASE: usize = STATE_BASE;
export const HEADER_LAYOUT_VERSION: usize = HEADER_BASE;
export const HEADER_TICK: usize = HEADER_BASE + 4;
export const HEADER_HASH_LO: usize = HEADER_BASE + 8;
export const HEADER_HASH_HI: usize = HEADER_BASE + 12;
/** u64, the generator's whole state. */
export const HEADER_RANDOM: usize = HEADER_BASE + 16;
/** The host writes how many commands it put into the command area. */
export const HEADER_COMMAND_COUNT: usize = HEADER_BASE + 24;
export const HEADER_FRAME_BYTES: usize = HEADER_BASE + 28;
export const HEADER_EVENT_COUNT: usize = HEADER_BASE + 32;
export const HEADER_ZONE_ID: usize = HEADER_BASE + 36;
export const HEADER_TICK_RATE: usize = HEADER_BASE + 40;
/** Rows in use lie below these marks (creatures: counted from their own first row). */
export const HEADER_PLAYERS_HIGH: usize = HEADER_BASE + 44;
export const HEADER_CREATURES_HIGH: usize = HEADER_BASE + 48;
/** Where players appear and revive; f32, written by the host. */
export const HEADER_SPAWN_X: usize = HEADER_BASE + 52;
export const HEADER_SPAWN_Y: usize = HEADER_BASE + 56;
export const HEADER_SPAWN_Z: usize = HEADER_BASE + 60;
export const HEADER_PLAYERS: usize = HEADER_BASE + 64;
export const HEADER_CREATURES: usize = HEADER_BASE + 68;
export const HEADER_WATCHERS: usize = HEADER_BASE + 72;
/** Player row whose frame is built first in the next tick. */
export const HEADER_FRAME_TURN: usize = HEADER_BASE + 76;

export const NOTE_PHASE: usize = HEADER_BASE + 96;
export const NOTE_COMMAND: usize = HEADER_BASE + 100;
export const NOTE_SESSION: usize = HEADER_BASE + 104;
export const NOTE_ENTITY: usize = HEADER_BASE + 108;
export const NOTE_SPELL: usize = HEADER_BASE + 112;

/** COUNTERS u32 of this tick, indexed by COUNTER_*. */
export const COUNTER_BASE: usize = HEADER_BASE + 128;

/** What the zone leaves out while it is overloaded, as the last OP_RELIEVE said: relief.ts. */
export const RELIEF_BASE: usize = HEADER_BASE + 320;
/** The host's number for it; of no meaning here. */
export const RELIEF_STEP: usize = RELIEF_BASE;
/** 0 nothing, 5 the most; told to clients. */
export const RELIEF_LEVEL: usize = RELIEF_BASE + 4;
/** Tick in which the last of these changed. */
export const RELIEF_CHANGED: usize = RELIEF_BASE + 8;
/** Ticks between two states of what is far. */
export const RELIEF_TELL_EVERY: usize = RELIEF_BASE + 12;
/** Ticks between two thoughts of one creature. */
export const RELIEF_THINK_EVERY: usize = RELIEF_BASE + 16;
/** Entities that one watcher sees at most. */
export const RELIEF_SEEN_MAX: usize = RELIEF_BASE + 20;
/** f32, yards of sight. */
export const RELIEF_SIGHT: usize = RELIEF_BASE + 24;
/** f32: game time a second of the clock; the host keeps to it, clients are told. */
export const RELIEF_RATE: usize = RELIEF_BASE + 28;
export const RELIEF_BYTES: u32 = 32;

export const HEADER_END: usize = HEADER_BASE + 512;

// ---- Content tables, written by the host before the first tick: rows of u32 and f32 ----------------------------------

export const SPELL_BASE: usize = HEADER_END;
export const SPELL_STRIDE: u32 = 96;
export const SPELL_ID: u32 = 0;
/** EFFECT_DAMAGE and its like: tables.ts. */
export const SPELL_EFFECT: u32 = 4;
/** 0 physical, 1 holy, 2 fire, 3 nature, 4 frost, 5 shadow, 6 arcane. */
export const SPELL_SCHOOL: u32 = 8;
export const SPELL_CAST_TICKS: u32 = 12;
export const SPELL_COOLDOWN_TICKS: u32 = 16;
export const SPELL_GCD_TICKS: u32 = 20;
export const SPELL_COST: u32 = 24;
/** 0 mana, 1 rage, 2 energy. */
export const SPELL_POWER_TYPE: u32 = 28;
/** f32, yards. */
export const SPELL_RANGE: u32 = 32;
export const SPELL_AMOUNT_MIN: u32 = 36;
export const SPELL_AMOUNT_MAX: u32 = 40;
/** How long an interrupted school stays locked. */
export const SPELL_LOCKOUT_TICKS: u32 = 44;
/** SPELL_COMMON and its like: tables.ts. */
export const SPELL_FLAGS: u32 = 48;
/** AURA_DAMAGE and its like: tables.ts; 0 = it leaves no aura. */
export const SPELL_AURA_KIND: u32 = 52;
export const SPELL_AURA_TICKS: u32 = 56;
/** Ticks between two of its effects, 0 = it has none from time to time. */
export const SPELL_AURA_PERIOD: u32 = 60;
/** Damage or healing each time, what it absorbs, or by how many percent it slows. */
export const SPELL_AURA_MIN: u32 = 64;
export const SPELL_AURA_MAX: u32 = 68;
/** How often one caster's stands on one target. */
export const SPELL_AURA_STACKS: u32 = 72;
/** f32, yards around the target, or around the caster where the range is 0; 0 = the target alone. */
export const SPELL_AREA: u32 = 76;
/** A channel takes effect every so many ticks, for so many in all; 0 = it is not one. */
export const SPELL_CHANNEL_TICKS: u32 = 80;
export const SPELL_CHANNEL_PERIOD: u32 = 84;
/** f32: threat on top of the damage; of a stance the factor on all threat. */
export const SPELL_THREAT: u32 = 88;

/** u16 by spell id: its row + 1, 0 = unknown. */
export const SPELL_INDEX_BASE: usize = SPELL_BASE + SPELL_STRIDE * SPELLS_MAX;

export const TEMPLATE_BASE: usize = SPELL_INDEX_BASE + SPELL_IDS_MAX * 2;
export const TEMPLATE_STRIDE: u32 = 96;
export const TEMPLATE_LEVEL: u32 = 0;
export const TEMPLATE_HEALTH: u32 = 4;
export const TEMPLATE_DAMAGE_MIN: u32 = 8;
export const TEMPLATE_DAMAGE_MAX: u32 = 12;
export const TEMPLATE_SWING_TICKS: u32 = 16;
export const TEMPLATE_ARMOR: u32 = 20;
/** f32, yards a second. */
export const TEMPLATE_SPEED: u32 = 24;
/** f32, yards; 0 = by level. */
export const TEMPLATE_AGGRO_RADIUS: u32 = 28;
/** f32, yards around the spawn. */
export const TEMPLATE_ROAM_RADIUS: u32 = 32;
export const TEMPLATE_RESPAWN_MIN_TICKS: u32 = 36;
export const TEMPLATE_RESPAWN_MAX_TICKS: u32 = 40;
export const TEMPLATE_CORPSE_TICKS: u32 = 44;
/** Spell id, 0 = none. */
export const TEMPLATE_SPELL: u32 = 48;
export const TEMPLATE_FLAGS: u32 = 52;
/** Against every school of magic. */
export const TEMPLATE_RESISTANCE: u32 = 56;
/** Creatures of one family help each other. */
export const TEMPLATE_FAMILY: u32 = 60;

export const CLASS_BASE: usize = TEMPLATE_BASE + TEMPLATE_STRIDE * TEMPLATES_MAX;
export const CLASS_STRIDE: u32 = 128;
export const CLASS_HEALTH: u32 = 0;
export const CLASS_POWER: u32 = 4;
/** 0 mana, 1 rage, 2 energy. */
export const CLASS_POWER_TYPE: u32 = 8;
export const CLASS_ARMOR: u32 = 12;
export const CLASS_SWING_TICKS: u32 = 16;
export const CLASS_DAMAGE_MIN: u32 = 20;
export const CLASS_DAMAGE_MAX: u32 = 24;
/** f32, yards. */
export const CLASS_MELEE_RANGE: u32 = 28;
/** Against every school of magic. */
export const CLASS_RESISTANCE: u32 = 32;
/** f32: factor on all threat. */
export const CLASS_THREAT_FACTOR: u32 = 36;
/** Damage a blocked blow loses, 0 = no shield. */
export const CLASS_BLOCK: u32 = 40;
/** Off hand; ticks 0 = none. */
export const CLASS_OFF_TICKS: u32 = 44;
export const CLASS_OFF_MIN: u32 = 48;
export const CLASS_OFF_MAX: u32 = 52;
/** f32, what a level adds to the figures above, which are those of level SHEET_LEVEL (sheet.ts). */
export const CLASS_HEALTH_GAIN: u32 = 56;
export const CLASS_POWER_GAIN: u32 = 60;
export const CLASS_DAMAGE_GAIN: u32 = 64;
/** Chance of a critical swing or spell, in hundredths of a percent. */
export const CLASS_CRITICAL: u32 = 68;
/** One bit a spell, by its row: what the class has in its book. */
export const CLASS_BOOK: u32 = 96;

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
/** 0 stands, else MOVING_*: movement.ts. */
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

/** PLAYER_WATCHES and its like: players.ts. */
export const PLAYER_FLAGS: usize = ENTITY_LOCKED + ROWS_MAX * ENTITY_LOCKED_STRIDE;
/** Highest command sequence number applied. */
export const PLAYER_ACK: usize = PLAYER_FLAGS + PLAYERS;
/** Tick up to which the watcher has been told everything. */
export const PLAYER_TOLD: usize = PLAYER_ACK + PLAYERS;
/** Tick up to which it has been told of what is far as well; the same as PLAYER_TOLD but in an overloaded zone. */
export const PLAYER_TOLD_FAR: usize = PLAYER_TOLD + PLAYERS;
/** One bit a slot of its known list, in KNOWN_MAX / 32 columns: near (near.ts). */
export const PLAYER_NEAR: usize = PLAYER_TOLD_FAR + PLAYERS;
/** Tick of the last change to what RECORD_SELF tells. */
export const PLAYER_SELF_CHANGED: usize = PLAYER_NEAR + PLAYERS * (KNOWN_MAX / 32);
/** Upper bound a client set on its own base damage, 0 = none. */
export const PLAYER_DAMAGE_BOUND: usize = PLAYER_SELF_CHANGED + PLAYERS;
/** DAMAGE_PHYSICAL or DAMAGE_MAGICAL. */
export const PLAYER_DAMAGE_TYPE: usize = PLAYER_DAMAGE_BOUND + PLAYERS;
/** Tick of the last EVENT_CORRECTED. */
export const PLAYER_CORRECTED_TICK: usize = PLAYER_DAMAGE_TYPE + PLAYERS;
/** A cast asked for in this tick: REQUEST_* of casts.ts, 0 = none. */
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

/** CREATURE_IDLE and its like: creatures.ts. */
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

// ---- Outside the state: what crosses the border in a tick ------------------------------------------------------------------------

export const COMMAND_BASE: usize = (STATE_END + 63) & ~63;
export const EVENT_BASE: usize = COMMAND_BASE + COMMANDS_MAX * COMMAND_BYTES;
export const FRAME_BASE: usize = EVENT_BASE + EVENTS_MAX * EVENT_BYTES;

// ---- Scratch, rebuilt in every tick that uses it; nothing here outlives a tick -------------------------------------------------------

/** Cells along one side of the grid, a torus; a power of two. */
export const CELLS_ACROSS: u32 = 64;
export const CELLS: u32 = CELLS_ACROSS * CELLS_ACROSS;
/** u32 by cell: where its entities start; one more closes the last. */
export const GRID_START: usize = FRAME_BASE + FRAME_BYTES_MAX;
/** u32 by row: the cell. */
export const GRID_CELL: usize = GRID_START + (CELLS + 2) * 4;
/** Sorted by cell, then row: row (u16), x, y (f32). */
export const GRID_ROW: usize = GRID_CELL + ROWS;
export const GRID_X: usize = GRID_ROW + ROWS_MAX * 2;
export const GRID_Y: usize = GRID_X + ROWS;
/** u32 by row: the scan that saw it last. */
export const SEEN_MARK: usize = GRID_Y + ROWS;
/** u16[KNOWN_MAX]: rows in sight of the watcher at hand. */
export const SEEN_ROW: usize = SEEN_MARK + ROWS;
/** u32 by row: the first event of this tick it is part of, + 1. */
export const EVENT_FIRST: usize = SEEN_ROW + KNOWN_MAX * 2;
/** u32 by event: the next of its source, of its target, + 1; and the watcher told of it last, + 1. */
export const EVENT_NEXT_SOURCE: usize = EVENT_FIRST + ROWS;
export const EVENT_NEXT_TARGET: usize = EVENT_NEXT_SOURCE + EVENTS_MAX * 4;
export const EVENT_TOLD: usize = EVENT_NEXT_TARGET + EVENTS_MAX * 4;
/** u32 by event: source row | target row << 16 (0xffff = none). */
export const EVENT_ROWS: usize = EVENT_TOLD + EVENTS_MAX * 4;
/** u32[EVENTS_TOLD_MAX]: events for the watcher at hand. */
export const EVENTS_TOLD_MAX: u32 = 48;
export const EVENT_PICKED: usize = EVENT_ROWS + EVENTS_MAX * 4;
export const EVENT_PICKED_COUNT: usize = EVENT_PICKED + EVENTS_TOLD_MAX * 4;
/** 24 bytes by row: the change record of this tick, as a watcher who is up to date gets it. */
export const DELTA_BASE: usize = EVENT_PICKED_COUNT + 8;
export const DELTA_BYTES: u32 = 24;
/** By how much the longest record of the last row may reach beyond its room. */
const DELTA_OVERHANG: u32 = 256;
/** u8 by row: its length, 0 = no change; DELTA_SPECIAL = does not fit, or there is more to it than the record. */
export const DELTA_LENGTH: usize = DELTA_BASE + ROWS_MAX * DELTA_BYTES + DELTA_OVERHANG;
/** The same of what changed since the turn before of those who are told of far things in this tick: coalesce.ts. */
export const FAR_BASE: usize = (DELTA_LENGTH + ROWS_MAX + 7) & ~7;
export const FAR_LENGTH: usize = FAR_BASE + ROWS_MAX * DELTA_BYTES + DELTA_OVERHANG;
/** u16 and u8, as many as rows and one: entities in sight before the nearest are chosen, and the ring each is in. */
export const CANDIDATE_ROW: usize = FAR_LENGTH + ROWS_MAX;
export const CANDIDATE_RING: usize = CANDIDATE_ROW + (ROWS_MAX + 4) * 2;
/** u32 by ring. */
export const RING_COUNT: usize = CANDIDATE_RING + ROWS_MAX;
/** 1 when the grid was built in this tick. */
export const GRID_READY: usize = RING_COUNT + 128;
/** u16[AREA_TARGETS_MAX]: rows an area spell strikes, or that are called for help. */
export const AREA_TARGETS_MAX: u32 = 20;
export const AREA_ROW: usize = GRID_READY + 64;
/** Who departed in this tick: how many, then of each its entity id and TRANSFER_WORDS words (transfer.ts). */
export const DEPARTURES_MAX: u32 = 64;
export const DEPARTURE_COUNT: usize = (AREA_ROW + AREA_TARGETS_MAX * 2 + 7) & ~7;
export const DEPARTURE_BASE: usize = DEPARTURE_COUNT + 8;
/** TRANSFER_WORDS words: what the next to arrive brings. Then the list's place and direction while it is walked. */
export const ARRIVAL_BASE: usize = DEPARTURE_BASE + DEPARTURES_MAX * (TRANSFER_WORDS + 1) * 4;
export const TRANSFER_AT: usize = ARRIVAL_BASE + TRANSFER_WORDS * 4;
export const TRANSFER_OUT: usize = TRANSFER_AT + 4;
export const SCRATCH_END: usize = TRANSFER_OUT + 4;

/** Fixed: initial = maximum. index.ts refuses to compile when SCRATCH_END lies beyond. */
export const MEMORY_PAGES: u32 = 212;
