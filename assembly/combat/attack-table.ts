// Whether a blow or a spell lands, and how. One roll of 0 to 9,999 falls into bands that lie one after the other; all
// numbers are hundredths of a percent. What can not happen (a parry from behind, a block without a shield) has no band.
//
//   player at a creature of its level, from the front:   | miss 500 | dodge 500 | parry 500 | glancing 1000 | critical 500 | hit |
//   creature of +3 levels at a player with a shield:     | miss 500 | dodge 500 | parry 500 | block 500 | critical 500 | crushing 1500 | hit |
//   spell at the same level:                             | miss 400 |, and by a second roll the caster's critical

import { randomBelow } from "../state/random";

export const OUTCOME_MISS: u32 = 0;
export const OUTCOME_DODGE: u32 = 1;
export const OUTCOME_CRITICAL: u32 = 2;
export const OUTCOME_HIT: u32 = 3;
export const OUTCOME_PARRY: u32 = 4;
export const OUTCOME_BLOCK: u32 = 5;
export const OUTCOME_GLANCING: u32 = 6;
export const OUTCOME_CRUSHING: u32 = 7;

// What a swing's bands depend on, beside levels.
/** The attacker swings two weapons. */
export const SWING_DUAL: u32 = 1;
/** It stands before its target. */
export const SWING_FRONT: u32 = 2;
/** The target has a shield. */
export const SWING_SHIELD: u32 = 4;
/** A player against a creature. */
export const SWING_BY_PLAYER: u32 = 8;
/** A creature against a player. */
export const SWING_BY_CREATURE: u32 = 16;
/** The target is stunned: it neither dodges nor parries nor blocks. */
export const SWING_HELPLESS: u32 = 32;

const ROLL: u32 = 10000;
const DUAL_MISS: i32 = 1900;
const BLOCK: i32 = 500;
const CRUSHING: i32 = 1500;

/** How a swing lands; advantage = target's level - attacker's; critical = the attacker's sheet. */
export function rollSwing(advantage: i32, circumstances: u32, critical: u32): u32 {
  return swingBand(randomBelow(ROLL), advantage, circumstances, critical);
}

/** The band a roll falls into. Of +3 levels the table knows: what is above counts as +3, what is below 0 as 0. */
export function swingBand(roll: u32, advantage: i32, circumstances: u32, critical: u32): u32 {
  const levels = min<i32>(max<i32>(advantage, 0), 3);
  let at = <i32>roll;
  at -= 500 + 100 * levels + ((circumstances & SWING_DUAL) != 0 ? DUAL_MISS : 0);
  if (at < 0) return OUTCOME_MISS;
  if ((circumstances & SWING_HELPLESS) == 0) {
    at -= 500 + 50 * levels;
    if (at < 0) return OUTCOME_DODGE;
    if ((circumstances & SWING_FRONT) != 0) {
      at -= parryChance(levels);
      if (at < 0) return OUTCOME_PARRY;
      at -= (circumstances & SWING_SHIELD) != 0 ? BLOCK : 0;
      if (at < 0) return OUTCOME_BLOCK;
    }
  }
  at -= (circumstances & SWING_BY_PLAYER) != 0 ? 1000 + 1000 * levels : 0;
  if (at < 0) return OUTCOME_GLANCING;
  at -= max<i32>(<i32>critical - 100 * levels, 0);
  if (at < 0) return OUTCOME_CRITICAL;
  at -= (circumstances & SWING_BY_CREATURE) != 0 && advantage <= -3 ? CRUSHING : 0;
  return at < 0 ? OUTCOME_CRUSHING : OUTCOME_HIT;
}

/** 5, 5.5, 6, and 14 % against a target of +3 levels. */
function parryChance(levels: i32): i32 {
  return levels == 3 ? 1400 : 500 + 50 * levels;
}

/** Percent of its damage a glancing blow does, at least and at most: 91 to 99 at the same level, 55 to 75 at +3. */
export function glancingLeast(advantage: i32): u32 {
  if (advantage >= 3) return 55;
  return advantage == 2 ? 80 : 91;
}

export function glancingMost(advantage: i32): u32 {
  if (advantage >= 3) return 75;
  return advantage == 2 ? 90 : 99;
}

/** Chance of a spell to miss: 4 % at the same level, +1 5, +2 6, +3 17 and 11 more a level; never below 1. */
export function spellMiss(advantage: i32): u32 {
  if (advantage <= 2) return <u32>max<i32>(400 + 100 * advantage, 100);
  return <u32>min<i32>(1700 + 1100 * (advantage - 3), 9900);
}

/** How a spell lands; critical = the caster's sheet, 0 for creatures. */
export function rollSpell(advantage: i32, critical: u32): u32 {
  if (randomBelow(ROLL) < spellMiss(advantage)) return OUTCOME_MISS;
  return critical > 0 && randomBelow(ROLL) < critical ? OUTCOME_CRITICAL : OUTCOME_HIT;
}
