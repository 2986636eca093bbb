// Reads the content files, checks them, and resolves names to numbers, so that what comes out can be trusted.
//
// A wrong file is refused with every fault it has, each named by file, entry and field:
//   creatures.toml: creature "Hogger": health: Too small: expected number to be >0

import { z } from "zod";
import { messageOf, WowsimError } from "../errors.ts";
import classesFile from "./classes.toml";
import { POWER_TYPES, SCHOOLS, SPELL_EFFECTS } from "./content.ts";
import type { Content, CreatureTemplate, PlayerClass, Spawn, Spell, World, ZoneContent } from "./content.ts";
import creaturesFile from "./creatures.toml";
import spellsFile from "./spells.toml";
import defaultWorldFile from "./worlds/default.toml";

const seconds = z.number().min(0).max(3_600);
const points = z.number().int().min(0).max(1_000_000);
const yards = z.number().min(0).max(1_000);
const coordinate = z.number().min(-2_000).max(2_000);
const name = z.string().min(1).max(60);
const pointRange = z
  .tuple([points, points])
  .refine(([min, max]) => min <= max, "the first number must not exceed the second");
const secondRange = z
  .tuple([seconds, seconds])
  .refine(([min, max]) => min <= max, "the first number must not exceed the second");

const spellSchema = z.strictObject({
  id: z.number().int().min(1).max(4_095),
  name,
  effect: z.enum(SPELL_EFFECTS),
  school: z.enum(SCHOOLS),
  cast_s: seconds.max(10),
  cooldown_s: seconds,
  gcd_s: seconds.max(1.5),
  cost: points,
  range_yd: yards.max(100),
  amount: pointRange,
  lockout_s: seconds.max(30).default(0),
});

const creatureSchema = z.strictObject({
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
});

const classSchema = z.strictObject({
  name,
  health: points.min(1),
  power: points,
  power_type: z.enum(POWER_TYPES),
  armor: points.max(20_000),
  swing_s: seconds.min(0.5).max(10),
  damage: pointRange,
  melee_range_yd: yards.max(10),
  spells: z.array(z.number().int()).max(64),
});

const zoneSchema = z.strictObject({
  id: z.number().int().min(1).max(1_000),
  name,
  creature: z
    .array(
      z.strictObject({
        kind: name,
        entity_id: z.number().int().min(1_000_001).max(1_999_999),
        x: coordinate,
        y: coordinate,
      }),
    )
    .default([]),
  pack: z
    .array(
      z.strictObject({
        kind: name,
        count: z.number().int().min(1).max(4_000),
        x: coordinate,
        y: coordinate,
        radius_yd: yards,
      }),
    )
    .default([]),
});

const worldSchema = z.strictObject({ name, zone: z.array(zoneSchema).min(1).max(64) });

/** Creatures without an entity id of their own get one from here on, counted over all zones. */
const FIRST_UNNAMED_ENTITY_ID = 1_100_001;

/**
 * The standard content with the zones of `worldFile` (TOML), or of the built-in world.
 * Throws WowsimError: "world_unreadable", or "content_invalid" with one line for each fault found.
 */
export async function loadWorld(worldFile?: string): Promise<World> {
  const content = loadContent();
  const source = worldFile ?? "worlds/default.toml";
  const parsed = check(source, worldSchema, worldFile === undefined ? defaultWorldFile : await readToml(worldFile));
  return { name: parsed.name, zones: resolveZones(source, parsed, content), content };
}

/** Spells, creature kinds and classes, checked against each other. Throws WowsimError("content_invalid"). */
export function loadContent(): Content {
  const spells = entries("spells.toml", "spell", spellSchema, spellsFile).map(toSpell);
  const creatures = entries("creatures.toml", "creature", creatureSchema, creaturesFile).map(toCreature);
  const classes = entries("classes.toml", "class", classSchema, classesFile).map(toClass);
  const known = new Set(spells.map((spell) => spell.id));
  const faults: string[] = [];
  if (known.size !== spells.length) faults.push("spells.toml: two spells have the same id");
  for (const { name: kind, spellId } of creatures) {
    if (spellId !== 0 && !known.has(spellId))
      faults.push(`creatures.toml: creature "${kind}": spell_id: no spell ${spellId} in spells.toml`);
  }
  for (const { name: className, spells: spellIds } of classes) {
    for (const id of spellIds)
      if (!known.has(id)) faults.push(`classes.toml: class "${className}": spells: no spell ${id} in spells.toml`);
  }
  refuse(faults);
  return { spells, creatures, classes };
}

function resolveZones(source: string, world: z.infer<typeof worldSchema>, content: Content): ZoneContent[] {
  const faults: string[] = [];
  const ids = new Set<number>();
  const entityIds = new Set<number>();
  let nextEntityId = FIRST_UNNAMED_ENTITY_ID;
  const zones = world.zone.map((zone): ZoneContent => {
    const where = `${source}: zone "${zone.name}"`;
    if (ids.has(zone.id)) faults.push(`${where}: id: another zone has the id ${zone.id} already`);
    ids.add(zone.id);
    const templateOf = (kind: string): number => {
      const index = content.creatures.findIndex((creature) => creature.name === kind);
      if (index < 0) faults.push(`${where}: kind: no creature "${kind}" in creatures.toml`);
      return index;
    };
    const spawns: Spawn[] = [];
    for (const { kind, entity_id, x, y } of zone.creature) {
      if (entityIds.has(entity_id)) faults.push(`${where}: entity_id: ${entity_id} is taken`);
      entityIds.add(entity_id);
      spawns.push({ entityId: entity_id, template: templateOf(kind), x, y, z: 0 });
    }
    for (const pack of zone.pack) {
      const template = templateOf(pack.kind);
      for (let i = 0; i < pack.count; i++) {
        const angle = (2 * Math.PI * i) / pack.count;
        const x = pack.x + pack.radius_yd * Math.cos(angle);
        spawns.push({ entityId: nextEntityId++, template, x, y: pack.y + pack.radius_yd * Math.sin(angle), z: 0 });
      }
    }
    return { id: zone.id, name: zone.name, spawns };
  });
  refuse(faults);
  return zones;
}

async function readToml(path: string): Promise<unknown> {
  try {
    return Bun.TOML.parse(await Bun.file(path).text());
  } catch (cause) {
    throw new WowsimError(
      "world_unreadable",
      `Cannot read the world file ${path}: ${messageOf(cause)}. Give a TOML file with --world.`,
      {
        cause,
      },
    );
  }
}

function entries<T>(file: string, key: string, schema: z.ZodType<T>, data: unknown): T[] {
  return check(file, z.strictObject({ [key]: z.array(schema).min(1) }), data)[key] ?? [];
}

function check<T>(file: string, schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  refuse(result.error.issues.map((issue) => `${file}: ${place(data, issue.path)}${issue.message}`));
  throw result.error;
}

/** Where a fault is, in the file's own words: `creature "Hogger": health: `. */
function place(data: unknown, path: PropertyKey[]): string {
  let text = "";
  let value: unknown = data;
  for (const key of path) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
    const entryName = typeof value === "object" && value !== null ? Reflect.get(value, "name") : undefined;
    if (typeof key === "number") text += typeof entryName === "string" ? `"${entryName}": ` : `number ${key + 1}: `;
    else
      text +=
        typeof value === "object" && Array.isArray(value) && typeof value[0] === "object"
          ? `${String(key)} `
          : `${String(key)}: `;
  }
  return text;
}

function refuse(faults: string[]): void {
  if (faults.length > 0)
    throw new WowsimError(
      "content_invalid",
      `The game content has ${faults.length} fault(s):\n  ${faults.join("\n  ")}`,
    );
}

function toSpell(row: z.infer<typeof spellSchema>): Spell {
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
  };
}

function toCreature(row: z.infer<typeof creatureSchema>): CreatureTemplate {
  const { name: label, level, health, damage, armor } = row;
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
  };
}

function toClass(row: z.infer<typeof classSchema>): PlayerClass {
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
  };
}
