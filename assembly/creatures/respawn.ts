// Phase: dead creatures. A corpse vanishes after a while; later the creature comes back at its spawn point.
//
//   creature 4100, killed in tick 500:   CORPSE until its TIMER 1700, GONE until its RESPAWN_TICK 4100, then IDLE with full health

import { COUNTER_REVIVED, EVENT_REVIVED, PHASE_DEATHS } from "../abi";
import { Changed, setFlags, setHealth, setPosition } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, F32, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { CREATURE_CORPSE, CREATURE_GONE, CREATURE_IDLE, pauseProximityAggro } from "../state/creature-states";
import { emit } from "../state/events";
import {
  CREATURE_HOME_X,
  CREATURE_HOME_Y,
  CREATURE_HOME_Z,
  CREATURE_NEAR_TICK,
  CREATURE_RESPAWN_TICK,
  CREATURE_STATE,
  CREATURE_TIMER,
  ENTITY_CHANGED_FLAGS,
  ENTITY_ID,
  ENTITY_MAX_HEALTH,
  HEADER_CREATURES_HIGH,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { NO_ROW, Row } from "../state/entity-rows";

export function respawnCreatures(): void {
  Breadcrumb.phase(PHASE_DEATHS);
  const creatures = Cell.get(HEADER_CREATURES_HIGH);
  for (let index: u32 = 0; index < creatures; index++) {
    if (U32.get(CREATURE_STATE, index) >= CREATURE_CORPSE) respawnIfDue(Row.ofCreature(index), index);
  }
}

function respawnIfDue(row: u32, index: u32): void {
  if (U32.get(ENTITY_ID, row) == 0) return;
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  if (Clock.now() >= U32.get(CREATURE_RESPAWN_TICK, index)) return respawn(row, index);
  if (U32.get(CREATURE_STATE, index) == CREATURE_CORPSE && Clock.now() >= U32.get(CREATURE_TIMER, index)) {
    U32.set(CREATURE_STATE, index, CREATURE_GONE);
    Changed.mark(ENTITY_CHANGED_FLAGS, row);
  }
}

function respawn(row: u32, index: u32): void {
  U32.set(CREATURE_STATE, index, CREATURE_IDLE);
  U32.set(CREATURE_TIMER, index, 0);
  U32.set(CREATURE_NEAR_TICK, index, 0);
  pauseProximityAggro(index);
  setPosition(row, F32.get(CREATURE_HOME_X, index), F32.get(CREATURE_HOME_Y, index), F32.get(CREATURE_HOME_Z, index));
  setFlags(row, 0);
  setHealth(row, U32.get(ENTITY_MAX_HEALTH, row));
  Counter.add(COUNTER_REVIVED, 1);
  emit(EVENT_REVIVED, 0, row, NO_ROW, 0, 0, 0, 0, 0);
}
