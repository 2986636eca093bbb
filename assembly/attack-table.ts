// Whether a blow or a spell lands, and how. One roll of 0 to 9,999 falls into bands that lie one after the other; all
// numbers are hundredths of a percent.
//
//   swing, same level:   | miss 500 | dodge 500 | critical 500 | hit ........ |
//   spell, same level:   | miss 400 |, and by a second roll critical 500 for players

import { randomBelow } from "./random";

export const LANDS_MISS: u32 = 0;
export const LANDS_DODGE: u32 = 1;
export const LANDS_CRITICAL: u32 = 2;
export const LANDS_HIT: u32 = 3;

const ROLL: u32 = 10000;
/** What a sheet says until there are sheets. */
const CRITICAL_BASE: i32 = 500;

/** How a swing lands; advantage = target's level - attacker's. */
export function rollSwing(advantage: i32): u32 {
  return swingBand(randomBelow(ROLL), advantage);
}

/** The band a roll falls into. Of +3 levels the table knows, what is above counts as +3, what is below 0 as 0. */
export function swingBand(roll: u32, advantage: i32): u32 {
  const levels = min<i32>(max<i32>(advantage, 0), 3);
  const miss = 500 + 100 * levels;
  const dodge = miss + 500 + 50 * levels;
  const critical = dodge + max<i32>(CRITICAL_BASE - 100 * levels, 0);
  const at = <i32>roll;
  if (at < miss) return LANDS_MISS;
  if (at < dodge) return LANDS_DODGE;
  return at < critical ? LANDS_CRITICAL : LANDS_HIT;
}

/** Chance of a spell to miss: 4 % at the same level, +1 5, +2 6, +3 17 and 11 more a level; never below 1. */
export function spellMiss(advantage: i32): u32 {
  if (advantage <= 2) return <u32>max<i32>(400 + 100 * advantage, 100);
  return <u32>min<i32>(1700 + 1100 * (advantage - 3), 9900);
}

/** How a spell lands; creatures' spells do not crit. */
export function rollSpell(advantage: i32, canCrit: bool): u32 {
  if (randomBelow(ROLL) < spellMiss(advantage)) return LANDS_MISS;
  return canCrit && randomBelow(ROLL) < <u32>CRITICAL_BASE ? LANDS_CRITICAL : LANDS_HIT;
}
