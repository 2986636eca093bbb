// A picture of a zone from above: the positions of entities, and the threat tables of creatures. It is for the map and the
// threat table of a dashboard, because telemetry has neither. It is read from the zone's memory between two ticks, and its size
// is limited.
//
//   readZoneView(zone)
//   // { tick: 4711, hash: "9c61f20e...", players: 5, creatures: 14,
//   //   entities: [{ id: 3, kind: 0, level: 10, x: 1.5, y: -20.25, health: 80, healthMax: 100, flags: 5, target: 1000001 }, ...],
//   //   fights: [{ creature: { id: 1000001, ... }, threat: [{ player: 3, amount: 120.5 }, ...] }] }
//
// Of a crowd, only every n-th row is shown, so that two pictures show the same entities. Another `turn` shows other rows.

import { CREATURE_STATE_GONE } from "../../assembly/abi.ts";
import type { Addresses } from "./addresses.ts";
import type { Zone } from "./zone.ts";
import type { ViewedEntity, Fight, ZonePicture } from "../shared/zone-picture.ts";
import { at as itemAt, floatAt, wordAt } from "../protocol/assert.ts";

/** Entities in one view. When there are more, every n-th is shown. */
export const VIEW_ENTITIES_MAX = 400;
/** Fights in one view: those with the most threat. */
export const VIEW_FIGHTS_MAX = 8;

/** The memory as typed arrays. A column has one element for each row. */
interface Columns {
  at: Addresses;
  u16: Uint16Array;
  u32: Uint32Array;
  f32: Float32Array;
}

/** The picture of the zone now. It costs some ten microseconds, which is too much for every tick. Positions are in yards. */
export function readZoneView(zone: Pick<Zone, "memory" | "at" | "tick">, turn = 0): ZonePicture {
  const { buffer } = zone.memory;
  const columns: Columns = {
    at: zone.at,
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
  };
  const { playersMax, playersHigh, creaturesHigh, creaturesMax } = zone.at;
  const players = rowsInUse(columns, 0, playersHigh, playersMax);
  const creatures = rowsInUse(columns, playersMax, creaturesHigh, creaturesMax).filter((row) => !isGone(columns, row));
  return {
    tick: zone.tick,
    hash: [zone.at.hashHi, zone.at.hashLo].map((at) => hexOf(wordAt(columns.u32, at / 4))).join(""),
    players: players.length,
    creatures: creatures.length,
    entities: thinnedOut([...players, ...creatures], turn).map((row) => entityAt(columns, row)),
    fights: fightsOf(columns, creatures),
  };
}

function hexOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function rowsInUse({ at, u32 }: Columns, first: number, high: number, most: number): number[] {
  const rows: number[] = [];
  const end = first + Math.min(wordAt(u32, high / 4), most);
  for (let row = first; row < end; row++) if (u32[at.entityId / 4 + row] !== 0) rows.push(row);
  return rows;
}

function isGone({ at, u32 }: Columns, row: number): boolean {
  return u32[at.creatureState / 4 + row - at.playersMax] === CREATURE_STATE_GONE;
}

function thinnedOut(rows: number[], turn: number): number[] {
  const step = Math.ceil(rows.length / VIEW_ENTITIES_MAX);
  return step <= 1 ? rows : rows.filter((_, index) => index % step === turn % step);
}

function entityAt({ at, u32, f32 }: Columns, row: number): ViewedEntity {
  const word = (column: number): number => wordAt(u32, column / 4 + row);
  const yards = (column: number): number => Math.round(floatAt(f32, column / 4 + row) * 100) / 100;
  return {
    id: word(at.entityId),
    kind: word(at.entityKind),
    level: word(at.entityLevel),
    x: yards(at.entityX),
    y: yards(at.entityY),
    health: word(at.entityHealth),
    healthMax: word(at.entityMaxHealth),
    flags: word(at.entityFlags),
    target: word(at.entityTarget),
  };
}

function fightsOf(columns: Columns, creatures: readonly number[]): Fight[] {
  const { at, u32 } = columns;
  return creatures
    .filter((row) => u32[at.creatureThreatCount / 4 + row - at.playersMax] !== 0)
    .map((row) => ({ creature: entityAt(columns, row), threat: threatOf(columns, row - at.playersMax) }))
    .toSorted((a, b) => sumOf(b) - sumOf(a))
    .slice(0, VIEW_FIGHTS_MAX);
}

function threatOf({ at, u16, u32, f32 }: Columns, creature: number): Fight["threat"] {
  const count = Math.min(wordAt(u32, at.creatureThreatCount / 4 + creature), at.threatMax);
  return Array.from({ length: count }, (_, slot) => {
    const place = creature * at.threatMax + slot;
    const row = Math.min(itemAt(u16, at.threatRow / 2 + place), at.rowsMax - 1);
    const amount = floatAt(f32, at.threatValue / 4 + place);
    return {
      player: wordAt(u32, at.entityId / 4 + row),
      amount: Number.isFinite(amount) ? Math.round(amount * 10) / 10 : 0,
    };
  }).toSorted((a, b) => b.amount - a.amount);
}

const sumOf = ({ threat }: Fight): number => threat.reduce((sum, { amount }) => sum + amount, 0);
