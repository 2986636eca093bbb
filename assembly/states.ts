// The states a creature is in, and the only ways between them:
//
//   IDLE --engage--> FIGHTING --no threat left, or leash--> EVADING --home--> IDLE
//   FIGHTING --killed--> CORPSE --time--> GONE --time--> IDLE at its spawn point

import { CREATURE_STATE_GONE } from "./abi";

export const CREATURE_IDLE: u32 = 0;
export const CREATURE_FIGHTING: u32 = 1;
export const CREATURE_EVADING: u32 = 2;
/** Dead and still to be seen. */
export const CREATURE_CORPSE: u32 = 3;
/** Dead and not to be seen. */
export const CREATURE_GONE: u32 = CREATURE_STATE_GONE;
