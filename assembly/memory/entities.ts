// Memory map, third part: the columns of every entity, by row. Rows 0..PLAYERS_MAX-1 are players, PLAYERS_MAX..ROWS_MAX-1
// creatures.
//
//   health of row 7:          the u32 at ENTITY_HEALTH + 7 * 4

import { TYPE_F32 } from "../abi";
import { ITEMS_MAX, ROWS_MAX, SCHOOLS_MAX } from "./capacities";
import { ITEM_BASE, ITEM_STRIDE } from "./content";

const ROWS: usize = ROWS_MAX * 4;

/** 0 = free row. */
export const ENTITY_ID: usize = ITEM_BASE + ITEM_STRIDE * ITEMS_MAX;
/** f32, yards. */
export const ENTITY_X: usize = ENTITY_ID + ROWS;
export const ENTITY_Y: usize = ENTITY_X + ROWS;
export const ENTITY_Z: usize = ENTITY_Y + ROWS;
export const ENTITY_HEALTH: usize = ENTITY_Z + ROWS;
export const ENTITY_MAX_HEALTH: usize = ENTITY_HEALTH + ROWS;
export const ENTITY_POWER: usize = ENTITY_MAX_HEALTH + ROWS;
export const ENTITY_MAX_POWER: usize = ENTITY_POWER + ROWS;
export const ENTITY_LEVEL: usize = ENTITY_MAX_POWER + ROWS;
/** Flags ENTITY_*: abi.ts. */
export const ENTITY_FLAGS: usize = ENTITY_LEVEL + ROWS;
/** Entity id of the target, 0 = none. */
export const ENTITY_TARGET: usize = ENTITY_FLAGS + ROWS;
/** Class of a player, or template of a creature. */
export const ENTITY_KIND: usize = ENTITY_TARGET + ROWS;
export const ENTITY_ARMOR: usize = ENTITY_KIND + ROWS;
export const ENTITY_RESISTANCE: usize = ENTITY_ARMOR + ROWS;
/** f32, running speed in yards a second. */
export const ENTITY_SPEED: usize = ENTITY_RESISTANCE + ROWS;
/** f32, yards: its destination while ENTITY_MOVING is not 0. */
export const ENTITY_DEST_X: usize = ENTITY_SPEED + ROWS;
export const ENTITY_DEST_Y: usize = ENTITY_DEST_X + ROWS;
export const ENTITY_DEST_Z: usize = ENTITY_DEST_Y + ROWS;
/** 0 = it stands, otherwise MOVING_*: space/walking.ts. */
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
/** Tick in which it last spent power. */
export const ENTITY_SPENT_TICK: usize = ENTITY_GCD_END + ROWS;
export const ENTITY_SWING_NEXT: usize = ENTITY_SPENT_TICK + ROWS;
export const ENTITY_SWING_TICKS: usize = ENTITY_SWING_NEXT + ROWS;
export const ENTITY_DAMAGE_MIN: usize = ENTITY_SWING_TICKS + ROWS;
export const ENTITY_DAMAGE_MAX: usize = ENTITY_DAMAGE_MIN + ROWS;
/** f32, yards. */
export const ENTITY_MELEE_RANGE: usize = ENTITY_DAMAGE_MAX + ROWS;
/** 1 while auto-attack is on. */
export const ENTITY_ATTACKING: usize = ENTITY_MELEE_RANGE + ROWS;
/** Number of threat tables that contain the entity. */
export const ENTITY_HATED: usize = ENTITY_ATTACKING + ROWS;
export const ENTITY_DEATH_TICK: usize = ENTITY_HATED + ROWS;
/** Tick in which the row was last given to an entity or freed. */
export const ENTITY_SINCE: usize = ENTITY_DEATH_TICK + ROWS;
/** Tick of the last change of any kind; never less than the six columns that follow. */
export const ENTITY_CHANGED: usize = ENTITY_SINCE + ROWS;
export const ENTITY_CHANGED_POSITION: usize = ENTITY_CHANGED + ROWS;
export const ENTITY_CHANGED_HEALTH: usize = ENTITY_CHANGED_POSITION + ROWS;
export const ENTITY_CHANGED_FLAGS: usize = ENTITY_CHANGED_HEALTH + ROWS;
export const ENTITY_CHANGED_TARGET: usize = ENTITY_CHANGED_FLAGS + ROWS;
export const ENTITY_CHANGED_CAST: usize = ENTITY_CHANGED_TARGET + ROWS;
export const ENTITY_CHANGED_AURAS: usize = ENTITY_CHANGED_CAST + ROWS;
/** Number of auras on it, and their effect: CONTROL_* of combat/control.ts, and the percentage by which it is slowed. */
export const ENTITY_AURA_COUNT: usize = ENTITY_CHANGED_AURAS + ROWS;
export const ENTITY_CONTROL: usize = ENTITY_AURA_COUNT + ROWS;
export const ENTITY_SLOWED: usize = ENTITY_CONTROL + ROWS;
/** Number of times the current cast was pushed back. */
export const ENTITY_PUSHED: usize = ENTITY_SLOWED + ROWS;
/** Tick at which the current channel takes effect next, 0 = the cast is not a channel. */
export const ENTITY_CHANNEL_NEXT: usize = ENTITY_PUSHED + ROWS;
/** Tick until which at least one of its schools is locked. */
export const ENTITY_LOCKED_UNTIL: usize = ENTITY_CHANNEL_NEXT + ROWS;
export const ENTITY_COLUMNS_END: usize = ENTITY_LOCKED_UNTIL + ROWS;
/** u32[SCHOOLS_MAX] for each row: tick until which the school is locked. All are 0 while ENTITY_LOCKED_UNTIL is 0. */
export const ENTITY_LOCKED: usize = ENTITY_COLUMNS_END;
export const ENTITY_LOCKED_STRIDE: u32 = SCHOOLS_MAX * 4;

/** Types of the columns that are not u32. A migration to another layout reads them. */
export const TYPE_ENTITY_X: u32 = TYPE_F32;
export const TYPE_ENTITY_Y: u32 = TYPE_F32;
export const TYPE_ENTITY_Z: u32 = TYPE_F32;
export const TYPE_ENTITY_SPEED: u32 = TYPE_F32;
export const TYPE_ENTITY_DEST_X: u32 = TYPE_F32;
export const TYPE_ENTITY_DEST_Y: u32 = TYPE_F32;
export const TYPE_ENTITY_DEST_Z: u32 = TYPE_F32;
export const TYPE_ENTITY_MELEE_RANGE: u32 = TYPE_F32;
