// Memory map, fifth part: the columns that only creatures have, by row - PLAYERS_MAX.
//
//   state of creature 4100:   the u32 at CREATURE_STATE + (4100 - PLAYERS_MAX) * 4

import { TYPE_F32 } from "../abi";
import { CREATURES_MAX } from "./capacities";
import { PLAYER_COLUMNS_END } from "./player-columns";

const CREATURES: usize = CREATURES_MAX * 4;

/** CREATURE_*: state/creature-states.ts. */
export const CREATURE_STATE: usize = PLAYER_COLUMNS_END;
/** f32, yards: its spawn point. */
export const CREATURE_HOME_X: usize = CREATURE_STATE + CREATURES;
export const CREATURE_HOME_Y: usize = CREATURE_HOME_X + CREATURES;
export const CREATURE_HOME_Z: usize = CREATURE_HOME_Y + CREATURES;
/** f32, yards: where the fight was last refreshed; and the tick of it (u32). */
export const CREATURE_LEASH_X: usize = CREATURE_HOME_Z + CREATURES;
export const CREATURE_LEASH_Y: usize = CREATURE_LEASH_X + CREATURES;
export const CREATURE_LEASH_TICK: usize = CREATURE_LEASH_Y + CREATURES;
/** Last tick in which a player was near enough for the creature to move about. */
export const CREATURE_NEAR_TICK: usize = CREATURE_LEASH_TICK + CREATURES;
/** Tick before which the creature has no proximity aggro. */
export const CREATURE_WAKES_TICK: usize = CREATURE_NEAR_TICK + CREATURES;
/** Tick of its next action: it strolls (idle), casts (fighting), vanishes (corpse) or comes back (gone). */
export const CREATURE_TIMER: usize = CREATURE_WAKES_TICK + CREATURES;
export const CREATURE_RESPAWN_TICK: usize = CREATURE_TIMER + CREATURES;
export const CREATURE_THREAT_COUNT: usize = CREATURE_RESPAWN_TICK + CREATURES;
/** Tick at which it calls for help, 0 = it already has; tick until which it flees, 0 = it has not fled in this fight. */
export const CREATURE_HELP_TICK: usize = CREATURE_THREAT_COUNT + CREATURES;
export const CREATURE_FLEE_TICK: usize = CREATURE_HELP_TICK + CREATURES;
export const CREATURE_COLUMNS_END: usize = CREATURE_FLEE_TICK + CREATURES;

/** Types of the columns that are not u32. A migration to another layout reads them. */
export const TYPE_CREATURE_HOME_X: u32 = TYPE_F32;
export const TYPE_CREATURE_HOME_Y: u32 = TYPE_F32;
export const TYPE_CREATURE_HOME_Z: u32 = TYPE_F32;
export const TYPE_CREATURE_LEASH_X: u32 = TYPE_F32;
export const TYPE_CREATURE_LEASH_Y: u32 = TYPE_F32;
