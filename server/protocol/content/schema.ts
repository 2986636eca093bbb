// The schema of the entries in items.toml, spells.toml, creatures.toml and classes.toml, and their conversion. Each field has its
// limits here; load.ts checks entries against each other.
//
//   [[spell]] cast_s = 1.5, amount = [31, 45]   →   { castS: 1.5, amount: [31, 45], ... }

import { z } from "zod";
import { DROP_COUNT_MAX, ITEM_COUNT_MAX, STACK_COUNT_MASK } from "../../../assembly/abi.ts";
import { entryOf } from "../assert.ts";
import { AURA_KINDS, POWER_TYPES, SCHOOLS, SPELL_EFFECTS } from "./content.ts";
import type { AuraContent, CreatureTemplate, PlayerClass, Spell } from "./content.ts";

const seconds = z.number().min(0).max(3_600);
const points = z.number().int().min(0).max(1_000_000);
export const yards = z.number().min(0).max(1_000);
export const coordinate = z.number().min(-2_000).max(2_000);
export const name = z.string().min(1).max(60);
const pointRange = z
  .tuple([points, points])
  .refine(([min, max]) => min <= max, "the first number must not exceed the second");
const secondRange = z
  .tuple([seconds, seconds])
  .refine(([min, max]) => min <= max, "the first number must not exceed the second");

const auraSchema = z.strictObject({
  kind: z.enum(AURA_KINDS).exclude(["none"]),
  duration_s: seconds.min(0.1),
  period_s: seconds.default(0),
  amount: pointRange.default([0, 0]),
  stacks: z.number().int().min(1).max(20).default(1),
});

export const spellSchema = z.strictObject({
  id: z.number().int().min(1).max(4_095),
  name,
  effect: z.enum(SPELL_EFFECTS),
  school: z.enum(SCHOOLS),
  cast_s: seconds.max(10),
  cooldown_s: seconds,
  gcd_s: seconds.max(1.5),
  cost: points.default(0),
  power: z.enum(POWER_TYPES).default("mana"),
  range_yd: yards.max(100),
  amount: pointRange.default([0, 0]),
  lockout_s: seconds.max(30).default(0),
  common: z.boolean().default(false),
  guests_at_will: z.boolean().default(false),
  area_yd: yards.max(33).default(0),
  channel_s: seconds.max(30).default(0),
  channel_period_s: seconds.max(30).default(0),
  threat: z.number().min(0).max(1_000).default(0),
  aura: auraSchema.optional(),
});

export const itemSchema = z.strictObject({
  id: z
    .number()
    .int()
    .min(0)
    .max(ITEM_COUNT_MAX - 1),
  name,
  stack: z.number().int().min(1).max(STACK_COUNT_MASK),
});

const dropSchema = z.strictObject({
  item: name,
  chance_percent: z.number().min(0.01).max(100),
  count_max: z.number().int().min(1).max(255).default(1),
});

export const creatureSchema = z.strictObject({
  name,
  level: z.number().int().min(1).max(63),
  health: points.min(1),
  damage: pointRange,
  swing_s: seconds.min(0.5).max(10),
  armor: points.max(20_000),
  speed_yd_s: z.number().min(0).max(20),
  aggro_radius_yd: yards.max(45).default(0),
  roam_radius_yd: yards.max(100),
  respawn_s: secondRange,
  corpse_s: seconds,
  spell_id: z.number().int().min(0).max(4_095).default(0),
  resistance: points.max(1_000).default(0),
  family: name.optional(),
  flees: z.boolean().default(false),
  elite: z.boolean().default(false),
  gold: pointRange.default([0, 0]),
  drops: z.array(dropSchema).max(DROP_COUNT_MAX).default([]),
});

export const classSchema = z.strictObject({
  name,
  health: points.min(1),
  power: points,
  power_type: z.enum(POWER_TYPES),
  armor: points.max(20_000),
  swing_s: seconds.min(0.5).max(10),
  damage: pointRange,
  melee_range_yd: yards.max(10),
  spells: z.array(z.number().int()).max(64),
  resistance: points.max(1_000).default(0),
  critical_percent: z.number().min(0).max(100).default(5),
  threat_factor: z.number().min(0).max(10).default(1),
  block: points.max(1_000).default(0),
  off_hand: z.strictObject({ damage: pointRange, swing_s: seconds.min(0.5).max(10) }).optional(),
  health_per_level: z.number().min(0).max(1_000).default(0),
  power_per_level: z.number().min(0).max(1_000).default(0),
  damage_per_level: z.number().min(0).max(100).default(0),
});

export function toSpell(row: z.infer<typeof spellSchema>): Spell {
  const { id, name: label, effect, school, cost, amount } = row;
  return {
    id,
    name: label,
    effect,
    school,
    cost,
    amount,
    castS: row.cast_s,
    cooldownS: row.cooldown_s,
    gcdS: row.gcd_s,
    rangeYd: row.range_yd,
    lockoutS: row.lockout_s,
    powerType: row.power,
    common: row.common,
    guestsAtWill: row.guests_at_will,
    areaYd: row.area_yd,
    channelS: row.channel_s,
    channelPeriodS: row.channel_period_s,
    threat: row.threat,
    aura: row.aura === undefined ? null : toAura(row.aura),
  };
}

function toAura({ kind, duration_s, period_s, amount, stacks }: z.infer<typeof auraSchema>): AuraContent {
  return { kind, durationS: duration_s, periodS: period_s, amount, stacks };
}

/** `itemIds`: by name; load.ts has checked that each drop is in it. */
export function toCreature(
  row: z.infer<typeof creatureSchema>,
  itemIds: ReadonlyMap<string, number>,
): CreatureTemplate {
  const { name: label, level, health, damage, armor, gold } = row;
  return {
    name: label,
    level,
    health,
    damage,
    armor,
    swingS: row.swing_s,
    speedYdS: row.speed_yd_s,
    aggroRadiusYd: row.aggro_radius_yd,
    roamRadiusYd: row.roam_radius_yd,
    respawnS: row.respawn_s,
    corpseS: row.corpse_s,
    spellId: row.spell_id,
    resistance: row.resistance,
    family: row.family ?? label,
    flees: row.flees,
    elite: row.elite,
    gold,
    drops: row.drops.map((drop) => ({
      item: entryOf(itemIds, drop.item),
      chancePercent: drop.chance_percent,
      countMax: drop.count_max,
    })),
  };
}

export function toClass(row: z.infer<typeof classSchema>): PlayerClass {
  const { name: label, health, power, armor, damage, spells } = row;
  return {
    name: label,
    health,
    power,
    armor,
    damage,
    spells,
    powerType: row.power_type,
    swingS: row.swing_s,
    meleeRangeYd: row.melee_range_yd,
    resistance: row.resistance,
    criticalPercent: row.critical_percent,
    threatFactor: row.threat_factor,
    block: row.block,
    offHand: row.off_hand === undefined ? null : { damage: row.off_hand.damage, swingS: row.off_hand.swing_s },
    healthGain: row.health_per_level,
    powerGain: row.power_per_level,
    damageGain: row.damage_per_level,
  };
}
