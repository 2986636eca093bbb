// Writes the content into a zone's memory, as the tables of the kernel's layout: one row for each entry, in columns of u32 and
// f32.
//
//   spells[3] { id: 200, castS: 1.5 } at 20 Hz  ->  row 3 at SPELL_BASE + 3 * SPELL_STRIDE: SPELL_ID 200, SPELL_CAST_TICKS 30

import { WowsimError } from "../protocol/errors.ts";
import { DROP_COUNT_MAX, STACK_KIND_SHIFT } from "../../assembly/abi.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { AREAS, bytesOf } from "../../assembly/toolchain/layout-areas.ts";
import { ofPair } from "../../assembly/toolchain/of-pair.ts";
import { AURA_KINDS, POWER_TYPES, SCHOOLS, SPELL_EFFECTS } from "../protocol/content/content.ts";
import type { Content, CreatureTemplate, Item, PlayerClass, Spell } from "../protocol/content/content.ts";

// Flags in the tables, equal to those in assembly/state/content-tables.ts.
const SPELL_COMMON = 1;
const SPELL_AT_WILL = 2;
const TEMPLATE_FLEES = 1;
const TEMPLATE_ELITE = 2;

/** One column's value: an unsigned integer, or a float. */
type Cell = number | { f32: number };
type Row = Record<string, Cell>;

/** The rows of each table, by the table's name. */
type Tables = Readonly<Record<"SPELL" | "TEMPLATE" | "CLASS" | "ITEM", Row[]>>;
const CELL_BYTES = 4;

/** Empties all tables and writes them. Throws WowsimError("content_too_large") when the kernel has no room for the content. */
export function writeContent(
  memory: WebAssembly.Memory,
  layout: KernelLayout,
  content: Content,
  tickRateHz: number,
): void {
  const problems = contentProblems(layout, content);
  if (problems.length > 0) throw new WowsimError("content_too_large", problems.join(" "));
  for (const area of AREAS.filter(([part]) => part === "content"))
    new Uint8Array(memory.buffer, layout.value(area[1]), bytesOf(area, layout.constants)).fill(0);
  const view = new DataView(memory.buffer);
  for (const [table, rows] of Object.entries(tablesOf(content, tickRateHz))) writeTable(view, layout, table, rows);
  writeBooks(view, layout, content);
  writeDrops(view, layout, content);
  const index = layout.value("SPELL_INDEX_BASE");
  content.spells.forEach((spell, row) => view.setUint16(index + spell.id * 2, row + 1, true));
}

function tablesOf({ items, spells, creatures, classes }: Content, tickRateHz: number): Tables {
  const ticks = (seconds: number): number => Math.round(seconds * tickRateHz);
  const families = [...new Set(creatures.map(({ family }) => family))];
  return {
    SPELL: spells.map((spell) => spellRow(spell, ticks)),
    TEMPLATE: creatures.map((creature) => creatureRow(creature, families, ticks)),
    CLASS: classes.map((playerClass) => classRow(playerClass, ticks)),
    ITEM: itemRows(items),
  };
}

/** Why the content does not fit into the tables of this layout; empty when it does. Nothing may be written beside a table. */
export const contentProblems: (layout: KernelLayout, content: Content) => readonly string[] = ofPair(problemsOf);

function problemsOf(layout: KernelLayout, content: Content): string[] {
  const value = (name: string): number => layout.value(name);
  const problems = cooldownProblems(layout, content);
  for (const [table, rows] of Object.entries(tablesOf(content, 1))) {
    const room = value(CAPACITIES[table as keyof Tables]);
    if (rows.length > room)
      problems.push(
        `The content has ${rows.length} rows for ${table}; this kernel holds ${room} (${CAPACITIES[table as keyof Tables]}).`,
      );
    const fields = Object.keys(rows[0] ?? {}).map((column) => `${table}_${column}`);
    const outside = fields.filter((name) => !isInRow(value(name), CELL_BYTES, value(`${table}_STRIDE`)));
    for (const name of outside) problems.push(`${name} at ${value(name)} does not lie in a row of ${table}.`);
  }
  const bookBytes = Math.ceil(content.spells.length / 8);
  if (!isInRow(value("CLASS_BOOK"), bookBytes, value("CLASS_STRIDE")))
    problems.push(`CLASS_BOOK at ${value("CLASS_BOOK")} has no room for ${bookBytes} bytes in a row of CLASS.`);
  if (!isInRow(value("TEMPLATE_DROPS"), DROP_COUNT_MAX * CELL_BYTES, value("TEMPLATE_STRIDE")))
    problems.push(`TEMPLATE_DROPS at ${value("TEMPLATE_DROPS")} does not lie in a row of TEMPLATE.`);
  const highest = Math.max(0, ...content.spells.map(({ id }) => id));
  if (highest >= value("SPELL_IDS_MAX"))
    problems.push(
      `The content has a spell ${highest}; this kernel knows ids below ${value("SPELL_IDS_MAX")} (SPELL_IDS_MAX).`,
    );
  return problems;
}

const CAPACITIES: Readonly<Record<keyof Tables, string>> = {
  SPELL: "SPELLS_MAX",
  TEMPLATE: "TEMPLATES_MAX",
  CLASS: "CLASSES_MAX",
  ITEM: "ITEMS_MAX",
};

const isInRow = (offset: number, bytes: number, stride: number): boolean => offset >= 0 && offset + bytes <= stride;

/** The kernel would forget a cooldown for which it has no room. So it must have room for all cooldowns of a class at once. */
function cooldownProblems(layout: KernelLayout, { spells, classes }: Content): string[] {
  const room = layout.value("COOLDOWNS_MAX");
  return classes.flatMap(({ name, spells: book }) => {
    const cooling = spells.filter(({ id, common, cooldownS }) => cooldownS > 0 && (common || book.includes(id))).length;
    if (cooling <= room) return [];
    return [`Class "${name}" knows ${cooling} spells with a cooldown; this kernel keeps ${room} (COOLDOWNS_MAX).`];
  });
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

/** Writes what each creature drops: one word for each kind of item. */
function writeDrops(view: DataView, layout: KernelLayout, { creatures }: Content): void {
  const [base, stride] = [
    layout.value("TEMPLATE_BASE") + layout.value("TEMPLATE_DROPS"),
    layout.value("TEMPLATE_STRIDE"),
  ];
  creatures.forEach(({ drops }, template) => {
    drops.forEach(({ item, chancePercent, countMax }, index) => {
      const packed = (item << STACK_KIND_SHIFT) | (countMax << 16) | Math.round(chancePercent * 100);
      view.setUint32(base + template * stride + index * CELL_BYTES, packed, true);
    });
  });
}

function writeTable(view: DataView, layout: KernelLayout, table: string, rows: Row[]): void {
  const [base, stride] = [layout.value(`${table}_BASE`), layout.value(`${table}_STRIDE`)];
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
    GOLD_MIN: creature.gold[0],
    GOLD_MAX: creature.gold[1],
  };
}

/** One row for each id up to the highest; ids that no item has have a stack of 0. */
function itemRows(items: readonly Item[]): Row[] {
  const rows = Array.from({ length: Math.max(...items.map(({ id }) => id)) + 1 }, (): Row => ({ STACK: 0 }));
  for (const { id, stack } of items) rows[id] = { STACK: stack };
  return rows;
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
