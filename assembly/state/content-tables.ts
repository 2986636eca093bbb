// The content tables that the host writes: spells by id, templates by creature, classes by player.

import { F32, U16, U32 } from "../memory/columns";
import {
  CLASS_BASE,
  CLASS_POWER_TYPE,
  CLASS_STRIDE,
  ENTITY_KIND,
  SPELLS_MAX,
  SPELL_BASE,
  SPELL_EFFECT,
  SPELL_IDS_MAX,
  SPELL_INDEX_BASE,
  SPELL_STRIDE,
  TEMPLATE_BASE,
  TEMPLATE_STRIDE,
} from "../memory/memory";

export const POWER_MANA: u32 = 0;
export const POWER_RAGE: u32 = 1;
export const POWER_ENERGY: u32 = 2;

export const EFFECT_NONE: u32 = 0;
export const EFFECT_DAMAGE: u32 = 1;
export const EFFECT_HEAL: u32 = 2;
export const EFFECT_INTERRUPT: u32 = 3;
export const EFFECT_TAUNT: u32 = 4;
/** Only applies the spell's aura: EFFECT_HARM on an enemy, EFFECT_HELP on a friend. */
export const EFFECT_HARM: u32 = 5;
export const EFFECT_HELP: u32 = 6;
/** Gives its caster power. */
export const EFFECT_POWER: u32 = 7;
/** Sets its caster's threat factor. */
export const EFFECT_STANCE: u32 = 8;

export const AURA_DAMAGE: u32 = 1;
export const AURA_HEAL: u32 = 2;
export const AURA_ABSORB: u32 = 3;
export const AURA_SLOW: u32 = 4;
export const AURA_STUN: u32 = 5;
export const AURA_SILENCE: u32 = 6;
export const AURA_ROOT: u32 = 7;

/** Bit of SPELL_FLAGS: every class has the spell in its book. */
export const SPELL_COMMON: u32 = 1;
/** Guests cast it at once, free, with no cooldown except the global one. */
export const SPELL_AT_WILL: u32 = 2;

/** Bit of TEMPLATE_FLAGS. */
export const TEMPLATE_FLEES: u32 = 1;
export const TEMPLATE_ELITE: u32 = 2;

export const SCHOOL_PHYSICAL: u32 = 0;

/** Address of a spell's row, 0 for an unknown id. */
export function spellOf(id: u32): usize {
  if (id >= SPELL_IDS_MAX) return 0;
  const index = U16.get(SPELL_INDEX_BASE, id);
  if (index == 0 || index > SPELLS_MAX) return 0;
  return SPELL_BASE + (index - 1) * SPELL_STRIDE;
}

/** A u32 column of a spell's row, 0 when the address is 0 (an unknown spell). */
export class Spell {
  @inline static get(spell: usize, column: u32): u32 {
    return spell == 0 ? 0 : load<u32>(spell + column);
  }
  /** An f32 column of a known spell's row. */
  @inline static float(spell: usize, column: u32): f32 {
    return load<f32>(spell + column);
  }
  /** True for a spell that is cast at enemies. */
  static isHarmful(spell: usize): bool {
    const effect = Spell.get(spell, SPELL_EFFECT);
    return effect == EFFECT_DAMAGE || effect == EFFECT_INTERRUPT || effect == EFFECT_TAUNT || effect == EFFECT_HARM;
  }
}

/** Columns of the template of the creature in a row. */
export class Template {
  @inline static at(row: u32): usize {
    return TEMPLATE_BASE + U32.get(ENTITY_KIND, row) * TEMPLATE_STRIDE;
  }
  @inline static u32(row: u32, column: u32): u32 {
    return U32.get(Template.at(row) + column, 0);
  }
  @inline static f32(row: u32, column: u32): f32 {
    return F32.get(Template.at(row) + column, 0);
  }
}

/** POWER_* of the player in a row. */
export function powerTypeOf(player: u32): u32 {
  return load<u32>(CLASS_BASE + U32.get(ENTITY_KIND, player) * CLASS_STRIDE + CLASS_POWER_TYPE);
}
