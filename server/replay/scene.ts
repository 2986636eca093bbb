// What can be seen of a lane's memory after a tick: the values of its entities, by name. For conditions and for --watch.
//
//   const scene = new LaneScene(lane)
//   scene.number("player", 12, "health")     // 138, or NaN
//   scene.valuesOf(12)                       // { health: 138, x: 4.5, target: 1000001, flags: "in_combat", ... }, or null

import * as abi from "../../assembly/abi.ts";
import { floatAt, wordAt } from "../protocol/assert.ts";
import { entityFlagNames } from "../protocol/game/wire-names.ts";
import type { EntityValue } from "../protocol/replay.ts";
import type { EntityKind, FlagField, NumberField, Scene, ZoneField } from "./expression.ts";
import type { Lane } from "../lockstep/lane.ts";

/** The column of each numeric field. */
const COLUMNS: Readonly<Record<NumberField, string>> = {
  health: "ENTITY_HEALTH",
  max_health: "ENTITY_MAX_HEALTH",
  power: "ENTITY_POWER",
  max_power: "ENTITY_MAX_POWER",
  level: "ENTITY_LEVEL",
  x: "ENTITY_X",
  y: "ENTITY_Y",
  z: "ENTITY_Z",
  target: "ENTITY_TARGET",
  casting: "ENTITY_CAST_SPELL",
  auras: "ENTITY_AURA_COUNT",
};
const FLOATS: ReadonlySet<NumberField> = new Set(["x", "y", "z"]);
/** Fields that --watch shows as they are. */
const WATCHED: readonly NumberField[] = [
  "x",
  "y",
  "z",
  "health",
  "max_health",
  "power",
  "max_power",
  "level",
  "target",
  "casting",
];

export class LaneScene implements Scene {
  readonly #lane: Lane;
  readonly #floats: Float32Array;
  readonly #columns: Readonly<Record<NumberField, number>>;
  readonly #castEnd: number;
  readonly #moving: number;
  /** Where each asked entity was last; it mostly still is. */
  readonly #rows = new Map<number, number>();

  constructor(lane: Lane) {
    const { value } = lane.kernel.layout;
    this.#lane = lane;
    this.#floats = new Float32Array(lane.memory.buffer);
    const places = Object.entries(COLUMNS).map(([field, name]) => [field, value(name) / 4]);
    this.#columns = Object.fromEntries(places) as Record<NumberField, number>;
    this.#castEnd = value("ENTITY_CAST_END") / 4;
    this.#moving = value("ENTITY_MOVING") / 4;
  }

  number(kind: EntityKind, id: number, field: NumberField): number {
    const row = this.rowOf(id);
    return row === null || !this.#isKind(kind, row) ? Number.NaN : this.#number(row, field);
  }

  flag(kind: EntityKind, id: number, field: FlagField): boolean {
    const row = this.rowOf(id);
    if (row === null || !this.#isKind(kind, row)) return false;
    const flags = this.#word(this.#lane.at.entityFlags / 4 + row);
    switch (field) {
      case "here":
        return true;
      case "alive":
        return (flags & abi.ENTITY_DEAD) === 0;
      case "dead":
        return (flags & abi.ENTITY_DEAD) !== 0;
      case "in_combat":
        return (flags & abi.ENTITY_IN_COMBAT) !== 0;
      case "evading":
        return (flags & abi.ENTITY_EVADING) !== 0;
      case "ghost":
        return (flags & abi.ENTITY_GHOST) !== 0;
      case "moving":
        return this.#word(this.#moving + row) !== 0;
    }
  }

  zone(field: ZoneField): number {
    const { at, tick } = this.#lane;
    if (field === "tick") return tick;
    const counter = field === "players" ? abi.COUNTER_PLAYERS : abi.COUNTER_CREATURES;
    return this.#word(at.counters / 4 + counter);
  }

  /** The watched values of an entity; null when it is not in the zone. */
  valuesOf(id: number): Record<string, EntityValue> | null {
    const row = this.rowOf(id);
    if (row === null) return null;
    const { at } = this.#lane;
    const flags = entityFlagNames(this.#word(at.entityFlags / 4 + row));
    const isGone =
      row >= at.playersMax && this.#word(at.creatureState / 4 + row - at.playersMax) === abi.CREATURE_STATE_GONE;
    return {
      ...Object.fromEntries(WATCHED.map((field) => [field, this.#number(row, field)])),
      cast_end: this.#word(this.#castEnd + row),
      flags: [...flags, ...(isGone ? ["gone"] : [])].join(" "),
      auras: this.#aurasOf(row),
    };
  }

  /** Row of an entity that is in the zone; null when it is not. */
  rowOf(id: number): number | null {
    if (!Number.isInteger(id) || id <= 0) return null;
    const { entityId, playersHigh, playersMax, creaturesHigh, creaturesMax } = this.#lane.at;
    const ids = entityId / 4;
    const known = this.#rows.get(id);
    if (known !== undefined && this.#lane.words[ids + known] === id) return known;
    const found =
      this.#search(id, 0, Math.min(this.#word(playersHigh / 4), playersMax)) ??
      this.#search(id, playersMax, Math.min(this.#word(creaturesHigh / 4), creaturesMax));
    if (found !== null) this.#rows.set(id, found);
    return found;
  }

  /** Whether the row is a creature's, and its class or template. */
  kindOf(row: number): { isCreature: boolean; kind: number } {
    const { at } = this.#lane;
    return { isCreature: row >= at.playersMax, kind: this.#word(at.entityKind / 4 + row) };
  }

  #search(id: number, first: number, rows: number): number | null {
    const ids = this.#lane.at.entityId / 4;
    const index = this.#lane.words.subarray(ids + first, ids + first + rows).indexOf(id);
    return index < 0 ? null : first + index;
  }

  #isKind(kind: EntityKind, row: number): boolean {
    return kind === "entity" || this.kindOf(row).isCreature === (kind === "creature");
  }

  #number(row: number, field: NumberField): number {
    if (field === "casting" && this.#word(this.#castEnd + row) === 0) return 0;
    const index = this.#columns[field] + row;
    return FLOATS.has(field) ? Math.round(floatAt(this.#floats, index) * 100) / 100 : this.#word(index);
  }

  /** The auras as "spell 118 x2 until tick 4711 by 12", joined. */
  #aurasOf(row: number): string {
    const { view, kernel } = this.#lane;
    const { value } = kernel.layout;
    const [bytes, most] = [value("AURA_BYTES"), value("AURAS_MAX")];
    const count = Math.min(this.#number(row, "auras"), most);
    return Array.from({ length: count }, (_, slot) => {
      const at = value("AURA_BASE") + (row * most + slot) * bytes;
      const spell = view.getUint16(at + value("AURA_SPELL"), true);
      const stacks = view.getUint16(at + value("AURA_STACKS"), true);
      const [end, caster] = [
        view.getUint32(at + value("AURA_END"), true),
        view.getUint32(at + value("AURA_CASTER"), true),
      ];
      return `spell ${spell}${stacks > 1 ? ` x${stacks}` : ""} until tick ${end} by ${caster}`;
    }).join("; ");
  }

  #word(index: number): number {
    return wordAt(this.#lane.words, index);
  }
}
