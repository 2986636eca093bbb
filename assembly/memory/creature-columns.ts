// Memory map, fifth part: what only creatures have, by row - PLAYERS_MAX.
//
//   state of creature 4100:   the u32 at CREATURE_STATE + (4100 - PLAYERS_MAX) * 4

import { TYPE_F32 } from "../abi";
import { CREATURES_MAX } from "./capacities";
import { PLAYER_COLUMNS_END } from "./player-columns";

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

/** What is not u32, for whoever carries the state over to another layout. */
export const TYPE_CREATURE_HOME_X: u32 = TYPE_F32;
export const TYPE_CREATURE_HOME_Y: u32 = TYPE_F32;
export const TYPE_CREATURE_HOME_Z: u32 = TYPE_F32;
export const TYPE_CREATURE_LEASH_X: u32 = TYPE_F32;
export const TYPE_CREATURE_LEASH_Y: u32 = TYPE_F32;
