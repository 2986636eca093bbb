// Writes the content into a zone's memory, as the tables of the kernel's layout: one row for each entry, in columns of u32 and
// f32.
//
//   spells[3] { id: 200, castS: 1.5 } at 20 Hz  ->  row 3 at SPELL_BASE + 3 * SPELL_STRIDE: SPELL_ID 200, SPELL_CAST_TICKS 30

import { WowsimError } from "../protocol/errors.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { AURA_KINDS, POWER_TYPES, SCHOOLS, SPELL_EFFECTS } from "../protocol/content/content.ts";
import type { Content, CreatureTemplate, PlayerClass, Spell } from "../protocol/content/content.ts";

// Flags in the tables, equal to those in assembly/state/content-tables.ts.
const SPELL_COMMON = 1;
const SPELL_AT_WILL = 2;
const TEMPLATE_FLEES = 1;
const TEMPLATE_ELITE = 2;

/** One column's value: an unsigned integer, or a float. */
type Cell = number | { f32: number };
type Row = Record<string, Cell>;

/** Writes all tables. Throws WowsimError("content_too_large") when a table has more entries than the kernel has room for. */
export function writeContent(
  memory: WebAssembly.Memory,
  layout: KernelLayout,
  content: Content,
  tickRateHz: number,
): void {
  checkCooldowns(layout, content);
  const view = new DataView(memory.buffer);
  const ticks = (seconds: number): number => Math.round(seconds * tickRateHz);
  const families = [...new Set(content.creatures.map(({ family }) => family))];
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
    content.creatures.map((creature) => creatureRow(creature, families, ticks)),
  );
  writeTable(
    view,
    layout,
    "CLASS",
    "CLASSES_MAX",
    content.classes.map((playerClass) => classRow(playerClass, ticks)),
  );
  writeBooks(view, layout, content);
  const index = layout.value("SPELL_INDEX_BASE");
  content.spells.forEach((spell, row) => view.setUint16(index + spell.id * 2, row + 1, true));
}

/** The kernel would forget a cooldown for which it has no room. So it must have room for all cooldowns of a class at once. */
function checkCooldowns(layout: KernelLayout, { spells, classes }: Content): void {
  const room = layout.value("COOLDOWNS_MAX");
  for (const { name, spells: book } of classes) {
    const cooling = spells.filter(({ id, common, cooldownS }) => cooldownS > 0 && (common || book.includes(id))).length;
    if (cooling <= room) continue;
    throw new WowsimError(
      "content_too_large",
      `Class "${name}" knows ${cooling} spells with a cooldown; this kernel keeps ${room} (COOLDOWNS_MAX).`,
    );
  }
}

/** Writes which spells each class has: one bit for each row of the spell table. */
function writeBooks(view: DataView, layout: KernelLayout, { spells, classes }: Content): void {
  classes.forEach((playerClass, classIndex) => {
    const book = layout.value("CLASS_BASE") + classIndex * layout.value("CLASS_STRIDE") + layout.value("CLASS_BOOK");
    spells.forEach(({ id }, row) => {
      if (!playerClass.spells.includes(id)) return;
      const at = book + (row >> 3);
      view.setUint8(at, view.getUint8(at) | (1 << (row & 7)));
    });
  });
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
    POWER_TYPE: POWER_TYPES.indexOf(spell.powerType),
    FLAGS: (spell.common ? SPELL_COMMON : 0) | (spell.guestsAtWill ? SPELL_AT_WILL : 0),
    AURA_KIND: AURA_KINDS.indexOf(spell.aura?.kind ?? "none"),
    AURA_TICKS: ticks(spell.aura?.durationS ?? 0),
    AURA_PERIOD: ticks(spell.aura?.periodS ?? 0),
    AURA_MIN: spell.aura?.amount[0] ?? 0,
    AURA_MAX: spell.aura?.amount[1] ?? 0,
    AURA_STACKS: spell.aura?.stacks ?? 0,
    AREA: { f32: spell.areaYd },
    CHANNEL_TICKS: ticks(spell.channelS),
    CHANNEL_PERIOD: ticks(spell.channelPeriodS),
    THREAT: { f32: spell.threat },
  };
}

function creatureRow(creature: CreatureTemplate, families: string[], ticks: (seconds: number) => number): Row {
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
    RESISTANCE: creature.resistance,
    FAMILY: families.indexOf(creature.family) + 1,
    FLAGS: (creature.flees ? TEMPLATE_FLEES : 0) | (creature.elite ? TEMPLATE_ELITE : 0),
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
    RESISTANCE: playerClass.resistance,
    THREAT_FACTOR: { f32: playerClass.threatFactor },
    BLOCK: playerClass.block,
    OFF_TICKS: ticks(playerClass.offHand?.swingS ?? 0),
    OFF_MIN: playerClass.offHand?.damage[0] ?? 0,
    OFF_MAX: playerClass.offHand?.damage[1] ?? 0,
    HEALTH_GAIN: { f32: playerClass.healthGain },
    POWER_GAIN: { f32: playerClass.powerGain },
    DAMAGE_GAIN: { f32: playerClass.damageGain },
    CRITICAL: Math.round(playerClass.criticalPercent * 100),
  };
}
