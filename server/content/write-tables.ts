// Puts the content into a zone's memory, as the tables of the kernel's layout: one row an entry, u32 and f32 columns.
//
//   spells[3] { id: 200, castS: 1.5 } at 20 Hz  ->  row 3 at SPELL_BASE + 3 * SPELL_STRIDE: SPELL_ID 200, SPELL_CAST_TICKS 30

import { WowsimError } from "../errors.ts";
import type { KernelLayout } from "../kernel/kernel.ts";
import { POWER_TYPES, SCHOOLS, SPELL_EFFECTS } from "./content.ts";
import type { Content, CreatureTemplate, PlayerClass, Spell } from "./content.ts";

/** One column's value: an unsigned integer, or a float. */
type Cell = number | { f32: number };
type Row = Record<string, Cell>;

/** Writes all tables. Throws WowsimError("content_too_large") when a table has more entries than the kernel has rows. */
export function writeContent(
  memory: WebAssembly.Memory,
  layout: KernelLayout,
  content: Content,
  tickRateHz: number,
): void {
  const view = new DataView(memory.buffer);
  const ticks = (seconds: number): number => Math.round(seconds * tickRateHz);
  writeTable(
    view,
    layout,
    "SPELL",
    "SPELLS_MAX",
    content.spells.map((spell) => spellRow(spell, ticks)),
  );
  writeTable(
    view,
    layout,
    "TEMPLATE",
    "TEMPLATES_MAX",
    content.creatures.map((creature) => creatureRow(creature, ticks)),
  );
  writeTable(
    view,
    layout,
    "CLASS",
    "CLASSES_MAX",
    content.classes.map((playerClass) => classRow(playerClass, ticks)),
  );
  const index = layout.value("SPELL_INDEX_BASE");
  content.spells.forEach((spell, row) => view.setUint16(index + spell.id * 2, row + 1, true));
}

function writeTable(view: DataView, layout: KernelLayout, table: string, capacityName: string, rows: Row[]): void {
  const base = layout.value(`${table}_BASE`);
  const stride = layout.value(`${table}_STRIDE`);
  const rowsMax = layout.value(capacityName);
  if (rows.length > rowsMax) {
    throw new WowsimError(
      "content_too_large",
      `The content has ${rows.length} rows for ${table}; this kernel holds ${rowsMax} (${capacityName}).`,
    );
  }
  rows.forEach((row, index) => {
    for (const [column, cell] of Object.entries(row)) {
      const address = base + index * stride + layout.value(`${table}_${column}`);
      if (typeof cell === "number") view.setUint32(address, cell, true);
      else view.setFloat32(address, cell.f32, true);
    }
  });
}

function spellRow(spell: Spell, ticks: (seconds: number) => number): Row {
  return {
    ID: spell.id,
    EFFECT: SPELL_EFFECTS.indexOf(spell.effect),
    SCHOOL: SCHOOLS.indexOf(spell.school),
    CAST_TICKS: ticks(spell.castS),
    COOLDOWN_TICKS: ticks(spell.cooldownS),
    GCD_TICKS: ticks(spell.gcdS),
    COST: spell.cost,
    RANGE: { f32: spell.rangeYd },
    AMOUNT_MIN: spell.amount[0],
    AMOUNT_MAX: spell.amount[1],
    LOCKOUT_TICKS: ticks(spell.lockoutS),
  };
}

function creatureRow(creature: CreatureTemplate, ticks: (seconds: number) => number): Row {
  return {
    LEVEL: creature.level,
    HEALTH: creature.health,
    DAMAGE_MIN: creature.damage[0],
    DAMAGE_MAX: creature.damage[1],
    SWING_TICKS: ticks(creature.swingS),
    ARMOR: creature.armor,
    SPEED: { f32: creature.speedYdS },
    AGGRO_RADIUS: { f32: creature.aggroRadiusYd },
    ROAM_RADIUS: { f32: creature.roamRadiusYd },
    RESPAWN_MIN_TICKS: ticks(creature.respawnS[0]),
    RESPAWN_MAX_TICKS: ticks(creature.respawnS[1]),
    CORPSE_TICKS: ticks(creature.corpseS),
    SPELL: creature.spellId,
  };
}

function classRow(playerClass: PlayerClass, ticks: (seconds: number) => number): Row {
  return {
    HEALTH: playerClass.health,
    POWER: playerClass.power,
    POWER_TYPE: POWER_TYPES.indexOf(playerClass.powerType),
    ARMOR: playerClass.armor,
    SWING_TICKS: ticks(playerClass.swingS),
    DAMAGE_MIN: playerClass.damage[0],
    DAMAGE_MAX: playerClass.damage[1],
    MELEE_RANGE: { f32: playerClass.meleeRangeYd },
  };
}
