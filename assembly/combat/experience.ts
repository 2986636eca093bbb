// Experience: the points of a kill, and the points of a level.
//
//   a creature of level 10 for a player of level 10:   5 * 10 + 45 = 95 points, shared among the players on its threat table
//   level 10 to 11 takes 8 * 10 * 95 = 7,600 points

import { EVENT_EXPERIENCE, EVENT_LEVEL } from "../abi";
import { setHealth, setPower } from "../state/changes";
import { U32 } from "../memory/columns";
import { emit } from "../state/events";
import { ENTITY_LEVEL, ENTITY_MAX_HEALTH, ENTITY_MAX_POWER, PLAYER_EXPERIENCE, TEMPLATE_FLAGS } from "../memory/memory";
import { NO_ROW } from "../state/entity-rows";
import { POWER_MANA, TEMPLATE_ELITE, Template, powerTypeOf } from "../state/content-tables";
import { updateStats } from "./stats";
import { threatCount, threatPlayer } from "./threat";

/** The highest level of a player. */
export const PLAYER_LEVEL_MAX: u32 = 60;

/** Points of a kill: more for creatures up to four levels higher; fewer for lower ones, none for grey ones. */
export function killWorth(playerLevel: u32, creatureLevel: u32): u32 {
  const base = 5 * playerLevel + 45;
  if (creatureLevel >= playerLevel) return (base * (20 + min<u32>(creatureLevel - playerLevel, 4))) / 20;
  const below = playerLevel - creatureLevel;
  const zero = greyFrom(playerLevel);
  return below >= zero ? 0 : (base * (zero - below)) / zero;
}

/** A creature this many levels below a player of `level` gives no points. */
function greyFrom(level: u32): u32 {
  if (level < 8) return 5;
  return level < 20 ? level / 2 + 2 : level / 5 + 8;
}

/** Points from a level to the next. */
export function levelCost(level: u32): u32 {
  const extra: u32 = level <= 28 ? 0 : level <= 31 ? ((level - 28) * (level - 27)) / 2 : 5 * (level - 30);
  return (8 * level + extra) * (5 * level + 45);
}

/** Called when a creature was killed: each player on its threat table gets an equal share of the points for the player's level. */
export function shareExperience(creature: u32): void {
  const count = threatCount(creature);
  const elite = (Template.u32(creature, TEMPLATE_FLAGS) & TEMPLATE_ELITE) != 0;
  for (let slot: u32 = 0; slot < count; slot++) {
    const player = threatPlayer(creature, slot);
    const worth = killWorth(U32.get(ENTITY_LEVEL, player), U32.get(ENTITY_LEVEL, creature)) * (elite ? 2 : 1);
    gainExperience(player, worth / count);
  }
}

function gainExperience(player: u32, points: u32): void {
  let level = U32.get(ENTITY_LEVEL, player);
  if (points == 0 || level >= PLAYER_LEVEL_MAX) return;
  let total = U32.get(PLAYER_EXPERIENCE, player) + points;
  while (level < PLAYER_LEVEL_MAX && total >= levelCost(level)) {
    total -= levelCost(level);
    level++;
    levelUp(player, level);
  }
  U32.set(PLAYER_EXPERIENCE, player, level < PLAYER_LEVEL_MAX ? total : 0);
  emit(EVENT_EXPERIENCE, 0, player, NO_ROW, points, total, levelCost(level), 0, 0);
}

/** Raises the player's level, with full health and mana. */
function levelUp(player: u32, level: u32): void {
  U32.set(ENTITY_LEVEL, player, level);
  updateStats(player);
  setHealth(player, U32.get(ENTITY_MAX_HEALTH, player));
  if (powerTypeOf(player) == POWER_MANA) setPower(player, U32.get(ENTITY_MAX_POWER, player));
  emit(EVENT_LEVEL, 0, player, NO_ROW, level, 0, 0, 0, 0);
}
