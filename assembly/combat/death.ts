// The death of an entity: casts, auras, threat and attacks end; a creature becomes a corpse, a player waits to be revived.
//
//   player 12 (row 3) kills creature row 4100 in tick 500:   HEALTH 0, FLAGS DEAD, DEATH_TICK 500, STATE CORPSE, event KILLED 12 -> its id

import {
  AURA_ENDED_BY_DEATH,
  COUNTER_KILLS,
  ENTITY_DEAD,
  ENTITY_EVADING,
  ENTITY_IN_COMBAT,
  EVENT_KILLED,
  INTERRUPT_BY_DEATH,
} from "../abi";
import { removeAuras } from "./auras";
import { setFlags, setHealth, setTarget } from "../state/changes";
import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { emit } from "../state/events";
import { shareExperience } from "./experience";
import { interruptCast } from "./interrupts";
import { shareLoot } from "./loot";
import {
  CREATURE_RESPAWN_TICK,
  CREATURE_STATE,
  CREATURE_TIMER,
  ENTITY_ATTACKING,
  ENTITY_DEATH_TICK,
  ENTITY_FLAGS,
  ENTITY_MOVING,
  PLAYER_ALIVE_TICK,
  PLAYER_DEATHS,
  TEMPLATE_CORPSE_TICKS,
  TEMPLATE_RESPAWN_MAX_TICKS,
  TEMPLATE_RESPAWN_MIN_TICKS,
} from "../memory/memory";
import { randomBetween } from "../state/random";
import { Row } from "../state/entity-rows";
import { CREATURE_CORPSE } from "../state/creature-states";
import { Template } from "../state/content-tables";
import { leaveThreatTables, clearThreat } from "./threat";

/** A death within this many seconds of the last return to life counts as a consecutive one. */
const ROW_SECONDS: u32 = 300;

/** The target dies. */
export function kill(target: u32, killer: u32): void {
  interruptCast(target, INTERRUPT_BY_DEATH);
  removeAuras(target, AURA_ENDED_BY_DEATH);
  setHealth(target, 0);
  U32.set(ENTITY_ATTACKING, target, 0);
  U32.set(ENTITY_MOVING, target, 0);
  U32.set(ENTITY_DEATH_TICK, target, Clock.now());
  if (Row.isCreature(target)) becomeCorpse(target);
  else {
    leaveThreatTables(target);
    countDeath(target);
  }
  setFlags(target, (U32.get(ENTITY_FLAGS, target) & ~(ENTITY_IN_COMBAT | ENTITY_EVADING)) | ENTITY_DEAD);
  setTarget(target, 0);
  Counter.add(COUNTER_KILLS, 1);
  emit(EVENT_KILLED, 0, killer, target, 0, 0, 0, 0, 0);
}

/** A dead creature becomes a corpse, and the tick of its respawn is set. */
function becomeCorpse(row: u32): void {
  shareExperience(row);
  shareLoot(row);
  clearThreat(row);
  const index = Row.creatureIndex(row);
  const low = Template.u32(row, TEMPLATE_RESPAWN_MIN_TICKS);
  const wait = randomBetween(low, Template.u32(row, TEMPLATE_RESPAWN_MAX_TICKS));
  U32.set(CREATURE_STATE, index, CREATURE_CORPSE);
  U32.set(CREATURE_TIMER, index, Clock.now() + Template.u32(row, TEMPLATE_CORPSE_TICKS));
  U32.set(CREATURE_RESPAWN_TICK, index, Clock.now() + max<u32>(wait, Clock.seconds(1)));
}

/** A player died: counts consecutive deaths. */
function countDeath(row: u32): void {
  const alive = U32.get(PLAYER_ALIVE_TICK, row);
  const inRow = alive != 0 && Clock.now() - alive < Clock.seconds(ROW_SECONDS);
  U32.set(PLAYER_DEATHS, row, inRow ? U32.get(PLAYER_DEATHS, row) + 1 : 1);
}
