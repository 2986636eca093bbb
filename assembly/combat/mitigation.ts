// Mitigation: armour reduces physical damage, resistance reduces magic. The percentages are in docs/MECHANICS.md.
//
//   armour 1000, attacker of level 10:  1000 / (1000 + 85 * 10 + 400) = 44.4 % less: 100 -> 56
//   resistance 50, caster of level 30:  75 * 50 / 150 = 25 % on average, in steps of a quarter

import { randomBelow } from "../state/random";

/** Share of physical damage that armour removes, 0 to 0.75. */
export function armorShare(armor: u32, attackerLevel: u32): f32 {
  const reduction = <f32>armor / (<f32>armor + <f32>85 * <f32>attackerLevel + <f32>400);
  return min<f32>(reduction, 0.75);
}

/** Physical damage after armour, at least 1. */
export function throughArmor(amount: u32, armor: u32, attackerLevel: u32): u32 {
  if (amount == 0) return 0;
  const left = <f32>amount * (<f32>1 - armorShare(armor, attackerLevel));
  return max<u32>(<u32>(left + 0.5), 1);
}

/** Average share of magic damage that resistance removes, 0 to 0.75. */
export function resistShare(resistance: u32, casterLevel: u32): f32 {
  const average = (<f32>0.75 * <f32>resistance) / max<f32>(<f32>5 * <f32>casterLevel, 100);
  return min<f32>(average, 0.75);
}

/** Rolls whether a spell is resisted, for spells that are resisted completely or not at all. */
export function resistsWholly(resistance: u32, casterLevel: u32): bool {
  if (resistance == 0) return false;
  return randomBelow(10000) < <u32>(resistShare(resistance, casterLevel) * 10000);
}

/** Magic damage after resistance: reduced by 0, 25, 50 or 75 %, rolled so that the average is resistShare. */
export function throughResistance(amount: u32, resistance: u32, casterLevel: u32): u32 {
  if (amount == 0 || resistance == 0) return amount;
  const quarters = resistShare(resistance, casterLevel) * 4;
  const below = <u32>quarters;
  const chance = <u32>((quarters - <f32>below) * 10000 + 0.5);
  const taken = randomBelow(10000) < chance ? below + 1 : below;
  return max<u32>(amount - (amount * taken) / 4, 1);
}
