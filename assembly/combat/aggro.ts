// How a creature enters a fight and leaves it.

import {
  AURA_ENDED_REMOVED,
  ENTITY_EVADING,
  ENTITY_IN_COMBAT,
  EVENT_AGGRO,
  EVENT_EVADED,
  INTERRUPT_TARGET_LOST,
} from "../abi";
import { removeAuras } from "./auras";
import { setFlags, setTarget } from "../state/changes";
import { Clock } from "../state/clock";
import { F32, U32 } from "../memory/columns";
import { emit } from "../state/events";
import { interruptCast } from "./interrupts";
import {
  CREATURE_FLEE_TICK,
  CREATURE_HELP_TICK,
  CREATURE_LEASH_TICK,
  CREATURE_LEASH_X,
  CREATURE_LEASH_Y,
  CREATURE_STATE,
  CREATURE_TIMER,
  ENTITY_ATTACKING,
  ENTITY_FLAGS,
  ENTITY_ID,
  ENTITY_MOVING,
  ENTITY_X,
  ENTITY_Y,
  PLAYER_THREAT_FACTOR,
} from "../memory/memory";
import { randomBetween } from "../state/random";
import { NO_ROW, Row } from "../state/entity-rows";
import { CREATURE_EVADING, CREATURE_FIGHTING, CREATURE_IDLE } from "../state/creature-states";
import { addThreat, canHaveThreat, clearThreat, highestThreat, slotOf, threatOf } from "./threat";

/** Milliseconds between a creature's first attack on a player and its call for help. */
const HELP_MS: u32 = 1500;

/** An idle creature attacks a living player; a fighting creature only adds the player to its threat table. Dead players are ignored. */
export function engage(creature: u32, player: u32): void {
  const index = Row.creatureIndex(creature);
  const state = U32.get(CREATURE_STATE, index);
  if ((state != CREATURE_IDLE && state != CREATURE_FIGHTING) || !canHaveThreat(creature, player)) return;
  addThreat(creature, player, 0);
  if (state == CREATURE_FIGHTING) return;
  U32.set(CREATURE_STATE, index, CREATURE_FIGHTING);
  U32.set(CREATURE_TIMER, index, Clock.now() + nextCastDelay());
  U32.set(CREATURE_HELP_TICK, index, Clock.now() + Clock.milliseconds(HELP_MS));
  U32.set(CREATURE_FLEE_TICK, index, 0);
  U32.set(ENTITY_ATTACKING, creature, 1);
  U32.set(ENTITY_MOVING, creature, 0);
  setFlags(creature, U32.get(ENTITY_FLAGS, creature) | ENTITY_IN_COMBAT);
  setTarget(creature, U32.get(ENTITY_ID, player));
  refreshLeash(creature);
  emit(EVENT_AGGRO, 0, creature, player, 0, 0, 0, 0, 0);
}

/** A hostile act of a living player against a creature: the creature fights back, and gets `threat` times the player's stance factor. */
export function provoke(player: u32, creature: u32, threat: f32): void {
  if (Row.isCreature(player) || !canHaveThreat(creature, player)) return;
  engage(creature, player);
  addThreat(creature, player, threat * F32.get(PLAYER_THREAT_FACTOR, player));
}

/** The player gets as much threat as the highest one on the table, and becomes the target. */
export function taunt(player: u32, creature: u32): void {
  if (!canHaveThreat(creature, player)) return;
  engage(creature, player);
  addThreat(creature, player, highestThreat(creature) - threatOf(creature, player));
  if (slotOf(creature, player) != NO_ROW) setTarget(creature, U32.get(ENTITY_ID, player));
}

/** Called for each hit given or taken: the leash is measured from this place and tick. */
export function refreshLeash(creature: u32): void {
  const index = Row.creatureIndex(creature);
  F32.set(CREATURE_LEASH_X, index, F32.get(ENTITY_X, creature));
  F32.set(CREATURE_LEASH_Y, index, F32.get(ENTITY_Y, creature));
  U32.set(CREATURE_LEASH_TICK, index, Clock.now());
}

/** A fighting creature ends the fight and goes home, immune. */
export function evade(creature: u32): void {
  interruptCast(creature, INTERRUPT_TARGET_LOST);
  removeAuras(creature, AURA_ENDED_REMOVED);
  clearThreat(creature);
  U32.set(CREATURE_STATE, Row.creatureIndex(creature), CREATURE_EVADING);
  U32.set(ENTITY_ATTACKING, creature, 0);
  setFlags(creature, (U32.get(ENTITY_FLAGS, creature) & ~ENTITY_IN_COMBAT) | ENTITY_EVADING);
  setTarget(creature, 0);
  emit(EVENT_EVADED, 0, creature, NO_ROW, 0, 0, 0, 0, 0);
}

/** Ticks until a fighting creature considers a cast: 4 to 8 s. */
export function nextCastDelay(): u32 {
  return randomBetween(Clock.seconds(4), Clock.seconds(8));
}
