// The content tables the host wrote: spells by id.

import { U16, U32 } from "./columns";
import { SPELL_BASE, SPELL_IDS_MAX, SPELL_INDEX_BASE, SPELL_STRIDE, SPELLS_MAX } from "./memory";

export const POWER_MANA: u32 = 0;
export const POWER_RAGE: u32 = 1;
export const POWER_ENERGY: u32 = 2;

export const EFFECT_NONE: u32 = 0;
export const EFFECT_DAMAGE: u32 = 1;
export const EFFECT_HEAL: u32 = 2;
export const EFFECT_INTERRUPT: u32 = 3;

export const SCHOOL_PHYSICAL: u32 = 0;

/** Address of a spell's row, 0 for an id that is not in the book. */
export function spellOf(id: u32): usize {
  if (id >= SPELL_IDS_MAX) return 0;
  const index = U16.get(SPELL_INDEX_BASE, id);
  if (index == 0 || index > SPELLS_MAX) return 0;
  return SPELL_BASE + (index - 1) * SPELL_STRIDE;
}
