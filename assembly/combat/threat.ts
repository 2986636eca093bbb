// Threat: who a creature hates, and how much. A table of up to THREAT_MAX players a creature, kept without order, in
// linear memory; the column ENTITY_HATED counts on how many tables a player stands.
//
//   creature 1000001:  rows [3, 9]  values [120.0, 85.5]
//
// A player on any table is in combat; an entity that dies or leaves is taken off all of them. Threat goes from the living to
// the living only, and this is the one place that sees to it: what the dead left behind (an aura that still burns or heals)
// takes effect, but nobody turns on a corpse for it.

import { ENTITY_DEAD, ENTITY_EVADING, ENTITY_IN_COMBAT } from "../abi";
import { Flag, setTarget } from "../state/changes";
import { Cell, F32, U16, U32 } from "../memory/columns";
import {
  CREATURE_THREAT_COUNT,
  ENTITY_HATED,
  ENTITY_ID,
  ENTITY_TARGET,
  HEADER_CREATURES_HIGH,
  PLAYER_THREAT_FACTOR,
  THREAT_MAX,
  THREAT_ROW,
  THREAT_VALUE,
} from "../memory/memory";
import { NO_ROW, Row, rowOf } from "../state/entity-rows";
import { inMeleeRange } from "../space/space";

/** How many times the current target's threat another needs to pull the creature off it. */
const PULL_IN_MELEE: f32 = 1.1;
const PULL_AT_RANGE: f32 = 1.3;

class ThreatEntry {
  @inline static at(creature: u32, slot: u32): u32 {
    return Row.creatureIndex(creature) * THREAT_MAX + slot;
  }
}

/** How many players are on a creature's table. */
export function threatCount(creature: u32): u32 {
  return U32.get(CREATURE_THREAT_COUNT, Row.creatureIndex(creature));
}

/** The player in a slot below threatCount. */
export function threatPlayer(creature: u32, slot: u32): u32 {
  return U16.get(THREAT_ROW, ThreatEntry.at(creature, slot));
}

/** A player's threat with a creature, 0 when not on its table. */
export function threatOf(creature: u32, player: u32): f32 {
  const slot = slotOf(creature, player);
  return slot == NO_ROW ? 0 : F32.get(THREAT_VALUE, ThreatEntry.at(creature, slot));
}

/** False when one of them is dead, or the creature is on its way home: then no act of the one concerns the other. */
export function canHaveThreat(creature: u32, player: u32): bool {
  return !Flag.has(creature, ENTITY_DEAD | ENTITY_EVADING) && !Flag.has(player, ENTITY_DEAD);
}

/**
 * Adds threat, 0 to only enter the table; none of the dead and none to the dead. A full table gives the place of the least
 * hated to one hated more.
 */
export function addThreat(creature: u32, player: u32, amount: f32): void {
  if (!canHaveThreat(creature, player)) return;
  let slot = slotOf(creature, player);
  if (slot == NO_ROW) slot = addSlot(creature, player, amount);
  if (slot == NO_ROW) return;
  const at = ThreatEntry.at(creature, slot);
  F32.set(THREAT_VALUE, at, F32.get(THREAT_VALUE, at) + amount);
}

export function slotOf(creature: u32, player: u32): u32 {
  const count = threatCount(creature);
  for (let slot: u32 = 0; slot < count; slot++) {
    if (threatPlayer(creature, slot) == player) return slot;
  }
  return NO_ROW;
}

function addSlot(creature: u32, player: u32, amount: f32): u32 {
  const index = Row.creatureIndex(creature);
  if (U32.get(CREATURE_THREAT_COUNT, index) == THREAT_MAX) {
    const least = lowestSlot(creature);
    if (F32.get(THREAT_VALUE, ThreatEntry.at(creature, least)) >= amount) return NO_ROW;
    removeSlot(creature, least);
  }
  const slot = U32.get(CREATURE_THREAT_COUNT, index);
  U32.set(CREATURE_THREAT_COUNT, index, slot + 1);
  U16.set(THREAT_ROW, ThreatEntry.at(creature, slot), player);
  F32.set(THREAT_VALUE, ThreatEntry.at(creature, slot), 0);
  U32.add(ENTITY_HATED, player, 1);
  Flag.raise(player, ENTITY_IN_COMBAT);
  return slot;
}

function lowestSlot(creature: u32): u32 {
  const count = threatCount(creature);
  let least: u32 = 0;
  for (let slot: u32 = 1; slot < count; slot++) {
    if (
      F32.get(THREAT_VALUE, ThreatEntry.at(creature, slot)) < F32.get(THREAT_VALUE, ThreatEntry.at(creature, least))
    ) {
      least = slot;
    }
  }
  return least;
}

function removeSlot(creature: u32, slot: u32): void {
  const player = threatPlayer(creature, slot);
  const index = Row.creatureIndex(creature);
  const last = U32.get(CREATURE_THREAT_COUNT, index) - 1;
  U16.set(THREAT_ROW, ThreatEntry.at(creature, slot), U16.get(THREAT_ROW, ThreatEntry.at(creature, last)));
  F32.set(THREAT_VALUE, ThreatEntry.at(creature, slot), F32.get(THREAT_VALUE, ThreatEntry.at(creature, last)));
  U32.set(CREATURE_THREAT_COUNT, index, last);
  const hated = U32.get(ENTITY_HATED, player) - 1;
  U32.set(ENTITY_HATED, player, hated);
  if (hated == 0) Flag.lower(player, ENTITY_IN_COMBAT);
  // Whom it fights is on its table. The next one is chosen when it thinks, which may be some ticks from now.
  if (U32.get(ENTITY_TARGET, creature) == U32.get(ENTITY_ID, player)) setTarget(creature, 0);
}

/** Empties a creature's table. */
export function clearThreat(creature: u32): void {
  while (threatCount(creature) > 0) removeSlot(creature, threatCount(creature) - 1);
}

/** Takes a player off every table; ends as soon as it is on none. */
export function leaveThreatTables(player: u32): void {
  const creatures = Cell.get(HEADER_CREATURES_HIGH);
  for (let index: u32 = 0; index < creatures && U32.get(ENTITY_HATED, player) > 0; index++) {
    if (U32.get(CREATURE_THREAT_COUNT, index) == 0) continue;
    const slot = slotOf(Row.ofCreature(index), player);
    if (slot != NO_ROW) removeSlot(Row.ofCreature(index), slot);
  }
}

/**
 * Healing done or power gained: half a point of threat a point, times the stance, split evenly among the creatures that have
 * `healed` on their table.
 */
export function addHealingThreat(healer: u32, healed: u32, points: u32): void {
  if (points == 0 || Row.isCreature(healer) || Row.isCreature(healed)) return;
  const fights = U32.get(ENTITY_HATED, healed);
  if (fights == 0) return;
  const amount: f32 = <f32>points * 0.5 * F32.get(PLAYER_THREAT_FACTOR, healer);
  const share = amount / <f32>fights;
  const creatures = Cell.get(HEADER_CREATURES_HIGH);
  let left = fights;
  for (let index: u32 = 0; index < creatures && left > 0; index++) {
    if (U32.get(CREATURE_THREAT_COUNT, index) == 0) continue;
    const creature = Row.ofCreature(index);
    if (slotOf(creature, healed) == NO_ROW) continue;
    left--;
    addThreat(creature, healer, share);
  }
}

/** The most threat anybody has with the creature, 0 for an empty table. */
export function highestThreat(creature: u32): f32 {
  const count = threatCount(creature);
  let most: f32 = 0;
  for (let slot: u32 = 0; slot < count; slot++)
    most = max<f32>(most, F32.get(THREAT_VALUE, ThreatEntry.at(creature, slot)));
  return most;
}

/**
 * Whom a creature fights: its target, until another has more than 110 % of that one's threat in melee range, 130 %
 * outside. Without a target the most hated; NO_ROW when nobody is left.
 */
export function chooseThreatTarget(creature: u32): u32 {
  const count = threatCount(creature);
  const current = slotOf(creature, rowOf(U32.get(ENTITY_TARGET, creature)));
  let best = current;
  let most: f32 = current == NO_ROW ? -1 : F32.get(THREAT_VALUE, ThreatEntry.at(creature, current));
  const held = most;
  for (let slot: u32 = 0; slot < count; slot++) {
    const value = F32.get(THREAT_VALUE, ThreatEntry.at(creature, slot));
    if (value <= most) continue;
    if (current != NO_ROW && value <= held * pullFactor(creature, threatPlayer(creature, slot))) continue;
    best = slot;
    most = value;
  }
  return best == NO_ROW ? NO_ROW : threatPlayer(creature, best);
}

function pullFactor(creature: u32, player: u32): f32 {
  return inMeleeRange(creature, player) ? PULL_IN_MELEE : PULL_AT_RANGE;
}
