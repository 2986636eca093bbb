// Memory map, second part: the content tables. The host writes them before the first tick. Their rows hold u32 and f32 values.
//
//   spell 200 has index 17:   SPELL_INDEX_BASE + 200 * 2 holds 17 + 1; its cost is the u32 at SPELL_BASE + 17 * 96 + SPELL_COST

import { CLASSES_MAX, SPELLS_MAX, SPELL_IDS_MAX, TEMPLATES_MAX } from "./capacities";
import { HEADER_END } from "./header";

export const SPELL_BASE: usize = HEADER_END;
export const SPELL_STRIDE: u32 = 96;
export const SPELL_ID: u32 = 0;
/** EFFECT_*: state/content-tables.ts. */
export const SPELL_EFFECT: u32 = 4;
/** 0 physical, 1 holy, 2 fire, 3 nature, 4 frost, 5 shadow, 6 arcane. */
export const SPELL_SCHOOL: u32 = 8;
export const SPELL_CAST_TICKS: u32 = 12;
export const SPELL_COOLDOWN_TICKS: u32 = 16;
export const SPELL_GCD_TICKS: u32 = 20;
export const SPELL_COST: u32 = 24;
/** 0 mana, 1 rage, 2 energy. */
export const SPELL_POWER_TYPE: u32 = 28;
/** f32, yards. */
export const SPELL_RANGE: u32 = 32;
export const SPELL_AMOUNT_MIN: u32 = 36;
export const SPELL_AMOUNT_MAX: u32 = 40;
/** How many ticks an interrupted school stays locked. */
export const SPELL_LOCKOUT_TICKS: u32 = 44;
/** Flags SPELL_*: state/content-tables.ts. */
export const SPELL_FLAGS: u32 = 48;
/** AURA_*: state/content-tables.ts; 0 = the spell leaves no aura. */
export const SPELL_AURA_KIND: u32 = 52;
export const SPELL_AURA_TICKS: u32 = 56;
/** Ticks between two periodic effects, 0 = no periodic effect. */
export const SPELL_AURA_PERIOD: u32 = 60;
/** Damage or healing of each effect, the damage it absorbs, or the percentage by which it slows. */
export const SPELL_AURA_MIN: u32 = 64;
export const SPELL_AURA_MAX: u32 = 68;
/** Stacks that one caster may have on one target. */
export const SPELL_AURA_STACKS: u32 = 72;
/** f32, radius in yards around the target, or around the caster when the range is 0; 0 = the target alone. */
export const SPELL_AREA: u32 = 76;
/** A channel lasts SPELL_CHANNEL_TICKS and takes effect every SPELL_CHANNEL_PERIOD ticks; 0 = not a channel. */
export const SPELL_CHANNEL_TICKS: u32 = 80;
export const SPELL_CHANNEL_PERIOD: u32 = 84;
/** f32: threat in addition to the damage; for a stance, the factor on all threat. */
export const SPELL_THREAT: u32 = 88;

/** u16 by spell id: the spell's row + 1, 0 = unknown. */
export const SPELL_INDEX_BASE: usize = SPELL_BASE + SPELL_STRIDE * SPELLS_MAX;

export const TEMPLATE_BASE: usize = SPELL_INDEX_BASE + SPELL_IDS_MAX * 2;
export const TEMPLATE_STRIDE: u32 = 96;
export const TEMPLATE_LEVEL: u32 = 0;
export const TEMPLATE_HEALTH: u32 = 4;
export const TEMPLATE_DAMAGE_MIN: u32 = 8;
export const TEMPLATE_DAMAGE_MAX: u32 = 12;
export const TEMPLATE_SWING_TICKS: u32 = 16;
export const TEMPLATE_ARMOR: u32 = 20;
/** f32, yards a second. */
export const TEMPLATE_SPEED: u32 = 24;
/** f32, yards; 0 = computed from the level. */
export const TEMPLATE_AGGRO_RADIUS: u32 = 28;
/** f32, yards around the spawn point. */
export const TEMPLATE_ROAM_RADIUS: u32 = 32;
export const TEMPLATE_RESPAWN_MIN_TICKS: u32 = 36;
export const TEMPLATE_RESPAWN_MAX_TICKS: u32 = 40;
export const TEMPLATE_CORPSE_TICKS: u32 = 44;
/** Spell id, 0 = none. */
export const TEMPLATE_SPELL: u32 = 48;
export const TEMPLATE_FLAGS: u32 = 52;
/** Against every school of magic. */
export const TEMPLATE_RESISTANCE: u32 = 56;
/** Creatures of one family help each other. */
export const TEMPLATE_FAMILY: u32 = 60;
/** Gold that a killed creature gives, in all. */
export const TEMPLATE_GOLD_MIN: u32 = 64;
export const TEMPLATE_GOLD_MAX: u32 = 68;
/** u32[DROP_COUNT_MAX]: item kind << 24 | most pieces << 16 | chance in hundredths of a percent; 0 = none. */
export const TEMPLATE_DROPS: u32 = 72;

export const CLASS_BASE: usize = TEMPLATE_BASE + TEMPLATE_STRIDE * TEMPLATES_MAX;
export const CLASS_STRIDE: u32 = 128;
export const CLASS_HEALTH: u32 = 0;
export const CLASS_POWER: u32 = 4;
/** 0 mana, 1 rage, 2 energy. */
export const CLASS_POWER_TYPE: u32 = 8;
export const CLASS_ARMOR: u32 = 12;
export const CLASS_SWING_TICKS: u32 = 16;
export const CLASS_DAMAGE_MIN: u32 = 20;
export const CLASS_DAMAGE_MAX: u32 = 24;
/** f32, yards. */
export const CLASS_MELEE_RANGE: u32 = 28;
/** Against every school of magic. */
export const CLASS_RESISTANCE: u32 = 32;
/** f32: factor on all threat. */
export const CLASS_THREAT_FACTOR: u32 = 36;
/** Damage that a block takes off a hit, 0 = no shield. */
export const CLASS_BLOCK: u32 = 40;
/** Off-hand weapon; ticks 0 = none. */
export const CLASS_OFF_TICKS: u32 = 44;
export const CLASS_OFF_MIN: u32 = 48;
export const CLASS_OFF_MAX: u32 = 52;
/** f32, what each level adds to the values above. Those are the values of level SHEET_LEVEL (combat/stats.ts). */
export const CLASS_HEALTH_GAIN: u32 = 56;
export const CLASS_POWER_GAIN: u32 = 60;
export const CLASS_DAMAGE_GAIN: u32 = 64;
/** Chance of a critical swing or spell, in hundredths of a percent. */
export const CLASS_CRITICAL: u32 = 68;
/** One bit for each spell, by its row: the spells that the class knows. */
export const CLASS_BOOK: u32 = 96;

/** By kind of item, from gold, kind 0, on. */
export const ITEM_BASE: usize = CLASS_BASE + CLASS_STRIDE * CLASSES_MAX;
export const ITEM_STRIDE: u32 = 4;
/** Most pieces in a stack, 0 = there is no such item. */
export const ITEM_STACK: u32 = 0;
