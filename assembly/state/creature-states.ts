// The states of a creature, and the only transitions between them:
//
//   IDLE --engage--> FIGHTING --no threat left, or leash--> EVADING --home--> IDLE
//   FIGHTING --killed--> CORPSE --time--> GONE --time--> IDLE at its spawn point

import { CREATURE_STATE_GONE } from "../abi";
import { Clock } from "./clock";
import { U32 } from "../memory/columns";
import { CREATURE_WAKES_TICK } from "../memory/memory";

export const CREATURE_IDLE: u32 = 0;
export const CREATURE_FIGHTING: u32 = 1;
export const CREATURE_EVADING: u32 = 2;
/** Dead and still visible. */
export const CREATURE_CORPSE: u32 = 3;
/** Dead and invisible. */
export const CREATURE_GONE: u32 = CREATURE_STATE_GONE;

/** Seconds without proximity aggro after a creature spawned, respawned or came home. */
const AGGRO_PAUSE_SECONDS: u32 = 5;

/** For some seconds the creature does not attack players who come near. */
export function pauseProximityAggro(index: u32): void {
  U32.set(CREATURE_WAKES_TICK, index, Clock.now() + Clock.seconds(AGGRO_PAUSE_SECONDS));
}
