// The attack table: whether a swing or a spell hits, and how. One roll of 0 to 9,999 falls into one of several consecutive bands; all
// numbers are hundredths of a percent. An impossible outcome (a parry from behind, a block without a shield) has no band.
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

// The circumstances of a swing that its bands depend on, in addition to the levels.
/** The attacker swings two weapons. */
export const SWING_DUAL: u32 = 1;
/** The attacker is in front of its target. */
export const SWING_FRONT: u32 = 2;
/** The target has a shield. */
export const SWING_SHIELD: u32 = 4;
/** A player against a creature. */
export const SWING_BY_PLAYER: u32 = 8;
/** A creature against a player. */
export const SWING_BY_CREATURE: u32 = 16;
/** The target is stunned: it can not dodge, parry or block. */
export const SWING_HELPLESS: u32 = 32;

const ROLL: u32 = 10000;
const DUAL_MISS: i32 = 1900;
const BLOCK: i32 = 500;
const CRUSHING: i32 = 1500;

/** Outcome of a swing; advantage = target's level - attacker's; critical = the attacker's chance in hundredths of a percent. */
export function rollSwing(advantage: i32, circumstances: u32, critical: u32): u32 {
  return swingBand(randomBelow(ROLL), advantage, circumstances, critical);
}

/** The band a roll falls into. The table covers an advantage of 0 to 3 levels; others are clamped. */
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

/** Parry chance: 5, 5.5, 6 % against a target of +0, +1, +2 levels, and 14 % of +3. */
function parryChance(levels: i32): i32 {
  return levels == 3 ? 1400 : 500 + 50 * levels;
}

/** Lower bound of a glancing blow's damage, percent: the range is 91 to 99 at the same level, 55 to 75 at +3. */
export function glancingLeast(advantage: i32): u32 {
  if (advantage >= 3) return 55;
  return advantage == 2 ? 80 : 91;
}

export function glancingMost(advantage: i32): u32 {
  if (advantage >= 3) return 75;
  return advantage == 2 ? 90 : 99;
}

/** Chance that a spell misses: 4 % at the same level, 5 at +1, 6 at +2, 17 at +3, and 11 more for each further level; never below 1. */
export function spellMiss(advantage: i32): u32 {
  if (advantage <= 2) return <u32>max<i32>(400 + 100 * advantage, 100);
  return <u32>min<i32>(1700 + 1100 * (advantage - 3), 9900);
}

/** Outcome of a spell; critical = the caster's chance in hundredths of a percent, 0 for creatures. */
export function rollSpell(advantage: i32, critical: u32): u32 {
  if (randomBelow(ROLL) < spellMiss(advantage)) return OUTCOME_MISS;
  return critical > 0 && randomBelow(ROLL) < critical ? OUTCOME_CRITICAL : OUTCOME_HIT;
}
