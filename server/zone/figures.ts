// What a person would call the state of an entity: alive or dead, level, experience, health, what it holds. Read from a state as
// snapshots have it, whatever memory it lies in, and from what a player takes along to another zone.
//
//   figuresOf(state, kernel.layout).get(12)       // { isCreature: false, level: 10, health: 840, experience: 310, ... }
//   differencesOf(was, is, before)                // [{ what: "health", was: 999999, is: 840 }]

import * as abi from "../../assembly/abi.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { floatAt, wordAt } from "../protocol/assert.ts";
import type { UndoneValue } from "../protocol/undo.ts";

export interface Figures {
  isCreature: boolean;
  /** Index of the creature's template, or of the player's class. */
  kind: number;
  isAlive: boolean;
  level: number;
  /** Points towards the next level; 0 of a creature. */
  experience: number;
  health: number;
  power: number;
  /** Yards; null of a player between zones. */
  place: { x: number; y: number } | null;
  /** Pieces by item id. */
  items: ReadonlyMap<number, number>;
}

/** Yards between two places that count as the same. */
const SAME_PLACE_YD = 0.5;

/** The entities of a state, which begins at the STATE_BASE of its layout. */
export function figuresOf(state: Uint8Array, { value }: KernelLayout): Map<number, Figures> {
  const base = value("STATE_BASE") / 4;
  const words = new Uint32Array(state.buffer, state.byteOffset, state.byteLength >> 2);
  const floats = new Float32Array(state.buffer, state.byteOffset, state.byteLength >> 2);
  const column = (name: string): number => value(name) / 4 - base;
  const [ids, kinds, flags, levels] = ["ENTITY_ID", "ENTITY_KIND", "ENTITY_FLAGS", "ENTITY_LEVEL"].map(column);
  const [healths, powers, xs, ys] = ["ENTITY_HEALTH", "ENTITY_POWER", "ENTITY_X", "ENTITY_Y"].map(column);
  const [experiences, stacks] = ["PLAYER_EXPERIENCE", "STACK_BASE"].map(column);
  const [playersMax, creaturesMax] = [value("PLAYERS_MAX"), value("CREATURES_MAX")];
  const found = new Map<number, Figures>();
  const read = (row: number): void => {
    const word = (first = 0, at = row): number => wordAt(words, first + at);
    const id = word(ids);
    if (id === 0) return;
    const isCreature = row >= playersMax;
    found.set(id, {
      isCreature,
      kind: word(kinds),
      isAlive: (word(flags) & abi.ENTITY_DEAD) === 0,
      level: word(levels),
      experience: isCreature ? 0 : word(experiences),
      health: word(healths),
      power: word(powers),
      place: { x: floatAt(floats, (xs ?? 0) + row), y: floatAt(floats, (ys ?? 0) + row) },
      items: isCreature ? NOTHING : itemsAt(words, (stacks ?? 0) + row * abi.STACK_COUNT_MAX),
    });
  };
  const rowsOf = (mark: string, most: number): number => Math.min(wordAt(words, column(mark)), most);
  const players = rowsOf("HEADER_PLAYERS_HIGH", playersMax);
  const creatures = rowsOf("HEADER_CREATURES_HIGH", creaturesMax);
  for (let row = 0; row < players; row++) read(row);
  for (let row = playersMax; row < playersMax + creatures; row++) read(row);
  return found;
}

/** A player who left a zone, by what it took along (assembly/players/transfer.ts). */
export function figuresOfLeaver(words: Uint32Array): Figures {
  return {
    isCreature: false,
    kind: wordAt(words, 0),
    isAlive: true,
    level: wordAt(words, abi.TRANSFER_LEVEL),
    experience: wordAt(words, abi.TRANSFER_EXPERIENCE),
    health: wordAt(words, abi.TRANSFER_HEALTH),
    power: wordAt(words, abi.TRANSFER_HEALTH + 1),
    place: null,
    items: itemsAt(words, abi.TRANSFER_WALKED - abi.STACK_COUNT_MAX),
  };
}

/** What differs, the lasting things first. `before`: how both began; without it experience is told as it is. */
export function differencesOf(was: Figures | undefined, is: Figures | undefined, before?: Figures): UndoneValue[] {
  if (was === undefined || is === undefined)
    return was === is ? [] : [{ what: "here", was: Number(was !== undefined), is: Number(is !== undefined) }];
  const values: UndoneValue[] = [];
  const differ = (what: UndoneValue["what"], one: number, other: number): void => {
    if (one !== other) values.push({ what, was: one, is: other });
  };
  differ("alive", Number(was.isAlive), Number(is.isAlive));
  differ("level", was.level, is.level);
  const isGain = before?.level === was.level && before.level === is.level;
  if (isGain) differ("gained experience", was.experience - before.experience, is.experience - before.experience);
  else differ("experience", was.experience, is.experience);
  for (const [item_id, pieces] of [...was.items, ...is.items].toSorted(([one], [other]) => one - other)) {
    const [one, other] = [was.items.get(item_id) ?? 0, is.items.get(item_id) ?? 0];
    const isTold = values.some((value) => value.item_id === item_id);
    if (one !== other && !isTold && pieces > 0) values.push({ what: "item", item_id, was: one, is: other });
  }
  differ("health", was.health, is.health);
  differ("power", was.power, is.power);
  const yards = was.place === null || is.place === null ? 0 : distance(was.place, is.place);
  if (yards > SAME_PLACE_YD) values.push({ what: "moved", was: 0, is: Math.round(yards * 10) / 10 });
  return values;
}

const NOTHING: ReadonlyMap<number, number> = new Map();

function itemsAt(words: Uint32Array, first: number): Map<number, number> {
  const items = new Map<number, number>();
  for (let place = first; place < first + abi.STACK_COUNT_MAX; place++) {
    const stack = wordAt(words, place);
    if (stack === 0) continue;
    const kind = stack >>> abi.STACK_KIND_SHIFT;
    items.set(kind, (items.get(kind) ?? 0) + (stack & abi.STACK_COUNT_MASK));
  }
  return items;
}

function distance(one: { x: number; y: number }, other: { x: number; y: number }): number {
  const yards = Math.hypot(one.x - other.x, one.y - other.y);
  // A broken module may leave a place that is none.
  return Number.isFinite(yards) ? yards : 0;
}
