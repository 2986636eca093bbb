// What a player knows, for tests of what it then does: a view with nothing in it, to be filled.

import { isHarmful } from "../../tools/client/behaviour.ts";
import type { View } from "../../tools/client/behaviour.ts";
import type { KnownEntity, SelfState } from "../../tools/client/world-model.ts";

export const self: SelfState = {
  health: 100,
  max_health: 100,
  power: 100,
  max_power: 100,
  target: 0,
  cast_spell_id: 0,
  cast_end_tick: 0,
  gcd_end_tick: 0,
};
export const fireball = { id: 200, name: "Fireball", effect: "damage", range_yd: 35 };
export const heal = { id: 103, name: "Healing Touch", effect: "heal", range_yd: 40 };
export const taunt = { id: 111, name: "Taunt", effect: "taunt", range_yd: 5 };

/** A creature at (x, 0). */
export function wolf(id: number, x: number, more: Partial<KnownEntity> = {}): KnownEntity {
  const place = { x, y: 0, z: 0 };
  const health = { health: 50, max_health: 50 };
  return { id, kind: "creature", template: 0, level: 1, ...place, ...health, target: 0, flags: [], ...more };
}

/** Another player at (x, 0). */
export function mate(id: number, x: number, more: Partial<KnownEntity> = {}): KnownEntity {
  return wolf(id, x, { kind: "player", health: 100, max_health: 100, ...more });
}

/** Player 1 at the spawn point, who sees these. */
export function view(more: Partial<View> = {}, ...entities: KnownEntity[]): View {
  return {
    self,
    entityId: 1,
    position: { x: 0, y: 0, z: 0 },
    tick: 100,
    entities: new Map(entities.map((entity) => [entity.id, entity])),
    spells: [],
    rangeYd: Math.max(0, ...(more.spells ?? []).filter(isHarmful).map(({ range_yd }) => range_yd)),
    portals: [],
    inZoneMs: 0,
    inventory: new Map(),
    offers: [],
    prey: 0,
    attacking: 0,
    turn: 0,
    random: () => 0,
    ...more,
  };
}
