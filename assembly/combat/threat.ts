// Threat: which players a creature fights, and how much threat each has. A creature has an unordered table of up to THREAT_MAX players;
// the column ENTITY_HATED counts the tables that a player is on.
//
//   creature 1000001:  rows [3, 9]  values [120.0, 85.5]
//
// A player on any table is in combat; an entity that dies or leaves is removed from all tables. Only the living cause threat, and only
// on the living. This file alone enforces that: an aura of a dead caster still burns or heals, but causes no threat on the corpse.

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

/** A player becomes the new target with this many times the threat of the current target. */
const PULL_IN_MELEE: f32 = 1.1;
const PULL_AT_RANGE: f32 = 1.3;

class ThreatEntry {
  @inline static at(creature: u32, slot: u32): u32 {
    return Row.creatureIndex(creature) * THREAT_MAX + slot;
  }
}

/** Number of players on a creature's table. */
export function threatCount(creature: u32): u32 {
  return U32.get(CREATURE_THREAT_COUNT, Row.creatureIndex(creature));
}

/** The player in a slot; slot < threatCount. */
export function threatPlayer(creature: u32, slot: u32): u32 {
  return U16.get(THREAT_ROW, ThreatEntry.at(creature, slot));
}

/** A player's threat on a creature, 0 when not on its table. */
export function threatOf(creature: u32, player: u32): f32 {
  const slot = slotOf(creature, player);
  return slot == NO_ROW ? 0 : F32.get(THREAT_VALUE, ThreatEntry.at(creature, slot));
}

/** False when one of them is dead or the creature evades: then neither can cause threat on the other. */
export function canHaveThreat(creature: u32, player: u32): bool {
  return !Flag.has(creature, ENTITY_DEAD | ENTITY_EVADING) && !Flag.has(player, ENTITY_DEAD);
}

/**
 * Adds threat; an amount of 0 only enters the player into the table. Does nothing when canHaveThreat is false. In a full table
 * the player replaces the one with the least threat, if it has more.
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
  // The target must be on the table. The creature chooses the next one when it decides, perhaps some ticks later.
  if (U32.get(ENTITY_TARGET, creature) == U32.get(ENTITY_ID, player)) setTarget(creature, 0);
}

/** Empties a creature's table. */
export function clearThreat(creature: u32): void {
  while (threatCount(creature) > 0) removeSlot(creature, threatCount(creature) - 1);
}

/** Removes a player from every table; stops as soon as it is on none. */
export function leaveThreatTables(player: u32): void {
  const creatures = Cell.get(HEADER_CREATURES_HIGH);
  for (let index: u32 = 0; index < creatures && U32.get(ENTITY_HATED, player) > 0; index++) {
    if (U32.get(CREATURE_THREAT_COUNT, index) == 0) continue;
    const slot = slotOf(Row.ofCreature(index), player);
    if (slot != NO_ROW) removeSlot(Row.ofCreature(index), slot);
  }
}

/**
 * Threat of healing or of power gained: half a point for each point, times the stance factor, split evenly among the creatures that
 * have `healed` on their table.
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

/** The highest threat on the creature's table, 0 for an empty table. */
export function highestThreat(creature: u32): f32 {
  const count = threatCount(creature);
  let most: f32 = 0;
  for (let slot: u32 = 0; slot < count; slot++)
    most = max<f32>(most, F32.get(THREAT_VALUE, ThreatEntry.at(creature, slot)));
  return most;
}

/**
 * The player a creature fights: its target, until another player has more than 110 % of the target's threat in melee range, 130 %
 * outside. Without a target, the player with the most threat; NO_ROW for an empty table.
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
