// What a player does next, as a value, from what it knows: a function of its view of the world that can be tested without
// a server. The bot (bot.ts) carries it out.
//
//   playAlone(view)   // { do: "cast", spell: 200, target: 1000001 }
//   playAlone(view)   // { do: "walk", x: 12, y: 3, stopAt: 2 }

import type { KnownSpell } from "./game-client.ts";
import type { KnownEntity, Position, SelfState } from "./world-model.ts";

/** What a player knows when it decides. */
export interface View {
  self: SelfState;
  entityId: number;
  position: Position;
  /** Server tick of the newest state. */
  tick: number;
  entities: ReadonlyMap<number, KnownEntity>;
  /** Spells that may be worth asking for: not known to be on cooldown or too dear just now. */
  spells: readonly KnownSpell[];
  /** The creature it has been fighting, and the one its weapon is set on; 0: none. */
  prey: number;
  attacking: number;
  /** Rises by one with every decision. */
  turn: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

export type Action =
  | { do: "cast"; spell: number; target: number }
  | { do: "attack"; target: number }
  /** Towards a point, as far as its legs carry it; not nearer to it than `stopAt` yards. */
  | { do: "walk"; x: number; y: number; stopAt: number }
  /** Nothing better to do, and it must not move. */
  | { do: "hold" };

export type Behaviour = (view: View) => Action;

/** Yards: within a weapon's reach, with a little to spare. */
export const MELEE = 4;
/** It does not go further from the spawn point than this, yards. */
const HOME_RADIUS = 60;
/** Share of its health below which it heals itself. */
const HURT = 0.6;
/** A caster walks up to this share of its longest spell's range. */
const RANGE_SHARE = 0.8;
/** How far it goes round what it fights in one turn, radians. */
const STRAFE = 0.4;

/** By itself: heals itself, else fights what it was fighting or the nearest creature, else walks about. */
export const playAlone: Behaviour = (view) => {
  const prey = preyOf(view);
  const spell = isFree(view) ? spellFor(view, prey) : null;
  if (spell !== null)
    return { do: "cast", spell: spell.id, target: spell.effect === "heal" ? view.entityId : (prey?.id ?? 0) };
  return prey === null ? roam(view) : closeIn(view, prey);
};

/** What it fights already, while that can be fought; else the nearest creature; null when none is in sight. */
export function preyOf({ entities, prey, position }: View): KnownEntity | null {
  const current = entities.get(prey);
  if (current !== undefined && isFightable(current)) return current;
  let nearest: KnownEntity | null = null;
  let nearestDistance = Number.POSITIVE_INFINITY;
  for (const entity of entities.values()) {
    if (!isFightable(entity) || Math.hypot(entity.x, entity.y) > HOME_RADIUS) continue;
    const distance = distanceBetween(position, entity);
    if (distance >= nearestDistance) continue;
    nearest = entity;
    nearestDistance = distance;
  }
  return nearest;
}

/** Neither casting nor held up by the global cooldown. */
export function isFree({ self, tick }: View): boolean {
  return !isCasting(self, tick) && self.gcd_end_tick <= tick;
}

export function isCasting(self: SelfState, tick: number): boolean {
  return self.cast_spell_id !== 0 && self.cast_end_tick > tick;
}

export function distanceBetween(from: Position, to: Position): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

/** One of its spells that makes sense now, in turn. */
function spellFor({ self, spells, position, turn }: View, prey: KnownEntity | null): KnownSpell | null {
  const isHurt = self.health < self.max_health * HURT;
  const distance = prey === null ? Number.POSITIVE_INFINITY : distanceBetween(position, prey);
  const useful = spells.filter(({ effect, range_yd }) => (effect === "heal" ? isHurt : range_yd >= distance));
  return useful[turn % Math.max(1, useful.length)] ?? null;
}

/** Into reach of its spells or its weapon; there it strikes, or goes round what it fights. */
function closeIn(view: View, prey: KnownEntity): Action {
  const { position, attacking, spells } = view;
  const reach = Math.max(MELEE, ...spells.filter(isHarmful).map(({ range_yd }) => range_yd * RANGE_SHARE));
  const distance = distanceBetween(position, prey);
  if (distance > reach) return { do: "walk", x: prey.x, y: prey.y, stopAt: reach > MELEE ? reach : MELEE / 2 };
  if (distance <= MELEE && attacking !== prey.id) return { do: "attack", target: prey.id };
  return strafe(view, prey, distance);
}

/** Some steps round the prey, at the distance it has. */
function strafe({ position, turn }: View, prey: KnownEntity, distance: number): Action {
  const side = Math.floor(turn / 8) % 2 === 0 ? STRAFE : -STRAFE;
  const angle = Math.atan2(position.y - prey.y, position.x - prey.x) + side;
  return { do: "walk", x: prey.x + Math.cos(angle) * distance, y: prey.y + Math.sin(angle) * distance, stopAt: 0 };
}

/** Anywhere, but back when it is far from the spawn point. */
function roam({ position: { x, y }, random }: View): Action {
  const isFar = Math.hypot(x, y) > HOME_RADIUS;
  const angle = isFar ? Math.atan2(-y, -x) : random() * 2 * Math.PI;
  return { do: "walk", x: x + Math.cos(angle) * 10, y: y + Math.sin(angle) * 10, stopAt: 0 };
}

function isHarmful({ effect }: KnownSpell): boolean {
  return effect !== "heal";
}

/** Alive, and neither on its way home nor a phantom. */
function isFightable(entity: KnownEntity): boolean {
  return entity.kind === "creature" && entity.health > 0 && entity.flags.every((flag) => flag === "in_combat");
}
