// Reads the content files, checks them, and resolves names to numbers, so that the rest of the server can trust the content.
//
// A wrong file is refused with all its mistakes, each with file, entry and field:
//   creatures.toml: creature "Hogger": health: Too small: expected number to be >0

import { z } from "zod";
import { ITEM_GOLD } from "../../../assembly/abi.ts";
import { messageOf, WowsimError } from "../errors.ts";
import { parseText } from "../text-data.ts";
import classesFile from "./classes.toml";
import type { Content, Item, PlayerClass, Portal, Spawn, Spell, World, ZoneContent } from "./content.ts";
import creaturesFile from "./creatures.toml";
import itemsFile from "./items.toml";
import {
  classSchema,
  coordinate,
  creatureSchema,
  itemSchema,
  name,
  spellSchema,
  toClass,
  toCreature,
  toSpell,
  yards,
} from "./schema.ts";
import spellsFile from "./spells.toml";
import defaultWorldFile from "./worlds/default.toml";

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
  portal: z
    .array(
      z.strictObject({
        to: z.number().int().min(1).max(1_000),
        x: coordinate,
        y: coordinate,
        radius_yd: yards.min(0.5).max(50),
        exit_x: coordinate,
        exit_y: coordinate,
      }),
    )
    .default([]),
});

const worldSchema = z.strictObject({ name, zone: z.array(zoneSchema).min(1).max(64) });

/** The shortest global cooldown, seconds. */
const GCD_S_MIN = 1;

/** First entity id of creatures that have none in the file; counted over all zones. */
const FIRST_UNNAMED_ENTITY_ID = 1_100_001;

/**
 * The standard content with the zones of `worldFile` (TOML), or of the built-in world.
 * Throws WowsimError: "world_unreadable", or "content_invalid" with one line for each mistake.
 */
export async function loadWorld(worldFile?: string): Promise<World> {
  const content = loadContent();
  const source = worldFile ?? "worlds/default.toml";
  const parsed = check(source, worldSchema, worldFile === undefined ? defaultWorldFile : await readToml(worldFile));
  return { name: parsed.name, zones: resolveZones(source, parsed, content), content };
}

/** The standard content. Throws WowsimError("content_invalid"). */
export function loadContent(): Content {
  return contentOf({ items: itemsFile, spells: spellsFile, creatures: creaturesFile, classes: classesFile });
}

interface ContentFiles {
  items: unknown;
  spells: unknown;
  creatures: unknown;
  classes: unknown;
}

/** Items, spells, creature kinds and classes from parsed files, checked against each other. Throws WowsimError("content_invalid"). */
export function contentOf(files: ContentFiles): Content {
  const items = entries("items.toml", "item", itemSchema, files.items);
  const spells = entries("spells.toml", "spell", spellSchema, files.spells).map(toSpell);
  const kinds = entries("creatures.toml", "creature", creatureSchema, files.creatures);
  const classes = entries("classes.toml", "class", classSchema, files.classes).map(toClass);
  const known = new Map(spells.map((spell) => [spell.id, spell]));
  const itemIds = new Map(items.map((item) => [item.name, item.id]));
  const faults = itemFaults(items);
  if (known.size !== spells.length) faults.push("spells.toml: two spells have the same id");
  for (const spell of spells)
    faults.push(...faultsOf(spell).map((fault) => `spells.toml: spell "${spell.name}": ${fault}`));
  for (const { name: kind, spell_id, drops } of kinds) {
    if (spell_id !== 0 && !known.has(spell_id))
      faults.push(`creatures.toml: creature "${kind}": spell_id: no spell ${spell_id} in spells.toml`);
    for (const { item } of drops.filter((drop) => !itemIds.has(drop.item)))
      faults.push(`creatures.toml: creature "${kind}": drops: item: no item "${item}" in items.toml`);
  }
  for (const playerClass of classes) {
    for (const id of playerClass.spells) {
      const fault = bookFault(playerClass, id, known.get(id));
      if (fault !== null) faults.push(`classes.toml: class "${playerClass.name}": spells: ${fault}`);
    }
  }
  refuse(faults);
  return { items, spells, creatures: kinds.map((kind) => toCreature(kind, itemIds)), classes };
}

function itemFaults(items: readonly Item[]): string[] {
  const faults: string[] = [];
  if (new Set(items.map(({ id }) => id)).size !== items.length) faults.push("items.toml: two items have the same id");
  if (new Set(items.map((item) => item.name)).size !== items.length)
    faults.push("items.toml: two items have the same name");
  if (!items.some(({ id }) => id === ITEM_GOLD))
    faults.push(`items.toml: no item has the id ${ITEM_GOLD}, which is gold`);
  return faults;
}

/** Mistakes that no schema finds: fields that contradict each other. */
function faultsOf({ effect, aura, channelS, channelPeriodS, castS, gcdS, areaYd, amount }: Spell): string[] {
  const faults: string[] = [];
  const isPeriodic = aura?.kind === "damage" || aura?.kind === "heal";
  const helps = aura?.kind === "heal" || aura?.kind === "absorb";
  if ((effect === "harm" || effect === "help") && aura === null)
    faults.push(`aura: a spell of effect "${effect}" needs one`);
  if (aura !== null && !["damage", "heal", "interrupt", "harm", "help"].includes(effect))
    faults.push(`aura: a spell of effect "${effect}" has none`);
  if (aura !== null && helps !== (effect === "heal" || effect === "help"))
    faults.push(`aura: kind: "${aura.kind}" does not go with effect "${effect}"`);
  if (aura !== null && isPeriodic !== aura.periodS > 0)
    faults.push(`aura: period_s: ${isPeriodic ? "needed" : "only"} for damage and heal`);
  if (aura !== null && aura.periodS > aura.durationS) faults.push("aura: period_s: longer than duration_s");
  if (aura?.kind === "slow" && aura.amount[1] * aura.stacks > 99)
    faults.push("aura: amount: slows by 99 percent at most");
  if (gcdS > 0 && gcdS < GCD_S_MIN) faults.push(`gcd_s: 0, or at least ${GCD_S_MIN}`);
  if (channelS > 0 && castS > 0) faults.push("channel_s: a channel has no cast_s");
  if (channelS > 0 !== channelPeriodS > 0 || channelPeriodS > channelS)
    faults.push("channel_period_s: more than 0 and at most channel_s of a channel, else 0");
  if (areaYd > 0 && !["damage", "harm", "interrupt"].includes(effect))
    faults.push(`area_yd: not for a spell of effect "${effect}"`);
  if (["damage", "heal", "power"].includes(effect) && amount[1] === 0)
    faults.push(`amount: a spell of effect "${effect}" needs one`);
  return faults;
}

/** Why a spell may not be in a class's book, null when it may. */
function bookFault(playerClass: PlayerClass, id: number, spell: Spell | undefined): string | null {
  if (spell === undefined) return `no spell ${id} in spells.toml`;
  if (spell.common || spell.cost === 0 || spell.powerType === playerClass.powerType) return null;
  return `spell ${id} costs ${spell.powerType}, the class has ${playerClass.powerType}`;
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
    const portals = zone.portal.map(({ to, x, y, radius_yd, exit_x, exit_y }): Portal => {
      return { to, x, y, radiusYd: radius_yd, exit: { x: exit_x, y: exit_y, z: 0 } };
    });
    return { id: zone.id, name: zone.name, spawns, portals };
  });
  for (const zone of zones)
    faults.push(...portalFaults(zone, zones).map((fault) => `${source}: zone "${zone.name}": ${fault}`));
  refuse(faults);
  return zones;
}

/** Checks that a portal leads into another zone of the world, and not into one of that zone's portals. */
function portalFaults(zone: ZoneContent, zones: ZoneContent[]): string[] {
  return zone.portals.flatMap(({ to, exit, ...portal }, index) => {
    const where = `portal number ${index + 1}`;
    if (Math.hypot(portal.x, portal.y) <= portal.radiusYd) return [`${where}: x, y: players appear within it, at 0, 0`];
    const target = zones.find(({ id }) => id === to);
    if (target === undefined || to === zone.id) return [`${where}: to: no other zone has the id ${to}`];
    const isCaught = target.portals.some(({ x, y, radiusYd }) => Math.hypot(exit.x - x, exit.y - y) <= radiusYd);
    return isCaught
      ? [`${where}: exit_x, exit_y: lies within a portal of zone ${to}, which would send one on at once`]
      : [];
  });
}

async function readToml(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return parseText("toml", text);
  } catch (cause) {
    throw new WowsimError("content_invalid", `${path}: ${messageOf(cause)}`, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (cause) {
    const message = `Cannot read the world file ${path}: ${messageOf(cause)}. Give a TOML file with --world.`;
    throw new WowsimError("world_unreadable", message, { cause });
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

/** Where a mistake is, with the names in the file: `creature "Hogger": health: `. */
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
