// A player's statistics, from class and level. The figures of a class are for level 10; each level above or below adds or
// subtracts the class's gain.
//
//   Mage of level 12: 210 health + 2 * 18 = 246

import { Changed } from "../state/changes";
import { F32, U32 } from "../memory/columns";
import {
  CLASS_ARMOR,
  CLASS_BASE,
  CLASS_BLOCK,
  CLASS_BOOK,
  CLASS_CRITICAL,
  CLASS_DAMAGE_GAIN,
  CLASS_DAMAGE_MAX,
  CLASS_DAMAGE_MIN,
  CLASS_HEALTH,
  CLASS_HEALTH_GAIN,
  CLASS_MELEE_RANGE,
  CLASS_OFF_MAX,
  CLASS_OFF_MIN,
  CLASS_OFF_TICKS,
  CLASS_POWER,
  CLASS_POWER_GAIN,
  CLASS_POWER_TYPE,
  CLASS_RESISTANCE,
  CLASS_STRIDE,
  CLASS_SWING_TICKS,
  ENTITY_ARMOR,
  ENTITY_CHANGED_FLAGS,
  ENTITY_CHANGED_HEALTH,
  ENTITY_DAMAGE_MAX,
  ENTITY_DAMAGE_MIN,
  ENTITY_KIND,
  ENTITY_LEVEL,
  ENTITY_MAX_HEALTH,
  ENTITY_MAX_POWER,
  ENTITY_MELEE_RANGE,
  ENTITY_RESISTANCE,
  ENTITY_SWING_TICKS,
  PLAYER_OFF_MAX,
  PLAYER_OFF_MIN,
  PLAYER_OFF_TICKS,
  SPELL_BASE,
  SPELL_FLAGS,
  SPELL_STRIDE,
} from "../memory/memory";
import { Row } from "../state/entity-rows";
import { POWER_ENERGY, POWER_MANA, SPELL_COMMON, Spell } from "../state/content-tables";

const BASE_LEVEL: i32 = 10;

/** Columns of the class of the player in a row. */
export class PlayerClass {
  @inline static at(player: u32): usize {
    return CLASS_BASE + U32.get(ENTITY_KIND, player) * CLASS_STRIDE;
  }
  @inline static u32(player: u32, column: u32): u32 {
    return load<u32>(PlayerClass.at(player) + column);
  }
  /** Chance of a critical swing or spell, in hundredths of a percent; 0 for a creature's spell. */
  static critical(row: u32): u32 {
    return Row.isCreature(row) ? 0 : PlayerClass.u32(row, CLASS_CRITICAL);
  }
  /** Damage removed by a block, 0 without a shield. */
  static block(row: u32): u32 {
    return Row.isCreature(row) ? 0 : PlayerClass.u32(row, CLASS_BLOCK);
  }
  /** True when the player's class has the spell (an address in the table) in its book. */
  static knows(player: u32, spell: usize): bool {
    if ((Spell.get(spell, SPELL_FLAGS) & SPELL_COMMON) != 0) return true;
    const index = <u32>(spell - SPELL_BASE) / SPELL_STRIDE;
    return ((load<u8>(PlayerClass.at(player) + CLASS_BOOK + (index >> 3)) >> (<u8>(index & 7))) & 1) != 0;
  }
}

/** Writes the columns that follow from class and level, and marks them as changed. Health and power stay the same. */
export function updateStats(row: u32): void {
  const sheet = PlayerClass.at(row);
  const levels = <i32>U32.get(ENTITY_LEVEL, row) - BASE_LEVEL;
  const damage = gained(sheet, CLASS_DAMAGE_GAIN, levels);
  const type = load<u32>(sheet + CLASS_POWER_TYPE);
  const power = type == POWER_MANA ? gained(sheet, CLASS_POWER_GAIN, levels) : 0;
  U32.set(
    ENTITY_MAX_HEALTH,
    row,
    atLeast(1, load<u32>(sheet + CLASS_HEALTH), gained(sheet, CLASS_HEALTH_GAIN, levels)),
  );
  U32.set(ENTITY_MAX_POWER, row, atLeast(0, load<u32>(sheet + CLASS_POWER), power));
  U32.set(ENTITY_ARMOR, row, load<u32>(sheet + CLASS_ARMOR));
  U32.set(ENTITY_RESISTANCE, row, load<u32>(sheet + CLASS_RESISTANCE));
  U32.set(ENTITY_SWING_TICKS, row, max<u32>(load<u32>(sheet + CLASS_SWING_TICKS), 1));
  U32.set(ENTITY_DAMAGE_MIN, row, atLeast(0, load<u32>(sheet + CLASS_DAMAGE_MIN), damage));
  U32.set(ENTITY_DAMAGE_MAX, row, atLeast(0, load<u32>(sheet + CLASS_DAMAGE_MAX), damage));
  F32.set(ENTITY_MELEE_RANGE, row, load<f32>(sheet + CLASS_MELEE_RANGE));
  U32.set(PLAYER_OFF_TICKS, row, load<u32>(sheet + CLASS_OFF_TICKS));
  U32.set(PLAYER_OFF_MIN, row, atLeast(0, load<u32>(sheet + CLASS_OFF_MIN), damage / 2));
  U32.set(PLAYER_OFF_MAX, row, atLeast(0, load<u32>(sheet + CLASS_OFF_MAX), damage / 2));
  Changed.mark(ENTITY_CHANGED_HEALTH, row);
  Changed.mark(ENTITY_CHANGED_FLAGS, row);
  Changed.self(row);
}

/** Power of a new player of this class: full, but no rage. */
export function startingPower(row: u32): u32 {
  const type = PlayerClass.u32(row, CLASS_POWER_TYPE);
  return type == POWER_MANA || type == POWER_ENERGY ? U32.get(ENTITY_MAX_POWER, row) : 0;
}

function gained(sheet: usize, column: u32, levels: i32): i32 {
  return <i32>(load<f32>(sheet + column) * <f32>levels);
}

function atLeast(least: i32, base: u32, gain: i32): u32 {
  return <u32>max<i32>(<i32>base + gain, least);
}
