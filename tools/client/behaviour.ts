// What a player does next, as a value: a function of the player's view of the world, which can be tested without
// a server. The bot (bot.ts) carries the action out; behaviours/ has one file for each role.
//
//   playAlone(view)   // { do: "cast", spell: 200, target: 1000001 }
//   playAlone(view)   // { do: "walk", x: 12, y: 3, stopAt: 2 }

import type { PortalInfo } from "../../server/protocol/game/client-messages.ts";
import type { KnownSpell } from "./game-client-options.ts";
import type { Goods, Offer } from "./trades.ts";
import type { KnownEntity, Position, SelfState } from "./world-model.ts";

/** What a player knows when it decides. */
export interface View {
  self: SelfState;
  entityId: number;
  position: Position;
  /** Server tick of the newest state. */
  tick: number;
  entities: ReadonlyMap<number, KnownEntity>;
  /** The portals of the zone, and how long the player has been in this zone, milliseconds. */
  portals: readonly PortalInfo[];
  inZoneMs: number;
  /** Spells that may be usable: not known to be on cooldown or to cost more power than the player has. */
  spells: readonly KnownSpell[];
  /** The longest range of all its harmful spells, ready or not; 0: it has none. */
  rangeYd: number;
  /** The creature that it has been fighting, and the one that its weapon attacks; 0: none. */
  prey: number;
  attacking: number;
  /** Pieces that the player holds, by item; item 0 is gold. */
  inventory: ReadonlyMap<number, number>;
  /** The trades that others offer to it. */
  offers: readonly Offer[];
  /** Increases by one with every decision. */
  turn: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

export type Action =
  | { do: "cast"; spell: number; target: number }
  | { do: "attack"; target: number }
  /** Towards a point, as far as the player can run; not closer than `stopAt` yards. */
  | { do: "walk"; x: number; y: number; stopAt: number }
  /** Offers a trade to a player; accepts or declines one that was offered. */
  | { do: "offer"; target: number; give: readonly Goods[]; want: readonly Goods[] }
  | { do: "accept" | "decline"; maker: number; offer: number }
  /** No better action, and it must not move. */
  | { do: "hold" };

export type Behaviour = (view: View) => Action;

/** Yards: within a weapon's reach, with a small margin. */
export const MELEE = 4;
/** It stays within this distance of the spawn point, yards. */
export const HOME_RADIUS = 60;
/** When a creature is chosen, each player already at it adds this many yards, so that not all players fight the same one. */
const CROWD_YD = 8;
/** How far it circles its target in one turn, radians. */
const STRAFE = 0.4;

/** The current prey, while it can be fought; else a creature that is near and not crowded; null: none in sight. */
export function preyOf(view: View): KnownEntity | null {
  const current = view.entities.get(view.prey);
  return current !== undefined && isFightable(current) ? current : newPreyOf(view);
}

function newPreyOf({ entities, position }: View): KnownEntity | null {
  const crowd = new Map<number, number>();
  for (const { kind, target } of entities.values())
    if (kind === "player" && target !== 0) crowd.set(target, (crowd.get(target) ?? 0) + 1);
  let best: KnownEntity | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const entity of entities.values()) {
    if (!isFightable(entity) || Math.hypot(entity.x, entity.y) > HOME_RADIUS) continue;
    const price = distanceBetween(position, entity) + CROWD_YD * (crowd.get(entity.id) ?? 0);
    if (price >= least) continue;
    best = entity;
    least = price;
  }
  return best;
}

/** Not casting, and not blocked by the global cooldown. */
export function isFree({ self, tick }: View): boolean {
  return !isCasting(self, tick) && self.gcd_end_tick <= tick;
}

export function isCasting(self: SelfState, tick: number): boolean {
  return self.cast_spell_id !== 0 && self.cast_end_tick > tick;
}

export function distanceBetween(from: Position, to: Position): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/** Alive, not on its way home, and not a phantom. */
export function isFightable(entity: KnownEntity): boolean {
  return entity.kind === "creature" && entity.health > 0 && !entity.flags.some((flag) => NOT_TO_FIGHT.has(flag));
}

const NOT_TO_FIGHT = new Set(["dead", "evading", "phantom", "ghost"]);

/** Spell effects by their purpose. */
export function isHarmful({ effect }: KnownSpell): boolean {
  return effect === "damage" || effect === "interrupt";
}

export function isHealing({ effect }: KnownSpell): boolean {
  return effect === "heal";
}

/** One of the spells that reach the target, in rotation; null when none does. */
export function harmfulSpell({ spells, position, turn }: View, target: KnownEntity): KnownSpell | null {
  const distance = distanceBetween(position, target);
  const useful = spells.filter((spell) => isHarmful(spell) && spell.range_yd >= distance);
  return useful[turn % Math.max(1, useful.length)] ?? null;
}

export function cast(spell: KnownSpell, target: number): Action {
  return { do: "cast", spell: spell.id, target };
}

/** Goes within reach of the weapon; there it attacks, or circles the target between two swings. */
export function closeIn(view: View, prey: KnownEntity): Action {
  const distance = distanceBetween(view.position, prey);
  if (distance > MELEE) return { do: "walk", x: prey.x, y: prey.y, stopAt: MELEE / 2 };
  return view.attacking === prey.id ? strafe(view, prey, distance) : { do: "attack", target: prey.id };
}

/** Some steps around the prey, at the given distance. */
export function strafe({ position, turn }: View, prey: Position, distance: number): Action {
  const side = Math.floor(turn / 8) % 2 === 0 ? STRAFE : -STRAFE;
  const angle = Math.atan2(position.y - prey.y, position.x - prey.x) + side;
  return { do: "walk", x: prey.x + Math.cos(angle) * distance, y: prey.y + Math.sin(angle) * distance, stopAt: 0 };
}

/** To a random point, but back when it is further than `radius` yards from the spawn point. */
export function roam({ position: { x, y }, random }: View, radius = HOME_RADIUS): Action {
  const isFar = Math.hypot(x, y) > radius;
  const angle = isFar ? Math.atan2(-y, -x) : random() * 2 * Math.PI;
  return { do: "walk", x: x + Math.cos(angle) * 10, y: y + Math.sin(angle) * 10, stopAt: 0 };
}

/** Other living players in sight. */
export function matesOf({ entities, entityId }: View): KnownEntity[] {
  return [...entities.values()].filter(({ id, kind, health }) => kind === "player" && id !== entityId && health > 0);
}
